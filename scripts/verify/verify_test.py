"""`make verify`: what it says of made-up runs, and of runs that are trained again."""

import contextlib
import dataclasses
import json
from unittest import mock

import pandas as pd
import pytest

from experiments.errors import BadInput
from experiments.findings.seeds import remember
from experiments.machinery.records.record import Store
from experiments.machinery.workers.runner import Runner
from experiments.studies.known import study_name
from experiments.studies.registry import divergence_config
from experiments.studies.testing import FULL, HEALTHY, leave, smoke
from scripts.testing import options
from scripts.verify import regenerate, rerun
from scripts.verify.__main__ import verify
from scripts.verify.check import _difference, read
from scripts.verify.rerun import choose, compare, limits_of, run_again

DIVERGENCE = divergence_config()
X, Y = "x" * 90, "y" * 90
FIRST, LIMITS = [3.0, 2.5], {"click/auc": 0.05, "watch_time/rmse": 0.1}
HERE = dict.fromkeys(rerun.MACHINE, "1")


@pytest.mark.parametrize(
    "before, after, here, elsewhere",
    [
        (HEALTHY, HEALTHY, "ok", "ok"),
        (FULL, FULL, "ok", "ok"),
        (HEALTHY, (*HEALTHY[:2], 0.75 + 2**-52), "differs", "ok"),
        (HEALTHY, (*HEALTHY[:2], 0.75 + 0.9 * 0.05), "differs", "ok"),
        (HEALTHY, (*HEALTHY[:2], 0.75 - 0.9 * 0.05), "differs", "ok"),
        (HEALTHY, (*HEALTHY[:2], 0.75 + 1.1 * 0.05), "differs", "differs"),
        (HEALTHY, (*HEALTHY[:2], 0.75 - 1.1 * 0.05), "differs", "differs"),
        (HEALTHY, FULL, "differs", "ok"),
        (FULL, HEALTHY, "differs", "ok"),
        (FULL, (0.7, 0.6, 0.501), "differs", "ok"),
    ],
)
def test_one_bit_is_too_much_on_the_same_machine_and_elsewhere_healthy_runs_have_a_tolerance(
    tmp_path, before, after, here, elsewhere
):
    record = dataclasses.replace(
        leave(tmp_path / "smoke", aucs=before), provenance=HERE, first_losses=FIRST
    )
    curves = Store(tmp_path / "smoke").curves(record)
    how = (curves.assign(**{"click/auc": after}), FIRST), LIMITS, DIVERGENCE
    same = "every bit of its curves"
    why = same if here == "ok" else "its curves, on the same hardware and versions"
    assert compare(record, curves, *how, HERE) == (here, why)
    for part in rerun.MACHINE:
        verdict, why = compare(record, curves, *how, HERE | {part: "other"})
        assert verdict == elsewhere
        outcome = "healthy again" if before == HEALTHY and after[2] > 0.6 else "ended as "
        expected = f"recorded with {part} 1: other bits, as may be; the first 2 losses moved by"
        assert why.startswith(same if here == "ok" else expected)
        assert here == "ok" or f"; {outcome}" in why


def test_elsewhere_the_first_losses_agree_if_they_are_recorded(tmp_path):
    record = dataclasses.replace(leave(tmp_path / "smoke", aucs=FULL), first_losses=FIRST)
    curves = Store(tmp_path / "smoke").curves(record)
    for factor, expected in ((1 + 9e-6, "ok"), (1 - 9e-6, "ok"), (1 + 1.1e-5, "differs")):
        after = curves.assign(loss=curves["loss"] + 1), [FIRST[0], FIRST[1] * factor]
        assert compare(record, curves, after, LIMITS, DIVERGENCE, HERE)[0] == expected
    verdict, why = compare(record, curves, (after[0], FIRST[:1]), LIMITS, DIVERGENCE, HERE)
    assert verdict == "differs" and "it stopped after 1 steps, and not after 2 or more" in why
    resumed = dataclasses.replace(record, first_losses=None)  # as after a checkpoint
    verdict, why = compare(resumed, curves, after, LIMITS, DIVERGENCE, HERE)
    assert verdict == "not checked" and "its first losses are not recorded" in why


def test_the_limits_are_the_spread_over_run_seeds(tmp_path):
    folder = tmp_path / "smoke"
    aucs = {0: (0.6, 0.7, 0.75), 1: (0.6, 0.7, 0.77), 2: FULL, 3: (0.6, 0.7, 0.79)}
    alike = [(folder, leave(folder, seed=seed, aucs=auc)) for seed, auc in aucs.items()]
    other = (folder, leave(folder, seed=4, rate=0.3, aucs=(0.6, 0.7, 0.9)))
    few = limits_of(alike[0][1], [*alike[:3], other], DIVERGENCE)
    assert few == {"click/auc": 0.05, "watch_time/rmse": 0.1}
    limits = limits_of(alike[0][1], [*alike, other], DIVERGENCE)
    assert limits == pytest.approx({"click/auc": 4 * 0.02, "watch_time/rmse": 1e-4})


def test_cheap_runs_are_chosen_those_of_this_machine_first(tmp_path, monkeypatch):
    monkeypatch.setattr(rerun, "CHEAP_SHARE", 8 / 12)
    found = []  # every third is dear, every other one of another machine
    for seed in range(12):
        record = leave(tmp_path / "smoke", seed=seed, model="small" if seed % 3 else "large")
        machine = HERE | ({"numpy": "other"} if seed % 2 else {})
        found.append((tmp_path / "smoke", dataclasses.replace(record, provenance=machine)))
    chosen = [
        tuple(record.config["run_seed"] for _, record, _ in choose(found, 4, draw, HERE))
        for draw in range(6)
    ]
    assert {frozenset(seeds) for seeds in chosen} == {frozenset({2, 4, 8, 10})}
    assert len(set(chosen)) > 1
    assert choose(found, 4, 3, HERE) == choose(found[::-1], 4, 3, HERE)
    assert len(choose(found, 99, 0, HERE)) == 12


def test_a_run_is_trained_again_to_the_bit_and_a_changed_one_is_found(tmp_path, day_cache):
    folder = tmp_path / "smoke"
    store = Store(folder)
    record = Runner(store, day_cache).run(smoke(seed=4, data_seed=1))
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    name = f"smoke/{record.run_id}, trained again"
    (found,) = run_again([(folder, record)], day_cache, 3, 0)
    assert found == (name, "ok", "every bit of its curves")
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before
    curves = store.curves(record)
    curves.loc[1, "loss"] *= 1.0001  # as one who invents a result
    record = store.write(record, curves)
    (found,) = run_again([(folder, record)], day_cache, 1, 0)
    assert found == (name, "differs", "its curves, on the same hardware and versions")
    assert list(run_again([(folder, record)], day_cache, 0, 0)) == []


def test_an_optimal_metric_that_is_not_that_of_the_stream_differs(tmp_path):
    for seed, value in enumerate((0.8, 0.8 + 1e-8, 0.8, 0.81)):
        record = leave(tmp_path / "smoke", seed=seed)
        path = tmp_path / "smoke" / "runs" / f"{record.run_id}.json"
        fields = json.loads(path.read_text()) | {"optimal": {"click/auc": value}}
        del fields["own_sha256"]  # as before version 0.5.0
        path.write_text(json.dumps(fields))
    items, *_ = read(tmp_path / "smoke")
    odd = f"smoke/runs/{path.name}"
    assert [item[:2] for item in items] == [("differs", odd), ("ok", "smoke/runs")]
    assert items[1].why == "3 records with their curves, 0 with telemetry"


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
    (tmp_path / "one").write_text(one)
    (tmp_path / "two").write_text(two)
    assert _difference(tmp_path / "one", tmp_path / "two").startswith(said)


def test_a_folder_of_runs_alone_is_verified(tmp_path):
    """Their tables are not there, and not asked for."""
    leave(tmp_path / "smoke")
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "smoke" / "own.csv")
    lines = []
    items = verify(options(tmp_path), None, say=lines.append)
    assert [item[:2] for item in items] == [("ok", "smoke/runs"), ("not checked", "smoke/own.csv")]
    assert lines[-1] == "2 items: 1 ok, 1 not checked"


def test_a_figure_of_our_own_is_made_again_and_missed_without_its_records(tmp_path):
    leave(tmp_path / "smoke")
    (tmp_path / "smoke" / "figures").mkdir()
    (tmp_path / "smoke" / "figures" / "labels.csv").write_text("step\n")
    _, item = verify(options(tmp_path), None, say=lambda line: None)
    assert item[:2] == ("missing", "smoke/figures/labels.csv")
    assert item.why.startswith("cannot be computed: smoke, data seed 11: no study table2: ")


MADE = ("table2.csv", "warmup_runs.csv", "window_runs.csv", "claims.json", "figures/figure5a.csv")


@pytest.mark.parametrize("given, window", [(None, None), (7, 7)])
def test_what_was_made_with_seeds_is_made_with_as_many_again(tmp_path, monkeypatch, given, window):
    folder, asked = tmp_path / "smoke", {}
    (folder / "figures").mkdir(parents=True)
    for name in MADE:
        (folder / name).touch()
    for name, seeds in {"table2": 5, "warmup": 4, "claims": 3, "figure5a": 2}.items():
        remember(folder, [name], seeds)

    def stop(name, seeds):
        asked[name] = seeds
        raise BadInput("stopped")

    monkeypatch.setattr(regenerate.session, "recorded", mock.Mock())
    monkeypatch.setattr(regenerate.studies, "table2_config", lambda seeds: stop("table2", seeds))
    monkeypatch.setattr(
        regenerate.studies, "cases_config", lambda file, seeds: stop(study_name(file), seeds)
    )
    monkeypatch.setattr(
        regenerate, "Material", lambda options, opened, seeds: mock.Mock(seeds=seeds)
    )
    figure = mock.Mock(frame=lambda material: stop("figure5a", material.seeds))
    monkeypatch.setattr(regenerate, "FIGURES", {"5a": figure})

    def evidence(seeds):
        stop("claims", seeds)

    for part in regenerate.parts(options(tmp_path), folder, evidence, given):
        with contextlib.suppress(BadInput):
            part.make()
    expected = {"table2": 5, "warmup": 4, "window": window, "claims": 3, "figure5a": 2}
    assert asked == (expected if given is None else dict.fromkeys(expected, given))
