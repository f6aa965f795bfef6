"""A few recorded runs trained again: do they still give what was recorded?"""

import json
import random

import numpy as np

from experiments.machinery.cost.cost import seconds_of
from experiments.machinery.records.provenance import provenance
from experiments.machinery.records.record import Store, curves_file
from experiments.studies.registry import divergence_config
from experiments.training.config import RunConfig
from experiments.training.divergence import label
from experiments.training.observer import FirstLosses

CHEAP_SHARE = 0.25  # ours: of the runs, those with the lowest predicted cost, that may be chosen
# What the bits depend on; a run on one device, as those here, has no replicas.
MACHINE = ("hardware", "threads", "tensorflow", "tf-keras", "numpy", "python", "replicas")
FIRST = 1e-5  # share of a loss by which the first ones may differ on another machine
SPREADS = 4  # ours: standard deviations over run seeds within which a run ends on another machine
LEAST_SPREAD = 1e-4  # ours: of seeds that happen to agree
LEAST_SEEDS = 3  # ours: run seeds that give such a deviation
# Ours, where there are fewer. Twelve healthy laptop runs of Small, recorded on one processor and
# trained again on another, moved by up to 0.018 (AUC), 0.023 (log loss) and 0.044 (RMSE).
TOLERANCE = {"auc": 0.05, "log_loss": 0.05, "rmse": 0.1, "error_rate": 0.05}
TOLERANCE |= {"constant_error_rate": 1e-9, "constant_log_loss": 1e-9}  # of the data alone


def run_again(recorded, cache, count, seed):
    """Trains some of (results folder, RunRecord) again: yields name, and what `compare` gives."""
    here = provenance()
    chosen = choose(recorded, count, seed, here)
    if not chosen:
        return
    from experiments.machinery.workers.runner import Runner  # late: it imports TensorFlow

    divergence = divergence_config()
    for folder, record, config in chosen:
        store, first = Store(folder, writable=False), FirstLosses()
        curves = Runner(store, cache).outcome(config, [first]).curves
        after, limits = (curves, first.losses), limits_of(record, recorded, divergence)
        said = compare(record, store.curves(record), after, limits, divergence, here)
        yield f"{folder.name}/{record.run_id}, trained again", *said


def limits_of(record, recorded, divergence):
    """How far the last metrics of a run may move on another machine: dict from name to limit.

    It is the spread over run seeds of the recorded healthy runs that differ in nothing else, or
    TOLERANCE where these are few.
    """
    own = _but_seed(record)
    alike = [
        other.metrics
        for folder, other in recorded
        if _but_seed(other) == own
        and label(Store(folder, writable=False).curves(other), divergence).kind == "healthy"
    ]
    limits = {name: TOLERANCE[name.split("/")[1]] for name in record.metrics}
    if len(alike) < LEAST_SEEDS:
        return limits
    values = {name: [metrics[name] for metrics in alike] for name in limits}
    return {
        name: limits[name]
        if None in found
        else max(SPREADS * float(np.std(found, ddof=1)), LEAST_SPREAD)
        for name, found in values.items()
    }


def _but_seed(record):
    return json.dumps(record.config | {"run_seed": None}, sort_keys=True)


def choose(recorded, count, seed, here):
    """Some of the cheap runs that this version can train, those of this machine first."""
    able = []
    for folder, record in recorded:
        try:
            config = RunConfig.from_dict(record.config)
        except (ValueError, TypeError, KeyError):  # of another version
            continue
        able.append((folder, record, config))
    able.sort(key=lambda run: (seconds_of(run[2]), run[0].name, run[1].run_id))
    cheap = able[: max(count, int(CHEAP_SHARE * len(able)))]
    random.Random(seed).shuffle(cheap)
    cheap.sort(key=lambda run: bool(_others(run[1], here)))  # of others no bit is certain
    return cheap[:count]


def compare(record, before, after, limits, divergence, here):
    """What came out of a run trained again: ("ok", "differs" or "not checked", what was checked).

    On the hardware and with the versions of the record every bit must be the same. Elsewhere sums
    are rounded otherwise, and training amplifies that: a run near the edge of stability may end
    otherwise, and after a jump of the loss any number may come out. So there the first losses must
    agree to FIRST, and the metrics at the end are held to limits where both runs are healthy.

    Args:
      before: the curves of the record.
      after: (curves, first losses) of the run that was trained again.
      limits: `limits_of` the record.
      here: provenance of this process.
    """
    curves, losses = after
    if curves_file(curves)[1] == record.curves_sha256:
        return "ok", "every bit of its curves"
    others = _others(record, here)
    if not others:
        return "differs", "its curves, on the same hardware and versions"
    given = ", ".join(f"{name} {record.provenance.get(name, 'unknown')}" for name in others)
    found = [_first_steps(record, losses), _end(before, curves, limits, divergence)]
    verdicts = [verdict for verdict, _ in found]
    verdict = next((one for one in ("differs", "ok") if one in verdicts), "not checked")
    return verdict, "; ".join(
        [f"recorded with {given}: other bits, as may be", *(text for _, text in found)]
    )


def _first_steps(record, losses):
    """Whether the first losses are those of the record, rounded otherwise."""
    if not record.first_losses or None in record.first_losses:
        return "not checked", "its first losses are not recorded"
    count = len(record.first_losses)
    if len(losses) != count:
        return "differs", f"it stopped after {len(losses)} steps, and not after {count} or more"
    moved = float(np.max(np.abs(np.divide(losses, record.first_losses) - 1)))
    return ("ok" if moved <= FIRST else "differs"), (
        f"the first {count} losses moved by a share of {moved:.1g}, {FIRST:g} expected"
    )


def _end(before, after, limits, divergence):
    """Whether a healthy run has ended near where it did."""
    kinds = [label(curves, divergence).kind for curves in (before, after)]
    if kinds != ["healthy", "healthy"]:
        return "not checked", f"ended as {kinds[0]}, now as {kinds[1]}"
    moved = (after - before).iloc[-1]
    worst = max(limits, key=lambda name: abs(moved[name]) / limits[name])
    return ("ok" if abs(moved[worst]) <= limits[worst] else "differs"), (
        f"healthy again, {worst} moved by {moved[worst]:.2g}, at most {limits[worst]:.2g} expected"
    )


def _others(record, here):
    """What of the machine and the versions is not that of the record."""
    return [name for name in MACHINE if here.get(name) != record.provenance.get(name)]
