"""Where the files that ship with retailsim are: models, scenarios, fixtures.

They lie beside the package in a checkout and under `retailsim/_data` in an installed wheel.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOTS = (_PACKAGE.parent, _PACKAGE / "_data")


def find(path: str | Path) -> Path:
    """Return `path` if it exists, else the shipped file of that relative name.

    A path that exists nowhere is returned unchanged, so that the caller's own error names
    what the user typed.
    """
    given = Path(path)
    if given.exists() or given.is_absolute():
        return given
    for root in _ROOTS:
        if (root / given).exists():
            return root / given
    return given


def shipped_files(folder: str, pattern: str) -> list[Path]:
    """Return the shipped files right in `folder` that match a pattern, by name."""
    found: dict[str, Path] = {}
    for root in _ROOTS:
        for path in (root / folder).glob(pattern):
            found.setdefault(path.name, path)
    return [found[name] for name in sorted(found)]


def model_dir(name: str) -> Path:
    """Return the folder of the shipped model `name` (it may not exist)."""
    return find(Path("models") / name)
