"""The parameters of the stream. Each part of the drift has its own class; None switches it off."""

import dataclasses
import functools
from typing import Annotated

import numpy as np

from data import checks
from data.checks import Checked, Count, Index, Positive, Share, Size
from data.tasks import Labelled

DRIFTING = ("walk", "shocks", "teacher_drift", "churn", "label_shocks")
LOG_SCALE_LIMIT = 20.0  # ours: e^20 times a feature leaves room in float32 for its square


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureWalk(Checked):
    """Slow random walk of the mean and the log-scale of every dense feature.

    Args:
      mean_per_day: standard deviation of a day's change of the mean, in initial feature scales.
      log_scale_per_day: standard deviation of a day's change of the natural log of the scale.
      log_scale_limit: the walk of the log-scale is reflected into [-limit, limit].
    """

    mean_per_day: Size
    log_scale_per_day: Size
    log_scale_limit: Annotated[float, functools.partial(checks.real, most=LOG_SCALE_LIMIT, above=0)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shocks(Checked):
    """Sudden changes of scale of some dense features on known days (paper, section 3.2, RQ1).

    Args:
      days: the days on which a shock begins.
      duration_days: how many days a shock lasts; None for good.
      feature_share: share of the dense features that one shock hits, in (0, 1].
      log_scale_low: least change of the natural log of the scale of a feature that is hit.
      log_scale_high: greatest such change.
    """

    days: tuple[int, ...]
    duration_days: int | None
    feature_share: Share
    log_scale_low: Annotated[float, functools.partial(checks.real, least=-LOG_SCALE_LIMIT)]
    log_scale_high: float

    def __post_init__(self):
        super().__post_init__()
        _check_when(self)
        high = self.log_scale_high
        checks.real("Shocks.log_scale_high", high, self.log_scale_low, LOG_SCALE_LIMIT)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Teacher(Checked):
    """The function that makes the labels: a sum of three parts of unit variance, mixed by share.

    Args:
      hidden: units of the tanh layer that all tasks share.
      pairs: products of two inputs that each task uses.
      linear_share: share of the variance that is linear in the inputs.
      hidden_share: share from the tanh layer; the rest comes from the pairs.
      binary_signal: standard deviation of the logit of a binary task.
      regression_signal: standard deviation of the mean of a regression task, in label units.
    """

    hidden: Count
    pairs: Count
    linear_share: Annotated[float, functools.partial(checks.real, least=0, most=1)]
    hidden_share: Annotated[float, functools.partial(checks.real, least=0, most=1)]
    binary_signal: Positive
    regression_signal: Positive

    def __post_init__(self):
        super().__post_init__()
        if self.linear_share + self.hidden_share > 1 + 1e-9:  # 0.9 + 0.1 may round above 1
            checks.fail("Teacher.hidden_share", self.hidden_share, "at most 1 - linear_share")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TeacherDrift(Checked):
    """Daily turn of every weight of the teacher: w <- sqrt(1 - turn^2) w + turn * fresh weight.

    Args:
      turn_per_day: in (0, 1]; the weights keep their variance whatever the turn.
    """

    turn_per_day: Share


@dataclasses.dataclass(frozen=True, kw_only=True)
class VocabularyChurn(Checked):
    """Daily exchange of popularity: a share of the ids of each categorical feature swap ranks.

    Args:
      share_per_day: share of the ids that take another rank each day, in (0, 1].
    """

    share_per_day: Share


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelNoise(Checked):
    """Symmetric Student-t noise of the regression labels, cut off so that its variance exists.

    Args:
      degrees_of_freedom: tail index; 2 is heavy, 30 nearly normal.
      scale: factor on the Student-t variable.
      limit: the noise is clipped to [-limit, limit], in units of the label.
    """

    degrees_of_freedom: Positive
    scale: Size
    limit: Positive


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelShocks:
    """Sudden changes of scale of the labels of some regression tasks (paper, section 3.2, RQ2).

    The labels of a task that is hit, noise included, are multiplied by a factor: a unit that
    changed, a log that counted twice. It is how one task sends spurious gradients to all others.

    Args:
      days: the days on which a shock begins.
      duration_days: how many days a shock lasts; None for good.
      log_scales: natural log of the factor for each regression task, in the order of
        StreamConfig.tasks; 0 for a task that is not hit.
    """

    days: tuple[int, ...]
    duration_days: int | None
    log_scales: tuple[float, ...]

    def __post_init__(self):
        _check_when(self)
        if not isinstance(self.log_scales, (tuple, list)):
            checks.fail("LabelShocks.log_scales", self.log_scales, "a list of numbers")
        object.__setattr__(self, "log_scales", tuple(self.log_scales))
        for value in self.log_scales:
            checks.real("LabelShocks.log_scales", value, -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT)


def _check_when(shocks):
    """Checks the days of shocks of either class, kept as a tuple, and how long a shock lasts."""
    name, days = type(shocks).__name__, shocks.days
    if not isinstance(days, (tuple, list)):
        checks.fail(f"{name}.days", days, "a list of days")
    for day in days:
        checks.whole(f"{name}.days", day, 0)
    if len(set(days)) != len(days):
        checks.fail(f"{name}.days", days, "a list without repeated days")
    object.__setattr__(shocks, "days", tuple(days))
    if shocks.duration_days is not None:
        checks.whole(f"{name}.duration_days", shocks.duration_days, 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreamConfig(Labelled):
    """The whole synthetic stream. With a data seed it fixes every byte of every day.

    Args:
      days: N; days 0 to N-2 are trained on, day N-1 is the evaluation day.
      examples_per_day: rows of one day.
      dense_features: number of dense features.
      categorical_features: number of categorical features.
      vocabulary_size: ids of each categorical feature.
      zipf_exponent: popularity of rank k is proportional to k ** -exponent; above 1.
      heavy_feature_every: every k-th dense feature is heavy-tailed (sinh of 1.5 times a normal
        variable, at unit variance); 0 for none.
      teacher: the function that makes the labels.
      walk, shocks, teacher_drift, churn, label_noise, label_shocks: the parts of the drift; None
        is off.
      drift: False switches off every part but label_noise, whatever it is bound to.
      tasks, reported: as of Labelled.
    """

    days: Annotated[int, functools.partial(checks.whole, least=2)]
    examples_per_day: Count
    dense_features: Count
    categorical_features: Count
    vocabulary_size: Annotated[int, functools.partial(checks.whole, least=2)]
    zipf_exponent: checks.Multiple
    heavy_feature_every: Index
    teacher: Teacher
    walk: FeatureWalk | None
    shocks: Shocks | None
    teacher_drift: TeacherDrift | None
    churn: VocabularyChurn | None
    label_noise: LabelNoise | None
    label_shocks: LabelShocks | None
    drift: bool = True

    def __post_init__(self):
        super().__post_init__()
        if type(self.drift) is not bool:
            checks.fail("StreamConfig.drift", self.drift, "True or False")
        if not self.drift:
            for part in DRIFTING:
                object.__setattr__(self, part, None)
        if self.label_shocks is not None:
            numbers = int((~self.binary).sum())
            if len(self.label_shocks.log_scales) != numbers:
                scales, expected = self.label_shocks.log_scales, f"a list of {numbers} numbers"
                checks.fail("LabelShocks.log_scales", scales, f"{expected}, one a regression task")
        for part in filter(None, (self.shocks, self.label_shocks)):
            for day in part.days:
                checks.whole(f"{type(part).__name__}.days", day, 0, self.days - 1)

    gaps = False  # every row has all of its labels

    @property
    def known_shocks(self):
        """What is shocked and how: dict from "features" and "labels" to Shocks, LabelShocks."""
        parts = {"features": self.shocks, "labels": self.label_shocks}
        return {name: part for name, part in parts.items() if part is not None}

    @property
    def dense_names(self):
        """What the dense features are called: list of text."""
        return [f"dense_{index}" for index in range(self.dense_features)]

    @property
    def categorical_names(self):
        """What the categorical features are called: list of text."""
        return [f"categorical_{index}" for index in range(self.categorical_features)]

    @property
    def heavy(self):
        """Which dense features are heavy-tailed: bool array (dense_features,)."""
        every = self.heavy_feature_every or self.dense_features + 1  # 0 for none
        return np.arange(1, self.dense_features + 1) % every == 0
