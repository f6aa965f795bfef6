"""Micro- and full divergence, read off a run's curves (paper, section 2.1)."""

import dataclasses
import functools
import math
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from data import checks

CHANCE = 0.5  # AUC of a model that knows nothing
Lift = Annotated[float, functools.partial(checks.real, above=0, most=1 - CHANCE)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DivergenceConfig(checks.Checked):
    """Thresholds of the labels. They do not enter a run's identity: old curves are labelled anew.

    Args:
      lift_lost: a run has fully diverged if it ends with less than (1 - lift_lost) of its best
        lift, and the loss is more than noise. The lift is the AUC above 0.5, or the share of tokens
        that a translation run gets right above that of the best constant answer.
      least_lift: a run that never had this lift never left chance level.
      blow_up: of such ranking runs, those have diverged whose last loss is above this many times
        their lowest, and those that end within the noise of chance; the others learn slowly. (The
        worst loss would tell nothing: a shock of the labels raises that of any run.)
      loss_jump: a jump is a training loss above this many times the median before it. A
        translation run that never had the least lift has diverged if its worst loss is above this
        many times that of the best constant answer, and else learns slowly.
      auc_drop: a drop is an AUC this much below its best so far; less is noise.
      median_rows: evaluations over which that median runs.
    """

    lift_lost: checks.Share
    least_lift: Lift
    blow_up: checks.Multiple
    loss_jump: checks.Multiple
    auc_drop: Lift
    median_rows: checks.Count


class Label(NamedTuple):
    """What became of a run, and the step of the first evaluation that shows it (None if healthy).

    kind is one of
      "healthy";
      "micro": the loss jumped, the AUC dropped and came back (section 2.1);
      "damaged": the same, but the AUC did not come back, nor did it fall to chance;
      "untrained": the AUC is above chance level by less than a usable lift, and the loss did not
        blow up;
      "full": a number was not finite, or the AUC fell to chance, or never left it, and
        stayed there (section 2.1).
    Section 2.1 names neither "damaged" nor "untrained". A network that died before its first
    evaluation has the curves of one that hardly learns, so a run that ends at chance is "full".
    Norms of gradients and updates would tell the two apart.
    """

    kind: str
    step: int | None


def label(curves, config):
    """Labels one run.

    Args:
      curves: DataFrame as of trainer.Run. The lift is `judged_lift`; without one, only numbers that
        are not finite are seen.
      config: DivergenceConfig.
    """
    steps = curves["step"].to_numpy()
    finite = curves.filter(regex="^worst_loss$|/(log_loss|rmse)$").apply(np.isfinite).all(axis=1)
    if not finite.all():
        return Label("full", int(steps[finite.to_numpy().argmin()]))
    lift = judged_lift(curves).to_numpy(float)
    if np.isnan(lift).any():  # no binary task, or an evaluation day that lacks a class
        return Label("healthy", None)
    best = np.maximum.accumulate(lift)
    lost = lift < (1 - config.lift_lost) * best
    # A run that was below chance level throughout had no lift to lose.
    if best[-1] > 0 and lost[-1] and best[-1] - lift[-1] >= config.auc_drop:
        return Label("full", int(steps[lost_at(lift, config)]))
    if best[-1] < config.least_lift:
        # Undatable: what blew up a loss that never fell is not what kept the AUC at chance level.
        dead = _is_dead(curves, lift[-1], config)
        return Label("full" if dead else "untrained", int(steps[0]))
    usual = curves["loss"].shift(1).rolling(config.median_rows, min_periods=1).median()
    jumped = curves["worst_loss"].to_numpy(float) > config.loss_jump * usual.to_numpy(float)
    # The drop may show at the evaluation of the jump or at the next one.
    dropped = (lift < best - config.auc_drop) & (jumped | np.append(False, jumped[:-1]))
    if not dropped.any():
        return Label("healthy", None)
    first = dropped.argmax()
    recovered = lift[first:].max() >= best[first] - config.auc_drop
    return Label("micro" if recovered else "damaged", int(steps[first]))


def lost_at(lift, config):
    """The place in a run's lift at which it lost what is lost at its end.

    That is the first place with less than (1 - lift_lost) of the best lift so far, after the last
    one within auc_drop of it. The lift may come back for a while, but not to that.
    """
    best = np.maximum.accumulate(lift)
    after = np.flatnonzero(best - lift < config.auc_drop)[-1] + 1
    return after + (lift < (1 - config.lift_lost) * best)[after:].argmax()


def never_learned(curves, config):
    """Whether a run never had a usable lift; False if its lift is unknown."""
    lift = judged_lift(curves).to_numpy(float)
    return not np.isnan(lift).any() and lift.max() < config.least_lift


def _is_dead(curves, lift, config):
    """Whether a run that ends with this lift, and never had a usable one, has diverged."""
    constant = reported(curves.columns, "constant_log_loss")
    if constant is not None:
        # No shock raises the loss of a translation run, and one that learns slowly may end at the
        # constant answer, from which it came down.
        jumped = curves["worst_loss"].max() > config.loss_jump * curves[constant].iloc[0]
        return jumped and lift < config.auc_drop
    blown_up = curves["loss"].iloc[-1] > config.blow_up * curves["loss"].min()
    return blown_up or lift < config.auc_drop


def judged_lift(curves):
    """What a run knows above chance level: Series, NaN where it is undefined."""
    constant = reported(curves.columns, "constant_error_rate")
    if constant is None:
        return judged_auc(curves) - CHANCE
    return curves[constant] - curves[reported(curves.columns, "error_rate")]


def judged_auc(curves):
    """The reported task's AUC in a run's curves: Series, NaN where it is undefined."""
    name = reported(curves.columns)
    return pd.Series(np.nan, curves.index) if name is None else curves[name]


def reported_auc(row):
    """The reported task's AUC in one row of a run's curves, a dict or a Series; None for NaN.

    A record sorts its metrics by name, so that the first of them need not be the reported one.
    """
    name = reported(row.keys())
    value = None if name is None else row[name]
    return None if value is None or math.isnan(value) else value


def reported(names, metric="auc"):
    """The reported task's `<task>/<metric>`, the first one in the columns of curves, or None."""
    return next((name for name in names if name.endswith(f"/{metric}")), None)
