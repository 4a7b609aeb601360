"""Live, in processes: what is late is dropped, who dies comes back, and nobody else notices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from retailsim.engine.live import LiveRun
from retailsim.engine.pipeline import run_pipelined_live
from retailsim.engine.serial import Run
from retailsim.errors import StageError
from retailsim.messages.results import TagMotion
from tests.engine.pipeline import toys
from tests.engine.pipeline.test_processes import _nothing_is_left, killer_of, use
from tests.engine.pipeline.test_same_as_serial import said
from tests.engine.pipeline.toys import A, B, C, Recording, UntilBack, serially, stack, teller

__all__ = ["_nothing_is_left"]  # around every test here


def live(source: Recording, spec: Any, **options: Any) -> LiveRun:
    options = {"workers": 2, "stall_s": 60.0} | options
    return run_pipelined_live(source, spec, toys.context(source.cameras), **options)


def in_threads(source: Recording, spec: Any, **options: Any) -> LiveRun:
    """Where nobody dies, threads are enough."""
    return live(source, spec, start=toys.start_thread, **options)


def words(run: Run, kind: type[toys.Word]) -> list[tuple[int, str, float]]:
    return [(w.time_ns, w.text, w.number) for w in run.results.of(kind)]


def test_stages_that_keep_up_say_what_they_say_in_a_lossless_replay() -> None:
    spec = stack(
        looks=use(teller("frames", "A"), process="one"),
        hears=use(teller("A_reads_sale", "B"), process="two"),
    )
    source = Recording(ticks=8)
    played = in_threads(source, spec, backlog_ticks=1000)
    lossless = serially(source, spec, toys.context())
    assert said(played.run) == said(lossless)
    assert played.run.frames == lossless.frames
    assert (played.dropped, played.restarts) == ({"source": 0}, ())


def test_frames_are_dropped_at_the_source_when_a_stage_falls_behind_and_reads_are_not() -> None:
    spec = stack(
        slow=use(teller("frames", "A"), process="one", pause_s=0.3),
        tags=use("tests.engine.toys:Mover", process="two"),
    )
    source = Recording(ticks=25)
    played = in_threads(source, spec)
    quick = spec.model_copy(update={"stages": {"tags": spec.stages["tags"]}})
    lossless = serially(source, quick, toys.context())
    assert played.dropped["source"] > 10
    assert played.run.frames + played.dropped["source"] == lossless.frames
    assert played.run.results.of(TagMotion) == lossless.results.of(TagMotion)


@pytest.mark.parametrize("how", ["kill", "sleep"])
def test_a_worker_that_dies_or_hangs_comes_back_and_nobody_else_notices(
    how: str, tmp_path: Path
) -> None:
    spec = stack(
        looks=use(teller("frames", "C"), process="one"),
        mortal=use("Mortal", process="two", folder=str(tmp_path), how=how),
        hears=use(teller("A_C_reads", "B"), process="three"),
    )
    source = UntilBack(ticks=6000, file=str(tmp_path / "back"))
    played = live(source, spec, backlog_ticks=1000, stall_s=60.0 if how == "kill" else 3.0)

    (line,) = played.restarts
    if how == "kill":
        assert "process 'two' (mortal) was killed by SIGKILL" in line
    else:
        assert "stage 'mortal' (Mortal) did not return" in line
    assert line.endswith("; started anew (1 of 3), without memory of what it saw")

    spoken = words(played.run, A)
    assert {text for _, text, _ in spoken} == {"life 1", "life 2"}
    assert [text for _, text, _ in spoken][:3] == ["life 1", "life 1", "life 2"]
    missed = played.dropped["mortal"]
    assert played.dropped == {"source": 0, "mortal": missed}
    assert set(played.missed_ticks) == {"mortal"}
    assert played.missed_ticks["mortal"] >= missed / 2
    assert 2 * len(spoken) + missed == played.run.frames
    # Nobody saw a frame that was overwritten: what all frames add up to is as it should be.
    alone = stack(looks=spec.stages["looks"])
    whole = serially(Recording(ticks=6000), alone, toys.context())
    before_the_end = words(played.run, C)[:-1]
    assert before_the_end == words(whole, C)[: len(before_the_end)]
    # Who hears it heard both of its lives, and the reads in between.
    assert words(played.run, B)[-1][1] == "end"


def test_a_worker_that_dies_again_and_again_ends_the_replay(tmp_path: Path) -> None:
    mortal = use("Mortal", process="two", folder=str(tmp_path), always=True)
    spec = stack(tags=use(teller("reads", "B"), process="one"), mortal=mortal)
    source = UntilBack(ticks=6000, file=str(tmp_path / "never"))
    with pytest.raises(StageError, match=r"'two' \(mortal\) was killed.*anew 1 times$") as refusal:
        live(source, spec, restarts=1)
    assert "\n" not in str(refusal.value)
    assert len(list(tmp_path.glob("life.*"))) == 2


def test_a_stage_that_raises_ends_a_live_replay_as_well() -> None:
    spec = stack(a=use(teller("reads", "A"), fails_at=3))
    with pytest.raises(StageError, match=r"stage 'a' .* failed: ValueError: tick 3 is"):
        in_threads(Recording(), spec)


def test_the_process_that_reads_the_recording_is_not_started_anew() -> None:
    start, kill_it = killer_of("decode")
    with pytest.raises(StageError, match="process 'decode' was killed by SIGKILL"):
        live(Recording(ticks=500), stack(a=teller("frames", "A")), progress=kill_it, start=start)


def test_a_stage_that_keeps_all_frames_gets_no_more_and_others_go_on() -> None:
    spec = stack(keep=use("Keeper", process="one"), tags=use(teller("reads", "B"), process="two"))
    played = in_threads(Recording(ticks=60, place_frames=False), spec, backlog_ticks=1000)
    assert played.dropped["source"] > 0
    assert played.run.frames + played.dropped["source"] == 60 * 2 * 4 // 5
    assert words(played.run, B)[-1][1] == "end"
