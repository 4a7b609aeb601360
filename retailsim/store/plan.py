"""The store plan: geometry, devices and catalogue as installed and stocked at opening time.

Axes are metres, x right, y up on the floor plan, z up; (0, 0) is a corner of the shop floor. The
plan is what an installer or the shop's IT knows; it travels in every bag and the stack may use it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from retailsim.store.modes import DEFAULT_MODE, ModeName, mode_for_rate

Point2 = tuple[float, float]
Point3 = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
FixtureKind = Literal[
    "rail", "table", "shelf", "fitting_room", "mirror", "till", "wall", "plant", "mannequin",
    "column", "bench", "screen",
]  # fmt: skip
ZoneKind = Literal["entrance", "display", "aisle", "fitting", "mirror", "till"]
GarmentKind = Literal["tshirt", "shirt", "knit", "jacket", "coat", "dress", "skirt", "trousers"]
Pattern = Literal["plain", "stripes", "checks", "dots", "print"]


def _rising(span: tuple[float, float]) -> tuple[float, float]:
    if span[0] > span[1]:
        raise ValueError(f"the least, {span[0]:g}, must not be above the most, {span[1]:g}")
    return span


Span = Annotated[tuple[Positive, Positive], AfterValidator(_rising)]  # least and most


class PlanModel(BaseModel):
    """Strict base: unknown fields are errors, numbers are finite, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Zone(PlanModel):
    """A named part of the floor. Zones do not overlap; floor outside all of them is `aisle`."""

    id: Identifier
    kind: ZoneKind
    polygon_m: list[Point2] = Field(min_length=3)


class Door(PlanModel):
    """A doorway as a floor segment; people whose path crosses it towards `inside_m` enter."""

    id: Identifier
    segment_m: tuple[Point2, Point2]
    inside_m: Point2 = Field(description="any point on the inner side of the segment")
    leads_to: Literal["street", "mall", "shop"] = Field(
        default="street",
        description="what lies outside: the street, more of a mall, or (in a concourse) a shop",
    )


class Window(PlanModel):
    """A pane of glass in an outer wall; daylight comes through it."""

    id: Identifier
    segment_m: tuple[Point2, Point2] = Field(description="on a side of the floor")
    sill_m: float = Field(default=0.4, ge=0)
    top_m: Positive = 2.4


class Decor(PlanModel):
    """What floor and walls look like."""

    floor: Literal["planks", "tiles", "stone", "carpet", "concrete"] = "planks"
    floor_colour: str | None = Field(default=None, pattern=r"^#[0-9a-f]{6}$")
    wall_colour: str | None = Field(default=None, pattern=r"^#[0-9a-f]{6}$")


class Fixture(PlanModel):
    """A piece of furniture standing on the floor, an upright box turned by `angle_deg`."""

    id: Identifier
    kind: FixtureKind
    center_m: Point2
    size_m: tuple[Positive, Positive] = Field(description="length along its own x, depth")
    height_m: Positive
    angle_deg: float = 0.0
    opening_deg: float | None = Field(
        default=None,
        description="direction, seen from the centre, of a fitting room's open side or of the side"
        " of a screen that shows something",
    )


class Sku(PlanModel):
    """One article: a garment of one kind, colour and pattern."""

    id: Identifier
    name: str
    kind: GarmentKind
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    colour2: str = Field(default="#ffffff", pattern=r"^#[0-9a-f]{6}$")
    pattern: Pattern = "plain"
    style: Literal["basic", "casual", "smart", "sport", "party"]
    price_eur: Positive


class Stock(PlanModel):
    """`count` garments of one SKU, hung or laid on a fixture at opening time, in this order."""

    fixture: Identifier
    sku: Identifier
    count: int = Field(gt=0, le=500)


class Camera(PlanModel):
    """A camera as installed. Without pose and field of view it gives image results only."""

    id: Identifier
    width_px: int = Field(default=640, ge=64, le=7680)
    height_px: int = Field(default=360, ge=64, le=4320)
    rate_hz: float = Field(default=10.0, gt=0, le=240)
    position_m: Point3 | None = None
    look_at_m: Point3 | None = None
    hfov_deg: float | None = Field(default=None, gt=5, lt=170)
    distortion: tuple[float, float] = Field(
        default=(0.0, 0.0), description="k1, k2 of Brown's radial model as calibrated"
    )

    @model_validator(mode="after")
    def _all_or_nothing(self) -> Camera:
        given = [self.position_m is None, self.look_at_m is None, self.hfov_deg is None]
        if any(given) and not all(given):
            raise ValueError("give position_m, look_at_m and hfov_deg together, or none of them")
        return self

    @property
    def calibrated(self) -> bool:
        """Whether pose and field of view are known."""
        return self.position_m is not None


class Antenna(PlanModel):
    """A circularly polarised patch antenna on a reader's port."""

    port: int = Field(ge=1, le=32)
    position_m: Point3
    look_at_m: Point3
    gain_dbi: float = 8.5
    beamwidth_deg: float = Field(default=70.0, gt=5, le=180)


class Reader(PlanModel):
    """A UHF reader, its antennas and its settings.

    Plans written before readers had modes say `tags_per_s` instead; it stands for a mode, see
    `link_mode`, and is nothing the reader is held to: how many reads there are follows from mode,
    tags and antennas.
    """

    id: Identifier
    antennas: list[Antenna] = Field(min_length=1, max_length=32)
    region: Literal["fcc", "etsi", "china"] = "fcc"
    tx_power_dbm: float = Field(default=30.0, ge=10, le=33)
    mode: ModeName | None = Field(
        default=None,
        description="coding of the reply: fm0 is fastest, m8 hears the weakest; default m2",
    )
    session: Literal[0, 1, 2, 3] = Field(
        default=2, description="Gen2 session: how long a tag remembers that it was read"
    )
    target: Literal["single", "dual", "suppression"] = Field(
        default="dual",
        description="single: only tags not read lately; dual: those, then the others, in turn;"
        " suppression: single, and tags in the field stay silent (session 1)",
    )
    antenna_dwell_s: float = Field(
        default=0.12, ge=0.01, le=60, description="stay on one antenna before the next"
    )
    tags_per_s: float | None = Field(
        default=None,
        gt=0,
        le=2000,
        description="of old plans, when no mode is given: the slowest mode so fast is taken",
    )

    @model_validator(mode="after")
    def _settings_agree(self) -> Reader:
        if self.target == "suppression" and self.session != 1:
            raise ValueError("target 'suppression' works in session 1 alone: give session: 1")
        if self.mode is not None and self.tags_per_s is not None:
            raise ValueError("give mode or tags_per_s (of old plans), not both")
        return self

    @property
    def link_mode(self) -> ModeName:
        """The mode given, else the one that stands for `tags_per_s`, else the default."""
        if self.mode is not None:
            return self.mode
        return DEFAULT_MODE if self.tags_per_s is None else mode_for_rate(self.tags_per_s)

    @model_validator(mode="after")
    def _ports_differ(self) -> Reader:
        ports = [antenna.port for antenna in self.antennas]
        twice = sorted({str(port) for port in ports if ports.count(port) > 1})
        if twice:
            raise ValueError(f"antennas: port used twice: {', '.join(twice)}")
        return self


class Item(PlanModel):
    """One tagged garment and its place at opening time."""

    epc: str
    sku: str
    fixture: str
    slot: int


class StorePlan(PlanModel):
    """A whole shop, or the bare list of cameras of an imported recording."""

    name: Identifier
    size_m: tuple[Positive, Positive] | None = Field(
        default=None, description="x and y extent of the shop floor"
    )
    height_m: Positive = 3.0
    zones: list[Zone] = []
    doors: list[Door] = []
    windows: list[Window] = []
    decor: Decor = Decor()
    fixtures: list[Fixture] = []
    cameras: list[Camera] = []
    readers: list[Reader] = []
    epc_company_prefix: str = Field(default="4012345", pattern=r"^\d{6,12}$")
    catalogue: list[Sku] = []
    stock: list[Stock] = []

    @model_validator(mode="after")
    def _consistent(self) -> StorePlan:
        for label, ids in (
            ("zone", [z.id for z in self.zones]),
            ("door", [d.id for d in self.doors]),
            ("window", [w.id for w in self.windows]),
            ("fixture", [f.id for f in self.fixtures]),
            ("camera", [c.id for c in self.cameras]),
            ("reader", [r.id for r in self.readers]),
            ("SKU", [s.id for s in self.catalogue]),
        ):
            twice = {i for i in ids if ids.count(i) > 1}
            if twice:
                raise ValueError(f"{label} id used twice: {', '.join(sorted(twice))}")
        fixtures, skus = {f.id for f in self.fixtures}, {s.id for s in self.catalogue}
        for stock in self.stock:
            if stock.fixture not in fixtures:
                raise ValueError(f"stock names the unknown fixture '{stock.fixture}'")
            if stock.sku not in skus:
                raise ValueError(f"stock names the unknown SKU '{stock.sku}'")
        return self

    def camera(self, camera_id: str) -> Camera:
        """Return the camera `camera_id`; raises KeyError when there is none."""
        return {c.id: c for c in self.cameras}[camera_id]

    def fixture(self, fixture_id: str) -> Fixture:
        """Return the fixture `fixture_id`; raises KeyError when there is none."""
        return {f.id: f for f in self.fixtures}[fixture_id]

    def sku(self, sku_id: str) -> Sku:
        """Return the SKU `sku_id`; raises KeyError when there is none."""
        return {s.id: s for s in self.catalogue}[sku_id]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every tagged garment, in stock order; slots count along each fixture from 0.

        EPCs are SGTIN-96 of (company prefix, index of the SKU, running serial).
        """
        from retailsim.store.epc import sgtin96

        index = {sku.id: i for i, sku in enumerate(self.catalogue)}
        serial: dict[str, int] = {}
        slot: dict[str, int] = {}
        items = []
        for stock in self.stock:
            for _ in range(stock.count):
                serial[stock.sku] = serial.get(stock.sku, 0) + 1
                place = slot.get(stock.fixture, 0)
                slot[stock.fixture] = place + 1
                epc = sgtin96(self.epc_company_prefix, index[stock.sku], serial[stock.sku])
                items.append(Item(epc=epc, sku=stock.sku, fixture=stock.fixture, slot=place))
        return tuple(items)

    @cached_property
    def item_by_epc(self) -> dict[str, Item]:
        """EPC -> item."""
        return {item.epc: item for item in self.items}

    @cached_property
    def slots_per_fixture(self) -> dict[str, int]:
        """Number of stocked places of every fixture that holds goods."""
        counts: dict[str, int] = {}
        for item in self.items:
            counts[item.fixture] = counts.get(item.fixture, 0) + 1
        return counts

    def slot_xyz_m(self, fixture_id: str, slot: int) -> NDArray[np.float64]:
        """Return where a garment in that slot has its tag, shape (3,), metres.

        Rails: slots evenly along the bar, the tag (in the garment's label) 0.45 m below it.
        Tables: two rows of piles, tag at table height plus the pile's height.
        Shelves: piles on three boards.
        """
        from retailsim.store.slots import slot_xyz_m

        return slot_xyz_m(self.fixture(fixture_id), slot, self.slots_per_fixture[fixture_id])
