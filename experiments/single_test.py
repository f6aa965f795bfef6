"""A single run waits for the process that is on it, and takes what that has done."""

import threading

from experiments.run.claim import Claims
from experiments.run.record import Store
from experiments.run.record_test import CURVES, record
from experiments.single import run_one

FILE = "configs/studies/one_large_dcn_clippy.gin"


def test_a_run_that_another_process_is_on_is_waited_for(tmp_path, day_cache, capsys, monkeypatch):
    ids, of = [], Claims.of

    def noted(self, name, wait=None):
        """Another process takes the claim just before, and does the run."""
        ids.append(name)
        taken = threading.Event()
        threading.Thread(target=do, args=(name, taken)).start()
        taken.wait(30)
        return of(self, name, wait)

    def do(run_id, taken):
        with of(Claims(tmp_path / "smoke"), run_id):
            taken.set()
            said.wait(30)
            metrics = {"click/auc": 0.625}
            done = record(run_id=run_id, metrics=metrics, optimal=metrics)
            Store(tmp_path / "smoke").write(done, CURVES.assign(worst_loss=1.0, day=0))

    said = threading.Event()
    monkeypatch.setattr(Claims, "of", noted)
    monkeypatch.setattr("sys.stderr.write", lambda text: said.set(), raising=False)
    text = run_one(
        profile="smoke",
        config_file=FILE,
        bindings=[],
        data_seed=None,
        results=tmp_path,
        cache=day_cache,
    )
    assert "click/auc             0.6250" in text
