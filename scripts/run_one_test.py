"""A single run waits for the process that is on it, and takes what that has done."""

import dataclasses
import threading

from experiments.machinery.records.claim import Claims
from experiments.machinery.records.record import Store
from experiments.studies.testing import leave
from scripts.run_one import run_one

# The run that `leave` leaves.
GIN = """
include 'configs/models/small.gin'
include 'configs/methods/gc.gin'
run.learning_rate = 0.2
"""


def do(results, taken, asked):
    """What another process does: has the claim until it is asked for, and leaves the record."""
    store, elsewhere = Store(results / "smoke"), leave(results / "elsewhere")
    with Claims(store.root).of(elsewhere.run_id):
        taken.set()
        asked.wait(30)
        done = leave(results / "smoke")
        store.write(dataclasses.replace(done, optimal=done.metrics), store.curves(done))


def test_a_run_that_another_process_is_on_is_waited_for(tmp_path, day_cache, monkeypatch):
    (tmp_path / "own.gin").write_text(GIN)
    taken, asked, said = threading.Event(), threading.Event(), []
    other = threading.Thread(target=do, args=(tmp_path, taken, asked))
    other.start()
    taken.wait(30)
    monkeypatch.setattr("sys.stderr.write", lambda text: (said.append(text), asked.set()))
    text = run_one(
        profile="smoke",
        config_file=str(tmp_path / "own.gin"),
        bindings=[],
        data_seed=None,
        results=tmp_path,
        cache=day_cache,
    )
    other.join()
    assert "click/auc             0.7500" in text
    assert len(said) == 1 and "another process is on it" in said[0]
