"""The frozen, validated configuration of one run, and its identity."""

import dataclasses
import functools
import hashlib
import json
import typing

import data
from data import checks
from experiments.errors import one_of
from experiments.training.schedule import ScheduleConfig
from experiments.training.tensorflow_setup import check_method
from models.config import ModelConfig
from models.transformer_config import TransformerConfig

ID_VERSION = 2  # of what an id is a hash of; the code that a run executes is in its record

DEFAULT_DATA_SEED = 11  # the one that configs/base.gin binds; its results have the plain name

OPTIMIZERS = ("adagrad", "adam", "adamw")
EMBEDDINGS = ("plain", "treated")
# Parameters that the first records do not have, and what they had in their place.
# At that value they are left out of a record, so that the first ones keep their ids.
YOUNGER = {
    "method": {"scope": "local", "optimizer": "adagrad", "embeddings": "plain"},
    "stream": {"tasks": [list(task) for task in data.TASKS], "reported": None, "drift": True},
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """A stability method: a column of Table 2.

    Args:
      name: how tables and run ids call it.
      rule: a key of `clippy.RULES`.
      thresholds: the rule's thresholds by name.
      accumulate: what the optimizer accumulates, the "raw" or the "clipped" gradient.
      scope: "local" for a factor of each variable, "global" for one of all (section 4.3.2).
      optimizer: whose steps the rule scales, "adagrad", "adam" (section 4.3.3), or "adamw" as
        section A.2 has it; embeddings take the steps of the same optimizer.
      embeddings: "plain" leaves embeddings out of the rule (section 5.1.3), "treated" does not.
    """

    name: str
    rule: str
    thresholds: dict[str, float]
    accumulate: str
    scope: str = "local"
    optimizer: str = "adagrad"
    embeddings: str = "plain"

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name.isidentifier():
            checks.fail("MethodConfig.name", self.name, "a word of letters, digits and underscores")
        if not isinstance(self.thresholds, dict):
            checks.fail("MethodConfig.thresholds", self.thresholds, "a dict from name to number")
        for name, value in self.thresholds.items():
            if type(value) not in (int, float):
                checks.fail("MethodConfig.thresholds", {name: value}, "a number")
        try:
            check_method(self.rule, self.thresholds, self.accumulate, self.scope)
        except ValueError as error:
            raise ValueError(f"MethodConfig.{error}") from None
        if self.optimizer not in OPTIMIZERS:
            expected = one_of(str(self.optimizer), OPTIMIZERS)
            checks.fail("MethodConfig.optimizer", self.optimizer, expected)
        if self.embeddings not in EMBEDDINGS:
            expected = one_of(str(self.embeddings), EMBEDDINGS)
            checks.fail("MethodConfig.embeddings", self.embeddings, expected)
        # 1 and 1.0 are one number, and must be one run.
        floats = {name: float(value) for name, value in self.thresholds.items()}
        object.__setattr__(self, "thresholds", floats)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainerConfig(checks.Checked):
    """How a run goes through its stream (section 3.1, "sequential training").

    Args:
      window_days: W, the days a batch is drawn from.
      steps_per_day: training steps before the window moves on.
      batch_size: rows of a batch.
      evaluate_every_steps: steps between two evaluations on the last day.
      warmup_days: days over which the learning rate rises linearly to its value; 0 for none.
    """

    window_days: checks.Count
    steps_per_day: checks.Count
    batch_size: checks.Count
    evaluate_every_steps: checks.Count
    warmup_days: checks.Index

    def steps_of(self, stream):
        """Training steps of a run on a stream."""
        return (stream.days - 1) * self.steps_per_day

    def rate_at(self, learning_rate, step):
        """The learning rate of `step` (from 0): linear warmup, then constant."""
        warmup_steps = self.warmup_days * self.steps_per_day
        if step + 1 >= warmup_steps:
            return learning_rate
        return learning_rate * (step + 1) / warmup_steps


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig(checks.Checked):
    """All that decides the numbers of one run.

    Args:
      stream: data.StreamConfig, data.LogsConfig or, for a translation run, data.CorpusConfig.
      model: ModelConfig, or TransformerConfig for a corpus.
      method: MethodConfig.
      trainer: TrainerConfig, or ScheduleConfig for a corpus.
      learning_rate: eta of the non-embedding and embedding variables alike, > 0.
      data_seed: seed of the stream, >= 0; files have none, so it changes no number of theirs.
      run_seed: seed of the initial weights and of the order of the data, >= 0.
    """

    stream: data.StreamConfig | data.LogsConfig | data.CorpusConfig
    model: ModelConfig | TransformerConfig
    method: MethodConfig
    trainer: TrainerConfig | ScheduleConfig
    learning_rate: checks.Positive
    data_seed: checks.Index
    run_seed: checks.Index
    called = "run"

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "learning_rate", float(self.learning_rate))
        self._check_parts()
        if self.translates:
            return
        days, most = self.trainer.window_days, self.stream.days - 1
        if days > most:
            expected = f"at most the {most} training days of the stream"
            checks.fail("TrainerConfig.window_days", days, expected)
        self.model.check_inputs(
            list(dict(self.stream.tasks)),
            self.stream.dense_features,
            self.stream.categorical_features,
        )

    def _check_parts(self):
        """Raises: ValueError for a part of the other kind of run."""
        kinds = (
            (TransformerConfig, ScheduleConfig) if self.translates else (ModelConfig, TrainerConfig)
        )
        for part, kind in zip(("model", "trainer"), kinds, strict=True):
            found = getattr(self, part)
            if not isinstance(found, kind):
                expected = f"{kind.__name__} beside {type(self.stream).__name__}"
                raise ValueError(f"run.{part} = {type(found).__name__}: expected {expected}")

    @property
    def translates(self):
        """Whether this is a translation run (section A.2), and not one of a ranking model."""
        return isinstance(self.stream, data.CorpusConfig)

    @property
    def steps(self):
        """Training steps of the whole run."""
        return self.trainer.steps_of(self.stream)

    def rate_at(self, step):
        """The learning rate of `step` (from 0)."""
        return self.trainer.rate_at(self.learning_rate, step)

    def to_dict(self):
        """The configuration as plain dicts, lists, strings and numbers; see YOUNGER."""
        return plain(dataclasses.asdict(self))

    @classmethod
    def from_dict(cls, fields):
        """The configuration that `to_dict` gave; ValueError, TypeError, KeyError for another."""
        return _built(cls, fields)

    @functools.cached_property  # a study asks for it dozens of times
    def run_id(self):
        """Name of the run: model, method and a hash of all that decides its numbers."""
        return run_id_of(self.to_dict())

    @property
    def trace_key(self):
        """Equal for runs that one compiled step can serve: rate, thresholds and seeds differ."""
        stream = self.stream
        shape = (stream.vocabulary_size,)
        if not self.translates:
            shape = (stream.dense_features, stream.categorical_features, *shape)
            shape += (stream.tasks, stream.gaps)
        model = json.dumps(dataclasses.asdict(self.model), sort_keys=True)
        method = (self.method.rule, tuple(sorted(self.method.thresholds)), self.method.accumulate)
        method += (self.method.scope, self.method.optimizer, self.method.embeddings)
        return shape, model, method


def plain(fields):
    """Fields of a RunConfig, or some of them, as `RunConfig.to_dict` has them."""
    fields = json.loads(json.dumps(fields))
    for part in fields.keys() & YOUNGER.keys():
        for name, default in YOUNGER[part].items():
            if fields[part].get(name, ...) == default:
                del fields[part][name]
    return fields


def _built(kind, fields):
    """The dataclass of which `dataclasses.asdict` gave these fields."""
    parts = {}
    for name, hint in typing.get_type_hints(kind).items():
        # A part that can be switched off is typed as `Part | None`, one of two as `One | Other`.
        found = [part for part in (hint, *typing.get_args(hint)) if dataclasses.is_dataclass(part)]
        if found and fields[name] is not None:
            part = next((part for part in found if _fits(part, fields[name])), found[0])
            parts[name] = _built(part, fields[name])
    return kind(**fields | parts)


def _fits(kind, fields):
    return set(fields) <= {field.name for field in dataclasses.fields(kind)}


def run_id_of(fields):
    """Name of the run of RunConfig.to_dict; TypeError or KeyError if the fields have no names."""
    text = json.dumps([ID_VERSION, fields], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{fields['model']['name']}-{fields['method']['name']}-{digest}"
