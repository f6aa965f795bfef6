"""A few recorded runs trained again: do they still give what was recorded?"""

import random

from experiments.machinery.cost.cost import seconds_of
from experiments.machinery.records.provenance import provenance
from experiments.machinery.records.record import Store, curves_file
from experiments.studies.registry import divergence_config
from experiments.training.config import RunConfig
from experiments.training.divergence import label

CHEAP_SHARE = 0.25  # ours: of the runs, those with the lowest predicted cost, that may be chosen
# What the bits depend on; a run on one device, as those here, has no replicas.
MACHINE = ("processor", "tensorflow", "tf-keras", "numpy", "python", "replicas")
# Ours. Twelve healthy laptop runs of Small, recorded on one processor and trained again on another,
# moved by up to 0.018 (AUC), 0.023 (log loss) and 0.044 (RMSE).
TOLERANCE = {"auc": 0.05, "log_loss": 0.05, "rmse": 0.1}


def run_again(recorded, cache, count, seed):
    """Trains some of (results folder, RunRecord) again: yields name, and what `compare` gives."""
    here = provenance()
    chosen = choose(recorded, count, seed, here)
    if not chosen:
        return
    from experiments.machinery.workers.runner import Runner  # late: it imports TensorFlow

    divergence = divergence_config()
    for folder, record, config in chosen:
        store = Store(folder, writable=False)
        curves = Runner(store, cache).outcome(config).curves
        verdict, why = compare(record, store.curves(record), curves, divergence, here)
        yield f"{folder.name}/{record.run_id}, trained again", verdict, why


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


def compare(record, before, after, divergence, here):
    """What came out of a run trained again, as curves: ("ok", "differs" or "not checked", why).

    On the machine and with the versions of the record every bit must be the same. Elsewhere sums
    are rounded otherwise, and training amplifies that: a run near the edge of stability may end
    otherwise, and after a jump of the loss any number may come out. So there the metrics at the end
    are held to TOLERANCE where both runs are healthy, and nothing can be said where one is not.
    """
    if curves_file(after)[1] == record.curves_sha256:
        return "ok", "every bit of its curves"
    others = _others(record, here)
    if not others:
        return "differs", "its curves, on the same processor and versions"
    given = ", ".join(f"{name} {record.provenance.get(name, 'unknown')}" for name in others)
    said = f"recorded with {given}: other bits, as may be"
    kinds = [label(curves, divergence).kind for curves in (before, after)]
    if kinds != ["healthy", "healthy"]:
        return "not checked", f"{said}; ended as {kinds[0]}, now as {kinds[1]}"
    moved = (after - before).iloc[-1]
    limits = {name: TOLERANCE[name.split("/")[1]] for name in before if "/" in name}
    worst = max(limits, key=lambda name: abs(moved[name]) / limits[name])
    verdict = "ok" if abs(moved[worst]) <= limits[worst] else "differs"
    return verdict, (
        f"{said}; healthy again, {worst} moved by {moved[worst]:.2g}, "
        f"at most {limits[worst]:g} is allowed"
    )


def _others(record, here):
    """What of the machine and the versions is not that of the record."""
    return [name for name in MACHINE if here.get(name) != record.provenance.get(name)]
