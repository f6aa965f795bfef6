"""The bench: candidates in turn, medians, and a file with the names of the contract."""

import functools
import json

import pandas as pd
import pytest

from experiments.machinery.cost import sizes
from experiments.studies.settings import sizes_of
from experiments.studies.testing import leave
from scripts.bench import bench, keras3, optimizers, scale

SLOW = pytest.mark.slow
RULES = ("gc", "agc_per_unit", "lamb", "clippy", "drop_in")
NAMES = {  # the contract: what reads bench.json finds these
    *(f"{rule}_57m_vs_adagrad" for rule in RULES),
    *("clippy_step_vs_naive", "large_step_vs_keras_adagrad", "large_step_vs_sgemm"),
    *("supply_vs_consumption", "generation_vs_consumption", "large_run_step_share"),
    *("log_reading_vs_consumption", "log_supply_vs_consumption"),
    *("clippy_57m_vs_tfrs", "clippy_sparse_few_vs_all_rows", "telemetry_vs_plain_step"),
    "detector_vs_plain_step",
    *("study_parallel_efficiency", "help_vs_bare_python"),
    *(f"keras3_{backend}_57m_vs_adagrad" for backend in keras3.installed()),
}


def test_candidates_run_in_turn_and_the_median_is_kept(monkeypatch):
    now, calls = [0.0], []
    costs = {"a": [9, 9, 9, 1, 5, 2], "b": [9, 9, 9, 4, 4, 70]}

    def run(name):
        now[0] += costs[name][calls.count(name)]
        calls.append(name)

    monkeypatch.setattr(scale.time, "perf_counter", lambda: now[0])
    found = scale.interleaved({name: functools.partial(run, name) for name in "ab"}, 3)
    assert found == {"a": 2, "b": 4}
    assert calls == list("ab") * 6


def test_efficiency_is_what_the_runs_took_of_the_time_of_all_workers(tmp_path):
    records = [leave(tmp_path, seed=seed) for seed in range(3)]  # 7.6 s each
    (entry,) = bench._efficiency(records, wall_s=15.2).values()
    assert (entry["ratio"], entry["n"]) == (pytest.approx(22.8 / 30.4), 3)


def test_a_slope_is_the_exponent():
    found = [3, 10, 50, 400]
    assert scale.slope(found, [7 * size**0.7 for size in found]) == pytest.approx(0.7)


def parameters(width):
    """Of Large at smoke size: 20 inputs, four layers, six heads."""
    return 20 * width + width + 3 * (width * width + width) + 6 * (width + 1)


@pytest.mark.parametrize(
    "name, asked, found_sizes",
    [
        ("batch", (64, 128), [64, 128]),
        pytest.param("days", (5, 9), [4, 8], marks=SLOW),
        pytest.param("log_days", (5, 9), [4, 8], marks=SLOW),
        pytest.param("runs", (1, 2), [1, 2], marks=SLOW),
        pytest.param("parameters", (256, 128), [*map(parameters, (16, 32))], marks=SLOW),
    ],
)
def test_a_scale_is_measured_at_its_sizes(monkeypatch, name, asked, found_sizes):
    def doubling(works, repeats, warm_up):
        for run in works.values():
            run()
        return {place: 2.0**place for place in works}

    monkeypatch.setattr(scale, "SCALES", {name: scale.SCALES[name]._replace(asked=asked)})
    monkeypatch.setattr(scale, "memory_mib", lambda profile, name, value: 3.0 * value)
    monkeypatch.setattr(scale, "interleaved", doubling)
    found = scale.frame("smoke")
    assert found["size"].to_list() == found_sizes
    assert found["seconds"].to_list() == [1, 2]
    assert found["memory_mib"].to_list() == [3 * asked[0], 3 * asked[1]]
    shown = scale.markdown(found)
    assert name != "batch" or "examples | 64, 128 | 1, 2 | 1.00 | 192, 384 | 1.00 |" in shown


@pytest.mark.slow
def test_the_bench_writes_its_ratios(tmp_path, day_cache, monkeypatch):
    for name, small in {"PROFILE": "smoke", "TABLE_ROWS": 1000, "FEW": 10}.items():
        monkeypatch.setattr(optimizers, name, small)
    for name, small in {"METHODS": ("naive",), "SEEDS": 3}.items():
        monkeypatch.setattr(bench, name, small)
    row = {"scale": "days", "size": 4, "seconds": 1.5, "memory_mib": 2.0}
    scales = pd.DataFrame([row | {"seconds_slope": 1.0, "memory_slope": 0.0}])
    monkeypatch.setattr(scale, "frame", lambda profile: scales)
    found = bench.bench("smoke", tmp_path, day_cache)
    assert set(found) == NAMES
    assert json.loads((tmp_path / "smoke" / "bench.json").read_text()) == found
    for entry in found.values():
        assert entry["ratio"] == entry["median_s"] / entry["baseline_s"] > 0
        assert entry["n"] >= 3
        assert entry["baseline"]
    assert found["study_parallel_efficiency"]["ratio"] < 1
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "smoke" / "bench_scale.csv"), scales)
    assert (tmp_path / "smoke" / "bench_scale.md").read_text() == scale.markdown(scales)


@pytest.mark.slow
def test_memory_is_measured_in_a_process_of_its_own():
    rows = 1 << 17
    config = sizes_of("smoke", "large", {"TrainerConfig.batch_size": rows})
    predicted_mib = sizes.memory_of(config).total / 2**20
    assert 0.5 < scale.memory_mib("smoke", "batch", rows) / predicted_mib < 2
