"""The 17 keypoints of COCO, from the very skeleton that is drawn."""

from __future__ import annotations

import numpy as np

from retailsim.simulate.camera.bones import Skeleton
from retailsim.simulate.camera.figure import Figures
from retailsim.simulate.camera.heads import head_frame
from retailsim.simulate.camera.mesh import F32

# In COCO's order (Lin et al. 2014; cocodataset.org, person keypoints).
KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee",
    "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
# Of the head: (ahead of the neck's base, to the left, up), metres at size 1; see heads.HEAD.
_NOSE, _EYE, _EAR = (0.114, 0.0, 0.138), (0.099, 0.034, 0.170), (-0.004, 0.077, 0.160)


def body_keypoints_m(figures: Figures, skeleton: Skeleton) -> F32:
    """Return keypoints in body axes, float32 (n, 17, 3), metres, in the order of KEYPOINTS."""
    base, left, front, up = head_frame(figures, skeleton)
    size = figures.head[:, None]
    points = []
    for (ahead, aside, height), sides in ((_NOSE, (1,)), (_EYE, (1, -1)), (_EAR, (1, -1))):
        for side in sides:
            away = front * ahead + left * (side * aside) + up * height
            points.append(base + away * size)
    for limbs in (skeleton.arms, skeleton.legs):
        for joint in ("root", "middle", "end"):
            points += [getattr(limb, joint) for limb in limbs]
    return np.stack(points, 1).astype(np.float32)
