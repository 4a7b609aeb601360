"""From a trained tag motion network to a model folder: thresholds, figures, card.

    python -m retailsim.train.tagmotion_choice .cache/tag-shops --validate 4010:4016 \\
        --ordinary .cache/ordinary-shops --checkpoint run.pt -o models/tag-motion

Training shops are busier than shops are, and where flips are rarer the same network cries wolf more
often. So thresholds are chosen on days whose hands were left as they are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from retailsim.evaluate.flip import Handling, flip_alarms, handling, judge_flips, tally
from retailsim.evaluate.reads import ReadTimes
from retailsim.evaluate.windows import best_threshold, cut_windows, score_windows
from retailsim.messages.log import MessageLog
from retailsim.messages.results import MotionBegun, TagMotion
from retailsim.messages.sensors import TagReads
from retailsim.messages.truth import TruthCarry, TruthInteraction
from retailsim.session import BagReader
from retailsim.stack.tagmotion.alarms import Alarms, Begun
from retailsim.stack.tagmotion.network import LAG_BINS, Judgement, Motion, Neighbours
from retailsim.stack.tagmotion.pairs import PAIR_NAMES, TAG_NAMES
from retailsim.stack.tagmotion.read_bins import BIN_S
from retailsim.stack.tagmotion.segments import GAP_BINS, LONGEST_BINS, Hysteresis
from retailsim.train.export import export_model, parameter_count
from retailsim.train.seeds import parse_seeds, written_seeds
from retailsim.train.tagmotion_data import BIN_NS, Session, prepared
from retailsim.train.tagmotion_net import TagMotionNet

F32 = NDArray[np.float32]
FAINT = 0.02  # windows are told apart by alarms of at least this score
SLACK_NS = 400_000_000  # a bin is judged that long after its end
ONS, OFFS = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9), (0.1, 0.2, 0.3)
AT_ONCES = (0.7, 0.8, 0.9, 0.95)
MOST_FALSE = 0.2  # alarms per tag-hour: with 240 tags one in 75 s


@dataclass(frozen=True)
class Rule:
    """Thresholds of the stage for flips; see `TagMotionDetector`."""

    on: float
    off: float
    at_once: float


@dataclass(frozen=True)
class Trial:
    """A validation session: what the network says of it, and what is true.

    Attributes:
        session: it.
        said: probabilities, float32 (tags, bins, 2, 3); see `TagMotionNet`.
        epc: of every tag.
        truth, reads: for scoring.
    """

    session: Session
    said: F32
    epc: tuple[str, ...]
    truth: Handling
    reads: ReadTimes


@dataclass(frozen=True)
class Figures:
    """How a rule does over some trials; counts are over covered flips."""

    hits: int
    missed: int
    false: int
    tag_hours: float
    median_delay_s: float | None

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where there is nothing."""
        return 2 * self.hits / max(2 * self.hits + self.missed + self.false, 1)

    @property
    def false_per_tag_hour(self) -> float:
        """False alarms in an hour in which one tag is read."""
        return self.false / self.tag_hours

    def as_dict(self) -> dict[str, Any]:
        """Return shares and rates for metrics.json."""
        return {
            "flips": self.hits + self.missed,
            "precision": self.hits / max(self.hits + self.false, 1),
            "recall": self.hits / max(self.hits + self.missed, 1),
            "f1": self.f1,
            "false_alarms_per_tag_hour": self.false_per_tag_hour,
            "median_delay_s": self.median_delay_s,
        }


def load_net(checkpoint: Path) -> TagMotionNet:
    """Return the network of a checkpoint of `tagmotion_training`."""
    net = TagMotionNet(len(PAIR_NAMES), len(TAG_NAMES))
    net.load_state_dict(torch.load(checkpoint, weights_only=True)["net"])
    return net.eval()


def probabilities(net: TagMotionNet, session: Session) -> F32:
    """Return what the network says of a whole session, (tags, bins, 2, 3)."""
    window, near = session.window(0, len(session)), Neighbours.of(session.xyz_m)
    columns = (
        window.pairs,
        window.tag * len(session) + window.bin,
        window.tags,
        near.row,
        near.share,
    )
    with torch.no_grad():
        logits = net(*(torch.from_numpy(column) for column in columns))
        said: F32 = torch.softmax(logits, dim=-1).numpy()
    return said


def make_trial(net: TagMotionNet, bag: Path) -> Trial:
    """Return the trial of a bag; raises BagError when it cannot be read."""
    reader, session = BagReader(bag), prepared(bag)
    reads = MessageLog(m for m in reader.messages(frames=False) if isinstance(m, TagReads))
    truth = MessageLog(m for m in reader.truth() if isinstance(m, TruthInteraction | TruthCarry))
    times, epc = ReadTimes(reads), tuple(item.epc for item in reader.plan.items)
    return Trial(session, probabilities(net, session), epc, handling(truth, times), times)


def told(trial: Trial, rule: Rule) -> MessageLog:
    """Return what the stage would say of flips under a rule."""
    thresholds = Hysteresis(rule.on, rule.off, GAP_BINS, LONGEST_BINS)
    alarms = Alarms(len(trial.epc), Motion.HANDLED, thresholds, at_once=rule.at_once)
    log, start_ns = MessageLog(), trial.session.start_ns.tolist()

    def say(event: Any, emitted_ns: int) -> None:
        begin_ns, epc = start_ns[event.first], trial.epc[event.tag]
        if isinstance(event, Begun):
            message: MotionBegun | TagMotion = MotionBegun(begin_ns, epc, "flip", event.score)
        else:
            end_ns = start_ns[event.last] + BIN_NS
            message = TagMotion(begin_ns, end_ns, epc, "flip", event.score)
        log.append(message, emitted_ns=emitted_ns)

    for place, bin_ns in enumerate(start_ns):
        now, late = trial.said[:, place, 0], trial.said[:, place, 1]
        for event in alarms.add(Judgement(now, late if place >= LAG_BINS else None)):
            say(event, bin_ns + BIN_NS + SLACK_NS)
    for event in alarms.rest():
        say(event, start_ns[-1] + BIN_NS + SLACK_NS)
    return log


def judge(trials: Sequence[Trial], rule: Rule) -> Figures:
    """Score a rule over all trials together."""
    verdicts = [v for t in trials for v in judge_flips(t.truth, told(t, rule), t.reads)]
    counted = [v for v in verdicts if v.covered]
    delays = [v.delay_s for v in counted if v.delay_s is not None]
    hours = sum(t.reads.tag_hours() for t in trials)
    return Figures(*tally(counted), hours, float(np.median(delays)) if delays else None)


def choose_rule(trials: Sequence[Trial]) -> Rule:
    """Return the rule of the highest f1 among those that hardly cry wolf (`MOST_FALSE`).

    Of equals it is the one that says flips soonest; if all cry wolf, the one that does it least.
    """
    rules = [Rule(*parts) for parts in product(ONS, OFFS, AT_ONCES)]
    judged = {rule: judge(trials, rule) for rule in rules}
    calm = [rule for rule in rules if judged[rule].false_per_tag_hour <= MOST_FALSE]
    if not calm:
        return min(rules, key=lambda rule: judged[rule].false)
    return max(calm, key=lambda rule: (round(judged[rule].f1, 2), -rule.at_once, judged[rule].f1))


def choose_window(trials: Sequence[Trial]) -> tuple[float, float]:
    """Return the threshold of the best balanced accuracy of windows of 2 s, and that."""
    flips, scores = [], []
    for trial in trials:
        alarms, _ = flip_alarms(told(trial, Rule(FAINT, FAINT, 1.0)))
        windows = cut_windows(trial.truth, trial.reads)
        flips.append(windows.flip)
        scores.append(score_windows(windows, alarms))
    return best_threshold(np.concatenate(flips), np.concatenate(scores))


CARD = """# tag-motion

Says of every tag, twice a second, whether it is still, handled or carried: at once, and better
{lag_s} s later. Detector (c) of the three: see also `tag-motion-raw` and `tag-motion-spectrum`.

- Input: {pairs} figures of every pair of tag and antenna that was read in {bin_s} s, and {tags} of
  every tag (`retailsim/stack/tagmotion/pairs.py`). Output: twice three probabilities.
- Network: `retailsim/stack/tagmotion/network.py`, {parameters} numbers in half precision.
- Trained on simulated reads alone: {sessions} shops drawn at random (`retailsim.train.tag_shops`,
  seeds {seeds} without those left out: days of boutique, dense rails and others;
  antennas moved, taken away and aimed otherwise, modes FM0 to M8, sessions 0 to 2, all regions,
  0.15 to 1.6 times the stock) and lone tags that lie still or are walked past four antennas. No
  recording of a real shop was used; the sports shop and its layout were never drawn.
- Thresholds (on {on}, off {off}, at once {at_once}) are those of the highest f1 with at most
  {most_false} false alarms per tag-hour on {ordinary_count} other drawn shops with ordinary days
  (seeds {ordinary}; training days have one to three times the flips): `ordinary` in metrics.json.
  `left_out` there are shops {validation}, busy and not trained on either.
  Figures on other days, an unseen shop and judging seeds: `retail bench flips`; on real logs:
  `python -m retailsim.experiments.moving_logs`.
- Made by, BAGS being any folder:
  `python -m retailsim.train.tag_shops --seeds {seeds} -o BAGS`,
  `python -m retailsim.train.tag_shops --seeds {ordinary} --ordinary --duration ... -o ORDINARY`,
  `python -m retailsim.train.tagmotion_training BAGS --validate ... --lone ... --checkpoint RUN`,
  `python -m retailsim.train.tagmotion_choice BAGS --validate ... --ordinary ORDINARY
  --checkpoint RUN`.
- Limits: made for a plan's garments at their places; a crowd before a rail hides small movements,
  and what antennas read less than three times during a flip can hardly be known.
"""


def main() -> None:
    """Choose, score and write from the command line; see the module."""
    parser = argparse.ArgumentParser(description="Turn a trained network into a model folder.")
    parser.add_argument("bags", type=Path, help="folder made by retailsim.train.tag_shops")
    parser.add_argument("--validate", type=parse_seeds, required=True, help="as in the training")
    parser.add_argument(
        "--ordinary", type=Path, required=True, help="folder of such shops, made with --ordinary"
    )
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=Path("models/tag-motion"))
    wanted = parser.parse_args()
    net = load_net(wanted.checkpoint)
    ordinary = [make_trial(net, bag) for bag in sorted(wanted.ordinary.glob("*.bag"))]
    left_out = [make_trial(net, wanted.bags / f"{seed}.bag") for seed in wanted.validate]
    rule = choose_rule(ordinary)
    window_on, balanced = choose_window(ordinary)
    seeds = {int(bag.stem) for bag in wanted.bags.glob("*.bag")}
    metrics = {
        "rule": {"flip_on": rule.on, "flip_off": rule.off, "flip_at_once": rule.at_once},
        "windows": {"window_on": window_on, "balanced_accuracy": balanced},
        "ordinary": judge(ordinary, rule).as_dict(),
        "left_out": judge(left_out, rule).as_dict(),
    }
    card = CARD.format(
        lag_s=LAG_BINS * BIN_S,
        pairs=len(PAIR_NAMES),
        tags=len(TAG_NAMES),
        bin_s=BIN_S,
        parameters=parameter_count(net),
        sessions=len(seeds.difference(wanted.validate)),
        seeds=written_seeds(seeds),
        on=rule.on,
        off=rule.off,
        at_once=rule.at_once,
        validation=written_seeds(wanted.validate),
        ordinary_count=len(ordinary),
        ordinary=written_seeds(int(bag.stem) for bag in wanted.ordinary.glob("*.bag")),
        most_false=MOST_FALSE,
    )
    config = {
        "pairs": list(PAIR_NAMES),
        "tags": list(TAG_NAMES),
        "bin_s": BIN_S,
        "flip_on": rule.on,
        "flip_off": rule.off,
        "flip_at_once": rule.at_once,
        "window_on": window_on,
    }
    export_model(wanted.output, net, config, metrics, card)
    print(json.dumps(metrics, indent=2), file=sys.stdout)


if __name__ == "__main__":
    main()
