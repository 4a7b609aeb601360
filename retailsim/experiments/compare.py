"""Several stacks over the same bags: `retail compare`.

The first stack is the reference. Every bag is replayed with every stack, in turn and with the
order reversed from bag to bag, so that a machine that slows down slows all of them. With an output
folder, each replay is kept under a name that stands for everything that decides it; a comparison
that is broken off, or gets one more bag or stack, does only what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from retailsim.engine.config import StackSpec, find_class, load_stack
from retailsim.engine.pipeline import STALL_S
from retailsim.engine.vigil import OnStall
from retailsim.errors import BagError, StageError
from retailsim.experiments.compare_events import (
    KINDS,
    Difference,
    Tally,
    differences,
    events_of,
    tally,
)
from retailsim.experiments.compare_figures import CONFIDENCE, Paired, figures_of, pair_figures
from retailsim.experiments.compare_runs import NamedBag, Outcome, Runs
from retailsim.experiments.outputs import writable_folder
from retailsim.experiments.replay import Device, replay_bag
from retailsim.messages.log import MessageLog
from retailsim.resources import find
from retailsim.session.reader import BagReader
from retailsim.stack.stage import Precision

DEFAULT = "default"


@dataclass(frozen=True)
class NamedStack:
    """A stack to compare: what it is called and what it is."""

    name: str
    spec: StackSpec


@dataclass(frozen=True)
class Against:
    """The reference against one other stack.

    Attributes:
        name: the other stack.
        figures: name of the figure -> both means and the difference.
        tallies: kind of event -> how many are shared and how many are not.
        differences: the events that are not, bag by bag in order of time.
    """

    name: str
    figures: dict[str, Paired]
    tallies: dict[str, Tally]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Comparison:
    """Stacks compared over bags.

    Attributes:
        reference: name of the first stack.
        bags: names of the sessions.
        outcomes: stack -> bag -> what came out.
        against: one per other stack, in the order given.
    """

    reference: str
    bags: tuple[str, ...]
    outcomes: dict[str, dict[str, Outcome]]
    against: tuple[Against, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the bags, each once."""
        every = (
            w for by_bag in self.outcomes.values() for o in by_bag.values() for w in o.warnings
        )
        return tuple(dict.fromkeys(every))

    def as_dict(self, *, events: int | None = None) -> dict[str, Any]:
        """Return plain data; at most so many differing events per stack, None for all."""
        return {
            "reference": self.reference,
            "bags": list(self.bags),
            "confidence": CONFIDENCE,
            "warnings": list(self.warnings),
            "resumed": [
                [stack, bag]
                for stack, by_bag in self.outcomes.items()
                for bag, outcome in by_bag.items()
                if outcome.resumed
            ],
            "against": {one.name: _plain(one, events) for one in self.against},
            "scorecards": {
                stack: {bag: json.loads(o.scorecard.to_json()) for bag, o in by_bag.items()}
                for stack, by_bag in self.outcomes.items()
            },
        }


def _plain(one: Against, events: int | None) -> dict[str, Any]:
    shown = [asdict(d) | {"found_by": d.found_by} for d in one.differences[:events]]
    return {
        "figures": {name: asdict(figure) for name, figure in one.figures.items()},
        "events": {kind: asdict(tally) for kind, tally in one.tallies.items()},
        "differences": shown,
        "differences_in_all": len(one.differences),
    }


def compare(
    stacks: Sequence[str | Path],
    bags: Sequence[str | Path],
    *,
    output: Path | None = None,
    precision: Precision | None = None,
    device: Device = "auto",
    progress: Callable[[float], None] | None = None,
    stall_s: float = STALL_S,
    on_stall: OnStall | None = None,
) -> Comparison:
    """Replay every bag with every stack and compare with the first.

    Args:
        stacks: stack YAMLs, or 'default' for the shipped one; at least two.
        bags: sessions; at least one.
        output: folder in which finished replays are kept, and looked for; None keeps nothing.
        precision: overrides the stacks'.
        device: where networks run.
        progress: told the share that is done, 0 to 1.
        stall_s, on_stall: as for `replay_bag`.

    Raises:
        StageError: fewer than two stacks, or a class that cannot be found; see `replay_bag`.
        BagError: no bag, one given twice, or one that cannot be read.
        ScenarioError, ModelError: see `load_stack` and `replay_bag`.
    """
    # All that can be wrong is looked at first: replays take minutes.
    named = [_with_precision(stack, precision) for stack in name_stacks(stacks)]
    sessions = name_bags(bags)
    if output is not None:
        writable_folder(output)
    tell = _Shares(len(named) * len(sessions), progress or (lambda share: None))

    def replayed(stack: NamedStack, bag: NamedBag) -> Outcome:
        return replay_once(
            stack.spec,
            bag.path,
            device=device,
            progress=tell.within,
            stall_s=stall_s,
            on_stall=on_stall,
        )

    outcomes: dict[str, dict[str, Outcome]] = {stack.name: {} for stack in named}
    for i, bag in enumerate(sessions):
        runs = Runs(output, bag, device) if output is not None else None
        for stack in named if i % 2 == 0 else reversed(named):
            outcomes[stack.name][bag.name] = _outcome(stack, bag, runs, replayed)
            tell.next()
    return gather(outcomes, [bag.name for bag in sessions])


def gather(outcomes: dict[str, dict[str, Outcome]], bags: Sequence[str]) -> Comparison:
    """Compare what came out; the first stack is the reference."""
    reference, *others = outcomes
    against = tuple(_against(outcomes[reference], outcomes[name], name, bags) for name in others)
    return Comparison(reference, tuple(bags), outcomes, against)


def _against(
    first: dict[str, Outcome], second: dict[str, Outcome], name: str, bags: Sequence[str]
) -> Against:
    apart = [d for bag in bags for d in differences(first[bag].events, second[bag].events, bag)]
    a, b = ([e for bag in bags for e in side[bag].events] for side in (first, second))
    return Against(
        name=name,
        figures=pair_figures(
            [figures_of(first[bag].scorecard) for bag in bags],
            [figures_of(second[bag].scorecard) for bag in bags],
        ),
        tallies={kind: tally(kind, a, b, apart) for kind in KINDS},
        differences=tuple(apart),
    )


def name_stacks(stacks: Sequence[str | Path]) -> list[NamedStack]:
    """Read stack files and give each a name of its own: its stem, or the path as given.

    Raises:
        StageError: fewer than two, or a class that cannot be found.
        ScenarioError: a file cannot be read.
    """
    if len(stacks) < 2:
        raise StageError("give at least two stacks, as in --stack default --stack mine.yaml")
    names = _names([str(stack) for stack in stacks])
    found = []
    for name, stack in zip(names, stacks, strict=True):
        spec = load_stack(None if str(stack) == DEFAULT else stack)
        for role, stage in spec.stages.items():
            if stage is not None:
                find_class(role, stage.uses or "")
        found.append(NamedStack(name, spec))
    return found


def name_bags(bags: Sequence[str | Path]) -> list[NamedBag]:
    """Look at bags and give each a name of its own: its stem, or the path as given.

    Raises:
        BagError: none, one given twice (a second time it would count twice), or unreadable.
    """
    if not bags:
        raise BagError("give at least one bag to compare the stacks on")
    paths = [find(bag) for bag in bags]
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise BagError(f"{path}: given twice; each session counts once")
        seen.add(path.resolve())
        _ = BagReader(path).plan
    return [NamedBag(n, p) for n, p in zip(_names([str(b) for b in bags]), paths, strict=True)]


def _names(given: Sequence[str]) -> list[str]:
    """Shorten paths to their stems where that is enough to tell them apart."""
    stems = [Path(text).stem for text in given]
    names = [s if stems.count(s) == 1 else text for s, text in zip(stems, given, strict=True)]
    return [
        name if name not in names[:i] else f"{name} ({names[:i].count(name) + 1})"
        for i, name in enumerate(names)
    ]


def _with_precision(stack: NamedStack, precision: Precision | None) -> NamedStack:
    if precision is None:
        return stack
    return NamedStack(stack.name, stack.spec.model_copy(update={"precision": precision}))


def _outcome(
    stack: NamedStack,
    bag: NamedBag,
    runs: Runs | None,
    replayed: Callable[[NamedStack, NamedBag], Outcome],
) -> Outcome:
    path = runs.place(stack.spec) if runs else None
    done = Runs.read(path) if path else None
    if done is None:
        done = replayed(stack, bag)
        if path is not None:
            Runs.write(path, done)
    return done


def replay_once(
    spec: StackSpec,
    bag: Path,
    *,
    device: Device = "auto",
    progress: Callable[[float, float, float], None] | None = None,
    stall_s: float = STALL_S,
    on_stall: OnStall | None = None,
) -> Outcome:
    """Replay a bag and keep its figures and events; raises as `replay_bag` does."""
    replayed = replay_bag(
        bag, spec=spec, device=device, progress=progress, stall_s=stall_s, on_stall=on_stall
    )
    truth = MessageLog(BagReader(bag).truth())
    events = events_of(replayed.run.results, truth, replayed.plan)
    return Outcome(replayed.scorecard, tuple(events), replayed.warnings)


class _Shares:
    """Turns the progress of one replay after the other into the share of all that is done."""

    def __init__(self, replays: int, tell: Callable[[float], None]) -> None:
        self._replays, self._done, self._tell = replays, 0, tell

    def within(self, done_s: float, total_s: float, _rate: float) -> None:
        part = min(done_s / total_s, 1.0) if total_s > 0 else 0.0
        self._tell((self._done + part) / self._replays)

    def next(self) -> None:
        self._done += 1
        self._tell(self._done / self._replays)
