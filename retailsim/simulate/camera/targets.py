"""What is drawn into: colour, exact identity and depth in one pass."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_BACKDROP_VERTEX = """
#version 330
void main() {
    vec2 corner = vec2((gl_VertexID & 1) * 4 - 1, (gl_VertexID & 2) * 2 - 1);
    gl_Position = vec4(corner, 1.0, 1.0);
}
"""
_BACKDROP_FRAGMENT = """
#version 330
layout(location = 0) out vec4 out_colour;
layout(location = 1) out uint out_id;
void main() { out_colour = vec4(0.0); out_id = 0u; }
"""


def target(context: Any, size_px: tuple[int, int], samples: int) -> Any:
    """Return a framebuffer with BGRA uint8, identity uint16 and depth float32."""
    return context.framebuffer(
        [
            context.texture(size_px, 4, samples=samples),
            context.texture(size_px, 1, dtype="u2", samples=samples),
        ],
        context.depth_texture(size_px, samples=samples),
    )


def read_picture(frame: Any) -> NDArray[np.uint8]:
    """Return the colours of a target, BGR uint8 (h, w, 3); waits for what is being drawn."""
    width, height = frame.size
    bgra = np.frombuffer(frame.read(components=4), np.uint8).reshape(height, width, 4)
    return np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2BGR), np.uint8)


def read_ids(frame: Any) -> NDArray[np.uint16]:
    """Return the identities in a target, uint16 (h, w)."""
    width, height = frame.size
    data = frame.read(components=1, attachment=1, dtype="u2", alignment=1)
    return np.frombuffer(data, np.uint16).reshape(height, width)


def read_depth(frame: Any) -> NDArray[np.float32]:
    """Return the depth buffer of a target, [0, 1], float32 (h, w)."""
    width, height = frame.size
    data = frame.read(attachment=-1, components=1, dtype="f4")
    return np.frombuffer(data, np.float32).reshape(height, width)


class Backdrop:
    """Empties a target: `clear()` of OpenGL leaves nonsense in an integer attachment."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._sheet = context.vertex_array(
            context.program(_BACKDROP_VERTEX, _BACKDROP_FRAGMENT), []
        )

    def clear(self, frame: Any) -> None:
        """Make `frame` the target of drawing: transparent, nobody, infinitely far."""
        frame.use()
        frame.clear(depth=1.0)
        self._context.enable_only(self._context.NOTHING)
        self._sheet.render(vertices=3)
        self._context.enable_only(self._context.DEPTH_TEST)
