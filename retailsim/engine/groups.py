"""The control groups (containers) that bind this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWN_GROUP = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class ControlGroup:
    """One of them.

    Attributes:
        folder: its files.
        name: for people.
        old: whether it is of the first version, with a tree for each controller.
    """

    folder: Path
    name: str
    old: bool

    def text(self, file: str) -> str | None:
        """Return what a file of it holds; None where there is none."""
        try:
            return (self.folder / file).read_text()
        except OSError:
            return None

    def number(self, file: str) -> int | None:
        """Return the number that a file of it holds; None where it holds none, as 'max'."""
        try:
            return int(self.text(file) or "")
        except ValueError:
            return None


def control_groups(
    controller: str, *, own_group: Path = OWN_GROUP, groups: Path = GROUPS
) -> Iterator[ControlGroup]:
    """Return the groups that a controller ('memory', 'cpu') may bind, from the own one upwards."""
    try:
        entries = [line.split(":", 2) for line in own_group.read_text().splitlines()]
    except OSError:
        return
    for _, controllers, path in (entry for entry in entries if len(entry) == 3):
        if controllers and controller not in controllers.split(","):
            continue
        base = groups / controller if controllers else groups
        folder = base / path.lstrip("/")
        while folder.is_relative_to(base):
            name = folder.relative_to(base).as_posix().removeprefix(".")
            yield ControlGroup(folder, f"/{name}", bool(controllers))
            folder = folder.parent
