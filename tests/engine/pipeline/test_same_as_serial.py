"""Whatever the stack and however it is divided: the results are those of the serial executor."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retailsim.engine.config import BaselineSpec, StackSpec, StageSpec
from retailsim.engine.graph import plan_graph
from retailsim.engine.pipeline import Group, run_pipelined
from retailsim.engine.serial import Run
from retailsim.messages.base import Message
from retailsim.messages.sensors import Sale, TagReads
from tests.engine.pipeline.toys import (
    Recording,
    context,
    new_memory,
    serially,
    stack,
    start_thread,
    teller,
)

FEEDS = {
    "A": "frames reads sale",
    "B": "frames reads sale A",
    "C": "reads A B D",
    "D": "frames A B",
}
ORDER = "ABDC"  # nobody feeds those before


def said(run: Run) -> list[tuple[str, int, str]]:
    """All that was said, with the stream time at which it was, and by whom of the rivals."""
    logs = {"": run.results} | {f"{r.role}/{r.name}": r.said for r in run.baselines}
    return [
        (who, emitted_ns, repr(message))
        for who, log in logs.items()
        for kind in sorted({type(m) for m in log}, key=lambda kind: kind.__name__)
        for message, emitted_ns in zip(log.of(kind), log.emitted_ns(kind), strict=True)
    ]


@st.composite
def stacks(draw: st.DrawFn) -> StackSpec:
    """Some stages of each kind, each reading some kinds said before it, or the bag."""
    uses: dict[str, StageSpec] = {}
    there = {"frames", "reads", "sale"}
    for kind in ORDER:
        feeds = sorted(there & set(FEEDS[kind].split()))
        count = draw(st.integers(0, 2))
        for number in range(count):
            inputs = draw(st.lists(st.sampled_from(feeds), min_size=1, max_size=3, unique=True))
            size = draw(st.sampled_from([0, 3, 60_000]))
            use = teller("_".join(sorted(inputs)), kind)
            uses[f"{kind.lower()}{number}"] = StageSpec(uses=use, parameters={"size": size})
        there |= {kind} if count else set()
    return stack(**uses)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(
    spec=stacks(),
    data=st.data(),
    recording=st.builds(
        Recording,
        ticks=st.integers(0, 12),
        cameras=st.integers(0, 2),
        place_frames=st.booleans(),
    ),
    window=st.integers(1, 4),
)
def test_any_stack_in_any_partition_says_what_it_says_serially(
    spec: StackSpec, data: st.DataObject, recording: Recording, window: int
) -> None:
    at = context(recording.cameras)
    roles = [role for role in spec.stages if data.draw(st.booleans())][:2]
    rivals = BaselineSpec(
        roles={role: {"rival": StageSpec(uses=teller("reads_frames", "A"))} for role in roles}
    )
    rows = len(plan_graph(spec, baselines=rivals))
    homes = data.draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
    groups = [
        Group(f"p{home}", tuple(row for row, h in enumerate(homes) if h == home))
        for home in sorted(set(homes))
    ]
    serial = serially(recording, spec, at, rivals)
    heard: list[Message] = []
    piped = run_pipelined(
        recording,
        spec,
        at,
        baselines=rivals,
        groups=groups,
        window=window,
        listen=heard.append,
        start=start_thread,
    )
    assert said(piped) == said(serial)
    assert piped.outputs == serial.outputs
    assert piped.warnings == serial.warnings
    assert (piped.frames, piped.begin_ns, piped.end_ns) == (
        serial.frames,
        serial.begin_ns,
        serial.end_ns,
    )
    assert piped.dropped_frames == 3
    arrived = [m for m in recording.messages(new_memory) if isinstance(m, TagReads | Sale)]
    assert list(map(repr, heard)) == list(map(repr, arrived))
    items = {name: entry.items for name, entry in serial.watch.stages.items()}
    assert {name: entry.items for name, entry in piped.watch.stages.items()} == items
    assert len(piped.watch.ticks_ms) == len(serial.watch.ticks_ms)
