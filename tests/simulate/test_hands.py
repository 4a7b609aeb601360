"""Where hands leave garments that go elsewhere than home."""

import pytest

from retailsim.simulate.hands import loose_place_m
from retailsim.store.plan import Fixture


@pytest.mark.parametrize(("kind", "height_m"), [("rail", 1.05), ("table", 1.6), ("shelf", 0.895)])
def test_a_misplaced_garment_hangs_on_a_bar_or_lies_on_a_top_or_a_board(
    kind: str, height_m: float
) -> None:
    fixture = Fixture.model_validate(
        {"id": "f", "kind": kind, "center_m": [2, 3], "size_m": [1.0, 0.5], "height_m": 1.5}
    )
    x, y, z = loose_place_m(fixture, 0.25)
    assert (x, y) == (pytest.approx(1.8), 3.0)
    assert z == pytest.approx(height_m)
