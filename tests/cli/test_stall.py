"""The line that ends a command whose stage does not return."""

from __future__ import annotations

import subprocess
import sys

DRAWS_ON = """
import sys, threading, time
from cli.stall import give_up

def draw():
    while True:
        sys.stderr.write("0 % done ")
        sys.stderr.flush()
        drawn.set()
        time.sleep(1e-4)

drawn = threading.Event()
threading.Thread(target=draw, daemon=True).start()
drawn.wait()
give_up("stage 'mine' did not return [at all]")
"""


def test_nothing_is_drawn_after_the_line_that_says_why() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", DRAWS_ON], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert ended.stderr.endswith("error: stage 'mine' did not return [at all]\n")
