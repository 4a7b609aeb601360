"""retailsim: a test bench for smart-shop perception."""

__version__ = "0.1.0"
