"""The real command line, within this process: starting Python and loading torch takes seconds."""

from __future__ import annotations

import io
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from cli.main import main


def retail(*arguments: str | Path, cwd: Path) -> CompletedProcess[str]:
    """Run a command as if from a shell in a folder; returns its outcome."""
    words, out, err = list(map(str, arguments)), io.StringIO(), io.StringIO()
    path, modules = list(sys.path), set(sys.modules)
    with (
        chdir(cwd),
        patch.object(sys, "argv", ["retail", *words]),
        patch.dict("os.environ", {"COLUMNS": "200"}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            sys.path[:] = path
            _forget(cwd, modules)
    return CompletedProcess(words, int(code or 0), out.getvalue(), err.getvalue())


def _forget(folder: Path, known: set[str]) -> None:
    """Forget modules that a stack file in the folder has named: the next test has its own."""
    for name in set(sys.modules) - known:
        where = getattr(sys.modules[name], "__file__", None)
        if where and Path(where).is_relative_to(folder):
            del sys.modules[name]
