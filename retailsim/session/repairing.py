"""Making a damaged bag whole: everything that can be read, in a new bag."""

from __future__ import annotations

from pathlib import Path

from retailsim.errors import BagError
from retailsim.session.container import refuse_existing
from retailsim.session.copying import copy_session
from retailsim.session.damage import Damage
from retailsim.session.source import open_source


def repair_session(
    path: str | Path, output: str | Path | None = None
) -> tuple[Path, Damage | None]:
    """Write everything readable of a bag to a whole one.

    Args:
        path: a bag folder or a bare .mcap file.
        output: the new bag; by default a folder is replaced in its place, and a file gets a bag
            folder of its name beside it.

    Returns:
        Where the whole bag is, and what was lost; None, with the bag untouched, when it was
        whole and no output was asked for.

    Raises:
        BagError: nothing can be recovered, or the output cannot be written.
    """
    source = open_source(path)
    if source.kind != "mcap":
        raise BagError(f"{path}: only MCAP recordings are repaired; try `rosbag reindex`")
    if output is None and source.damage is None:
        return source.path, None
    target = _target(source.path, output)
    if not source.topics and not source.attachments:
        raise BagError(f"{path}: cut before its store plan; nothing can be recovered")
    copy_session(source, target)
    return target, source.damage


def _target(path: Path, output: str | Path | None) -> Path:
    if output is None and path.is_dir():
        return path
    target = path.with_suffix(".bag") if output is None else Path(output)
    refuse_existing(target)
    return target
