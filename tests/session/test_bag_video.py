"""Video in a bag: one image, one access unit; every key frame stands on its own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.codec.context import Flags
from av.video.frame import PictureType
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import BagError
from retailsim.messages.sensors import FrameBatch
from retailsim.session import BagReader, BagWriter, VideoDecoder, VideoEncoder
from retailsim.session.video import is_key_frame
from retailsim.store.plan import Camera, StorePlan
from tests.session.sessions import HEIGHT, PLAN, START_NS, TICK_NS, WIDTH, picture

SPS, PPS = 7, 8


def _units(data: bytes) -> list[int]:
    """NAL unit types of an Annex B access unit."""
    starts = [k for k in range(len(data) - 3) if data[k : k + 3] == b"\x00\x00\x01"]
    return [data[k + 3] & 0x1F for k in starts]


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    encoder = VideoEncoder(WIDTH, HEIGHT, 10)
    return [encoder.encode(picture(tick)) for tick in range(45)]


def test_every_packet_decodes_to_one_image_like_the_original(packets: list[bytes]) -> None:
    decoder = VideoDecoder()
    for tick, data in enumerate(packets):
        image = decoder.decode(data)
        assert image.shape == (HEIGHT, WIDTH, 3)
        assert image.dtype == np.uint8
        error = image.astype(float) - picture(tick)
        assert np.sqrt((error**2).mean()) < 8


def test_an_image_is_decoded_into_the_memory_it_is_given(packets: list[bytes]) -> None:
    given_memory = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image = VideoDecoder().decode(packets[0], lambda shape: given_memory.reshape(shape))
    assert image.ctypes.data == given_memory.ctypes.data
    np.testing.assert_array_equal(image, given_memory)
    np.testing.assert_array_equal(image, VideoDecoder().decode(packets[0]))


def test_colours_survive(packets: list[bytes]) -> None:
    blue, green, red = VideoDecoder().decode(packets[0])[30, 14].tolist()
    assert red > 190
    assert max(blue, green) < 50


def test_a_key_frame_with_parameter_sets_comes_every_two_seconds(packets: list[bytes]) -> None:
    keys = [tick for tick, data in enumerate(packets) if is_key_frame(data)]
    assert keys == [0, 20, 40]
    for key in keys:
        assert {SPS, PPS} <= set(_units(packets[key]))
        assert VideoDecoder().decode(packets[key]).shape == (HEIGHT, WIDTH, 3)


def test_packets_are_annex_b_without_b_frames(packets: list[bytes]) -> None:
    context = av.CodecContext.create("h264", "r")
    kinds = []
    for data in packets:
        assert data.startswith(b"\x00\x00\x00\x01")
        kinds += [PictureType(frame.pict_type).name for frame in context.decode(av.Packet(data))]
    assert set(kinds) == {"I", "P"}


@given(st.integers(32, 70), st.integers(32, 70))
def test_any_size_goes_through_a_bag(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int
) -> None:
    width, height = width + 32, height + 32
    plan = StorePlan(name="odd", cameras=[Camera(id="cam0", width_px=width, height_px=height)])
    path = tmp_path_factory.mktemp("odd") / "odd.bag"
    with BagWriter(path, plan) as bag:
        data = VideoEncoder(width, height, 10).encode(picture(0, width, height))
        bag.write_video("cam0", START_NS, data)
    (batch,) = BagReader(path).messages()
    assert isinstance(batch, FrameBatch)
    image = batch.frames[0].image
    assert image.shape == (height, width, 3)
    assert np.abs(image.astype(float) - picture(0, width, height)).mean() < 4


def test_an_image_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        VideoEncoder(WIDTH, HEIGHT, 10).encode(picture(0, WIDTH + 2, HEIGHT))


@given(st.binary(max_size=200))
def test_rubbish_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(BagError, match=r"^a video packet [^\n]*$"):
        VideoDecoder().decode(b"\x00\x00\x00\x01\x65" + data)


def test_a_lower_rate_factor_is_closer_and_larger() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    fine, coarse = (VideoEncoder(WIDTH, HEIGHT, 10, crf=crf).encode(noise) for crf in (10, 40))
    errors = [
        np.abs(VideoDecoder().decode(data).astype(float) - noise).mean() for data in (fine, coarse)
    ]
    assert len(fine) > len(coarse)
    assert errors[0] < errors[1]


def test_after_a_damaged_packet_frames_are_counted_out_until_a_key_frame(
    tmp_path: Path, packets: list[bytes]
) -> None:
    with BagWriter(tmp_path / "a.bag", PLAN) as bag:
        for tick, data in enumerate(packets):
            sent = b"\x00\x00\x00\x01\x41" if tick == 5 else data
            bag.write_video("left", START_NS + tick * TICK_NS, sent)
    reader = BagReader(tmp_path / "a.bag")
    times = [(m.time_ns - START_NS) // TICK_NS for m in reader.messages()]
    assert times == [*range(5), *range(20, 45)]
    assert reader.dropped_frames == 15


def test_cameras_of_different_rates_make_batches_of_their_own(
    tmp_path: Path, packets: list[bytes]
) -> None:
    with BagWriter(tmp_path / "a.bag", PLAN) as bag:
        for tick in range(6):
            bag.write_video("right", START_NS + tick * TICK_NS, packets[tick])
            if tick % 3 == 0:
                bag.write_video("left", START_NS + tick * TICK_NS, packets[tick // 3])
    batches = [m for m in BagReader(tmp_path / "a.bag").messages() if isinstance(m, FrameBatch)]
    cameras = [[frame.camera for frame in batch.frames] for batch in batches]
    assert cameras == [["left", "right"], ["right"], ["right"]] * 2
    assert all(a.time_ns < b.time_ns for a, b in pairwise(batches))


def test_video_that_contradicts_the_plan_is_an_error(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "a.bag", PLAN) as bag:
        bag.write_video("left", START_NS, VideoEncoder(128, 128, 10).encode(picture(0, 128, 128)))
    with pytest.raises(BagError, match="128 x 128, but its plan says 96 x 64"):
        list(BagReader(tmp_path / "a.bag").messages())


@pytest.mark.parametrize(("width", "height"), [(64, 36), (50, 34), (322, 180)])
def test_images_are_those_of_the_decoder_s_own_planes(width: int, height: int) -> None:
    """Whatever the padding of lines in the decoder, and one image after the other."""
    rng, encoder, decoder = (
        np.random.default_rng(2),
        VideoEncoder(width, height, 10),
        VideoDecoder(),
    )
    plain = av.CodecContext.create("h264", "r")
    plain.thread_count, plain.flags = 1, plain.flags | Flags.low_delay
    for _ in range(3):
        packet = encoder.encode(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        (frame,) = plain.decode(av.Packet(packet))
        planes = frame.to_ndarray(format="yuv420p")
        expected = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)
        image = decoder.decode(packet)
        np.testing.assert_array_equal(image, expected)
