"""What a bench's process has to say arrives; how it fails is said in one line."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from retailsim.engine.vigil import Vigil
from retailsim.errors import BagError, StageError
from retailsim.experiments.errands import Errand, accuse, hear_all, stand_by


def double(line: Connection, number: int) -> None:
    line.send(2 * number)
    line.send(os.environ["OMP_NUM_THREADS"])
    line.send(line.recv()[::-1])


def fail(line: Connection, how: str) -> None:
    if how == "refuse":
        raise BagError("monday.bag: torn")
    if how == "break":
        raise IndexError("no such\nrow")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def test_an_errand_tells_and_is_told_and_has_its_threads() -> None:
    with Errand(double, 21, name="the doubler", threads=3) as errand:
        assert errand.hear() == 42
        assert errand.hear() == "3"
        errand.tell("abc")
        assert errand.hear() == "cba"


def test_failures_are_raised_as_they_are_or_as_one_line_that_names_the_process() -> None:
    errands = [Errand(fail, how, name=f"to {how}") for how in ("refuse", "break", "kill", "sleep")]
    try:
        with pytest.raises(BagError, match=r"^monday.bag: torn$"):
            errands[0].hear()
        with pytest.raises(StageError, match=r"^fail: IndexError: no such$"):
            errands[1].hear()
        with pytest.raises(StageError, match="to kill was killed by SIGKILL"):
            hear_all([errands[3], errands[2]])
        with pytest.raises(StageError, match="to sleep has said nothing"):
            errands[3].hear(patience_s=0.1)
        with pytest.raises(StageError, match="to sleep: nothing was said"):
            hear_all(errands[3:], patience_s=0.1)
        stand_by(errands[3:], time.monotonic() + 0.1)
        assert errands[3].pid is not None
        os.kill(errands[3].pid, signal.SIGKILL)
        with pytest.raises(StageError, match="to sleep was killed by SIGKILL"):
            stand_by(errands[3:], time.monotonic() + 60)
    finally:
        for errand in errands:
            errand.close()


def test_what_does_not_return_is_accused_on_the_line() -> None:
    near, far = Pipe()
    with Vigil(0.01, accuse(far)):
        assert near.poll(60)
    said = near.recv()
    assert isinstance(said, StageError)
    assert "gave nothing for more than 0.01 s" in str(said)
