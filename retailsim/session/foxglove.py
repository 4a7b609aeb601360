"""Foxglove's messages, for what every viewer knows how to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from foxglove_schemas_protobuf.CameraCalibration_pb2 import CameraCalibration
from foxglove_schemas_protobuf.CompressedVideo_pb2 import CompressedVideo
from foxglove_schemas_protobuf.FrameTransform_pb2 import FrameTransform
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from retailsim.errors import BagError
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

SHOP_FRAME = "shop"


def timestamp(time_ns: int) -> Timestamp:
    """Return nanoseconds since the epoch as protobuf's time."""
    return Timestamp(seconds=time_ns // 10**9, nanos=time_ns % 10**9)


def compressed_video(camera: str, time_ns: int, h264: bytes) -> Any:
    """Return one access unit of a camera."""
    return CompressedVideo(timestamp=timestamp(time_ns), frame_id=camera, data=h264, format="h264")


def video_data(data: bytes) -> tuple[str, bytes]:
    """Return format and access unit of a serialised CompressedVideo; raises BagError."""
    video = CompressedVideo()
    try:
        video.ParseFromString(data)
    except DecodeError as error:
        raise BagError(f"not a foxglove.CompressedVideo: {error}") from error
    return video.format, video.data


def calibration(camera: Camera, time_ns: int) -> Any:
    """Return a calibrated camera's intrinsics as installed, D as in ROS's "plumb_bob"."""
    matrix = Projection.of(camera).matrix
    bent = any(camera.distortion)
    return CameraCalibration(
        timestamp=timestamp(time_ns),
        frame_id=camera.id,
        width=camera.width_px,
        height=camera.height_px,
        distortion_model="plumb_bob" if bent else "",
        D=[*camera.distortion, 0.0, 0.0, 0.0] if bent else [],
        K=matrix.ravel().tolist(),
        R=np.eye(3).ravel().tolist(),
        P=np.hstack([matrix, np.zeros((3, 1))]).ravel().tolist(),
    )


def transform(camera: Camera, time_ns: int) -> Any:
    """Return a calibrated camera's pose in the shop as installed."""
    from scipy.spatial.transform import Rotation  # takes half a second, and readers never need it

    pose = Projection.of(camera)
    message = FrameTransform(
        timestamp=timestamp(time_ns), parent_frame_id=SHOP_FRAME, child_frame_id=camera.id
    )
    x, y, z, w = Rotation.from_matrix(pose.rotation.T).as_quat(canonical=True).tolist()
    rotation, translation = message.rotation, message.translation
    rotation.x, rotation.y, rotation.z, rotation.w = x, y, z, w
    translation.x, translation.y, translation.z = pose.position_m.tolist()
    return message


def schema_data(proto: Any) -> bytes:
    """Return the FileDescriptorSet that MCAP wants as a protobuf schema: imports come first."""
    files = FileDescriptorSet()
    _add_file(proto.DESCRIPTOR.file, files, set())
    encoded: bytes = files.SerializeToString(deterministic=True)
    return encoded


def _add_file(file: FileDescriptor, files: Any, seen: set[str]) -> None:
    if file.name in seen:
        return
    seen.add(file.name)
    for dependency in file.dependencies:
        _add_file(dependency, files, seen)
    file.CopyToProto(files.file.add())
