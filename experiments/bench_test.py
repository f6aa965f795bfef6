"""The bench: candidates in turn, medians, and a file with the names of the contract."""

import json

from experiments import bench, optimizer_bench

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
}


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
    found = bench.bench("smoke", tmp_path, day_cache)
    assert set(found) == NAMES
    assert json.loads((tmp_path / "smoke" / "bench.json").read_text()) == found
    for entry in found.values():
        assert entry["ratio"] == entry["median_s"] / entry["baseline_s"] > 0
        assert entry["n"] >= 3
        assert entry["baseline"]
