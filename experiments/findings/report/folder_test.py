"""A small results folder with hostile names, for the tests of the report; it is complete."""

import dataclasses
import itertools
import json
import shutil

import numpy as np
import pandas as pd

from experiments.findings import claims
from experiments.findings import make as reproduce
from experiments.findings.figures import figure1, figure3, figure4, figure5, figure6
from experiments.findings.figures import figures_test as made_up
from experiments.findings.testing import everything
from experiments.machinery.records.record import Store
from experiments.studies.calibration import Calibration
from experiments.studies.configs import CasesConfig
from experiments.studies.grid import run_config
from experiments.studies.rows import frame_of, run_row
from experiments.studies.rows_test import DIVERGENCE, curves, record
from experiments.studies.selection_test import config as table2_config
from experiments.studies.session import Options

HOSTILE = "</script><img src=x onerror=window.pwned=1>"
LONG = "a_case_with_a_name_that_goes_on_and_on_" * 4
METHODS = ("naive", "gc", "agc", "lamb", "clippy")
FOUND = Calibration(
    edge=0.1, base_rate=0.25, edge_multiple=0.4, model="large_dcn", data_seeds=(1000,), tried=[]
)


def options(root, data_seed=None):
    return Options(
        profile="smoke", data_seed=data_seed, results=str(root), cache=str(root / "c"), workers=1
    )


def fill(root):
    """Writes the folder of the smoke profile below `root`; returns its path."""
    folder = root / "smoke"
    store = Store(folder)
    _table2(folder, store)
    _study(folder, store)
    _figures(folder)
    _claims(root)
    _write(folder / "calibration.json", dataclasses.asdict(FOUND))
    pd.DataFrame(
        {"model": ["small"], "nonembedding_parameters": [1_105_926]}
        | {"paper_parameters": [7_500_000], "shared_bottom": ["FFN: 512 x 2"]}
    ).to_csv(folder / "table1.csv", index=False)
    return folder


def _claims(root):
    """The scorecards of three data seeds; seed 3 has not run the first claim."""
    found = claims.evaluate(everything(1))
    each = {"1": "reproduced", "2": "reproduced", "3": "not run"}
    pooled = [claim | {"per_data_seed": each} for claim in found]
    pooled[3] |= {"verdict": "contradicted", "reason": HOSTILE}
    _write(root / "smoke" / "claims_pooled.json", pooled)
    for seed, name in ((1, "smoke"), (2, "smoke-data2"), (3, "smoke-data3")):
        (root / name).mkdir(exist_ok=True)
        own = [claim | {"data_seed": seed} for claim in found]
        _write(root / name / "claims.json", own[1:] if seed == 3 else own)


def _write(path, value):
    path.write_text(json.dumps(value, allow_nan=False))


def recorded(store, seed, ends=0.7, method="gc", **provenance):
    """Writes a record whose AUC ends at `ends`; returns its run_row."""
    made, _ = record()
    threshold = 0.1 if method in ("gc", "agc", "lamb") else None
    about = {"learning_rate": 0.25, "data_seed": 1, "run_seed": seed, "threshold": threshold}
    config = run_config("smoke", "small", method, **about)
    made = dataclasses.replace(
        made,
        run_id=config.run_id,
        config=config.to_dict(),
        metrics={"click/auc": ends, "watch_time/rmse": 1.05},
        optimal={"click/auc": 0.84, "watch_time/rmse": 0.86},
        provenance={"commit": "c0ffee", "dirty": False, "wall_s": 36.0} | provenance,
    )
    found = curves(config, [0.6, 0.65, 0.7, ends]).assign(**{"watch_time/rmse": 1.05})
    found.loc[1, "worst_loss"] = np.inf if ends == 0.5 else 9.0
    made = store.write(made, found)
    return run_row(made, found, DIVERGENCE)


def _table2(folder, store):
    rows = []
    settings = itertools.product(METHODS, (1.0, 2.0), range(2))
    for seed, (method, multiple, _repeat) in enumerate(settings):
        ends = 0.5 if method == "naive" else 0.7 + seed / 1000
        row = {"model": "small", "method": method, "threshold": np.nan, "role": "repeat"}
        row |= {"rate_multiple": multiple, "chosen": multiple == 2.0}
        rows.append(row | recorded(store, seed, ends, method))
    runs = frame_of(rows)
    optimal = {"auc": 0.84, "rmse": 0.86}
    config = table2_config(models=("small",), methods=METHODS)
    reproduce.write_table2(folder, config, runs, optimal, FOUND)


def _study(folder, store):
    names = (HOSTILE, LONG, "NA")
    cases = {name: {"model": "small", "method": "gc", "rate_multiple": 1} for name in names}
    cases[LONG]["against"] = "NA"
    config = CasesConfig(title=f"About {HOSTILE}", runs=2, cases=cases)
    about = {"model": "small", "method": "gc", "threshold": np.nan, "rate_multiple": 1.0}
    rows = [
        {"case": name} | about | recorded(store, 100 + 2 * place + seed, machine=HOSTILE)
        for place, name in enumerate(names)
        for seed in range(2)
    ]
    reproduce.write_cases(folder, "mine", config, frame_of(rows))


def _figures(folder):
    (folder / "figures").mkdir()
    runs, found = made_up.table2()
    ends = {"undisturbed": (0.75, 1), "mild": (0.72, 4), "severe": (0.5, 400)}
    three = {f"{case}-2": made_up.curves(*how) for case, how in ends.items()}
    layer = figure4.layer_frame(made_up.RUN, made_up.telemetry(), 12, "top_hidden")
    telemetry = {str(seed): made_up.telemetry(seed) for seed in range(3)}
    level = {"model": "tiny", "parameters": 70, "place": 0, "kind": "input"}
    frames = {
        "1": figure1.frame(figure1.choose(made_up.divergences()), three),
        "2": pd.DataFrame([level | {"level": at, "text": f"box\n{at}"} for at in range(3)]),
        "3": figure3.frame(),
        "4a": figure4.moments_frame(made_up.RUN, made_up.curves(0.5, 9), made_up.telemetry(), 12),
        **dict.fromkeys(("4b", "8a", "8b", "8c"), layer),
        "5a": figure5.frame(runs, found, ["large_dcn"], METHODS),
        "5b": figure5.frame(runs, found, ["small", "large_dcn"], ["gc", "clippy"]),
        "6": figure6.frame(made_up.clippy_runs(), telemetry, 5),
    }
    for name, frame in frames.items():
        frame.to_csv(folder / "figures" / f"figure{name}.csv", index=False)
    lines = pd.DataFrame({"step": [6, 12], "mean": [0.6, 0.7], "low": [0.5, 0.6], "high": 0.8})
    pd.concat(
        lines.assign(data_seed=1, case=case, diverged=0, n=2) for case in (HOSTILE, LONG, "NA")
    ).to_csv(folder / "figures" / "study_mine.csv", index=False)
    shutil.copy(made_up.BASELINE / "figure2.png", folder / "figures" / "figure2.png")


def test_the_folder_has_what_a_report_shows(tmp_path):
    folder = fill(tmp_path)
    assert len(list((folder / "runs").glob("*.json"))) == 26
    assert {path.name for path in folder.glob("*.csv")} == {
        "mine.csv", "mine_runs.csv", "table1.csv", "table2.csv", "table2_runs.csv",
    }  # fmt: skip
