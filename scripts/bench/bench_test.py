"""The bench: candidates in turn, medians, and a file with the names of the contract."""

import json

import pandas as pd
import pytest

from experiments.machinery.cost import sizes
from experiments.studies.grid import sizes_of
from scripts.bench import bench, optimizer_bench, scale_bench, study_bench

NAMES = {
    "clippy_step_vs_naive",
    "large_step_vs_keras_adagrad",
    "large_step_vs_sgemm",
    "supply_vs_consumption",
    "generation_vs_consumption",
    "large_run_step_share",
    "clippy_57m_vs_tfrs",
    "gc_57m_vs_adagrad",
    "agc_per_unit_57m_vs_adagrad",
    "lamb_57m_vs_adagrad",
    "clippy_57m_vs_adagrad",
    "drop_in_57m_vs_adagrad",
    "clippy_sparse_few_vs_all_rows",
    "telemetry_vs_plain_step",
    "study_parallel_efficiency",
    "help_vs_bare_python",
}
SIZES = {"days": (5, 9), "runs": (1, 2), "parameters": (256, 128), "batch": (64, 128)}


def test_candidates_run_in_turn_and_the_median_is_kept(monkeypatch):
    now, calls = [0.0], []
    monkeypatch.setattr(bench.time, "perf_counter", lambda: now[0])
    costs = {"a": iter([9, 9, 9, 1, 5, 2]), "b": iter([9, 9, 9, 4, 4, 70])}

    def candidate(name):
        def run():
            calls.append(name)
            now[0] += next(costs[name])

        return run

    found = bench.interleaved({name: candidate(name) for name in "ab"}, 3)
    assert found == {"a": 2, "b": 4}
    assert calls == list("ab") * 6


def test_the_bench_writes_its_ratios(tmp_path, day_cache, monkeypatch):
    for name, small in {"PROFILE": "smoke", "TABLE_ROWS": 1000, "FEW": 10}.items():
        monkeypatch.setattr(optimizer_bench, name, small)
    for name, small in {"METHODS": ("naive",), "SEEDS": 3}.items():
        monkeypatch.setattr(study_bench, name, small)
    monkeypatch.setattr(scale_bench, "SIZES", SIZES)
    monkeypatch.setattr(scale_bench, "memory_mib", lambda profile, scale, value: 3.0 * value)
    found = bench.bench("smoke", tmp_path, day_cache)
    assert set(found) == NAMES
    assert json.loads((tmp_path / "smoke" / "bench.json").read_text()) == found
    for entry in found.values():
        assert entry["ratio"] == entry["median_s"] / entry["baseline_s"] > 0
        assert entry["n"] >= 3
        assert entry["baseline"]
    assert found["study_parallel_efficiency"]["n"] == 3
    assert found["study_parallel_efficiency"]["ratio"] < 1
    scales = pd.read_csv(tmp_path / "smoke" / "bench_scale.csv")
    assert scales.groupby("scale")["size"].apply(list).to_dict() == {
        "batch": [64, 128],
        "days": [4, 8],
        "parameters": [parameters(4096 // 256), parameters(4096 // 128)],
        "runs": [1, 2],
    }
    assert (scales["seconds"] > 0).all()
    shown = (tmp_path / "smoke" / "bench_scale.md").read_text()
    assert shown == scale_bench.markdown(scales)
    assert "| a step of Large, examples | 64, 128 | " in shown


def parameters(width):
    """Of Large at smoke size: 20 inputs, four layers, six heads."""
    return 20 * width + width + 3 * (width * width + width) + 6 * (width + 1)


def test_efficiency_is_what_the_runs_took_of_the_time_of_all_workers(monkeypatch, tmp_path):
    monkeypatch.setattr(study_bench, "study", lambda *_: (33.0, 22.0, 6))
    entry = bench._study("smoke", tmp_path)["study_parallel_efficiency"]
    assert (entry["median_s"], entry["baseline_s"], entry["n"]) == (33, 44, 6)
    assert entry["ratio"] == 0.75


def test_a_slope_is_the_exponent():
    found = [3, 10, 50, 400]
    assert scale_bench.slope(found, [7 * size**0.7 for size in found]) == pytest.approx(0.7)
    assert scale_bench.slope(found, [5.0] * 4) == pytest.approx(0, abs=1e-12)


def test_memory_is_measured_in_a_process_of_its_own():
    rows = 1 << 17
    config = sizes_of("smoke", "large", {"TrainerConfig.batch_size": rows})
    predicted_mib = sizes.memory_of(config).total / 2**20
    assert 0.5 < scale_bench.memory_mib("smoke", "batch", rows) / predicted_mib < 2


def test_every_scale_has_its_sizes_units_and_work():
    names = set(scale_bench.SIZES)
    assert names == set(scale_bench.UNITS) == set(scale_bench.WORKS) == set(scale_bench.WARM)
