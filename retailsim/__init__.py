"""retailsim: a test bench for smart-shop perception."""

from retailsim.api import check, replay, simulate
from retailsim.version import __version__

__all__ = ["__version__", "check", "replay", "simulate"]
