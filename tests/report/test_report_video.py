"""Annotated videos."""

from __future__ import annotations

import av
import numpy as np
import pytest

from retailsim.errors import BagError
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Detections, Identities, Tracks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.report.video import annotate, write_videos
from retailsim.store.plan import StorePlan

S = 1_000_000_000
PLAN = StorePlan.model_validate({"name": "two", "cameras": [{"id": "a"}, {"id": "b"}]})
BOX = np.array([[20, 20, 60, 100]], np.float32)
GREY = np.full((120, 160, 3), 90, np.uint8)


def batches(count: int = 5):
    for i in range(count):
        time_ns = i * S // 10
        yield FrameBatch(time_ns, tuple(Frame(time_ns, c, i, GREY) for c in ("a", "b")))


def decoded(path):
    with av.open(str(path)) as container:
        return [(f.time, f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]


def test_every_camera_gets_a_video_with_all_frames_at_their_times(tmp_path):
    paths = write_videos(tmp_path / "out", batches(), MessageLog(), PLAN)
    assert [p.name for p in paths] == ["a.mp4", "b.mp4"]
    frames = decoded(paths[0])
    assert [time for time, _ in frames] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert frames[0][1].shape == (120, 160, 3)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize(
    "message",
    [
        Identities(0, np.array(["a"]), np.array([3]), np.array([7]), BOX),
        Tracks(0, "a", np.array([3]), BOX, np.ones(1, np.float32)),
        Detections(0, "a", BOX, np.ones(1, np.float32)),
    ],
    ids=["identities", "tracks", "detections"],
)
def test_boxes_are_drawn_on_their_camera_and_frame_alone(tmp_path, message):
    paths = write_videos(tmp_path, batches(2), MessageLog([message]), PLAN)
    (_, first), (_, second) = decoded(paths[0])
    assert np.abs(first.astype(int) - 90).max() > 60
    assert np.abs(second.astype(int) - 90).max() < 12
    assert np.abs(decoded(paths[1])[0][1].astype(int) - 90).max() < 12


def test_drawing_leaves_the_frame_itself_alone():
    image = GREY.copy()
    drawn = annotate(image, [(BOX[0], 1, "1")])
    assert (image == GREY).all()
    assert (drawn != GREY).any()


def test_neighbouring_numbers_have_different_colours():
    one, two = (annotate(GREY, [(BOX[0], n, "")])[60, 20] for n in (1, 2))
    assert np.abs(one.astype(int) - two).max() > 80


def test_a_failing_source_leaves_no_file(tmp_path):
    def broken():
        yield from batches(2)
        raise BagError("torn")

    with pytest.raises(BagError, match="torn"):
        write_videos(tmp_path, broken(), MessageLog(), PLAN)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BagError, match=r"file/a\.mp4: cannot be written"):
        write_videos(tmp_path / "file", batches(), MessageLog(), PLAN)
