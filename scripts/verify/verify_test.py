"""`make verify`: what it says of made-up runs, and of runs that are trained again."""

import dataclasses
import json

import pandas as pd
import pytest

from experiments.machinery.records.provenance import provenance
from experiments.machinery.records.record import Store
from experiments.machinery.workers.runner import Runner
from experiments.studies.registry import divergence_config
from experiments.studies.session import Options
from experiments.studies.settings import run_config
from experiments.studies.testing import leave
from scripts.verify import rerun
from scripts.verify.__main__ import verify
from scripts.verify.check import _difference, read
from scripts.verify.rerun import choose, compare, run_again

HEALTHY, DEAD = (0.6, 0.7, 0.75), (0.7, 0.6, 0.5)
DIVERGENCE = divergence_config()
X, Y = "x" * 90, "y" * 90
HERE = dict.fromkeys(rerun.MACHINE, "1")


def recorded(tmp_path, aucs, **machine):
    """(record, curves) of a made-up run on a machine like HERE, but for some of its parts."""
    record = leave(tmp_path / "smoke", aucs=aucs)
    curves = Store(tmp_path / "smoke").curves(record)
    return dataclasses.replace(record, provenance=HERE | machine), curves


def again(tmp_path, before, after, **machine):
    record, curves = recorded(tmp_path, before, **machine)
    return compare(record, curves, curves.assign(**{"click/auc": after}), DIVERGENCE, HERE)


@pytest.mark.parametrize("aucs", [HEALTHY, DEAD])
def test_the_same_bits_are_right_anywhere_and_one_bit_is_too_much_on_the_same_machine(
    tmp_path, aucs
):
    for machine in ({}, {"processor": "other"}):
        assert again(tmp_path, aucs, aucs, **machine) == ("ok", "every bit of its curves")
    found = again(tmp_path, aucs, (*aucs[:2], aucs[2] + 2**-52))
    assert found == ("differs", "its curves, on the same processor and versions")


@pytest.mark.parametrize("part", rerun.MACHINE)
def test_elsewhere_a_healthy_run_is_held_to_a_tolerance(tmp_path, part):
    for gap, expected in ((0.9, "ok"), (-0.9, "ok"), (1.1, "differs"), (-1.1, "differs")):
        moved = (*HEALTHY[:2], HEALTHY[2] + gap * 0.05)
        verdict, why = again(tmp_path, HEALTHY, moved, **{part: "other"})
        assert verdict == expected
        assert why.startswith(f"recorded with {part} other: other bits, as may be; healthy again")


def test_a_run_of_several_devices_is_not_held_to_the_bits_of_one(tmp_path):
    here = {name: value for name, value in HERE.items() if name != "replicas"}
    record, curves = recorded(tmp_path, HEALTHY, replicas=2)
    moved = curves.assign(**{"click/auc": (0.6, 0.7, 0.76)})
    verdict, why = compare(record, curves, moved, DIVERGENCE, here)
    assert verdict == "ok"
    assert why.startswith("recorded with replicas 2: other bits, as may be; healthy again")
    on_one = dataclasses.replace(record, provenance=here)
    assert compare(on_one, curves, moved, DIVERGENCE, here)[0] == "differs"


@pytest.mark.parametrize(
    "before, after", [(HEALTHY, DEAD), (DEAD, HEALTHY), (DEAD, (0.7, 0.6, 0.501))]
)
def test_elsewhere_nothing_is_said_of_a_divergence(tmp_path, before, after):
    verdict, why = again(tmp_path, before, after, processor="other")
    assert verdict == "not checked"
    assert "; ended as " in why


def candidates(tmp_path):
    """Twelve runs, cheap ones and dear ones, every other cheap one of another machine."""
    found = []
    for seed in range(12):
        record = leave(tmp_path / "smoke", seed=seed, model="small" if seed % 3 else "large")
        machine = HERE | ({"numpy": "other"} if seed % 2 else {})
        found.append((tmp_path / "smoke", dataclasses.replace(record, provenance=machine)))
    return found


def test_cheap_runs_are_chosen_those_of_this_machine_first(tmp_path, monkeypatch):
    monkeypatch.setattr(rerun, "CHEAP_SHARE", 8 / 12)
    found = candidates(tmp_path)
    names = {
        seed: [record.config["run_seed"] for _, record, _ in choose(found, 4, seed, HERE)]
        for seed in range(6)
    }
    assert {frozenset(chosen) for chosen in names.values()} == {frozenset({2, 4, 8, 10})}
    assert len({tuple(chosen) for chosen in names.values()}) > 1
    assert choose(found, 4, 3, HERE) == choose(found[::-1], 4, 3, HERE)
    assert len(choose(found, 99, 0, HERE)) == 12


def test_a_run_is_trained_again_to_the_bit_and_a_changed_one_is_found(tmp_path, day_cache):
    folder = tmp_path / "smoke"
    store = Store(folder)
    config = run_config("smoke", "small", "gc", learning_rate=0.1, data_seed=1, run_seed=4)
    record = Runner(store, day_cache).run(config)
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    name = f"smoke/{record.run_id}, trained again"
    assert list(run_again([(folder, record)], day_cache, 3, 0)) == [
        (name, "ok", "every bit of its curves")
    ]
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before
    curves = store.curves(record)
    curves.loc[1, "loss"] *= 1.0001  # as one who invents a result
    record = store.write(record, curves)
    (found,) = run_again([(folder, record)], day_cache, 1, 0)
    assert found == (name, "differs", "its curves, on the same processor and versions")
    assert list(run_again([(folder, record)], day_cache, 0, 0)) == []
    assert provenance()["processor"] == record.provenance["processor"]


def optimal(root, seed, value):
    """A record of before version 0.5.0 with this Bayes-optimal AUC."""
    record = leave(root, seed=seed)
    path = root / "runs" / f"{record.run_id}.json"
    fields = json.loads(path.read_text()) | {"optimal": {"click/auc": value}}
    del fields["own_sha256"]
    path.write_text(json.dumps(fields))
    return f"{root.name}/runs/{path.name}"


def test_an_optimal_metric_that_is_not_that_of_the_stream_differs(tmp_path):
    for seed, value in enumerate((0.8, 0.8 + 1e-8, 0.8)):
        optimal(tmp_path / "smoke", seed, value)
    odd = optimal(tmp_path / "smoke", 3, 0.81)
    items, records, _ = read(tmp_path / "smoke")
    assert [item[:2] for item in items] == [("differs", odd), ("ok", "smoke/runs")]
    assert items[1].why == "3 records with their curves, 0 with telemetry"
    assert len(records) == 3


def test_every_damaged_run_is_named_and_crashed_ones_are_counted(tmp_path):
    root = tmp_path / "smoke"
    bad = [leave(root, seed=seed) for seed in range(3)]
    fell = leave(root, seed=9, status="crashed")
    good = leave(root, seed=8)
    (root / "runs" / f"{bad[0].run_id}.json").write_text("{")
    (root / "runs" / f"{bad[1].run_id}.csv.gz").write_bytes(b"")
    (root / "runs" / f"{bad[2].run_id}.telemetry.json").write_text("[]")
    items, records, crashed = read(root)
    names = [f"{bad[0].run_id}.json", f"{bad[1].run_id}.csv.gz", f"{bad[2].run_id}.telemetry.json"]
    assert {item.name for item in items[:-1]} == {f"smoke/runs/{name}" for name in names}
    assert {item.verdict for item in items[:-1]} == {"differs"}
    assert items[-1].why == "1 records with their curves, 0 with telemetry, 1 crashed"
    assert (records, crashed) == ([good], [fell.run_id])


@pytest.mark.parametrize(
    "one, two, said",
    [
        ("a\nb\n", "a\nc\n", "line 2: 'b' on disk, 'c' from the records"),
        ("a\n", "a\nc\n", "line 2: 'no line' on disk, 'c' from the records"),
        (f"{X}1{Y}", f"{X}2{Y}", f"line 1: '{X[:30]}1{Y[:29]}' on"),
        ("a", "a\n", "ends of lines"),
    ],
)
def test_the_first_difference_is_shown(tmp_path, one, two, said):
    paths = tmp_path / "one", tmp_path / "two"
    for path, text in zip(paths, (one, two), strict=True):
        path.write_text(text)
    assert _difference(*paths).startswith(said)


def test_a_folder_of_runs_alone_is_verified(tmp_path):
    """Their tables are not there, and not asked for."""
    leave(tmp_path / "smoke")
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "smoke" / "own.csv")
    options = Options(profile="smoke", data_seed=None, results=str(tmp_path), cache="", workers=1)
    lines = []
    items = verify(options, None, say=lines.append)
    assert [item[:2] for item in items] == [("ok", "smoke/runs"), ("not checked", "smoke/own.csv")]
    assert lines[-1] == "2 items: 1 ok, 1 not checked"
