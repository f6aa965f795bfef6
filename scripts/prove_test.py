"""A proof holds for the runs that came out bit for bit, and for no others."""

import contextlib
import dataclasses
import json
from unittest import mock

import pytest

from experiments.machinery.records import code
from experiments.machinery.records.record import Store
from experiments.machinery.workers.study import Study
from experiments.machinery.workers.testing import InProcess
from experiments.studies.testing import leave, smoke
from scripts import prove
from scripts.testing import attempt


@pytest.fixture
def proven(tmp_path, monkeypatch):
    """A file of proofs of the test's own."""
    path = tmp_path / "proven.json"
    path.write_text("[]")
    monkeypatch.setattr(code, "PROVEN", path)
    return path


@pytest.fixture
def in_this_process(monkeypatch):
    @contextlib.contextmanager
    def opened(store, cache, workers, display):
        yield Study(store, InProcess(store, cache), display)

    monkeypatch.setattr(Study, "open", opened)


def recorded_elsewhere(store, cache, config, change=lambda curves: curves):
    """Leaves the record of a run, as other code would have."""
    study = Study(store, InProcess(store, cache), mock.Mock())
    (record,) = study.execute([config])
    curves = store.curves(record)
    store.write(dataclasses.replace(record, code="theirs"), change(curves))


def test_every_bit_is_a_proof_for_a_model_and_a_method(
    tmp_path, day_cache, proven, in_this_process, capfd
):
    store = Store(tmp_path / "smoke")
    runs = [smoke("naive", seed=seed) for seed in (0, 1)] + [smoke("gc", seed=2)]
    for config in runs[:2]:
        recorded_elsewhere(store, day_cache, config)
    recorded_elsewhere(
        store, day_cache, runs[2], lambda curves: curves.assign(loss=curves.loss + 1)
    )
    status, text, error = attempt("prove", [], capfd, tmp_path, day_cache)
    assert (status, error.splitlines()[-1]) == (
        1,
        "error: 1 runs of other code came out differently",
    )
    (proof,) = json.loads(proven.read_text())
    here = {"code": code.code_digest(), "same_as": "theirs", "group": "small-naive"}
    assert proof == here | {"runs": proof["runs"]} and len(proof["runs"]) == 1
    assert [code.is_of_this_code(store.read(run.run_id)) for run in runs] == [True, True, False]
    assert "3 records of other code, 2 pairs of model and method" in text
    assert "small-naive: 1 of 2 trained again: every bit" in text
    assert f"small-gc: 1 of 1 trained again: {runs[2].run_id} has other curves" in text


def test_the_runs_chosen_have_every_value_that_all_of_them_have(tmp_path):
    warmup, window = "TrainerConfig.warmup_days", "TrainerConfig.window_days"
    each = [{}, {warmup: 3}, {window: 1}, {warmup: 3, window: 4}]
    store = Store(tmp_path)
    runs = [
        (store, leave(tmp_path, seed=seed, rate=rate, method="naive", values=values))
        for seed, values in enumerate(each)
        for rate in (0.1, 0.2)
    ]
    chosen = [record.config["trainer"] for _, record in prove.cover(runs)]
    plain = smoke().trainer
    assert len(chosen) == 3  # of four kinds: that with most values is not left out
    assert {each["warmup_days"] for each in chosen} == {plain.warmup_days, 3}
    assert {each["window_days"] for each in chosen} == {plain.window_days, 1, 4}
