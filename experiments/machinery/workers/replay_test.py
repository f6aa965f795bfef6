"""A run that is hit by a planted shock, replayed from its snapshot to the same bits."""

import contextlib
import dataclasses
import shutil

import pytest

from experiments.errors import BadInput
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.find import find
from experiments.machinery.records.record import Store
from experiments.machinery.records.snapshots import SnapshotStore
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.machinery.workers.replay import replay, rescue
from experiments.machinery.workers.runner import Runner
from experiments.studies.registry import divergence_config, resolve, telemetry_config
from experiments.studies.testing import smoke
from experiments.training.detector import Event
from experiments.training.divergence import Label, label

# From day 4 on the regression labels are 10^8 times themselves. On every processor the loss of the
# middle task jumps at the first step of that day and does not come back; nothing else happens.
SHOCK = {
    "StreamConfig.shocks": None,
    "LabelShocks.days": (4,),
    "LabelShocks.duration_days": None,
    "LabelShocks.log_scales": (18.0, 18.0, 18.0),
}
HIT = smoke("naive", rate=0.01, values=SHOCK)
ONSET, AT = 25, 10  # 6 steps a day; snapshots every 10 steps, 12 steps before the onset or more
CONFIGS = {"telemetry": telemetry_config(), "divergence": divergence_config()}


@pytest.fixture(scope="module")
def results(tmp_path_factory, day_cache):
    """A results folder with the run, its telemetry and its snapshot, and a warm runner."""
    root = tmp_path_factory.mktemp("results")
    runner = Runner(Store(root / "smoke"), day_cache)
    runner.run(HIT, telemetry=CONFIGS["telemetry"])
    return root, runner


@pytest.fixture
def copied(results, tmp_path, day_cache):
    """A copy of the folder: the recorded run, a runner with the programs of the other."""
    root, warm = results
    shutil.copytree(root, tmp_path / "results")
    found = find(tmp_path / "results", HIT.run_id)
    runner = Runner(found.store, day_cache, pytest.fail)
    runner._programs = warm._programs
    return found, runner


def contents(found):
    """The bytes of what a run has left in runs/ and snapshots/."""
    root = found.store.root
    paths = [*root.glob("runs/*"), *root.glob("snapshots/*")]
    return {path.relative_to(root): path.read_bytes() for path in paths}


def test_a_replay_has_the_bits_of_the_run_and_another_method_has_not(copied):
    found, runner = copied
    (clippy,) = resolve(["configs/methods/clippy.gin"], (), ("MethodConfig",))
    shown = replay(found, runner, steps=20, method=clippy, rate=0.02, **CONFIGS)
    assert (shown.step, shown.onset, shown.equal_steps) == (AT, ONSET, (20, 20))
    assert shown.same_bits
    assert list(shown.kinds) == ["as it was", "clippy at rate 0.02"]
    assert shown.rows["step"].tolist() == list(range(11, 31))
    losses, others = shown.rows["loss"].to_numpy(), shown.rows["other_loss"].to_numpy()
    assert losses[0] == others[0]  # the step from the snapshot itself
    assert (losses[1:14] != others[1:14]).all()
    assert losses[14] > 1e6 * losses[13]


def test_a_rescue_is_the_other_half_of_a_replay_of_all_steps(copied):
    found, runner = copied
    (clippy,) = resolve(["configs/methods/clippy.gin"], (), ("MethodConfig",))
    shown = replay(found, runner, method=clippy, **CONFIGS)
    assert (
        shown.kinds["as it was"]
        == label(found.store.curves(found.record), CONFIGS["divergence"]).kind
    )
    assert rescue(found, runner, method=clippy, **CONFIGS) == (AT, ONSET, shown.kinds["clippy"])
    naive = rescue(found, runner, method=HIT.method, **CONFIGS)
    assert naive == (AT, ONSET, shown.kinds["as it was"])


def test_a_loss_that_is_not_the_recorded_one_is_counted(copied):
    found, runner = copied
    store = TelemetryStore(found.store.root)
    frame = store.read(HIT.run_id)
    frame.loc[frame["step"] == 20, "loss"] += 1.0
    store.write(HIT.run_id, frame, config=CONFIGS["telemetry"], curves_sha256="other", events=[])
    shown = replay(found, runner, steps=15, **CONFIGS)
    assert shown.equal_steps == (14, 15)
    assert not shown.same_bits


def test_telemetry_of_other_measures_is_kept_where_the_snapshot_is_missing(copied):
    """As that of the committed studies: figures and claims are made of it."""
    found, runner = copied
    layers = {"bottom_hidden": "hidden_0/kernel"}
    few = dataclasses.replace(CONFIGS["telemetry"], layers=layers, rules={}, recorder=None)
    runner.run(HIT, telemetry=few)
    made = contents(found)
    shutil.rmtree(found.store.root / "snapshots")
    said = []
    assert replay(found, runner, steps=9, say=said.append, **CONFIGS).equal_steps == (9, 9)
    assert said == [f"{HIT.run_id} has no snapshot: training it again"]
    assert contents(found) == made


@pytest.mark.parametrize(
    "what, name", [("snapshot", "snapshots/{}.npz"), ("telemetry", "runs/{}.telemetry.csv.gz")]
)
def test_a_damaged_file_is_set_aside_and_made_again(copied, what, name):
    found, runner = copied
    before, said = contents(found), []
    path = found.store.root / name.format(HIT.run_id)
    path.write_bytes(path.read_bytes()[:-50])
    replay(found, runner, steps=1, say=said.append, **CONFIGS)
    assert said[0].startswith(f"damaged: {path}: ") and said[0].endswith("made again")
    assert said[1:] == [f"{HIT.run_id} has no {what}: training it again"]
    assert (found.store.root / "damaged" / path.name).exists()
    assert contents(found).items() >= before.items()


def test_a_run_that_another_process_trains_again_meanwhile_is_not_trained_twice(
    copied, monkeypatch
):
    found, runner = copied
    snapshots, said = found.store.root / "snapshots", []
    kept = snapshots.rename(found.store.root / "kept")

    @contextlib.contextmanager
    def of(claims, name, wait):
        kept.rename(snapshots)  # as the process that was waited for
        yield

    monkeypatch.setattr(Claims, "of", of)
    monkeypatch.setattr(Runner, "again", lambda *given: pytest.fail("trained twice"))
    shown = replay(found, runner, steps=1, say=said.append, **CONFIGS)
    assert (shown.equal_steps, len(said)) == ((1, 1), 1)


def without_event(found, monkeypatch):
    shutil.rmtree(found.store.root / "snapshots")
    monkeypatch.setattr(Runner, "again", lambda *given: None)  # which sees no divergence


def test_a_diverged_run_without_a_snapshot_goes_on_from_its_first_step(copied, monkeypatch):
    found, runner = copied
    without_event(found, monkeypatch)
    shown = replay(found, runner, say=lambda line: None, **CONFIGS)
    assert (shown.step, shown.onset) == (0, ONSET)
    assert shown.equal_steps == (42, 42)  # all steps of the run


def test_a_healthy_run_without_an_event_cannot_be_replayed(copied, monkeypatch):
    found, runner = copied
    without_event(found, monkeypatch)
    monkeypatch.setattr(
        "experiments.machinery.workers.replay.label", lambda *given: Label("healthy", None)
    )
    with pytest.raises(BadInput, match=f"RUN = '{HIT.run_id}': no divergence .* expected a run"):
        replay(found, runner, steps=1, say=lambda line: None, **CONFIGS)


def test_a_network_that_has_diverged_is_no_beginning(copied, monkeypatch):
    """A snapshot that was kept for a later event, and one of a network with a dead layer."""
    found, runner = copied
    snapshots, store = SnapshotStore(found.store.root), TelemetryStore(found.store.root)
    snapshot, _ = snapshots.read(HIT.run_id)
    said, dating = [], "experiments.machinery.workers.replay.event_of"

    def begun():
        said.clear()
        return replay(found, runner, steps=1, say=said.append, **CONFIGS).step

    monkeypatch.setattr(dating, lambda *_: None)
    snapshots.write(HIT, snapshot._replace(step=ONSET), Event("full", 40, ONSET + 1, "loss"))
    assert (begun(), said) == (ONSET, [])
    monkeypatch.setattr(dating, lambda *_: Event("micro", 37, ONSET, "loss"))
    assert begun() == 0
    assert said == [
        f"at step {ONSET}, of which there is a snapshot, the network has diverged already: "
        "replaying from the first step"
    ]
    snapshots.write(HIT, snapshot, Event("full", 40, ONSET, "loss"))
    assert (begun(), said) == (AT, [])
    frame = store.read(HIT.run_id)
    frame.loc[frame["step"] == AT, "dead/hidden_1"] = 0.61
    store.write(HIT.run_id, frame, config=CONFIGS["telemetry"], curves_sha256="", events=[])
    assert begun() == 0
    assert len(said) == 1


def test_how_it_ends_is_judged_with_what_was_before_the_snapshot(copied, monkeypatch):
    """A lift that was had before counts, though the replay has never seen it."""
    found, runner = copied
    judged = []
    monkeypatch.setattr(
        "experiments.machinery.workers.replay.label",
        lambda curves, divergence: judged.append(curves["step"].tolist()) or Label("full", 1),
    )
    replay(found, runner, steps=4, **CONFIGS)
    assert judged == [[6, 11, 12, 13, 14]]
