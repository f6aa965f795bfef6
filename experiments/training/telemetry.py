"""What is measured at every step of a run, and which steps of a long run are kept."""

import collections
import dataclasses
import functools
import json
import re
from typing import Annotated

import pandas as pd

from data import checks
from experiments.training.detector import Detector, DetectorConfig, see_row
from experiments.training.flight_recorder import FlightRecorder, RecorderConfig
from experiments.training.observer import Observer
from experiments.training.tensorflow_setup import check_method


def _check_layers(name, layers):
    expected = "a dict from label to regular expression, not empty"
    if not isinstance(layers, dict) or not layers:
        checks.fail(name, layers, expected)
    for label, pattern in layers.items():
        if not isinstance(label, str) or not re.fullmatch(r"[\w{}]+", label):
            checks.fail(name, label, "a label of letters, digits, underscores")
        try:
            re.compile(pattern.replace("{task}", "").replace("{top}", ""))
        except (AttributeError, re.error):
            checks.fail(name, pattern, expected)
        if ("{task}" in label) != ("{task}" in pattern):
            checks.fail(name, {label: pattern}, "{task} in both or in neither")


def _check_rules(where, rules):
    if not isinstance(rules, dict):
        checks.fail(where, rules, "a dict from name to rule and thresholds")
    for name, given in rules.items():
        if not isinstance(name, str) or not name.isidentifier():
            checks.fail(where, name, "names of letters, digits, underscores")
        if not isinstance(given, dict) or "rule" not in given:
            checks.fail(where, {name: given}, "a dict with 'rule'")
        rule, rate, thresholds = split_rule(given)
        if rate is not None:
            checks.real(f"{where}[{name!r}]['rate']", rate, above=0)
        try:
            check_method(rule, thresholds, "raw")
        except ValueError as error:
            raise ValueError(f"{where}[{name!r}]: {error}") from None


def split_rule(given):
    """One of TelemetryConfig.rules as (key in RULES, rate or None, thresholds)."""
    thresholds = {key: value for key, value in given.items() if key not in ("rule", "rate")}
    return given["rule"], given.get("rate"), thresholds


@dataclasses.dataclass(frozen=True, kw_only=True)
class TelemetryConfig(checks.Checked):
    """What a run with telemetry measures. It decides no number of the run and no run id.

    Args:
      layers: regular expression of names of variables by label; those it finds are measured
        together. In both, `{task}` stands for each task of the model and `{top}` for the number of
        its last hidden layer. A label that finds nothing in a model is left out.
      rules: thresholds of a rule by the name of its column `sigma_<name>`, with its key in
        `clippy.RULES` as 'rule'. A 'rate' among them stands in for the rate of the step.
      least_weight: floor under |w| where something is divided by it, > 0.
      rows: rows kept of a run, those around events apart; a run of more steps is thinned evenly.
      events: events around which every step is kept; later ones are thinned like the rest.
      around_steps: steps kept before and after an event.
      detector: DetectorConfig, which decides what an event is.
      recorder: RecorderConfig of the snapshots that are taken as well, or None for none.
    """

    layers: Annotated[dict[str, str], _check_layers]
    rules: Annotated[dict[str, dict], _check_rules]
    least_weight: checks.Positive
    rows: Annotated[int, functools.partial(checks.whole, least=2)]
    events: checks.Index
    around_steps: checks.Count
    detector: DetectorConfig
    recorder: RecorderConfig | None

    @property
    def measures(self):
        """What decides the columns, as plain dicts and numbers; part of a telemetry file."""
        named = {field: getattr(self, field) for field in ("layers", "rules", "least_weight")}
        return json.loads(json.dumps(named))

    @property
    def trace_key(self):
        """Equal for telemetry that one compiled step can serve."""
        return json.dumps(self.measures, sort_keys=True)

    def patterns(self, tasks, hidden):
        """The compiled pattern of each label of a model with these tasks and `hidden` layers."""
        found = {}
        for label, pattern in self.layers.items():
            for task in tasks if "{task}" in label else [""]:
                full = pattern.replace("{task}", task).replace("{top}", str(hidden - 1))
                found[label.replace("{task}", task)] = re.compile(full)
        return found


class Ledger:
    """The rows of a run: all of them around events, evenly thinned elsewhere, bounded in number."""

    def __init__(self, config):
        self._config = config
        self._stride, self._even, self._around = 1, {}, {}
        self._recent = collections.deque(maxlen=config.around_steps + 1)
        self._events, self._full_until = 0, 0

    def add(self, row, is_event):
        """Takes the row of the next step; if it is an event, the steps around it are kept."""
        step = row["step"]
        self._recent.append(row)
        if (step - 1) % self._stride == 0:
            self._even[step] = row
        if len(self._even) > self._config.rows:
            self._stride *= 2
            self._even = {s: r for s, r in self._even.items() if (s - 1) % self._stride == 0}
        if is_event and self._events < self._config.events:
            self._events += 1
            self._full_until = step + self._config.around_steps
            self._around |= {kept["step"]: kept for kept in self._recent}
        if step <= self._full_until:
            self._around[step] = row

    def frame(self):
        """The rows kept, in the order of steps, the last one among them: DataFrame."""
        last = {row["step"]: row for row in list(self._recent)[-1:]}
        kept = self._even | self._around | last
        return pd.DataFrame([kept[step] for step in sorted(kept)])


class Telemetry(Observer):
    """The telemetry of one run: its rows, the detector's events, the flight recorder.

    It is no part of a run's identity. A program of its own computes it, with the same bits, so it
    may be asked for after the fact.

    Args:
      config: TelemetryConfig, which the run's Program has too.
      save: function (snapshot, event) that writes a snapshot.

    `events` is what the detector has said so far, a list of dicts.
    """

    def __init__(self, config, save):
        self.ledger, self._detector = Ledger(config), Detector(config.detector)
        self._recorder = config.recorder and FlightRecorder(config.recorder, save)
        self.events = []

    def before(self, run):
        if self._recorder:
            self._recorder.before(run)

    def after(self, run):
        row = {"step": run.step, "day": run.day, "learning_rate": run.rate, "loss": run.loss}
        row |= run.program.measures
        event = see_row(self._detector, row)
        self.ledger.add(row, event is not None)
        if event is not None:
            self.events.append(event._asdict())
            if self._recorder:
                self._recorder.fired(event)
