"""What ended well is closed, all else is aborted."""

from __future__ import annotations

import pytest

from retailsim.ending import ClosedOrAborted


class Ends(ClosedOrAborted):
    def __init__(self):
        self.said = []

    def close(self):
        self.said.append("closed")

    def abort(self):
        self.said.append("aborted")


def test_what_ends_well_is_closed():
    with Ends() as ends:
        assert ends.said == []
    assert ends.said == ["closed"]


def test_an_exception_aborts_and_goes_on():
    ends = Ends()
    with pytest.raises(KeyError), ends:
        raise KeyError
    assert ends.said == ["aborted"]
