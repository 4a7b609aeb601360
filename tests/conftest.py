"""What all tests share: where real recordings are, and whether there is OpenGL."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real recordings; tests that use it carry the marker `real`."""
    return REAL


@pytest.fixture(scope="session")
def boutique() -> StorePlan:
    """The shipped shop."""
    return load_plan("scenarios/stores/boutique.yaml")
