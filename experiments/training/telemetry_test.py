"""Telemetry: what it measures against NumPy, that it changes no bit, which rows it keeps."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from data import TASKS, DayCache, Stream
from experiments.machinery.records.checkpoint import Checkpoint, CheckpointStore
from experiments.machinery.records.record import Store
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.machinery.workers.runner import Runner
from experiments.studies.registry import telemetry_config
from experiments.studies.testing import smoke
from experiments.training.flight_recorder import Snapshot
from experiments.training.program import tensors
from experiments.training.telemetry import Ledger
from experiments.training.trainer import seeds_of, window_of

CONFIG, CLIPPY = telemetry_config(), ("clippy", "large_dcn")
MEASURES = ("grad_norm", "weight_norm", "update_norm", "grad_over_weight", "update_over_weight")
SIGMAS = ("sigma_gc", "sigma_agc", "sigma_clippy", "sigma_clippy_eq4", "sigma_lamb", "sigma")
MEASURES += SIGMAS
LABELS = ("cross", "bottom_hidden", "top_hidden", *(f"head_{task.name}" for task in TASKS))
KERNELS = {"cross": ("cross_0", "cross_1"), "bottom_hidden": ("hidden_0",)}
KERNELS |= {"top_hidden": ("hidden_3",)} | {label: (label,) for label in LABELS[3:]}


@pytest.fixture(scope="module")
def runner(tmp_path_factory, day_cache):
    """One runner for all runs with telemetry, so that each program is traced once."""
    return Runner(Store(tmp_path_factory.mktemp("results")), day_cache)


@pytest.mark.parametrize("method, model", [CLIPPY, ("agc", "small")])
def test_telemetry_changes_no_bit_of_a_run(tmp_path, day_cache, runner, method, model):
    run, plain = smoke(method, model), Store(tmp_path)
    found = [
        (record.run_id, (store.runs / f"{record.run_id}.csv.gz").read_bytes())
        for store, record in (
            (plain, Runner(plain, day_cache).run(run)),
            (runner._store, runner.run(run, telemetry=CONFIG)),
        )
    ]
    assert found[0] == found[1]


def test_the_columns_are_those_of_the_contract_and_the_rows_agree_with_the_curves(runner):
    store, record = runner._store, runner.run(smoke(*CLIPPY), telemetry=CONFIG)
    frame = TelemetryStore(store.root).read(record.run_id)
    names = [f"loss/{name}" for name in sorted(task.name for task in TASKS)]
    expected = ["step", "day", "learning_rate", "loss", *names]
    expected += [f"dead/hidden_{i}" for i in range(4)] + ["skipped"]
    expected += [f"{label}/{name}" for label in LABELS for name in MEASURES]
    assert sorted(frame.columns) == sorted(expected)
    assert list(frame.columns)[:4] == expected[:4]
    assert frame["step"].tolist() == list(range(1, 43))
    assert frame["day"].tolist() == [step // 6 for step in range(42)]
    assert (frame["skipped"] == 0).all()
    for row in store.curves(record).itertuples():
        steps = frame[(frame["step"] > row.step - 6) & (frame["step"] <= row.step)]
        assert steps["loss"].max() == row.worst_loss
        assert steps["loss"].mean() == pytest.approx(row.loss, rel=1e-12)
        assert (steps["learning_rate"] == row.learning_rate).all()
    tasks = frame.filter(regex="^loss/").sum(axis=1)
    np.testing.assert_allclose(tasks, frame["loss"], rtol=1e-6)


def weights_of(program):
    return {variable.name: variable.numpy() for variable in program.model.trainable_variables}


def begun(day_cache, program, run, steps):
    """Starts a run on a program; yields a batch of each of its first steps."""
    program.start(run, seeds_of(0)[0])
    days = DayCache(day_cache, Stream(run.stream, 1))
    window = window_of(run, days)
    for step in range(steps):
        yield tensors(window.batch(step, days.day))


def oracle(kernels, rate, rule):
    """The measures of one label, from (gradient, weight, accumulator before) in float64."""
    norm, steps = np.linalg.norm, [(g, w, g / np.sqrt(a + g**2)) for g, w, a in kernels]
    rules = {
        "gc": lambda g, w, r: 0.1 / norm(g),
        "agc": lambda g, w, r: 1e-3 * norm(w) / norm(g),
        "agc_per_unit": lambda g, w, r: np.min(
            0.01 * np.maximum(norm(w, axis=0), 1e-3) / np.maximum(norm(g, axis=0), 1e-30)
        ),
        "clippy": lambda g, w, r: np.min((0.5 * abs(w) + 0.01) / abs(rate * r)),
        "clippy_eq4": lambda g, w, r: np.min(0.1 * abs(w) / abs(r)),
        "lamb": lambda g, w, r: 0.01 * norm(w) / norm(r),
    }
    with np.errstate(divide="ignore"):
        sigma = {name: min(factor(*step) for step in steps) for name, factor in rules.items()}
        largest = max(np.max(abs(r) / abs(w)) for _, w, r in steps)
    # LAMB's factor may be above 1, and no other.
    sigma = {name: min(1, one) if name != "lamb" else one for name, one in sigma.items()}
    g, w, r = (norm([norm(step[k]) for step in steps]) for k in range(3))
    sizes = (g, w, r, g / w, largest)
    return dict(zip(MEASURES, (*sizes, *(sigma[name[6:] or rule] for name in SIGMAS)), strict=True))


@pytest.mark.parametrize("method, rule", [("clippy", "clippy"), ("agc", "agc_per_unit")])
def test_the_measures_are_those_of_the_definitions(day_cache, runner, method, rule):
    run = smoke(method, "large_dcn", rate=0.3)
    program = runner._program(run, CONFIG)
    for batch in begun(day_cache, program, run, 4):
        model = program.model
        model.hidden[1].weights[1][0].assign(-1e6)  # a dead unit
        before = weights_of(program)
        with tf.GradientTape() as tape:
            loss = model.compute_loss(batch)
        gradients = tape.gradient(loss, model.trainable_variables)
        accumulators = [variable.numpy() for variable in program._optimizer.accumulators]
        steps = zip(gradients, before.values(), accumulators, strict=True)
        parts = dict(zip(before, steps, strict=True))
        expected = {f"loss/{name}": float(loss) for name, loss in model.task_losses(batch).items()}
        for layer, activations in zip(model.hidden, model.forward(batch)[1], strict=True):
            expected[f"dead/{layer.name}"] = np.mean(~np.any(activations, axis=0))
        program.step(batch, 0.3)
        measures = program.measures
        assert expected["dead/hidden_1"] > 0
        assert {name: measures[name] for name in expected} == pytest.approx(expected, rel=1e-5)
        for label, layers in KERNELS.items():
            names = [n for n in before if "kernel" in n and any(f"/{x}/" in n for x in layers)]
            assert len(names) == len(layers)
            kernels = [[np.float64(part) for part in parts[name]] for name in names]
            for name, value in oracle(kernels, 0.3, rule).items():
                assert measures[f"{label}/{name}"] == pytest.approx(value, rel=2e-3), (label, name)


def test_the_update_of_adam_is_its_step_over_the_rate(day_cache, runner):
    run = smoke("adam", rate=0.01)
    program = runner._program(run, CONFIG)
    for batch in begun(day_cache, program, run, 3):
        before = weights_of(program)
        program.step(batch, 0.01)
        (name,) = (name for name in before if "/hidden_0/kernel" in f"/{name}")
        taken = (before[name] - weights_of(program)[name]) / 0.01
        measured = program.measures["bottom_hidden/update_norm"]
        assert measured == pytest.approx(np.linalg.norm(taken), rel=1e-3)
    assert "cross/sigma" not in program.measures  # Small has no cross layers


def test_a_record_without_telemetry_gets_it_and_stays_as_it_is(tmp_path, day_cache):
    """The run starts anew, whatever checkpoint there is: its telemetry is of all its steps."""
    store, run = Store(tmp_path), smoke("naive")
    runner = Runner(store, day_cache)
    runner.run(run)
    before = {path.name: path.read_bytes() for path in store.runs.iterdir()}
    CheckpointStore(tmp_path).write(run.run_id, Checkpoint(Snapshot(8, [], []), [], [], 0.0, 0.0))
    record = runner.run(run, telemetry=CONFIG)
    assert TelemetryStore(tmp_path).read(run.run_id)["step"].tolist() == list(range(1, 43))
    assert list((tmp_path / "checkpoints").iterdir()) == []
    sidecar = TelemetryStore(tmp_path).read_sidecar(run.run_id)
    assert sidecar["curves_sha256"] == record.curves_sha256
    assert all((store.runs / name).read_bytes() == content for name, content in before.items())


def test_telemetry_with_more_layers_and_rules_is_taken_for_one_with_fewer(tmp_path):
    (tmp_path / "runs").mkdir()
    store, gc = TelemetryStore(tmp_path), {"rule": "gc", "lam": 0.1}
    layers = {"top": "hidden_{top}/kernel", "bottom": "hidden_0/kernel"}
    rows = pd.DataFrame({"step": [1]})
    there = dataclasses.replace(CONFIG, layers=layers, rules={"gc": gc, "other": gc | {"rate": 1}})
    store.write("small-gc-1", rows, config=there, curves_sha256="0", events=[])

    def has(**fields):
        return store.has("small-gc-1", dataclasses.replace(there, **fields))

    assert has() and has(layers={"bottom": "hidden_0/kernel"}) and has(rules={})
    assert not has(layers=layers | {"head": "head_click/kernel"})
    assert not has(layers={"top": "hidden_0/kernel"})
    assert not has(rules={"other": gc})  # as far as it is asked for, but not the same rule
    assert not has(least_weight=2 * there.least_weight)


def test_a_run_that_is_not_finite_stops_is_a_result_and_keeps_its_last_row(runner):
    store, record = runner._store, runner.run(smoke("naive", rate=1e20), telemetry=CONFIG)
    assert record.status == "diverged"
    assert 0 < record.first_bad_step < 41
    assert record.steps == record.first_bad_step + 1
    assert record.first_bad_day == record.first_bad_step // 6
    assert record.metrics["click/auc"] is None
    assert not np.isfinite(store.curves(record).iloc[-1]["worst_loss"])
    assert store.read(record.run_id) == record
    last = TelemetryStore(store.root).read(record.run_id).iloc[-1]
    assert last["step"] == record.steps and not np.isfinite(last["loss"])


def kept_steps(steps, at=(), **changes):
    """The steps that a ledger keeps of a run with events at some steps."""
    ledger = Ledger(dataclasses.replace(CONFIG, **changes))
    for step in range(1, steps + 1):
        ledger.add({"step": step, "loss": step / 2}, step in at)
    return ledger.frame()["step"].tolist()


def test_a_short_run_keeps_every_step_and_a_long_one_a_bounded_number_of_even_ones():
    assert kept_steps(468) == list(range(1, 469))
    kept = kept_steps(1000, rows=20)
    assert (kept[0], kept[-1]) == (1, 1000)
    assert len(kept) == 17
    assert set(np.diff(kept[:-1])) == {64}


def test_every_step_around_the_first_events_is_kept():
    at = (500, 700, 900)
    kept = kept_steps(1000, at, rows=20, around_steps=30, events=2)
    for event in at[:2]:
        assert set(range(event - 30, event + 31)) <= set(kept)
    assert len(kept) <= 21 + 2 * 61
    assert kept == sorted(set(kept))
    assert sum(870 <= step <= 930 for step in kept) <= 2


@pytest.mark.parametrize(
    "field, value, said",
    [
        ("rows", 1, "a whole number"),
        ("layers", {}, "not empty"),
        ("layers", {"a": "("}, "regular expression"),
        ("layers", {"head": "{task}/kernel"}, "in both or in neither"),
        ("rules", {"gc": {"lam": 1}}, "a dict with 'rule'"),
        ("rules", {"gc": {"rule": "gc", "lam": -1}}, "above 0|> 0"),
        ("rules", {"gc": {"rule": "gc", "lam": 1, "rate": 0}}, "above 0"),
        ("rules", {"gc": {"rule": "gk"}}, "one of"),
        ("least_weight", 0, "above 0"),
        ("detector", None, "@DetectorConfig"),
        ("recorder", 3, "@RecorderConfig"),
    ],
)
def test_bad_values_are_refused(field, value, said):
    with pytest.raises(ValueError, match=f"TelemetryConfig.{field}.*: .*({said})"):
        dataclasses.replace(CONFIG, **{field: value})
