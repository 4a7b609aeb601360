"""Calibration as viewers know it."""

from __future__ import annotations

import numpy as np
import pytest
from foxglove_schemas_protobuf.CameraCalibration_pb2 import CameraCalibration

from retailsim.session.foxglove import calibration
from retailsim.store.projection import Projection
from tests.session.sessions import PLAN, START_NS


def told(**update: object) -> CameraCalibration:
    camera = PLAN.camera("left").model_copy(update=update)
    return CameraCalibration.FromString(calibration(camera, START_NS).SerializeToString())


def test_a_straight_camera_has_no_distortion_model() -> None:
    message = told()
    assert message.distortion_model == ""
    assert list(message.D) == []
    matrix = Projection.of(PLAN.camera("left")).matrix
    assert np.array(message.K).reshape(3, 3) == pytest.approx(matrix)


def test_a_bent_one_tells_its_coefficients_as_plumb_bob() -> None:
    message = told(distortion=(-0.21, 0.04))
    assert message.distortion_model == "plumb_bob"
    assert list(message.D) == [-0.21, 0.04, 0, 0, 0]
