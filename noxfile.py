"""Sessions: `nox -s tests` runs the tests; `nox -l` lists the others."""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "types", "tests", "check"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True

# One thread per process: numpy and torch would otherwise fight over two cores.
ENV = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests."""
    session.install(".[test]")
    # A rival to compare HOTA with; its opencv-python would push out the headless one.
    session.install("--no-deps", "trackeval==1.3.0")
    args = session.posargs or ["-n", "2", "--dist", "worksteal", "tests"]
    session.run("pytest", *args, env=ENV)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and who imports whom."""
    session.install("ruff>=0.8", "import-linter>=2.1")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", env={"PYTHONPATH": "."})


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy --strict."""
    session.install("-e", ".[types]")
    session.run("mypy")


@nox.session
def check(session: nox.Session) -> None:
    """Replay the fixtures and compare with their expected scorecards."""
    session.install(".")
    session.run("retail", "check", *(session.posargs or ["fixtures/"]))


@nox.session
def judge(session: nox.Session) -> None:
    """Simulate and score the judging seeds; prints mean, minimum and baselines."""
    session.install(".")
    session.run("python", "-m", "retailsim.experiments.judge", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Time simulation and replay of the boutique, stage by stage."""
    session.install(".")
    session.run("retail", "bench", "simulate", *session.posargs)
    session.run("retail", "bench", "replay")


@nox.session
def days(session: nox.Session) -> None:
    """Check that every shipped day holds what it promises."""
    session.install(".")
    session.run("retail", "bench", "days", *session.posargs)


@nox.session
def baselines(session: nox.Session) -> None:
    """Check that the hard days are hard for weak methods."""
    session.install(".")
    session.run("retail", "bench", "baselines", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Compare serial and pipelined results, kill processes at random, watch an hour's memory."""
    session.install(".")
    # 3 minutes of eight cameras; simulated anew, which takes longer than all replays of it.
    floor = f"{session.create_tmp()}/floor.bag"
    session.run("retail", "simulate", "fast-fashion", "--duration", "180", "-f", "-o", floor)
    for bag in ("fixtures/boutique.bag", floor):
        session.run("retail", "bench", "pipeline", bag, "--rounds", "1", env=ENV)
    session.run("retail", "bench", "kills", env=ENV)
    session.run("retail", "bench", "memory", env=ENV)
