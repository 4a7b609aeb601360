"""What all tests share: where real recordings are, and whether there is OpenGL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from torch import Tensor, float32
from torch.nn import Module

from retailsim.engine.owner.guest import key_of
from retailsim.stack import runtime
from retailsim.stack.batching import Run
from retailsim.stack.stage import StageContext
from retailsim.store.load import load_plan
from retailsim.store.plan import StorePlan

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"

settings.register_profile(
    "project", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")


@lru_cache(maxsize=1)
def _gl_error() -> str | None:
    try:
        import moderngl

        moderngl.create_context(standalone=True, backend="egl").release()  # type: ignore[call-arg]
    except Exception as error:
        return str(error) or type(error).__name__
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("real") and not REAL.is_dir():
        pytest.skip("real recordings are not here (../shared/real)")
    if item.get_closest_marker("gl") and (error := _gl_error()):
        if os.environ.get("CI"):
            pytest.fail(f"OpenGL is required in CI: {error}")
        pytest.skip(f"no OpenGL: {error}")


@pytest.fixture(scope="session", autouse=True)
def _networks_compiled_once() -> Iterator[None]:
    """Compile networks of the same weights and settings once per process: it takes seconds."""
    compile_it = runtime._compile_openvino
    compiled: dict[Any, Run] = {}

    def compile_once(
        module: Module,
        context: StageContext,
        example: list[Tensor],
        usual: int,
        round_up: bool,
        *,
        twin: Path | None,
    ) -> Run:
        shapes = tuple((part.shape, part.dtype) for part in example)
        how = context.precision, str(context.options), shapes, usual, round_up
        key = key_of(module, float32), *how, twin and twin.read_bytes()
        if key not in compiled:
            compiled[key] = compile_it(module, context, example, usual, round_up, twin=twin)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "_compile_openvino", compile_once)
        yield


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real recordings; tests that use it carry the marker `real`."""
    return REAL


@pytest.fixture(scope="session")
def boutique() -> StorePlan:
    """The shipped shop."""
    return load_plan("scenarios/stores/boutique.yaml")
