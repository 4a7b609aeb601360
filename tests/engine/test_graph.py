import pytest

from retailsim.engine.config import BaselineSpec, StackSpec, StageSpec, load_stack
from retailsim.engine.graph import build_graph, running_order
from retailsim.engine.serial import run_serial
from retailsim.errors import ScenarioError, StageError
from retailsim.messages.results import Crossing, TagMotion
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.plan import StorePlan
from tests.engine.toys import Broken, Circular, Door, Liar, Mover, reads

CONTEXT = StageContext(StorePlan(name="toy"))
S = 10**9


def stages(*kinds: type[Stage]) -> dict[str, Stage]:
    return {kind.__name__.lower(): kind(CONTEXT) for kind in kinds}


def spec(**uses: str) -> StackSpec:
    named = {role: StageSpec(uses=f"tests.engine.toys:{name}") for role, name in uses.items()}
    return StackSpec(stages=named)


def test_feeders_run_before_those_they_feed() -> None:
    assert running_order(stages(Door, Mover)) == ["mover", "door"]


def test_a_circle_is_refused_by_name() -> None:
    with pytest.raises(StageError, match=r"circle: .*mover"):
        running_order(stages(Mover, Door, Circular))


def test_a_stage_that_nobody_feeds_is_refused() -> None:
    with pytest.raises(StageError, match="'door' reads TagMotion, which no stage"):
        running_order(stages(Door))


def test_what_a_stage_says_reaches_the_next_in_the_same_tick() -> None:
    run = run_serial(
        [reads(S), reads(2 * S)], build_graph(spec(m="Mover", d="Door"), CONTEXT), lateness_s=0
    )
    assert [c.direction for c in run.results.of(Crossing)] == ["in", "in", "out"]
    assert run.results.emitted_ns(Crossing) == [S, 2 * S, 2 * S]


def test_a_baseline_feeds_nobody() -> None:
    rival = BaselineSpec(roles={"m": {"keen": StageSpec(uses="tests.engine.toys:Mover")}})
    nodes = build_graph(spec(m="Mover", d="Door"), CONTEXT, baselines=rival)
    run = run_serial([reads(S)], nodes, lateness_s=0)
    assert len(run.results.of(TagMotion)) == 1
    (rival,) = run.baselines
    assert (rival.role, rival.name) == ("m", "keen")
    assert len(rival.said.of(TagMotion)) == 1
    assert len(run.results.of(Crossing)) == 2


def test_a_stage_that_raises_is_named() -> None:
    with pytest.raises(StageError, match=r"'broken'.*IndexError: no such row"):
        run_serial(
            [reads(S), reads(2 * S)], build_graph(spec(broken="Broken"), CONTEXT), lateness_s=0
        )
    assert Broken.seen == 0


def test_a_stage_that_says_what_it_does_not_declare_is_named() -> None:
    assert Liar.outputs == (TagMotion,)
    with pytest.raises(StageError, match="'liar' said Crossing"):
        run_serial([reads(S)], build_graph(spec(liar="Liar"), CONTEXT), lateness_s=0)


def test_wrong_parameters_and_classes_are_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    wrong = StackSpec(stages={"m": StageSpec(uses="tests.engine.toys:Mover", **{"with": {"x": 1}})})
    with pytest.raises(StageError, match=r"stage 'm'.*'x'"):
        build_graph(wrong, CONTEXT)
    with pytest.raises(StageError, match="cannot import"):
        build_graph(spec(m="Nobody"), CONTEXT)
    with pytest.raises(StageError, match="neither module:Class nor"):
        build_graph(StackSpec(stages={"m": StageSpec(uses="nobody")}), CONTEXT)


def test_a_stack_file_lies_over_the_default_one(tmp_path) -> None:  # type: ignore[no-untyped-def]
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "base: default\nstages:\n  detect: {with: {threshold: 0.77}}\n  recommend: null\n"
    )
    default, changed = load_stack(), load_stack(mine)
    before, after = default.stages["detect"], changed.stages["detect"]
    assert before is not None
    assert after is not None
    assert after.uses == before.uses
    assert after.parameters == before.parameters | {"threshold": 0.77}
    assert "recommend" not in changed.stages
    assert changed.sha256() != default.sha256()


def test_a_misspelt_field_of_a_stack_file_is_named_with_its_line(tmp_path) -> None:  # type: ignore[no-untyped-def]
    mine = tmp_path / "mine.yaml"
    mine.write_text("base: default\nstages:\n  detect: {wiht: {threshold: 0.77}}\n")
    with pytest.raises(ScenarioError, match=r"mine.yaml:3: stages.detect.wiht: no such field"):
        load_stack(mine)
