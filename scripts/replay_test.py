"""A diverged run, replayed from its snapshot to the same bits, and under Clippy to another end."""

import contextlib
import dataclasses
import json

import pytest

from experiments.errors import BadInput
from experiments.findings.doctor import diagnose
from experiments.machinery.records import find as recorded
from experiments.machinery.records.record import Store
from experiments.machinery.records.snapshots import SnapshotStore
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.machinery.workers.runner import Runner
from experiments.studies.grid import run_config
from experiments.studies.registry import resolve, telemetry_config
from experiments.training.config import RunConfig
from experiments.training.detector import Event
from experiments.training.recorder import Recorder, RecorderConfig
from scripts import replay_run as module
from scripts.replay_run import replay, replay_one, report

# Long enough to learn before its only shock, of which it dies.
VALUES = {
    "StreamConfig.days": 14,
    "Shocks.days": (10,),
    "LabelShocks.days": (10,),
    "LabelShocks.log_scales": (0.0, 0.5, 5.0),
    "TrainerConfig.warmup_days": 6,
    "TrainerConfig.steps_per_day": 12,
    "TrainerConfig.evaluate_every_steps": 12,
}
DIES = run_config(
    "smoke",
    "large_dcn",
    "naive",
    learning_rate=0.1,
    data_seed=1000,
    run_seed=0,
    values=VALUES,
)


@pytest.fixture(scope="module")
def results(tmp_path_factory, day_cache):
    """A results folder with one run that diverges, its telemetry and its snapshot."""
    root = tmp_path_factory.mktemp("results")
    Runner(Store(root / "smoke"), day_cache).run(DIES, telemetry=telemetry_config())
    return root


@pytest.fixture(scope="module")
def replayed(results, day_cache):
    """The run as it was and under Clippy, from the same snapshot."""
    (clippy,) = resolve(["configs/methods/clippy.gin"], (), ("MethodConfig",))
    found = recorded.find(results, DIES.run_id)
    return replay(found, day_cache, steps=60, method=clippy)


def test_the_snapshot_lies_before_the_onset(results):
    snapshot, sidecar = SnapshotStore(results / "smoke").read(DIES.run_id)
    assert sidecar["event"]["onset"] == 121  # the first step of the day of the shock
    assert snapshot.step == 100  # a multiple of 10, 12 steps or more before
    assert sidecar["run_seed"] == 0


def test_a_replay_has_the_bits_of_the_run(replayed):
    assert replayed.equal_steps == (56, 56)  # to the end of the run
    assert replayed.same_bits
    assert "the losses of all 56 steps are those recorded" in report(replayed)


def test_a_replay_under_clippy_ends_otherwise(replayed):
    assert replayed.kinds["as it was"] == "full"
    assert replayed.kinds["clippy"] != "full"
    after = replayed.rows[replayed.rows["step"] > 121].mean()
    assert after["other_auc"] > after["auc"] + 0.05
    text = report(replayed).splitlines()
    assert text[-1].startswith("verdict: clippy would have")
    assert len(text) == len(replayed.rows) + 4


def test_a_loss_that_is_not_the_recorded_one_is_said(results, day_cache, tmp_path):
    spoiled = copy_of(results, tmp_path)
    store = TelemetryStore(spoiled / "smoke")
    frame = store.read(DIES.run_id)
    frame.loc[frame["step"] == 110, "loss"] += 1.0
    store.write(DIES.run_id, frame, config=telemetry_config(), curves_sha256="other", events=[])
    shown = replay(recorded.find(spoiled, DIES.run_id), day_cache, steps=20)
    assert shown.equal_steps == (19, 20)
    assert "bits: the losses of 1 of 20 steps differ; this machine rounds" in report(shown)


def test_telemetry_of_other_measures_is_looked_at_and_kept(day_cache, tmp_path):
    """As that of the committed studies: figures and claims are made of it."""
    layers = {"bottom_hidden": "hidden_0/kernel"}
    few = dataclasses.replace(telemetry_config(), layers=layers, rules={}, recorder=None)
    runner, said = Runner(Store(tmp_path / "smoke"), day_cache), []
    runner.run(DIES, telemetry=few)
    files = sorted((tmp_path / "smoke" / "runs").iterdir())
    before = [path.read_bytes() for path in files]
    found = recorded.find(tmp_path, DIES.run_id)
    lines = diagnose(found, runner, said.append).lines
    assert "smallest factor each rule gives there: not measured" in lines
    assert said == []
    assert replay(found, day_cache, steps=20, say=said.append).equal_steps == (20, 20)
    assert said == [f"{DIES.run_id} has no snapshot: training it again"]
    assert [path.read_bytes() for path in files] == before


def test_a_missing_snapshot_is_recorded_again_and_that_is_said(results, day_cache, tmp_path):
    copied, said = copy_of(results, tmp_path), []
    for path in (copied / "smoke" / "snapshots").iterdir():
        path.unlink()
    before = (copied / "smoke" / "runs" / f"{DIES.run_id}.json").read_bytes()
    replay(recorded.find(copied, DIES.run_id), day_cache, steps=2, say=said.append)
    assert said == [f"{DIES.run_id} has no snapshot: training it again"]
    assert (copied / "smoke" / "runs" / f"{DIES.run_id}.json").read_bytes() == before
    for name in (f"{DIES.run_id}.npz", f"{DIES.run_id}.json"):
        made, first = (root / "smoke" / "snapshots" / name for root in (copied, results))
        assert made.read_bytes() == first.read_bytes()


def test_a_run_that_another_process_trains_again_meanwhile_is_not_trained_twice(
    results, day_cache, tmp_path, monkeypatch
):
    copied, said = copy_of(results, tmp_path), []
    snapshots = copied / "smoke" / "snapshots"
    snapshots.rename(tmp_path / "kept")

    class Claims(module.Claims):
        @contextlib.contextmanager
        def of(self, name, wait=None):
            with super().of(name, wait):
                (tmp_path / "kept").rename(snapshots)  # as the one that was waited for
                yield

    def again(self, config, telemetry):
        raise AssertionError("trained twice")

    monkeypatch.setattr(module, "Claims", Claims)
    monkeypatch.setattr(Runner, "again", again)
    shown = replay(recorded.find(copied, DIES.run_id), day_cache, steps=1, say=said.append)
    assert shown.equal_steps == (1, 1)
    assert len(said) == 1


def copy_of(results, folder):
    for path in results.rglob("*.*"):
        target = folder / path.relative_to(results)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return folder


def spoil(folder, kind):
    arrays, sidecar = (folder / "snapshots" / f"{DIES.run_id}.{end}" for end in ("npz", "json"))
    if kind == "truncated":
        arrays.write_bytes(arrays.read_bytes()[:-50])
    elif kind == "missing":
        arrays.unlink()
    elif kind == "foreign":
        sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"run_id": "other"}))
    elif kind == "another schema":
        sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"schema": 99}))
    elif kind == "no sidecar":
        sidecar.write_text("{}")
    elif kind == "telemetry":
        path = folder / "runs" / f"{DIES.run_id}.telemetry.csv.gz"
        path.write_bytes(path.read_bytes()[:-50])


@pytest.mark.parametrize(
    "kind", ["truncated", "missing", "foreign", "another schema", "no sidecar", "telemetry"]
)
def test_spoiled_files_are_set_aside_and_recorded_again(results, day_cache, tmp_path, kind):
    copied, said = copy_of(results, tmp_path), []
    spoil(copied / "smoke", kind)
    replay(recorded.find(copied, DIES.run_id), day_cache, steps=1, say=said.append)
    what = "telemetry" if kind == "telemetry" else "snapshot"
    assert said[0].startswith(f"damaged: {copied}/smoke/") and said[0].endswith("made again")
    assert said[1:] == [f"{DIES.run_id} has no {what}: training it again"]
    assert any((copied / "smoke" / "damaged").iterdir())
    for path in results.glob("smoke/*/*"):
        assert (copied / path.relative_to(results)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "run_id, said",
    [
        ("", "allowed is the name of a record"),
        ("../x", "allowed is the name of a record"),
        ("nobody", "no record in"),
    ],
)
def test_a_run_that_is_not_there_is_bad_input(results, run_id, said):
    with pytest.raises(BadInput, match=f"RUN = {run_id!r}: {said}"):
        recorded.find(results, run_id)


def test_a_method_on_another_optimizer_cannot_go_on_from_the_state_of_the_run(results, tmp_path):
    given = {"run_id": DIES.run_id, "steps": 1, "rate": None, "results": results}
    with pytest.raises(
        BadInput, match="METHOD = 'clippy_adam': .*: allowed is a method on adagrad"
    ):
        replay_one(**given, method="clippy_adam", cache=tmp_path, say=print)


def test_a_configuration_comes_back_from_its_record(results):
    fields = json.loads(json.dumps(DIES.to_dict()))
    again = RunConfig.from_dict(fields)
    assert again == DIES
    assert again.run_id == DIES.run_id
    plain = dataclasses.replace(DIES, stream=dataclasses.replace(DIES.stream, shocks=None))
    assert RunConfig.from_dict(plain.to_dict()) == plain


class StandIn:
    """A program whose snapshot is the step it was taken at."""

    def snapshot(self, step):
        return type("Held", (), {"step": step})()


def saved_by(events, steps=200, **changes):
    """The steps of the snapshots that a recorder saves, with events {step: Event}."""
    config = RecorderConfig(**{"every_steps": 10, "snapshots": 5, "lead_steps": 12} | changes)
    saved = []
    recorder = Recorder(config, lambda snapshot, event: saved.append((snapshot.step, event.kind)))
    for step in range(steps):
        recorder.before(step, StandIn())
        if step + 1 in events:
            recorder.fired(events[step + 1])
    return saved


def test_a_full_divergence_takes_the_place_of_a_micro_divergence():
    events = {55: Event("jump", 55, 55), 70: Event("micro", 70, 55), 120: Event("jump", 120, 120)}
    events |= {190: Event("full", 190, 120)}
    # 107 is the last step early enough for an onset at 120; it is held until the end is known.
    assert saved_by(events) == [(40, "jump"), (100, "full")]


def test_a_late_detector_gets_the_oldest_snapshot():
    assert saved_by({150: Event("full", 150, 20)}) == [(100, "full")]
    assert saved_by({3: Event("full", 3, 2)}) == [(0, "full")]
