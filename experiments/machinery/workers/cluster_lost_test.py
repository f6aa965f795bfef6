"""Studies on a cluster of real processes, whose workers and scheduler are killed under them."""

import contextlib
import io
import json
import os
import signal
import threading

import pytest
from rich.console import Console

from experiments.errors import BadInput
from experiments.findings.make import write_cases
from experiments.machinery.records.record import Store
from experiments.machinery.workers import connection, pool
from experiments.machinery.workers.loopback import Processes, wait_for
from experiments.machinery.workers.progress import Display
from experiments.machinery.workers.runner import Runner
from experiments.machinery.workers.study import Study
from experiments.studies import session
from experiments.studies.cases import CasesStudy
from experiments.studies.configs import CasesConfig
from experiments.studies.grid import run_config
from experiments.studies.session import Options
from experiments.training.divergence import DivergenceConfig

DIVERGENCE = DivergenceConfig(
    lift_lost=0.5, least_lift=0.05, blow_up=50.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)
CASES = CasesConfig(
    title="Own",
    runs=3,
    cases={
        "large": {"model": "large_dcn", "method": "clippy", "rate_multiple": 1},
        "small": {"model": "small", "rate_multiple": 2, "against": "large"},
    },
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    processes = Processes(tmp_path_factory.mktemp("cluster"))
    try:
        processes.workers = [processes.worker(), processes.worker()]
        yield processes
    finally:
        processes.stop()


def display():
    return Display(DIVERGENCE, 2, Console(file=io.StringIO()))


def config(seed):
    return run_config("smoke", "small", "naive", learning_rate=0.1, data_seed=1, run_seed=seed)


class Here:
    """The pool of a study without workers: runs are done in this process."""

    def __init__(self, store, day_cache):
        self._runner = Runner(store, day_cache)

    def run(self, configs, display, telemetry):
        for config in configs:
            self._runner.run(config, telemetry=telemetry)


def tables(study):
    """Runs CASES; the bytes of the table's files."""
    root = study.store.root
    runs = CasesStudy(CASES, "smoke", 1, study).run(0.5, DIVERGENCE, display())
    write_cases(root, "own", CASES, runs)
    return {path.name: path.read_bytes() for path in root.glob("own*")}


def at_work(root):
    """Process ids of the workers that have a run with a row of its curves."""
    for path in (root / "progress").glob("*.json"):
        with contextlib.suppress(OSError, ValueError):  # being replaced, or ended
            state = json.loads(path.read_text())
            if state["rows"]:
                yield state["worker"]


def test_killed_workers_change_nothing_and_a_late_unfit_one_gets_no_run(
    cluster, tmp_path, day_cache, monkeypatch
):
    monkeypatch.setattr(session.calibration, "planned", lambda *given: ([], "known"))
    monkeypatch.setattr(session.calibration, "calibrate", lambda *given: "known")
    killed, far = {}, tmp_path / "smoke"  # from what was killed to the runs that were done then

    def kill():
        wait_for(lambda: list(at_work(far)))
        with contextlib.suppress(StopIteration, ProcessLookupError):
            os.kill(pid := next(at_work(far)), signal.SIGKILL)  # its nanny is left
            killed[pid] = len(list(far.glob("runs/*.json")))
        wait_for(lambda: set(at_work(far)) - set(killed))
        cluster.kill(cluster.workers[0])
        killed["machine"] = len(list(far.glob("runs/*.json")))

    killer = threading.Thread(target=kill)
    killer.start()
    options = Options(
        profile="smoke",
        data_seed=None,
        results=str(tmp_path),
        cache=str(day_cache),
        workers=9,
        cluster=cluster.address,
    )
    with session.opened(options) as opened:
        late = cluster.worker(threads=2)
        found = tables(opened.study)
        assert late.wait(60) == 0  # it has left
    killer.join()
    assert len(killed) == 2
    assert max(killed.values()) < 6
    near = Store(tmp_path / "near")
    assert found == tables(Study(near, Here(near, day_cache), display()))
    records = list(Store(far).records())
    assert [record.status for record in records] == ["finished"] * 6


def test_a_run_that_hangs_ends_its_worker_and_is_reported(
    cluster, tmp_path, day_cache, monkeypatch
):
    monkeypatch.setattr(pool, "TRIES", 1)
    with connection.connected(cluster.address, tmp_path) as joined:
        store = Store(tmp_path)
        with pool.Pool(store, day_cache, 2, lambda config: 0.01, joined) as workers:
            crashed = workers.run([config(0)], display())
        log = crashed[config(0).run_id].read_text()
        assert log.startswith("the run hung and was stopped after 0.01 s")
        assert ", line " in log  # where it was: a hundred frames of each thread, not always all
    assert store.read(config(0).run_id) is None
    assert not list(tmp_path.glob("logs/*.trace"))
    assert not list(tmp_path.glob(".cluster-*"))


def test_a_lost_scheduler_is_one_line_and_keeps_what_is_done(
    cluster, tmp_path, day_cache, monkeypatch
):
    monkeypatch.setattr(connection, "CONNECT_S", 2)

    def kill():
        wait_for(lambda: len(list((tmp_path / "runs").glob("*.json"))) >= 2)
        cluster.kill(cluster.scheduler)

    killer = threading.Thread(target=kill)
    killer.start()
    with connection.connected(cluster.address, tmp_path) as joined:
        with pytest.raises(BadInput, match="the connection to the scheduler was lost: finished"):
            with Study.open(Store(tmp_path), day_cache, 2, display(), joined) as study:
                study.execute([config(seed) for seed in range(40)])
    killer.join()
    done = list(Store(tmp_path).records())
    assert 2 <= len(done) < 40
    assert {record.status for record in done} == {"finished"}
