"""What TensorBoard reads is what the records say."""

import dataclasses
import re
import shutil

import pandas as pd
import pytest

from clippy.keras2 import tf
from experiments.findings import events as tensorboard
from experiments.findings.runs import Wanted
from experiments.machinery.gin_files import ROOT
from experiments.machinery.records.telemetry_store import TelemetryStore
from scripts import tensorboard as script
from scripts import testing

COMMITTED = ROOT / "results" / "laptop"
PLAIN = 3  # runs of Table 2 that are copied, of three methods


def write_events(options, **wanted):
    return script.write_events(options, Wanted(**wanted))


@pytest.fixture
def options(tmp_path):
    """Four committed runs, one with the telemetry of several layers, and Table 2's list of runs."""
    sidecars = sorted(COMMITTED.glob("runs/large_dcn-naive-*.telemetry.json"))
    measured = next(path for path in sidecars if "top_hidden" in path.read_text())
    runs = pd.read_csv(COMMITTED / "table2_runs.csv").groupby("method").head(1).head(PLAIN)
    (tmp_path / "laptop" / "runs").mkdir(parents=True)
    for run_id in [measured.name.split(".")[0], *runs["run_id"]]:
        for path in COMMITTED.glob(f"runs/{run_id}.*"):
            shutil.copy(path, tmp_path / "laptop" / "runs")
    runs.to_csv(tmp_path / "laptop" / "table2_runs.csv", index=False)
    return testing.options(tmp_path, "laptop")


def events_of(page, run_id):
    """The events of a run, whose file is the only one in its folder."""
    (file,) = page.glob(f"{run_id}_*/*")
    return tf.compat.v1.train.summary_iterator(str(file))


def read_back(page, run_id):
    """Dict from (tag, step) to number, as TensorBoard would find them."""
    return {
        (value.tag, event.step): value.simple_value
        for event in events_of(page, run_id)
        for value in event.summary.value
        if not value.tag.startswith("_hparams_")
    }


def test_every_number_of_curves_and_telemetry_is_read_back(options):
    page, runs, written = write_events(options)
    store = options.store(11)
    measured = TelemetryStore(store.root)
    assert sum(measured.has(record.run_id) for record in store.records()) == 1
    assert (runs, written) == (PLAIN + 1, PLAIN + 1)
    for record in store.records():
        expected, curves = {}, store.curves(record)
        for row in curves.itertuples(index=False):
            for column, value in zip(curves.columns[1:], row[1:], strict=True):
                task, _, metric = column.partition("/")
                expected[f"{metric}/{task}" if metric else task, row.step] = value
        if measured.has(record.run_id):
            names = {"loss/total": "loss", "loss/click": "loss/click"}
            names |= {f"sigma_clippy/{x}": f"{x}/sigma_clippy" for x in ("top_hidden", "cross")}
            for row in measured.read(record.run_id).to_dict("records"):
                expected |= {(tag, row["step"]): row[name] for tag, name in names.items()}
        found = read_back(page, record.run_id)
        assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-6)
        last = max(step for tag, step in found if tag == "auc/click")
        assert found["auc/click", last] == pytest.approx(record.metrics["click/auc"], rel=1e-6)


def test_a_number_that_is_not_finite_stays_so():
    curves = pd.DataFrame({"step": [6, 3], "loss": [float("nan"), 1.0], "a/auc": [0.5, 0.25]})
    telemetry = pd.DataFrame({"step": [4], "loss": [float("inf")], "dead/hidden_0": [0.125]})
    found = tensorboard.scalars(curves, telemetry)
    assert list(found) == [3, 4, 6]
    assert found[3] == {"loss": 1.0, "auc/a": 0.25}
    assert found[4] == {"loss/total": float("inf"), "dead/hidden_0": 0.125}
    assert found[6]["loss"] != found[6]["loss"]


def test_only_what_changed_is_written_again(options):
    page, runs, written = write_events(options)
    assert written == runs
    assert write_events(options) == (page, runs, 0)
    store = options.store(11)
    changed = next(iter(store.records()))
    later = changed.provenance | {"wall_s": 2 * changed.provenance["wall_s"]}
    store.write(dataclasses.replace(changed, provenance=later), store.curves(changed))
    assert write_events(options) == (page, runs, 1)
    times = [event.wall_time for event in events_of(page, changed.run_id)]
    assert times == sorted(times)
    assert times[-1] - times[0] == pytest.approx(later["wall_s"])


def test_a_page_shows_the_chosen_runs_and_keeps_the_others(options):
    everything, _, _ = write_events(options)
    page, runs, written = write_events(options, study="configs/studies/table2.gin")
    assert (runs, written) == (PLAIN, 0)
    methods = {path.name.split("-")[1] for path in page.iterdir() if path.is_symlink()}
    one, few = sorted(methods)[0], ",".join(sorted(methods)[:2])
    assert len(methods) == PLAIN
    assert write_events(options, method=one, study="table2")[1] == 1
    assert write_events(options, method=few, study="table2")[1] == 2
    (gone,) = page.glob(f"*-{one}-*")
    runs_file = everything.parent.parent.parent / "table2_runs.csv"
    table = pd.read_csv(runs_file)
    table[table["method"] != one].to_csv(runs_file, index=False)
    write_events(options, study="table2")
    assert not gone.is_symlink()
    assert len(list(everything.glob("*/events*"))) == PLAIN + 1


def test_hparams_say_what_sets_a_run_apart(options):
    page, _, _ = write_events(options)
    records = options.store(11).records()
    record = next(one for one in records if one.config["method"]["thresholds"])
    (value,) = record.config["method"]["thresholds"].values()
    assert tensorboard.hparams(record) == {
        "model": record.run_id.split("-")[0],
        "method": record.run_id.split("-")[1],
        "threshold": f"{value:g}",
        "learning_rate": record.config["learning_rate"],
        "run_seed": record.config["run_seed"],
    }
    plugin_data_pb2 = pytest.importorskip("tensorboard.plugins.hparams.plugin_data_pb2")
    contents = [
        plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)
        for event in events_of(page, record.run_id)
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "hparams"
    ]
    started = next(x.session_start_info for x in contents if x.HasField("session_start_info"))
    assert started.hparams["method"].string_value == record.config["method"]["name"]
    assert started.hparams["learning_rate"].number_value == record.config["learning_rate"]


@pytest.mark.parametrize(
    "name, added", [("tensorboard", "tensorboard"), ("gpu", "nvidia-cudnn-cu12")]
)
def test_the_lock_of_an_extra_agrees_with_that_of_the_environment(name, added):
    def pins(name):
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))

    extra, own = pins(f"requirements-{name}.lock"), pins("requirements.lock")
    shared = set(extra) & set(own)
    assert added in set(extra) - shared
    assert len(shared) > 3
    assert {name: extra[name] for name in shared} == {name: own[name] for name in shared}
