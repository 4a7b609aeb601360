"""Electronic Product Codes of garments: SGTIN-96 as of GS1's Tag Data Standard."""

from __future__ import annotations

from functools import lru_cache

from epcpy.epc_schemes import SGTIN
from epcpy.epc_schemes.sgtin import SGTINFilterValue


@lru_cache(maxsize=65536)
def sgtin96(company_prefix: str, item_reference: int, serial: int) -> str:
    """Return the 24 lower-case hex digits of an SGTIN-96.

    `company_prefix` has 6 to 12 digits; indicator and item reference fill up to 13 together.
    """
    reference = str(item_reference).zfill(13 - len(company_prefix))
    sgtin = SGTIN(f"urn:epc:id:sgtin:{company_prefix}.{reference}.{serial}")
    bits = sgtin.binary(SGTIN.BinaryCodingScheme.SGTIN_96, SGTINFilterValue.POS_ITEM)
    return f"{int(bits, 2):024x}"
