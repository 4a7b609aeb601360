"""Making a session bag from recordings of the real world."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from retailsim.errors import BagError
from retailsim.messages.sensors import TagReads
from retailsim.session.container import refuse_existing
from retailsim.session.footage import Footage, probe
from retailsim.session.mot import MotTruth, load_mot
from retailsim.session.rfid_csv import load_reads
from retailsim.session.video import VideoEncoder
from retailsim.session.writer import BagWriter
from retailsim.store.plan import Camera, StorePlan

# Close to the decoded original: imported video has been through an encoder before.
IMPORT_CRF = 18
# 2000-01-01: when a recording without any clock is said to have begun.
NO_CLOCK_NS = 946_684_800 * 10**9
DEFAULT_READER = "reader-1"
Progress = Callable[[float], None]


@dataclass(frozen=True)
class _View:
    """One frame on its way into the bag."""

    time_ns: int
    camera: str
    index: int
    h264: bytes


def import_session(
    output: str | Path,
    *,
    videos: Mapping[str, Path],
    mot_truth: Mapping[str, Path] | None = None,
    rfid: Path | None = None,
    rfid_recording: str | None = None,
    plan: StorePlan | None = None,
    reader: str | None = None,
    start_ns: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write a session bag from videos, tag reads and hand-made boxes.

    Args:
        output: the bag folder.
        videos: camera id -> video file; all begin at the same instant.
        mot_truth: camera id -> MOTChallenge ground truth of that video.
        rfid: CSV of tag reads, as `load_reads` describes.
        rfid_recording: take only that recording of the CSV.
        plan: the shop; without it a bare plan lists the cameras.
        reader: id of the reader that made the reads; the plan's first by default.
        start_ns: when the videos begin, nanoseconds since the epoch; by default with the first
            read, or on 1 January 2000 where there is none.
        overwrite: replace an existing bag.
        progress: told the share done, 0 to 1.

    Raises:
        BagError: an input cannot be used or the output not written; nothing is left then.
    """
    if not overwrite:
        refuse_existing(output)
    if not videos and rfid is None:
        raise BagError("nothing to import: give at least one video or a table of tag reads")
    footage = {camera: probe(path) for camera, path in videos.items()}
    truth = _load_truth(mot_truth or {}, footage)
    plan = _plan_for(footage, plan)
    reads: list[TagReads] = []
    if rfid is not None:
        reads = load_reads(rfid, reader=_reader_id(plan, reader), recording=rfid_recording)
    if start_ns is None:
        start_ns = int(reads[0].read_us[0]) * 1000 if reads else NO_CLOCK_NS
    with BagWriter(output, plan) as bag:
        _write(bag, footage, truth, reads, start_ns, progress)


def _write(
    bag: BagWriter,
    footage: Mapping[str, Footage],
    truth: Mapping[str, MotTruth],
    reads: list[TagReads],
    start_ns: int,
    progress: Progress | None,
) -> None:
    expected = sum(video.frames for video in footage.values())
    streams = [_views(camera, video, start_ns) for camera, video in footage.items()]
    waiting = list(reversed(reads))
    counts = dict.fromkeys(footage, 0)
    views = heapq.merge(*streams, key=lambda view: view.time_ns)
    for done, view in enumerate(views, start=1):
        while waiting and waiting[-1].time_ns <= view.time_ns:
            bag.write(waiting.pop())
        bag.write_video(view.camera, view.time_ns, view.h264)
        if view.camera in truth:
            bag.write(truth[view.camera].boxes(view.camera, view.index, view.time_ns))
        counts[view.camera] = view.index + 1
        if progress and expected:
            progress(min(1.0, done / expected))
    for batch in reversed(waiting):
        bag.write(batch)
    for camera, boxes in truth.items():
        if boxes.last_frame > counts[camera]:
            raise BagError(
                f"{boxes.path}: has boxes in frame {boxes.last_frame}, but camera '{camera}' has "
                f"{counts[camera]} frames; is it the truth of another video?"
            )


def _views(camera: str, video: Footage, start_ns: int) -> Iterator[_View]:
    encoder = VideoEncoder(video.width_px, video.height_px, video.rate_hz, crf=IMPORT_CRF)
    for index, (time_ns, image) in enumerate(video.images()):
        yield _View(start_ns + time_ns, camera, index, encoder.encode(image))


def _load_truth(paths: Mapping[str, Path], footage: Mapping[str, Footage]) -> dict[str, MotTruth]:
    for camera in paths:
        if camera not in footage:
            known = ", ".join(footage) or "none"
            raise BagError(f"truth for camera '{camera}', which has no video (cameras: {known})")
    return {camera: load_mot(path) for camera, path in paths.items()}


def _plan_for(footage: Mapping[str, Footage], plan: StorePlan | None) -> StorePlan:
    if plan is None:
        return _bare_plan(footage)
    for camera, video in footage.items():
        installed = {known.id: known for known in plan.cameras}.get(camera)
        if installed is None:
            known = ", ".join(c.id for c in plan.cameras) or "none"
            raise BagError(f"camera '{camera}' is not in the plan '{plan.name}' (it has: {known})")
        if (installed.width_px, installed.height_px) != (video.width_px, video.height_px):
            raise BagError(
                f"{video.path}: images of {video.width_px} x {video.height_px}, but the plan says "
                f"{installed.width_px} x {installed.height_px} for camera '{camera}'"
            )
    return plan


def _bare_plan(footage: Mapping[str, Footage]) -> StorePlan:
    cameras = []
    for camera, video in footage.items():
        try:
            cameras.append(
                Camera(
                    id=camera,
                    width_px=video.width_px,
                    height_px=video.height_px,
                    rate_hz=video.rate_hz,
                )
            )
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise BagError(f"camera '{camera}' ({video.path}): {field}: {first['msg']}") from error
    return StorePlan(name="imported", cameras=cameras)


def _reader_id(plan: StorePlan, reader: str | None) -> str:
    known = [installed.id for installed in plan.readers]
    if reader is None:
        return known[0] if known else DEFAULT_READER
    if known and reader not in known:
        raise BagError(f"reader '{reader}' is not in the plan (it has: {', '.join(known)})")
    return reader
