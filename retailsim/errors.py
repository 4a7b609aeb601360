"""Everything retailsim raises on purpose.

    RetailError
    +-- ScenarioError   a plan or scenario that cannot be used
    +-- BagError        a session bag that cannot be read or written
    +-- StageError      a stage, or a stack description, that cannot run
    +-- ModelError      weights or a model folder that do not fit
    +-- DeviceError     hardware, drivers or displays that are missing
        +-- NoMemoryError   too little memory, of the machine or a GPU

A message is one line and says what is wrong, where, and what to do about it. The command line
prints it and exits with 2.
"""

from __future__ import annotations


class RetailError(Exception):
    """Base of all errors a user can cause or repair."""


class ScenarioError(RetailError):
    """A store plan or scenario is missing, malformed or impossible."""


class BagError(RetailError):
    """A session bag, or a recording to be imported, cannot be read or written."""


class StageError(RetailError):
    """A stage or the stack description that names it cannot run."""


class ModelError(RetailError):
    """A model folder or its weights do not fit the network that asks for them."""


class DeviceError(RetailError):
    """A device, driver or display that the operation needs is not there."""


class NoMemoryError(DeviceError):
    """There is less memory, shared or of a GPU, than the operation needs."""


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, for a message of ours."""
    lines = (line.strip() for line in str(error).splitlines())
    return next(filter(None, lines), "no message")
