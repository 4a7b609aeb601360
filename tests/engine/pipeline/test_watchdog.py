from __future__ import annotations

import pytest

from retailsim.engine.graph import plan_graph
from retailsim.engine.pipeline.board import WAITING, WORKING, State
from retailsim.engine.pipeline.watchdog import Watchdog
from retailsim.errors import StageError
from tests.engine.pipeline.toys import stack, teller

STATIONS = plan_graph(stack(one=teller("reads", "A"), two=teller("A", "B")))
NAMES = ["decode", "p", "q", ""]
PARENT = State(0, 0, WORKING, 0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def look_for(seconds: float, *states: State, beats: int = 0, held: dict[str, int]) -> None:
    """Look every second at processes of which the second makes so many beats a second."""
    clock = Clock()
    dog = Watchdog(NAMES, STATIONS, stall_s=60, clock=clock)
    while clock.now < seconds:
        row = states[1]
        moving = State(row.beats + beats * int(clock.now), row.tick, row.what, row.which)
        dog.look([states[0], moving, *states[2:], PARENT], held, set())
        clock.now += 1


WAITS_FOR_P = State(5, 3, WAITING, 1)
WAITS_FOR_PARENT = State(5, 3, WAITING, 3)


def test_a_stage_that_does_not_return_is_named() -> None:
    with pytest.raises(StageError, match=r"'one' \(T_reads__A\) did not return.*60 s.*'p', tick 3"):
        look_for(70, WAITS_FOR_PARENT, State(9, 3, WORKING, 0), WAITS_FOR_P, held={})


def test_a_stage_that_gets_on_is_left_alone() -> None:
    look_for(300, WAITS_FOR_PARENT, State(9, 3, WORKING, 0), WAITS_FOR_P, beats=1, held={})


def test_making_a_stage_may_take_long_but_not_for_ever() -> None:
    making = State(1, -1, WORKING, 1)
    look_for(500, WAITS_FOR_PARENT, making, State(1, -1, WAITING, 3), held={})
    with pytest.raises(StageError, match=r"'two'.*being made for more than 600 s"):
        look_for(700, WAITS_FOR_PARENT, making, State(1, -1, WAITING, 3), held={})


def test_a_stage_may_take_long_over_its_last_words_but_not_for_ever() -> None:
    ending = State(9, -2, WORKING, 1)
    look_for(500, WAITS_FOR_PARENT, ending, WAITS_FOR_P, held={})
    with pytest.raises(StageError, match=r"'two'.*at its end for more than 600 s \(process 'p'\)"):
        look_for(700, WAITS_FOR_PARENT, ending, WAITS_FOR_P, held={})


def test_while_the_parent_itself_stood_still_nobody_is_blamed() -> None:
    clock = Clock()
    dog = Watchdog(NAMES, STATIONS, stall_s=60, clock=clock)
    states = [WAITS_FOR_PARENT, State(9, 3, WORKING, 0), WAITS_FOR_P, PARENT]
    for clock.now in (0.0, 1.0, 3000.0, 3001.0, 3020.0):
        dog.look(states, {}, set())
    clock.now = 3045.0
    with pytest.raises(StageError, match="did not return"):
        dog.look(states, {}, set())


def test_who_keeps_all_frames_is_named_when_nothing_moves() -> None:
    with pytest.raises(StageError, match=r"'decode' waits for a frame slot \('q' holds 24\)"):
        look_for(
            70,
            State(5, 3, WAITING, 0),
            State(9, 3, WAITING, 0),
            State(9, 3, WAITING, 0),
            held={"q": 24},
        )


def test_a_reader_that_hangs_is_named() -> None:
    with pytest.raises(StageError, match="'decode' has read nothing for 60 s"):
        look_for(70, State(5, 3, WORKING, -1), WAITS_FOR_P, WAITS_FOR_P, held={})
