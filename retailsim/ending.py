"""What writers have in common: what ended well is closed, all else is aborted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class ClosedOrAborted(ABC):
    """A context that is closed at its end, or aborted when an exception leaves it."""

    @abstractmethod
    def close(self) -> None:
        """Finish."""

    @abstractmethod
    def abort(self) -> None:
        """Give up."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()
