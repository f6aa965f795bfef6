"""A small results folder with hostile names, which has everything that a report shows."""

import dataclasses
import itertools
import json
import shutil

import numpy as np
import pandas as pd

from experiments.findings import make
from experiments.findings.figures import testing as figures
from experiments.findings.figures.catalogue import stem
from experiments.findings.report.material import Material
from experiments.machinery.records.record import Store
from experiments.studies import known
from experiments.studies.calibration import Calibration
from experiments.studies.configs import CasesConfig
from experiments.studies.rows import frame_of, run_row
from experiments.studies.session import Options
from experiments.studies.settings import run_config
from experiments.studies.testing import DIVERGENCE, curves, record

HOSTILE = "</script><img src=x onerror=window.pwned=1>"
LONG = "a_case_with_a_name_that_goes_on_and_on_" * 4
CASES = (HOSTILE, LONG, "NA")
FOUND = Calibration(
    edge=0.1, base_rate=0.25, edge_multiple=0.4, model="large", data_seeds=(1000, 1001), tried=[]
)


def options(root, data_seed=None):
    folders = {"results": str(root), "cache": str(root / "c")}
    return Options(profile="smoke", data_seed=data_seed, workers=1, **folders)


def material(**fields):
    """Material of the smoke profile with these fields alone."""
    return Material("smoke", 1, **fields)


def claim(**changes):
    """A claim of a scorecard."""
    fields = {"id": "C02", "text": "t", "source": "s", "verdict": "reproduced", "statistic": 0.5}
    fields |= {"interval": [0.25, None], "n": 4, "paper": None, "reason": "r", "data_seed": 1}
    return fields | changes


def fill(root):
    """Writes the folder of the smoke profile below `root`; returns its path."""
    folder = root / "smoke"
    store = Store(folder)
    _table2(folder, store)
    _study(folder, store)
    _claims(root)
    (folder / "figures").mkdir()
    frames = {stem(name): frame for name, frame in figures.frames().items()}
    frames |= {f"figure{name}": frames["figure4b"] for name in ("8a", "8b", "8c")}
    frames["study_mine"] = figures.study_frame(CASES)
    for file, frame in frames.items():
        frame.to_csv(folder / "figures" / f"{file}.csv", index=False)
    shutil.copy(figures.BASELINE / "figure2.png", folder / "figures" / "figure2.png")
    (folder / "calibration.json").write_text(json.dumps(dataclasses.asdict(FOUND)))
    row = {"model": "small", "nonembedding_parameters": 1_105_926, "paper_parameters": 7_500_000}
    row |= {"shared_bottom": "FFN: 512 x 2"}
    pd.DataFrame([row]).to_csv(folder / "table1.csv", index=False)
    return folder


def _claims(root):
    """The scorecards of three data seeds; seed 3 has not run the first claim."""
    found = [
        claim(id="C01", verdict="inconclusive", statistic=None, interval=None, paper=0.4),
        claim(id="C04", text="AGC becomes worse", verdict="contradicted", reason=HOSTILE),
        claim(id="C16", statistic={"a": 1.0, "b": 2.0}, interval={"a": [0.0, 2.0], "b": None}),
    ]
    (root / "smoke" / "claims_pooled.json").write_text(json.dumps(found))
    for seed, name in ((1, "smoke"), (2, "smoke-data2"), (3, "smoke-data3")):
        (root / name).mkdir(exist_ok=True)
        own = [each | {"data_seed": seed} for each in found[seed == 3 :]]
        (root / name / "claims.json").write_text(json.dumps(own))


def recorded(store, seed, ends=0.7, method="gc", **provenance):
    """Writes a record whose AUC ends at `ends`; returns its run_row."""
    threshold = 0.1 if method in ("gc", "agc", "lamb") else None
    about = {"learning_rate": 0.25, "data_seed": 1, "run_seed": seed, "threshold": threshold}
    config = run_config("smoke", "small", method, **about)
    found = curves(config, [0.6, 0.65, 0.7, ends]).assign(**{"watch_time/rmse": 1.05})
    found.loc[1, "worst_loss"] = np.inf if ends == 0.5 else 9.0
    made = dataclasses.replace(
        record()[0],
        run_id=config.run_id,
        config=config.to_dict(),
        metrics={"click/auc": ends, "watch_time/rmse": 1.05},
        optimal={"click/auc": 0.84, "watch_time/rmse": 0.86},
        provenance={"commit": "c0ffee", "dirty": False, "wall_s": 36.0} | provenance,
    )
    return run_row(store.write(made, found), found, DIVERGENCE)


def _table2(folder, store):
    rows = []
    settings = itertools.product(figures.METHODS, (1.0, 2.0), range(2))
    for seed, (method, multiple, repeat) in enumerate(settings):
        ends = 0.5 if method == "naive" else 0.7 + seed / 1000
        row = {"model": "small", "method": method, "threshold": np.nan, "role": "repeat"}
        row |= {"rate_multiple": multiple, "chosen": multiple == 2.0}
        rows.append(row | recorded(store, seed, ends, method))
        if method != "naive":
            rows.append(rows[-1] | {"role": "search", "chosen": False, "seed": 100 + repeat})
    table, optimal = known.table2_config(2), {"auc": 0.84, "rmse": 0.86}
    make.write_table2(folder, table, frame_of(rows), optimal, FOUND)


def _study(folder, store):
    about = {"model": "small", "method": "gc", "rate_multiple": 1.0}
    cases = {name: dict(about) for name in CASES}
    cases[LONG]["against"] = "NA"
    config = CasesConfig(title=f"About {HOSTILE}", runs=2, cases=cases)
    rows = [
        {"case": name, "threshold": np.nan, **about, **recorded(store, seed, machine=HOSTILE)}
        for seed, name in enumerate(np.repeat(CASES, 2).tolist(), start=100)
    ]
    make.write_study(folder, "mine", config, frame_of(rows))
