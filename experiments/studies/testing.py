"""What tests of several rooms share: made-up studies, records, curves and rows."""

import dataclasses
import json
import math
import pathlib
import subprocess
import sys
import types

import pandas as pd

from experiments.machinery.records.code import code_digest
from experiments.machinery.records.record import RunRecord
from experiments.machinery.workers.testing import DIVERGENCE, HEALTHY, leave_run
from experiments.studies.configs import Table2Config
from experiments.studies.registry import divergence_config
from experiments.studies.session import Session
from experiments.studies.settings import run_config

FULL = (0.7, 0.6, 0.5)
__all__ = ["DIVERGENCE", "HEALTHY"]  # for the tests of other rooms


def said_by(module, *arguments, timeout_s=300):
    """What the last line of a test module, run as a script in a process of its own, has as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=pathlib.Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def smoke(method="gc", model="small", *, rate=0.1, seed=0, data_seed=11, **more):
    """A RunConfig of the smoke profile; `more` are threshold and values of settings.run_config."""
    seeds = {"data_seed": data_seed, "run_seed": seed}
    return run_config("smoke", model, method, learning_rate=rate, **seeds, **more)


def session(study=None, display=None, *, base_rate=0.5, profile="smoke", data_seed=11, by=None):
    """A Session whose 1x is `base_rate`, and whose labels come from a DivergenceConfig `by`."""
    found = types.SimpleNamespace(base_rate=base_rate)
    return Session(profile, data_seed, study, display, by or divergence_config(), found)


def with_part(config, part, **changes):
    """A RunConfig in which fields of one part are changed, as in `with_part(c, "trainer", ...)`."""
    changed = dataclasses.replace(getattr(config, part), **changes)
    return dataclasses.replace(config, **{part: changed})


def table2(**changes):
    """A small Table2Config."""
    fields = {
        "models": ("small", "large"),
        "methods": ("naive", "gc", "clippy"),
        "thresholds": {"gc": (0.1, 0.01)},
        "rate_multiples": (1, 2),
        "search_seeds": (100, 101),
        "repeats": 3,
        "untreated": "naive",
    }
    return Table2Config(**(fields | changes))


def table2_row(model, method, multiple, auc, seed=0, **changes):
    """One row of the runs of Table 2 as a dict; `changes` override its columns."""
    row = {
        "model": model,
        "method": method,
        "threshold": math.nan,
        "rate_multiple": float(multiple),
        "learning_rate": 0.1 * multiple,
        "seed": seed,
        "role": "repeat",
        "chosen": False,
        "auc": auc,
        "rmse": 1.0 + auc / 10,
        "label": "healthy",
        "label_step": math.nan,
        "steps": 10,
        "run_id": f"{model}-{method}-{seed}",
    }
    return row | changes


def record(values=None):
    """(RunRecord, RunConfig) of a made-up run of the smoke profile."""
    config = smoke("naive", rate=0.25, seed=3, data_seed=7, values=values)
    made = RunRecord(
        run_id=config.run_id,
        status="finished",
        config=config.to_dict(),
        steps=config.steps,
        first_bad_step=None,
        first_bad_day=None,
        metrics={"click/auc": 0.71, "watch_time/rmse": None},
        optimal={},
        curves_sha256=None,
        provenance={},
        code=code_digest(),
    )
    return made, config


def curves(config, aucs):
    """Curves with one evaluation at each quarter of a run."""
    steps = [config.steps * quarter // 4 for quarter in (1, 2, 3, 4)]
    return pd.DataFrame(
        {
            "step": steps,
            "day": [(step - 1) // config.trainer.steps_per_day for step in steps],
            "loss": 1.0,
            "worst_loss": 1.1,
            "click/auc": aucs,
        }
    )


def smoke_run(seed=0):
    """The RunConfig of a naive run of the smoke profile."""
    return smoke("naive", seed=seed)


def leave(root, *, aucs=HEALTHY, status="finished", rate=0.2, **setting):
    """Leaves a made-up run of `smoke` with these AUCs in a results folder; returns its record."""
    return leave_run(root, smoke(rate=rate, **setting), aucs=aucs, status=status)
