"""A log goes from files to a table by gin alone; what is wrong with it is one line."""

import dataclasses
import functools

import numpy as np
import pytest

from data.logs.testing import config as logs_config
from data.logs.testing import day_frame, write_days
from experiments import run
from experiments.errors import BadInput
from experiments.machinery.records.checkpoint import Keeper
from experiments.machinery.records.record import Store
from experiments.machinery.workers import runner as runner_module
from experiments.machinery.workers.runner import Runner
from experiments.studies.testing import smoke, with_part
from experiments.training import metrics

LOG = """
include 'configs/models/small.gin'
include 'configs/methods/{method}.gin'
run.learning_rate = 0.1
run.stream = @LogsConfig()
LogsConfig.path = '{path}'
LogsConfig.days = 5
LogsConfig.dense = ('age', 'price')
LogsConfig.categorical = {{'country': 'indexed', 'device': 'indexed', 'item': 'hashed'}}
LogsConfig.vocabulary_size = 4
LogsConfig.standardised_days = 2
LogsConfig.tasks = {{'click': 'binary', 'watch_time': 'regression'}}
"""


@pytest.fixture
def folder(tmp_path):
    return write_days(tmp_path / "log")


def gin_file(tmp_path, folder, method="clippy"):
    path = tmp_path / f"{method}.gin"
    path.write_text(LOG.format(path=folder, method=method))
    return path


def where(tmp_path):
    return {"profile": "smoke", "results": tmp_path / "results", "cache": tmp_path / "cache"}


def on_log(folder, **changes):
    """The RunConfig of a smoke run on the log of tests."""
    config = with_part(smoke(), "trainer", steps_per_day=4, batch_size=32, window_days=2)
    return dataclasses.replace(config, stream=logs_config(folder, **changes))


def test_a_run_on_a_log_leaves_its_record(tmp_path, folder):
    found = run(gin_file(tmp_path, folder), quiet=True, **where(tmp_path))
    assert found["status"].tolist() == ["finished"]
    assert 0 < found["auc"].iloc[0] < 1 and found["rmse"].iloc[0] > 0
    again = run(gin_file(tmp_path, folder), quiet=True, **where(tmp_path))
    assert again["run_id"].tolist() == found["run_id"].tolist()
    day_frame(1, seed=1).to_csv(folder / "day-2.csv", index=False)
    changed = run(gin_file(tmp_path, folder), quiet=True, **where(tmp_path))
    assert changed["run_id"].tolist() != found["run_id"].tolist()  # other data is another run


def test_a_missing_label_counts_in_no_metric_and_no_loss(tmp_path, folder):
    runner, config = Runner(Store(tmp_path / "results"), tmp_path / "cache"), on_log(folder)
    outcome, rows = runner.outcome(config), runner.days(config).day(4)
    batch = {name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names}
    scores = outcome.program.predict([{name: batch[name] for name in ("dense", "categorical")}])
    last, labels = outcome.curves.iloc[-1], rows["labels"]
    given = ~np.isnan(labels[:, 1])
    assert 0 < (~given).sum() < 20 and not np.isnan(labels[:, 0]).any()
    assert last["click/auc"] == pytest.approx(metrics.auc(labels[:, 0], scores["click"]), abs=1e-6)
    error = (scores["watch_time"] - labels[:, 1])[given].astype(float)
    assert last["watch_time/rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
    assert outcome.optimal == {}
    loss = outcome.program.model.task_losses(batch)["watch_time"].numpy()
    assert loss == pytest.approx(np.sum(error**2) / len(rows), rel=1e-5)


def test_a_log_may_lack_dense_columns(tmp_path, folder):
    runner = Runner(Store(tmp_path / "results"), tmp_path / "cache")
    outcome = runner.outcome(on_log(folder, dense=()))
    assert outcome.first_bad_step is None and np.isfinite(outcome.curves["loss"]).all()


def test_an_interrupted_run_on_a_log_goes_on_with_the_same_bits(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(runner_module, "Keeper", functools.partial(Keeper, every_s=0))
    config, stop = on_log(folder), RuntimeError("stopped")

    def stop_at(row):
        if row["step"] >= 12:
            raise stop

    config = with_part(config, "trainer", evaluate_every_steps=4)
    first = Runner(Store(tmp_path / "first"), tmp_path / "cache")
    with pytest.raises(RuntimeError, match="stopped"):
        first.run(config, stop_at)
    resumed = Runner(Store(tmp_path / "first"), tmp_path / "cache").run(config)
    whole = Runner(Store(tmp_path / "whole"), tmp_path / "other_cache").run(config)
    assert 0 < resumed.provenance["resumed_at_step"] <= 12
    assert resumed.curves_sha256 == whole.curves_sha256


def test_a_bad_log_is_refused_before_anything_trains(tmp_path, folder):
    bad = day_frame(3).astype({"age": object})
    bad.loc[4, "age"] = "old"
    bad.to_csv(folder / "day-4.csv", index=False)
    with pytest.raises(BadInput, match=r"day-4\.csv: row 5: age = old: expected a finite number$"):
        run(gin_file(tmp_path, folder), quiet=True, **where(tmp_path))
    with pytest.raises(BadInput, match="LogsConfig.path = 'nowhere': expected a file or folder"):
        run(gin_file(tmp_path, "nowhere"), quiet=True, **where(tmp_path))
    assert not list((tmp_path / "results").rglob("*.json"))


def test_a_log_has_no_data_seed(tmp_path, folder):
    with pytest.raises(BadInput, match="^DATA_SEED = 3: expected none on a log"):
        run(gin_file(tmp_path, folder), data_seed=3, quiet=True, **where(tmp_path))
