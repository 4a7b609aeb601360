"""Which parts of the detector's pictures are varied, so that each can be left out in turn.

Where each acts (what is left out is drawn all the same, so that other parts keep their draws
where these do not depend on it):

| factor | without it | stage |
|---|---|---|
| clothing | worn clothes are plain and flat: no patterns, no second colour, no open fronts, and | |
| | (in renderings of people alone) no folds; their colours stay as they are | rendering |
| lighting | one light for all renderings; no uneven light or faded contrast of backgrounds; no | |
| | painted shadows, no relighting; no exposure, gamma, colour, blur, noise, compression | all |
| clutter | backgrounds are one colour with a soft gradient; shops hold no goods | rendering |
| occluders | nothing is laid in front of people; a shop's own furniture stays | mixing |
| crowding | at most four people, no two of whom overlap in the picture | rendering |
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

from retailsim.errors import RetailError

Kind = Literal["people", "scenes", "backgrounds"]
# What decides the files of each kind; the rest acts when pictures are mixed from them.
ACTS_ON: dict[Kind, tuple[str, ...]] = {
    "people": ("clothing", "lighting", "crowding"),
    "scenes": ("clothing", "lighting", "clutter", "crowding"),
    "backgrounds": ("lighting", "clutter"),
}


@dataclass(frozen=True, kw_only=True)
class Randomisers:
    """What is varied; all of it by default."""

    clothing: bool = True
    lighting: bool = True
    clutter: bool = True
    occluders: bool = True
    crowding: bool = True

    def left_out(self) -> tuple[str, ...]:
        """Return the names of the factors that are off."""
        return tuple(f.name for f in fields(self) if not getattr(self, f.name))


ALL = Randomisers()
FACTORS = tuple(f.name for f in fields(Randomisers))
VARIANTS = ("all", *(f"no-{factor}" for factor in FACTORS))


def variant(name: str) -> Randomisers:
    """Return the randomisers of 'all' or 'no-FACTOR'; raises RetailError for other names."""
    if name not in VARIANTS:
        raise RetailError(f"'{name}': no variant; there are {', '.join(VARIANTS)}")
    return ALL if name == "all" else replace(ALL, **{name.removeprefix("no-"): False})


def pool(folder: Path, kind: Kind, randomisers: Randomisers = ALL) -> Path:
    """Return the folder of one kind of files inside a data set.

    Files made without a factor have a folder of their own; variants that differ only in what acts
    later share theirs.
    """
    missing = [name for name in randomisers.left_out() if name in ACTS_ON[kind]]
    return folder / "-".join([kind, *(f"no-{name}" for name in missing)])
