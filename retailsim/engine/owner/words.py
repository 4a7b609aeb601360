"""What guest and owner say to each other.

While a session runs these are the 16 bytes of a request, and the empty answer once the outputs lie
on the desk; anything else is a pickle, of a trusted process, said at the start or of a failure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import torch

from retailsim.engine.owner.desk import Item, Kinds

REQUEST = struct.Struct("<qq")  # number of the network, items
DONE = b""


@dataclass(frozen=True)
class Order:
    """A network to run.

    Attributes:
        key: the same for networks that are the same.
        module: as `torch.save` writes it.
        dtype: of its weights and of what it computes.
        fed: shapes and dtypes of one item's inputs.
    """

    key: str
    module: bytes
    dtype: torch.dtype
    fed: Kinds


@dataclass(frozen=True)
class Accepted:
    """It can run.

    Attributes:
        number: by which to ask for it.
        item: what it takes and says for one item.
    """

    number: int
    item: Item


@dataclass(frozen=True)
class Refused:
    """It failed; `why` in a line."""

    why: str
