"""Opening OpenGL without a display."""

from __future__ import annotations

from typing import Any

import moderngl

from retailsim.errors import DeviceError

_MISSING = (
    "no OpenGL for drawing the cameras ({reason}); where there is no display, install the Debian "
    "packages libegl1 libgl1 libgl1-mesa-dri"
)


def open_context() -> Any:
    """Return a new EGL context (llvmpipe on a CPU); raises DeviceError when there is none."""
    try:
        # The stub wrongly wants a dict for `backend`.
        create: Any = moderngl.create_context
        context = create(standalone=True, backend="egl", require=330)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DeviceError(_MISSING.format(reason=reason)) from error
    # What Python drops is deleted by `context.gc()`, while this context is the current one:
    # deleted at once ("auto"), it would take another context's object of the same number.
    context.gc_mode = "context_gc"
    return context
