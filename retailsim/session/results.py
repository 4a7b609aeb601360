"""A stack's results as a bag: our own messages, and twins that viewers can draw."""

from __future__ import annotations

from pathlib import Path

from retailsim.messages.log import MessageLog
from retailsim.messages.registry import RESULT_TYPES
from retailsim.session.drawing import drawable_twins
from retailsim.session.writer import BagWriter
from retailsim.store.plan import StorePlan


def write_results(path: str | Path, plan: StorePlan, results: MessageLog) -> None:
    """Write everything a stack said to a bag, in the order in which it was said.

    Beside the messages under `/stack/` go their drawable twins: boxes with numbers per camera
    (`/stack/camera/<id>/track_boxes` and `.../person_boxes`), people on the floor
    (`/stack/people/points`), the heat map (`/stack/heat_map/grid` and `/image`) and one line per
    event (`/stack/events`).

    Raises:
        BagError: the bag cannot be written.
    """
    said = [
        (emitted_ns, message)
        for kind in RESULT_TYPES.values()
        for emitted_ns, message in zip(results.emitted_ns(kind), results.of(kind), strict=True)
    ]
    said.sort(key=lambda entry: (entry[0], entry[1].time_ns))
    with BagWriter(path, plan) as bag:
        for emitted_ns, message in said:
            bag.write(message, emitted_ns)
            for topic, twin in drawable_twins(message, plan):
                bag.write_proto(topic, twin, message.time_ns, emitted_ns)
