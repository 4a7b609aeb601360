"""A replay in the user's own process gives back what it took."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest
import torch

from retailsim.engine.pipeline.control import few_threads, limit_threads


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    cv2.setNumThreads(2)
    torch.set_num_threads(2)
    yield
    limit_threads(1)


def test_libraries_have_few_threads_meanwhile_and_as_many_as_before_after() -> None:
    with few_threads(1):
        assert (cv2.getNumThreads(), torch.get_num_threads()) == (1, 1)
    assert (cv2.getNumThreads(), torch.get_num_threads()) == (2, 2)


def test_nor_are_they_kept_after_an_error() -> None:
    with pytest.raises(ValueError, match="dark"), few_threads(1):
        raise ValueError("too dark")
    assert (cv2.getNumThreads(), torch.get_num_threads()) == (2, 2)
