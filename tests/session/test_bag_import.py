"""Recordings of the real world become bags; bad ones leave nothing behind."""

from __future__ import annotations

import gzip
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import BagError
from retailsim.messages.sensors import FrameBatch, TagReads
from retailsim.messages.truth import TruthBoxes
from retailsim.session import BagReader
from retailsim.session.importing import NO_CLOCK_NS, import_session
from retailsim.session.mot import load_mot
from retailsim.session.rfid_csv import COLUMNS, load_reads
from retailsim.store.plan import Antenna, Camera, Reader, StorePlan
from tests.session.sessions import picture

HEADER = ",".join(COLUMNS)
EPC = "303435fc8803d056d15b963f"


def _film(path: Path, frames: int = 12, width: int = 96, height: int = 64, rate: int = 12) -> Path:
    odd = width % 2 or height % 2
    codec, pixels = ("ffv1", "yuv444p") if odd else ("mpeg4", "yuv420p")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.bit_rate = 2_000_000
        stream.codec_context.time_base = Fraction(1, rate)
        for tick in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(tick, width, height), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _table(path: Path, lines: list[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_a_video_becomes_a_bag_with_its_frame_times(tmp_path: Path) -> None:
    film = _film(tmp_path / "a.mp4")
    import_session(tmp_path / "a.bag", videos={"cam0": film})
    reader = BagReader(tmp_path / "a.bag")
    (camera,) = reader.plan.cameras
    assert (camera.id, camera.width_px, camera.height_px) == ("cam0", 96, 64)
    assert camera.rate_hz == pytest.approx(12)
    batches = [m for m in reader.messages() if isinstance(m, FrameBatch)]
    times_s = [(b.time_ns - NO_CLOCK_NS) / 1e9 for b in batches]
    assert times_s == pytest.approx([k / 12 for k in range(12)], abs=2e-3)
    assert reader.dropped_frames == 0
    for tick, batch in enumerate(batches):
        assert np.abs(batch.frames[0].image.astype(float) - picture(tick)).mean() < 6


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    film = _film(tmp_path / "a.mp4")
    for name in ("a.bag", "b.bag"):
        import_session(tmp_path / name, videos={"cam0": film})
    one, other = (
        [file.read_bytes() for file in sorted((tmp_path / name).iterdir())]
        for name in ("a.bag", "b.bag")
    )
    assert one == other


def test_truth_goes_to_the_frame_it_names(tmp_path: Path) -> None:
    film = _film(tmp_path / "a.mp4", frames=4)
    labels = tmp_path / "gt.txt"
    labels.write_text(
        "1,7,10,20,30,40,1,0,0,0\n3,7,12,20,30,40,1,0,0,0\n3,8,50,5,10,20,0,0,0,0\n"
        "3,2,1,2,3,4,1,0,0,0\n"
    )
    import_session(tmp_path / "a.bag", videos={"cam0": film}, mot_truth={"cam0": labels})
    truth = list(BagReader(tmp_path / "a.bag").truth())
    frames = [m.time_ns for m in BagReader(tmp_path / "a.bag").messages()]
    assert all(isinstance(m, TruthBoxes) for m in truth)
    assert [m.time_ns for m in truth] == frames
    assert [m.person_id.tolist() for m in truth] == [[7], [], [2, 7], []]
    assert truth[0].full_px.tolist() == [[10, 20, 40, 60]]


def test_truth_of_nine_columns_says_class_and_visible_share(tmp_path: Path) -> None:
    labels = tmp_path / "gt.txt"
    labels.write_text("1,1,0,0,9,9,1,1,0.25\n1,2,0,0,9,9,1,7,1.0\n")
    boxes = load_mot(labels).boxes("cam0", 0, 5)
    assert boxes.person_id.tolist() == [1]
    assert boxes.visible_share.tolist() == [0.25]


def test_reads_and_videos_share_one_clock(tmp_path: Path) -> None:
    film = _film(tmp_path / "a.mp4")
    table = _table(
        tmp_path / "r.csv",
        [f"1700000000.9,2,-60,{EPC},100,3,-5", f"1700000000.25,1,-61.5,{EPC.upper()},4095,50,16"],
    )
    import_session(tmp_path / "a.bag", videos={"cam0": film}, rfid=table)
    messages = list(BagReader(tmp_path / "a.bag").messages())
    batches = [m for m in messages if isinstance(m, TagReads)]
    assert [b.read_us.tolist() for b in batches] == [[1700000000250000], [1700000000900000]]
    first = batches[0]
    assert (first.reader, first.epc.tolist()) == ("reader-1", [EPC])
    values = (first.antenna, first.channel, first.rssi_cdbm, first.phase, first.doppler)
    assert [v.tolist() for v in values] == [[1], [50], [-6150], [4095], [16]]
    frames = [m.time_ns for m in messages if isinstance(m, FrameBatch)]
    assert frames[0] == 1700000000250000000
    times = [m.time_ns for m in messages]
    assert times == sorted(times)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**8), st.integers(1, 8), st.integers(0, 4096)),
        min_size=1,
        max_size=40,
    )
)
def test_no_read_is_lost_or_moved(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int]]
) -> None:
    lines = [f"{1.7e9 + us / 1e6:.6f},{a},-60,{EPC},{phase},1,0" for us, a, phase in rows]
    path = tmp_path_factory.mktemp("reads") / "r.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("\n".join([HEADER, *lines]))
    batches = load_reads(path, reader="r")
    times = np.concatenate([b.read_us for b in batches])
    assert times.tolist() == sorted(us + 1_700_000_000_000_000 for us, _, _ in rows)
    phases = np.concatenate([b.phase for b in batches]).tolist()
    assert sorted(phases) == sorted(phase for _, _, phase in rows)
    for batch in batches:
        assert batch.time_ns == batch.read_us[-1] * 1000
        assert batch.read_us[-1] - batch.read_us[0] < 250_000


def test_one_recording_of_many_can_be_chosen(tmp_path: Path) -> None:
    rows = [f"a,1,1,-60,{EPC},1,1,1", f"b,2,1,-60,{EPC},1,1,1"]
    table = _table(tmp_path / "r.csv", rows, f"recording,{HEADER}")
    (batch,) = load_reads(table, reader="r", recording="b")
    assert batch.read_us.tolist() == [2_000_000]
    with pytest.raises(BagError, match="holds no reads of recording 'c'"):
        load_reads(table, reader="r", recording="c")


PLAN = StorePlan(
    name="shop",
    cameras=[Camera(id="door", width_px=96, height_px=64)],
    readers=[
        Reader(id="r7", antennas=[Antenna(port=1, position_m=(0, 0, 2), look_at_m=(0, 0, 0))])
    ],
)


def test_a_plan_lends_its_reader_and_checks_its_cameras(tmp_path: Path) -> None:
    film = _film(tmp_path / "a.mp4")
    table = _table(tmp_path / "r.csv", [f"1,1,-60,{EPC},1,1,1"])
    import_session(tmp_path / "a.bag", videos={"door": film}, rfid=table, plan=PLAN)
    reader = BagReader(tmp_path / "a.bag")
    assert reader.plan == PLAN
    assert [m.reader for m in reader.messages() if isinstance(m, TagReads)] == ["r7"]
    small = _film(tmp_path / "small.mp4", width=64)
    for videos, reads_by, complaint in (
        ({"attic": film}, None, "camera 'attic' is not in the plan"),
        ({"door": small}, None, "64 x 64, but the plan says 96 x 64"),
        ({"door": film}, "r8", "reader 'r8' is not in the plan"),
    ):
        with pytest.raises(BagError, match=complaint):
            import_session(
                tmp_path / "b.bag", videos=videos, rfid=table, plan=PLAN, reader=reads_by
            )
    assert not list(tmp_path.glob("b.bag*"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("hello\n", "1: not MOT truth: 1 columns"),
        ("1,2,3,4,5,6\n", "1: not MOT truth: 6 columns"),
        ("1,1,0,0,9,9,1\n1,1,x,0,9,9,1\n", "2: not MOT truth: could not convert"),
        ("0,1,0,0,9,9,1\n", "1: not MOT truth: frame and id"),
        ("1,1,0,0,-9,9,1\n", "1: not MOT truth: a box"),
        ("1,1,nan,0,9,9,1\n", "1: not MOT truth: a value is not finite"),
        ("9,1,0,0,9,9,1\n", "boxes in frame 9, but camera 'cam0' has 4 frames"),
    ],
)
def test_truth_that_does_not_fit_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    film = _film(tmp_path / "a.mp4", frames=4)
    (tmp_path / "gt.txt").write_text(text)
    with pytest.raises(BagError, match=complaint):
        import_session(
            tmp_path / "a.bag", videos={"cam0": film}, mot_truth={"cam0": tmp_path / "gt.txt"}
        )
    assert not list(tmp_path.glob("a.bag*"))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (f"x,1,-60,{EPC},1,1,1", "2: not a read: could not convert"),
        ("1,1,-60,12,1,1,1", "2: not a read: EPC '12' is not 24 hex digits"),
        (f"1,999,-60,{EPC},1,1,1", "2: not a read: antenna 999 is out of range"),
        (f"1,1,-60,{EPC},4097,1,1", "2: not a read: phase 4097 is out of range"),
        (f"1,1,-6000,{EPC},1,1,1", "2: not a read: rssi_cdbm"),
        (f"inf,1,-60,{EPC},1,1,1", "2: not a read"),
        (f"1,1,-60,{EPC}", "2: not a read"),
    ],
)
def test_a_line_that_is_no_read_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(BagError, match=complaint):
        load_reads(_table(tmp_path / "r.csv", [line]), reader="r")


def test_a_table_without_the_columns_is_refused(tmp_path: Path) -> None:
    table = _table(tmp_path / "r.csv", ["1,2"], "time,power")
    with pytest.raises(BagError, match="lacks the column timestamp, antenna"):
        load_reads(table, reader="r")
    (tmp_path / "r.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(BagError, match=r"r\.csv\.gz"):
        load_reads(tmp_path / "r.csv.gz", reader="r")


def test_videos_that_cannot_be_used_leave_nothing(tmp_path: Path) -> None:
    film = _film(tmp_path / "whole.mp4", frames=40)
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "cut.mp4").write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    videos = {
        "text.mp4": "does not decode as video",
        "cut.mp4": "does not decode as video",
        "missing.mp4": "no such video file",
    }
    for name, complaint in videos.items():
        with pytest.raises(BagError, match=complaint):
            import_session(tmp_path / "a.bag", videos={"cam0": tmp_path / name})
    with pytest.raises(BagError, match="truth for camera 'cam1', which has no video"):
        import_session(tmp_path / "a.bag", videos={"cam0": film}, mot_truth={"cam1": film})
    with pytest.raises(BagError, match="camera 'Front Door'"):
        import_session(tmp_path / "a.bag", videos={"Front Door": film})
    with pytest.raises(BagError, match="nothing to import"):
        import_session(tmp_path / "a.bag", videos={})
    with pytest.raises(BagError, match="does not exist"):
        import_session(tmp_path / "no" / "a.bag", videos={"cam0": film})
    assert not list(tmp_path.glob("a.bag*"))


def test_an_existing_bag_is_replaced_only_on_request(tmp_path: Path) -> None:
    film = _film(tmp_path / "a.mp4")
    import_session(tmp_path / "a.bag", videos={"cam0": film})
    with pytest.raises(BagError, match="already exists"):
        import_session(tmp_path / "a.bag", videos={"cam1": film})
    import_session(tmp_path / "a.bag", videos={"cam1": film}, overwrite=True)
    assert BagReader(tmp_path / "a.bag").plan.cameras[0].id == "cam1"


@pytest.mark.parametrize(("width", "height"), [(97, 64), (96, 65), (97, 65)])
def test_odd_sizes_are_kept(tmp_path: Path, width: int, height: int) -> None:
    film = _film(tmp_path / "a.mkv", frames=3, width=width, height=height)
    import_session(tmp_path / "a.bag", videos={"cam0": film})
    (batch, *_) = BagReader(tmp_path / "a.bag").messages()
    assert isinstance(batch, FrameBatch)
    assert batch.frames[0].image.shape == (height, width, 3)


@pytest.mark.real
def test_a_street_with_its_truth(tmp_path: Path, real: Path) -> None:
    folder = real / "pedestrians"
    import_session(
        tmp_path / "street.bag",
        videos={"cam0": folder / "tud-stadtmitte.mp4"},
        mot_truth={"cam0": folder / "tud-stadtmitte.gt.txt"},
    )
    reader = BagReader(tmp_path / "street.bag")
    summary = reader.summary()
    assert summary.count("/camera/cam0/video") == 179
    assert summary.count("/truth/camera/cam0/boxes") == 179
    assert summary.duration_s == pytest.approx(178 / 25, abs=0.01)
    assert sum(len(m.person_id) for m in reader.truth() if isinstance(m, TruthBoxes)) == 1156


@pytest.mark.real
@pytest.mark.parametrize("name", ["static_grid", "static_height", "moving_line"])
def test_real_reads(real: Path, name: str) -> None:
    path = real / "rfid" / f"{name}.csv.gz"
    with gzip.open(path, "rt") as file:
        lines = sum(1 for _ in file) - 1
    batches = load_reads(path, reader="r")
    assert sum(len(b.epc) for b in batches) == lines
