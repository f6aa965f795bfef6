"""What tests of several rooms share: made-up records, configurations of small runs."""

import dataclasses

import pandas as pd

from experiments.machinery.records.record import RunRecord, Store
from experiments.studies.grid import run_config

HEALTHY, FULL = (0.6, 0.7, 0.75), (0.7, 0.6, 0.5)


def leave(root, *, aucs=HEALTHY, status="finished", rate=0.2, seed=0, data_seed=1, **setting):
    """A made-up run with its curves in a results folder; returns its record.

    Args:
      root: results folder of a profile.
      aucs: of the first binary task, an evaluation each.
      **setting: model, method, threshold of grid.run_config.
    """
    named = {"model": "small", "method": "gc"} | setting
    config = run_config("smoke", **named, learning_rate=rate, data_seed=data_seed, run_seed=seed)
    curves = pd.DataFrame(
        {
            "step": [6 * k for k in range(1, len(aucs) + 1)],
            "day": range(1, len(aucs) + 1),
            "loss": [3.0 / k for k in range(1, len(aucs) + 1)],
            "worst_loss": [3.5 / k for k in range(1, len(aucs) + 1)],
            "click/auc": aucs,
            "watch_time/rmse": [1.25] * len(aucs),
        }
    )
    crashed = status == "crashed"
    last = {} if crashed else curves.iloc[-1]
    record = RunRecord(
        run_id=config.run_id,
        status=status,
        config=config.to_dict(),
        steps=0 if crashed else 6 * len(aucs),
        first_bad_step=6 * len(aucs) - 1 if status == "diverged" else None,
        first_bad_day=len(aucs) if status == "diverged" else None,
        metrics={name: last[name] for name in ("click/auc", "watch_time/rmse") if name in last},
        optimal={},
        curves_sha256=None,
        provenance={} if crashed else {"wall_s": 7.6},
    )
    return Store(root).write(record, None if crashed else curves)


def smoke(method="gc", model="small", *, rate=0.1, seed=0, data_seed=1, **more):
    """A RunConfig of the smoke profile; `more` are threshold and bindings of grid.run_config."""
    seeds = {"data_seed": data_seed, "run_seed": seed}
    return run_config("smoke", model, method, learning_rate=rate, **seeds, **more)


def with_part(config, part, **changes):
    """A RunConfig in which fields of one part are changed, as in `with_part(c, "trainer", ...)`."""
    return dataclasses.replace(
        config, **{part: dataclasses.replace(getattr(config, part), **changes)}
    )
