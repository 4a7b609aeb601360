"""Where a tag at rest is: phases that tell distances, places that tell themselves apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.stack.tagmotion.away import choice
from retailsim.stack.tagmotion.evidence import Heard, RestEvidence
from retailsim.stack.tagmotion.fingerprint import PlaceMap
from retailsim.stack.tagmotion.misplaced import MisplacedList
from retailsim.stack.tagmotion.places import Places
from retailsim.stack.tagmotion.positions import NOWHERE, PositionBook, Spot
from retailsim.stack.tagmotion.residuals import Reads, ReadTable
from retailsim.stack.tagmotion.rest import Rest
from retailsim.store.load import load_plan
from retailsim.store.regions import LIGHT_MPS

PLAN = load_plan("scenarios/stores/boutique.yaml")
TABLE = ReadTable(PLAN)
PLACES = Places.of(PLAN)
ANTENNA_M = np.array([a.position_m for r in PLAN.readers for a in r.antennas])
SHAPE = (*TABLE.distance_m.shape, TABLE.frequency_hz.shape[1])
TABLE_EPC = np.array([item.epc for item in PLAN.items])
MOVED = 17


def ideal(xyz_m: np.ndarray, *, seconds: float = 40.0, jitter_m: float = 0.0) -> Heard:
    """What tags at some places would be heard like in free space, by antennas within 4 m."""
    rng = np.random.default_rng(3)
    away_m = np.linalg.norm(xyz_m[:, None] - ANTENNA_M, axis=2)
    heard = away_m < 4.0
    count = np.where(heard[:, :, None], 1.0, 0.0) * np.ones(SHAPE[2])
    extra_m = (away_m - TABLE.distance_m)[:, :, None] + jitter_m * rng.normal(size=SHAPE)
    phase = 8 * np.pi * TABLE.frequency_hz * extra_m / LIGHT_MPS
    rssi = -40.0 - 40.0 * np.log10(away_m)
    total = rssi * count.sum(axis=2)
    return Heard(count, count * np.exp(1j * phase), total, np.full(len(xyz_m), seconds))


@pytest.fixture(scope="module")
def fitted() -> tuple[PlaceMap, Heard, int]:
    """A map learnt from all garments but one, which lies elsewhere."""
    xyz_m = TABLE.xyz_m.copy()
    own = [f.id for f in PLAN.fixtures].index(PLAN.items[MOVED].fixture)
    elsewhere = next(i for i in range(len(PLACES)) if PLACES.fixture[i] != own and PLACES.goods[i])
    xyz_m[MOVED] = PLACES.xyz_m[elsewhere]
    heard = ideal(xyz_m)
    places = PlaceMap(PLAN, PLACES, TABLE.xyz_m, TABLE.frequency_hz)
    places.fit(heard, np.arange(len(xyz_m)) != MOVED)
    return places, heard, elsewhere


def test_places_are_on_what_holds_garments_and_inside_the_shop():
    kinds = {PLAN.fixtures[f].kind for f in PLACES.fixture}
    assert kinds <= {"rail", "table", "shelf", "fitting_room", "till"}
    assert ((PLACES.xyz_m[:, :2] >= 0) & (PLACES.xyz_m[:, :2] <= PLAN.size_m)).all()
    near = np.linalg.norm(TABLE.xyz_m[:, None] - PLACES.xyz_m, axis=2).min(axis=1)
    assert near.max() < 0.3  # every slot of the planogram has a place beside it


def test_a_garment_elsewhere_is_found_within_a_place(fitted):
    places, heard, elsewhere = fitted
    fit = places.log_likelihood(np.array([MOVED]), heard.take(np.array([MOVED])))[0]
    best = PLACES.xyz_m[fit.argmax()]
    assert np.linalg.norm(best - PLACES.xyz_m[elsewhere]) < 0.5


def test_phases_of_a_tag_at_rest_agree_with_one_distance_and_those_of_a_moving_one_do_not(fitted):
    places, heard, _ = fitted
    still = places.coherence(heard)
    shaken = places.coherence(ideal(TABLE.xyz_m, jitter_m=0.05))
    reached = heard.reads.sum(axis=1) > 0
    assert still[reached].min() > 0.9
    assert np.median(shaken[reached]) < 0.6


def test_centimetres_show_in_the_agreement_with_what_was_heard_before(fitted):
    places, heard, _ = fitted
    reached = heard.reads.sum(axis=1) > 0
    assert places.agreement(heard, heard)[reached].min() > 0.9
    moved = places.agreement(heard, ideal(TABLE.xyz_m + [0.04, 0.03, 0.0]))
    assert np.median(moved[reached]) < 0.5


def test_too_few_reads_tell_nothing(fitted):
    places, heard, _ = fitted
    silence = Heard(0 * heard.count, 0 * heard.doubled, 0 * heard.rssi_dbm, heard.seconds)
    assert not places.coherence(silence).any()
    assert np.isnan(places.agreement(heard, silence)).all()


def test_a_map_without_references_is_not_ready():
    places = PlaceMap(PLAN, PLACES, TABLE.xyz_m, TABLE.frequency_hz)
    places.fit(ideal(TABLE.xyz_m), np.zeros(SHAPE[0], bool))
    assert not places.ready


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 4)), max_size=30))
def test_evidence_counts_every_read_once_and_fades(rows):
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    reads = Reads(
        np.zeros(len(rows)), *columns, np.full(len(rows), -50.0), np.ones(len(rows), complex)
    )
    evidence = RestEvidence((4, 2, 5))
    evidence.add(reads, 5.0)
    assert evidence.heard.count.sum() == pytest.approx(len(rows))
    assert evidence.heard.mean_dbm[evidence.heard.reads > 0] == pytest.approx(-50.0)
    evidence.add(reads.take(np.zeros(0, np.int64)), 60.0)
    assert evidence.heard.count.sum() == pytest.approx(len(rows) / np.e)


def book() -> PositionBook:
    return PositionBook(np.array(["a", "b"]), np.zeros((2, 2)))


@given(st.floats(0, 0.29), st.floats(0, 0.29))
def test_a_small_way_is_no_news(x, y):
    told = book()
    first = told.tell(0, {1: Spot(np.array([3.0, 3.0]), 0.5, "moving")})
    assert [m.epc.tolist() for m in first] == [["b"]]
    way = np.array([x, y]) / np.sqrt(2)
    assert told.tell(1, {1: Spot(np.array([3.0, 3.0]) + way, 0.5, "moving")}) == []


def test_a_new_state_or_a_much_better_estimate_is_news():
    told = book()
    told.tell(0, {0: Spot(np.array([3.0, 3.0]), 2.0, "moving")})
    assert told.tell(1, {0: Spot(np.array([3.0, 3.0]), 0.8, "moving")})
    assert told.tell(2, {0: Spot(np.array([3.0, 3.0]), 0.8, "resting")})
    (gone,) = told.tell(3, {0: Spot(NOWHERE, np.nan, "gone")})
    assert np.isnan(gone.xy_m).all()
    assert told.tell(4, {0: Spot(NOWHERE, np.nan, "gone")}) == []


def rest(fixture: int, xy_m: tuple[float, float]) -> Rest:
    return Rest(
        1.0, 0.1, 0.9, np.array([fixture, 0]), np.array([0.8, 0.1]), "aisle", 0.9,
        np.array(xy_m), 0.4,
    )  # fmt: skip


def test_an_entry_is_told_when_found_when_changed_and_when_over():
    entries = MisplacedList(PLAN)
    (found,) = entries.find(0, rest(3, (2.0, 2.0)), since_ns=5, now_ns=9)
    assert (found.time_ns, found.found_ns, found.end_ns) == (5, 9, 0)
    assert entries.find(0, rest(3, (2.1, 2.0)), since_ns=6, now_ns=14) == []
    (changed,) = entries.find(0, rest(3, (3.0, 2.0)), since_ns=6, now_ns=19)
    assert (changed.time_ns, changed.found_ns) == (5, 9)
    (over,) = entries.over(0, 30)
    assert (over.time_ns, over.end_ns, over.xy_m.tolist()) == (5, 30, [3.0, 2.0])
    assert entries.over(0, 31) == []


def test_an_entry_closed_too_soon_goes_on():
    entries = MisplacedList(PLAN)
    entries.find(0, rest(3, (2.0, 2.0)), since_ns=5, now_ns=9)
    entries.over(0, 30)
    (again,) = entries.find(0, rest(3, (2.2, 2.0)), since_ns=35, now_ns=60)
    assert (again.time_ns, again.found_ns, again.end_ns) == (5, 9, 0)
    entries.over(0, 70)
    (other,) = entries.find(0, rest(3, (6.0, 2.0)), since_ns=75, now_ns=90)
    assert (other.time_ns, other.found_ns) == (75, 90)


@given(
    share=st.floats(0, 1),
    way_m=st.floats(0, 10),
    sigma_m=st.floats(0.01, 5),
)
def test_of_two_places_the_likelier_is_told_and_the_other_widens_it(share, way_m, sigma_m):
    home_m, away_m = np.zeros(2), np.array([way_m, 0.0])
    told_m, deviation_m = choice((share, home_m, 0.2), (1 - share, away_m, sigma_m))
    assert told_m.tolist() == (home_m if share >= 0.5 else away_m).tolist()
    spread_m2 = share * 0.2**2 + (1 - share) * sigma_m**2
    other = min(share, 1 - share)
    assert deviation_m**2 == pytest.approx(spread_m2 + other * way_m**2 / 2, abs=1e-9)


def test_a_garment_that_may_have_left_is_told_with_a_wider_deviation():
    book = PositionBook(TABLE_EPC, TABLE.xyz_m[:, :2])
    away = np.zeros(len(TABLE_EPC))
    assert not len(book.doubtful(away))
    away[3] = 0.4
    assert book.doubtful(away).tolist() == [3]
    (told,) = book.tell(1, {3: book.home(3, 0.4)})
    assert told.state.tolist() == ["home"]
    assert told.sigma_m[0] > 1.0
    assert not len(book.doubtful(away))
