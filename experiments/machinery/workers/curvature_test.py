"""A run that is measured once more: no bit of it changes, and its rows are of the right step."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from data import DayCache, Stream
from experiments.errors import Damaged
from experiments.machinery.records.curvature_store import CurvatureStore
from experiments.machinery.records.record import Store
from experiments.machinery.workers import curvature, worker
from experiments.machinery.workers.curvature import Gauge
from experiments.machinery.workers.runner import Runner
from experiments.machinery.workers.study import NotRecorded, Study
from experiments.machinery.workers.testing import FakeRunner, InProcess, Opened
from experiments.studies.testing import smoke
from experiments.training.curvature import CurvatureConfig
from experiments.training.hessian import Hessian
from experiments.training.program import Program, tensors
from experiments.training.trainer import seeds_of, window_of

HOW = CurvatureConfig(
    every_steps=10, days=(2,), lead_steps=1, follow_steps=2, vectors=20, restarts=60, tolerance=1e-6
)
STEPS = [10, 12, 13, 14, 20, 30, 40]
RUN = smoke("clippy", rate=0.3)


@pytest.fixture(scope="module")
def measured(tmp_path_factory, day_cache):
    """(Store, what its runs folder had before, the curvature) of a recorded run."""
    store = Store(tmp_path_factory.mktemp("results"))
    runner = Runner(store, day_cache)
    runner.run(RUN)
    before = {path.name: path.read_bytes() for path in store.runs.iterdir()}
    Gauge(runner, store.root).measure(RUN, HOW)
    return store, before, CurvatureStore(store.root).read(RUN.run_id)


def test_no_bit_of_a_run_changes(measured):
    store, before, _ = measured
    after = {path.name: path.read_bytes() for path in store.runs.iterdir()}
    assert {name: after[name] for name in before} == before
    own = {f"{RUN.run_id}.curvature.{ending}" for ending in ("csv.gz", "json")}
    assert set(after) == set(before) | own
    said = CurvatureStore(store.root).read_sidecar(RUN.run_id)
    assert said["curves_sha256"] == store.read(RUN.run_id).curves_sha256
    assert [record.run_id for record in store.records()] == [RUN.run_id]


def test_a_row_is_of_the_weights_before_its_step_and_of_what_the_step_divides_by(
    measured, day_cache
):
    rows = measured[2]
    assert rows["step"].tolist() == list(np.repeat(STEPS, 2))
    assert rows["batch"].tolist() == ["own", "probe"] * len(STEPS)
    assert (rows["largest_why"] == "").all() and (rows["applied_why"] == "").all()
    days = DayCache(day_cache, Stream(RUN.stream, RUN.data_seed))
    window, program, hessian = window_of(RUN, days), Program(RUN), Hessian(RUN)
    program.start(RUN, seeds_of(RUN.run_seed)[0])
    for step in range(13):
        weights, batch = program.snapshot(step).weights, tensors(window.batch(step, days.day))
        loss = program.step(batch, RUN.rate_at(step))
    hessian.move(weights)
    probe = tensors(days.day(RUN.stream.days - 1)[: RUN.trainer.batch_size])
    rate = RUN.rate_at(12)
    roots = hessian.roots(RUN.method, batch, program.snapshot(13).state, rate)
    for name, one in (("own", batch), ("probe", probe)):
        dense = np.array([hessian.product(one, unit) for unit in np.eye(hessian.size)])
        row = rows[(rows["step"] == 13) & (rows["batch"] == name)].iloc[0]
        for column, root in roots.items():
            expected = np.linalg.eigvalsh(root[:, None] * (dense + dense.T) / 2 * root)[-1]
            assert row[column] == pytest.approx(expected, rel=1e-4), (name, column)
        assert (row["day"], row["learning_rate"]) == (2, rate)
    own, applied = (rows.loc[rows["batch"] == "own", name] for name in ("largest", "applied"))
    assert rows.loc[rows["step"] == 13, "loss"].iloc[0] == pytest.approx(loss, rel=1e-5)
    assert (applied < own).any()  # Clippy clips


def test_a_run_that_is_not_finite_has_rows_without_values(tmp_path, day_cache):
    run, store = smoke("naive", rate=1e20), Store(tmp_path)
    often = dataclasses.replace(HOW, every_steps=1)
    Gauge(Runner(store, day_cache), tmp_path).measure(run, often)
    rows = CurvatureStore(tmp_path).read(run.run_id)
    assert rows["step"].max() == store.read(run.run_id).steps
    last = rows[rows["step"] == rows["step"].max()]
    assert last["largest"].isna().all() and set(last["largest_why"]) == {"not finite"}


def test_a_study_measures_what_is_missing_and_one_that_only_reads_says_so(tmp_path, day_cache):
    opened = Opened(tmp_path)
    pool = InProcess(opened.store, day_cache)
    study, quick = opened.study(pool), dataclasses.replace(HOW, every_steps=40, days=())
    run, measured = smoke(), CurvatureStore(tmp_path)
    assert not study.is_done(run, quick)
    (record,) = study.execute([run], quick)
    assert study.is_done(run, quick) and study.is_done(run)
    assert measured.read(run.run_id)["step"].unique().tolist() == [40]
    study.execute([run], quick)
    assert pool.ran == [run.run_id]
    reader = Study(opened.store, None, opened.display)
    assert reader.execute([run], quick) == [record]
    with pytest.raises(NotRecorded, match="^1 runs are not recorded"):
        reader.execute([run], HOW)
    measured.file(run.run_id).write_bytes(b"")
    with pytest.raises(Damaged, match="not the curvature of its sidecar"):
        reader.is_done(run, quick)
    study.execute([run], quick)
    assert pool.ran == [run.run_id] * 2


def test_a_worker_measures_what_it_is_asked_to_by_one_gauge(monkeypatch, tmp_path):
    gauges = []

    class FakeGauge:
        def __init__(self, runner, root):
            gauges.append((runner, root))
            self.measure = lambda config, how, on_row: on_row({"step": config.run_seed})

    monkeypatch.setattr(worker, "make_runner", FakeRunner)
    monkeypatch.setattr(curvature, "Gauge", FakeGauge)
    (tmp_path / "progress").mkdir()
    assert worker.prepare(tmp_path, "unused")
    assert [worker.execute(smoke(seed=seed), HOW).how for seed in range(2)] == ["done"] * 2
    ((runner, root),) = gauges
    assert (type(runner), root) == (FakeRunner, tmp_path)
    assert Store(tmp_path).read(RUN.run_id) is None  # the gauge has it trained


def test_rows_come_back_with_every_digit_and_reason(tmp_path):
    columns = {"step": [3, 3], "batch": ["own", "probe"], "largest": [1 / 3, np.nan]}
    frame = pd.DataFrame(columns | {"largest_why": ["", "not finite"]})
    store = CurvatureStore(tmp_path)
    store.folder.mkdir()
    store.write(RUN.run_id, frame, config=HOW, curves_sha256="0")
    pd.testing.assert_frame_equal(store.read(RUN.run_id), frame, check_exact=True)
    assert store.has(RUN.run_id, HOW)
    assert not store.has(RUN.run_id, dataclasses.replace(HOW, vectors=9))
