"""What should the fitting mirror show?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Crossing, Interaction, People, Recommendation, TagZones
from retailsim.messages.sensors import Sale, TryOn
from retailsim.resources import find
from retailsim.stack.recommend.baseline import PopularityMirror, RandomMirror
from retailsim.stack.recommend.content import lab, similarity
from retailsim.stack.recommend.mirror import FittingMirror, MirrorStage
from retailsim.stack.recommend.neighbours import recency, vsknn
from retailsim.stack.stage import StageContext
from retailsim.store.load import load_plan

SECOND = 1_000_000_000
PLAN = load_plan(find("scenarios/stores/boutique.yaml"))
CONTEXT = StageContext(plan=PLAN)
SKUS = [sku.id for sku in PLAN.catalogue]
MIRROR_M = np.array(PLAN.fixture("mirror-1").center_m)


def epc_of(sku: str, copy: int = 0) -> str:
    return [item.epc for item in PLAN.items if item.sku == sku][copy]


def handled(person: int, sku: str, at_s: float, *, seconds: float = 2.0, copy: int = 0) -> Message:
    start = int(at_s * SECOND)
    return Interaction(
        start,
        end_ns=start + int(seconds * SECOND),
        epc=epc_of(sku, copy),
        person=person,
        confidence=1.0,
        xy_m=np.zeros(2),
    )


def people(at_s: float, where: dict[int, tuple[float, float]]) -> Message:
    return People(
        int(at_s * SECOND),
        person=np.array(list(where), np.int64),
        xy_m=np.array(list(where.values()), float).reshape(-1, 2),
        confirmed=np.ones(len(where), bool),
    )


def try_on(sku: str, at_s: float, *, copy: int = 0) -> TryOn:
    return TryOn(int(at_s * SECOND), mirror="mirror-1", epc=epc_of(sku, copy))


def ask(stage: MirrorStage, *messages: Message) -> Recommendation:
    """Feed the messages; return the last answer."""
    answers = [answer for message in messages for answer in stage.process(message)]
    assert isinstance(answers[-1], Recommendation)
    return answers[-1]


def test_it_never_shows_the_garment_being_tried_on_and_shows_as_many_as_asked() -> None:
    for make in (FittingMirror, PopularityMirror, RandomMirror):
        answer = ask(make(CONTEXT, shown=6), try_on("coat-02", 5))
        assert len(answer.sku) == 6
        assert "coat-02" not in answer.sku
        assert (np.diff(answer.score) <= 0).all()


def test_it_leaves_out_what_the_visitor_tried_before_or_carries_along() -> None:
    def zones(at_s: float, zone: str) -> Message:
        epc = np.array([epc_of("dress-04")])
        return TagZones(int(at_s * SECOND), epc=epc, zone=np.array([zone]))

    here = people(9, {1: tuple(MIRROR_M - [0.0, 0.8])})
    visit = [zones(0, "back-wall"), handled(1, "dress-04", 1, seconds=6), here]
    hanging = ask(FittingMirror(CONTEXT), *visit, try_on("dress-01", 10))
    carried = ask(FittingMirror(CONTEXT), *visit, zones(8, "mirror"), try_on("dress-01", 10))
    assert "dress-04" in hanging.sku
    assert "dress-04" not in carried.sku
    second = ask(FittingMirror(CONTEXT), *visit, try_on("dress-01", 10), try_on("dress-08", 20))
    assert "dress-01" not in second.sku


def test_cold_it_shows_what_the_catalogue_says_is_alike() -> None:
    answer = ask(FittingMirror(CONTEXT), try_on("dress-01", 5))
    style = {sku.id: sku.style for sku in PLAN.catalogue}
    kind = {sku.id: sku.kind for sku in PLAN.catalogue}
    assert all(style[s] == "party" or kind[s] == "dress" for s in answer.sku[:4])


def test_it_shows_what_visitors_with_a_like_visit_were_interested_in() -> None:
    past = [
        handled(person, sku, 10 * person + k)
        for person in range(1, 9)
        for k, sku in enumerate(
            ["coat-01", "tshirt-04", "skirt-06"] if person % 2 else ["coat-02", "knit-03"]
        )
    ]
    stage = FittingMirror(CONTEXT, cold_evidence=0.1)
    answer = ask(stage, *past, try_on("coat-01", 100))
    assert set(answer.sku[:2]) == {"tshirt-04", "skirt-06"}


def test_the_query_is_the_visit_of_who_stands_before_the_mirror() -> None:
    near, far = tuple(MIRROR_M - [0.2, 0.8]), (10.0, 2.0)
    before = [handled(1, "dress-04", 1), handled(2, "jacket-03", 2)]
    answer_1 = ask(
        FittingMirror(CONTEXT), *before, people(9, {1: near, 2: far}), try_on("shirt-02", 10)
    )
    answer_2 = ask(
        FittingMirror(CONTEXT), *before, people(9, {2: near, 1: far}), try_on("shirt-02", 10)
    )
    assert "dress-04" in answer_1.sku
    assert "dress-04" not in answer_2.sku
    assert "jacket-03" in answer_2.sku


def test_the_handler_of_the_garment_is_preferred_over_a_closer_bystander() -> None:
    at_mirror, behind = tuple(MIRROR_M - [0.0, 0.5]), tuple(MIRROR_M - [1.0, 1.0])
    answer = ask(
        FittingMirror(CONTEXT),
        handled(1, "dress-04", 1),
        handled(2, "jacket-03", 2, seconds=6),
        handled(2, "shirt-02", 3),
        people(9, {1: at_mirror, 2: behind}),
        try_on("shirt-02", 10),
    )
    assert "jacket-03" in answer.sku
    assert "dress-04" not in answer.sku


def test_a_sale_counts_for_who_handled_the_garment_last() -> None:
    stage = FittingMirror(CONTEXT, cold_evidence=1e-6)
    both = [handled(p, sku, p * 10 + k) for p in (1, 2) for k, sku in enumerate(["coat-01"])]
    one = [handled(1, "knit-01", 31), handled(2, "knit-02", 32)]
    sold = Sale(40 * SECOND, till="till-1", epc=np.array([epc_of("knit-02")]))
    answer = ask(stage, *both, *one, sold, try_on("coat-01", 60, copy=1))
    # Both earlier visits held coat-01 once; the bought jumper weighs more than the flipped one.
    assert list(answer.sku[:2]) == ["knit-02", "knit-01"]


def test_a_person_number_that_comes_back_begins_a_new_visit() -> None:
    left = Crossing(20 * SECOND, door="main", person=1, direction="out")
    here = people(29, {1: tuple(MIRROR_M - [0.0, 0.8])})
    past = handled(1, "dress-04", 1)
    stayed = ask(FittingMirror(CONTEXT), past, here, try_on("shirt-02", 30))
    returned = ask(FittingMirror(CONTEXT), past, left, here, try_on("shirt-02", 30))
    assert "dress-04" in stayed.sku
    assert list(returned.score) != list(stayed.score)


def segment_session(
    seed: int, *, shuffle_skus: bool = False
) -> tuple[list[Message], list[set[str]]]:
    """Visitors of five segments; each likes eight articles, handles six, mostly liked ones.

    Liked articles of a segment share no property of the catalogue: only neighbours can tell.
    """
    rng = np.random.default_rng(seed)
    segments = rng.permutation(SKUS).reshape(5, 12)
    stream: list[Message] = []
    liked: list[set[str]] = []
    swap = dict(zip(SKUS, rng.permutation(SKUS), strict=True)) if shuffle_skus else {}
    for person in range(1, 61):
        likes = rng.permutation(segments[rng.integers(5)])[:8]
        start = 60.0 * person
        for k, sku in enumerate(rng.permutation(likes)[:5].tolist() + [str(rng.choice(SKUS))]):
            if shuffle_skus:  # every garment's article is misread, afresh each time
                swap = dict(zip(SKUS, rng.permutation(SKUS), strict=True))
            stream.append(handled(person, str(swap.get(sku, sku)), start + 5 * k))
        if person % 3 == 0:
            stream.append(people(start + 39, {person: tuple(MIRROR_M - [0.0, 0.8])}))
            tried = str(swap.get(str(likes[0]), likes[0])) if shuffle_skus else str(likes[0])
            stream.append(try_on(tried, start + 40))
            liked.append(set(likes.tolist()))
    return stream, liked


def hit_at_5(make: Callable[[StageContext], MirrorStage], *, shuffle_skus: bool = False) -> float:
    hits = []
    for seed in range(3):
        stream, liked = segment_session(seed, shuffle_skus=shuffle_skus)
        stage = make(CONTEXT)
        answers = [a for message in stream for a in stage.process(message)]
        hits += [
            bool(set(a.sku[:5].tolist()) & likes) for a, likes in zip(answers, liked, strict=True)
        ]
    return float(np.mean(hits))


def test_it_beats_both_baselines_and_falls_when_its_input_is_broken() -> None:
    real = hit_at_5(FittingMirror)
    assert real > 0.9
    assert real > hit_at_5(PopularityMirror) + 0.1
    assert real > hit_at_5(RandomMirror) + 0.1
    assert hit_at_5(FittingMirror, shuffle_skus=True) < real - 0.1


def test_the_same_session_gets_the_same_answers() -> None:
    stream, _ = segment_session(1)
    for make in (FittingMirror, PopularityMirror, RandomMirror):
        runs = []
        for stage in (make(CONTEXT), make(CONTEXT)):
            runs.append([a.sku.tolist() for m in stream for a in stage.process(m)])
        assert runs[0] == runs[1]


def test_a_foreign_garment_or_an_empty_catalogue_is_survived() -> None:
    foreign = TryOn(5, mirror="mirror-9", epc="f" * 24)
    assert len(ask(FittingMirror(CONTEXT), foreign).sku) == 8
    bare = StageContext(plan=PLAN.model_copy(update={"catalogue": [], "stock": []}))
    assert len(ask(FittingMirror(bare), foreign).sku) == 0


def test_likeness_is_symmetric_and_an_article_is_most_like_itself() -> None:
    likeness = similarity(PLAN.catalogue)
    np.testing.assert_allclose(likeness, likeness.T)
    np.testing.assert_allclose(likeness.diagonal(), 1.0)
    assert (likeness <= 1.0 + 1e-12).all()
    assert likeness[SKUS.index("tshirt-04"), SKUS.index("tshirt-10")] < 1.0
    with pytest.raises(StageError, match="colr"):
        similarity(PLAN.catalogue, {"colr": 1.0})


def test_colours_are_converted_to_cielab() -> None:
    np.testing.assert_allclose(
        lab(["#ffffff", "#000000", "#ff0000"]),
        [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]],
        atol=0.2,
    )


@given(st.integers(1, 30), st.sampled_from([0.0, 1.0, 2.0]))
def test_recency_rises_to_one(count: int, power: float) -> None:
    weights = recency(count, power=power)
    assert weights[-1] == 1.0
    assert (np.diff(weights) >= 0).all()


def test_neighbours_without_a_common_article_say_nothing() -> None:
    scores, evidence = vsknn(
        np.array([1.0, 0, 0]), np.array([[0.0, 1, 1]]), neighbours=5, idf_weight=5.0
    )
    assert evidence == 0.0
    assert not scores.any()
