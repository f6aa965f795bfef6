"""Studies on real worker processes: done once, resumed, and honest about what failed."""

import concurrent.futures
import contextlib
import dataclasses
import io
import json
import multiprocessing
import os
import signal
import socket
import threading
import time

import pytest
from rich.console import Console

from data import DayCache, Stream
from experiments.errors import BadInput, CannotWrite, RunsCrashed
from experiments.findings.make import write_cases, write_table2
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.record import Store
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.machinery.workers import pool
from experiments.machinery.workers.faults import Broke, Died, Held
from experiments.machinery.workers.pool import Pool
from experiments.machinery.workers.progress import Display
from experiments.machinery.workers.study import Study
from experiments.studies import calibration
from experiments.studies.cases import CasesStudy
from experiments.studies.configs import CalibrationConfig, CasesConfig, Table2Config
from experiments.studies.grid import run_config
from experiments.studies.registry import telemetry_config
from experiments.studies.table2 import Table2Study
from experiments.studies.testing import leave
from experiments.training.divergence import DivergenceConfig

DIVERGENCE = DivergenceConfig(  # blow_up above what shocks do to runs too short to learn
    lift_lost=0.5, least_lift=0.05, blow_up=50.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)
EDGE = CalibrationConfig(
    model="large_dcn",
    first_rate=0.1,
    factor=1e6,
    rates=3,
    data_seeds=(1000, 1001),
    edge_multiple=0.4,
)
TABLE = Table2Config(
    models=("small",),
    methods=("naive", "gc", "clippy"),
    thresholds={"gc": (0.1, 0.01)},
    rate_multiples=(1, 2),
    search_seed=100,
    repeats=2,
    untreated="naive",
)


def configs(seeds, model="small"):
    return [
        run_config("smoke", model, "naive", learning_rate=0.1, data_seed=1, run_seed=seed)
        for seed in seeds
    ]


class Opened:
    """A study on a folder, and what its display printed."""

    def __init__(self, folder, cache):
        self.store, self.text = Store(folder), io.StringIO()
        console = Console(file=self.text, width=60, force_terminal=False)
        self.display = Display(DIVERGENCE, 2, console)
        self.open = lambda: Study.open(self.store, cache, 2, self.display)


def test_a_study_runs_each_configuration_once(tmp_path, day_cache):
    opened = Opened(tmp_path, day_cache)
    with opened.open() as study:
        first = study.execute(configs([0, 1, 0]))
        written = {path: path.stat().st_mtime_ns for path in opened.store.runs.iterdir()}
        again = study.execute(configs([1, 0, 2]))
    assert [record.config["run_seed"] for record in first] == [0, 1, 0]
    assert again[:2] == [first[1], first[0]]
    assert len(list(opened.store.runs.iterdir())) == 6
    for path, time_ns in written.items():
        assert path.stat().st_mtime_ns == time_ns
    lines = opened.text.getvalue().splitlines()
    assert len(lines) == 3
    assert all("small-naive-" in line and "AUC" in line for line in lines)


def test_records_do_not_depend_on_the_workers(tmp_path, day_cache):
    runs = configs(range(3))
    with Opened(tmp_path / "a", day_cache).open() as study:
        one = study.execute(runs)
    display = Display(DIVERGENCE, 1)
    with Study.open(Store(tmp_path / "b"), day_cache, 1, display) as study:
        other = study.execute(runs[::-1])[::-1]
        assert not study.is_done(runs[0], telemetry_config())
        study.execute(runs[:1], telemetry_config())
        assert study.is_done(runs[0], telemetry_config())
    measured = TelemetryStore(tmp_path / "b").read_sidecar(runs[0].run_id)
    assert measured["curves_sha256"] == one[0].curves_sha256
    assert [record.curves_sha256 for record in one] == [record.curves_sha256 for record in other]


def test_a_killed_worker_is_replaced_and_its_run_repeated(tmp_path, day_cache):
    opened = Opened(tmp_path, day_cache)

    def kill_one_at_work():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            at_work = list((tmp_path / "progress").glob("*.json"))
            if at_work:
                with contextlib.suppress(OSError, ValueError):  # being replaced, or ended
                    os.kill(json.loads(at_work[0].read_text())["worker"], signal.SIGKILL)
                    return
            time.sleep(0.001)

    killer = threading.Thread(target=kill_one_at_work)
    killer.start()
    with opened.open() as study:
        records = study.execute(configs(range(4), "large_dcn"))
    killer.join()
    assert [record.status for record in records] == ["finished"] * 4
    assert len(list((tmp_path / "logs").glob(f"worker-{socket.gethostname()}-*.log"))) == 3


def test_a_study_leaves_no_drafts_of_the_dead(tmp_path, day_cache):
    opened = Opened(tmp_path, day_cache)
    draft = tmp_path / "progress" / ".small-naive-0123.json.4567.draft"
    with opened.open() as study:
        study.execute(configs([0]))
        draft.write_text("half")  # as of a worker killed after the study began
    assert not draft.exists()
    table = tmp_path / ".table2.md.0123.draft"
    table.write_text("half")  # as of a study killed after its last run
    with opened.open() as study:
        study.execute(configs([0]))
    assert not table.exists()


def test_a_run_that_crashes_is_named_with_its_log_and_the_rest_is_done(tmp_path, day_cache):
    opened = Opened(tmp_path, day_cache)
    bad, good = configs([0, 1])
    # A folder where the curves should go: writing them fails, in that run alone.
    (opened.store.runs / f"{bad.run_id}.csv.gz").mkdir()
    with pytest.raises(RunsCrashed) as caught, opened.open() as study:
        study.execute([bad, good])
    assert bad.run_id in str(caught.value)
    log = tmp_path / "logs" / f"{bad.run_id}.log"
    assert str(log) in str(caught.value)
    assert "IsADirectoryError" in log.read_text()
    assert opened.store.read(good.run_id).status == "finished"
    assert opened.store.read(bad.run_id) is None


def test_a_worker_killed_between_two_grids_does_not_end_the_study(tmp_path, day_cache):
    opened = Opened(tmp_path, day_cache)
    with opened.open() as study:
        study.execute(configs([0]))
        for process in multiprocessing.active_children():
            process.kill()
        time.sleep(1)  # the pool finds out
        (record,) = study.execute(configs([1]))
    assert record.status == "finished"


def test_a_run_that_hangs_is_stopped_and_reported(tmp_path, day_cache):
    opened = Opened(tmp_path, day_cache)
    with Pool(opened.store, day_cache, 1, hang_s=lambda config: 0.01) as pool:
        (run,) = configs([0])
        crashed = pool.run([run], opened.display)
    assert "the run hung" in crashed[run.run_id].read_text()


def deaths(monkeypatch, *faults):
    """Makes the k-th round of a pool say the k-th fault of all its runs; the list of rounds."""
    rounds = []

    def ends(self, runs, display, telemetry):
        rounds.append(len(runs))
        yield from ((run, faults[min(len(rounds), len(faults)) - 1]) for run in runs)

    monkeypatch.setattr(Pool, "_round", ends)
    return rounds


@pytest.mark.parametrize("fault", [Died("killed"), Broke("killed")])
def test_a_run_whose_worker_always_dies_is_given_up(tmp_path, day_cache, monkeypatch, fault):
    opened, rounds = Opened(tmp_path, day_cache), deaths(monkeypatch, fault)
    with Pool(opened.store, day_cache, 1) as pool:
        crashed = pool.run(configs([0, 1]), opened.display)
    assert rounds == [2, 2, 2]
    assert {path.read_text() for path in crashed.values()} == {"killed"}
    assert [record.status for record in opened.store.records()] == ["crashed", "crashed"]


def test_a_run_that_ended_without_a_record_is_no_done_run(tmp_path, day_cache):
    opened = Opened(tmp_path, day_cache)
    with Pool(opened.store, day_cache, 1) as pool:
        pool._engine = Silent()
        crashed = pool.run(configs([0]), opened.display)
    assert {path.read_text() for path in crashed.values()} == {
        "it ended, and its record is not there"
    }


class Silent:
    """An engine that says of every run that it ended well, and runs none."""

    def start(self):
        pass

    def submit(self, arguments, hang_s):
        future = concurrent.futures.Future()
        future.set_result(None)
        return future

    def fault(self, future):
        return future.result()

    def stop(self, at_once):
        pass


def test_runs_that_others_are_on_are_looked_at_again_and_again(tmp_path, day_cache, monkeypatch):
    monkeypatch.setattr("experiments.machinery.workers.pool.HELD_S", 0)
    opened = Opened(tmp_path, day_cache)
    rounds = deaths(monkeypatch, *[Held("held")] * 6, Broke("broke"), Held("held"), "failed")
    with Pool(opened.store, day_cache, 1) as pool:
        crashed = pool.run(configs([0, 1]), opened.display)
    assert rounds == [2] * 9
    assert len(crashed) == 2
    assert opened.text.getvalue().count("another process is on it") == 2  # once a run


def test_a_pool_that_breaks_and_goes_on_is_not_given_up():
    tries = pool._Tries()
    for fault in [Broke("a"), Broke("b"), None, Broke("c"), Broke("d")]:
        tries.again("small-gc-1", fault)
        tries.end_round()
    assert not tries.again("small-gc-1", Broke("e"))  # the third in a row
    tries.again("small-gc-2", None)
    tries.end_round()
    assert tries.again("small-gc-1", Broke("f"))


def test_a_run_that_another_process_is_on_waits_and_the_others_do_not(tmp_path, day_cache):
    opened, claims = Opened(tmp_path, day_cache), Claims(tmp_path)
    held, free = configs([0, 1])
    at_end = {}

    def let_go():
        with claims.of(held.run_id):
            taken.set()
            while opened.store.read(free.run_id) is None:
                time.sleep(0.05)
            at_end["held"] = opened.store.read(held.run_id)

    taken = threading.Event()
    other = threading.Thread(target=let_go)
    other.start()
    taken.wait()
    with opened.open() as study:
        records = study.execute([held, free])
    other.join()
    assert at_end["held"] is None
    assert [record.status for record in records] == ["finished"] * 2
    assert f"{held.run_id}: another process is on it" in opened.text.getvalue()


@pytest.mark.parametrize("by", ["record", "claim"])
def test_a_crash_does_not_overwrite_what_another_process_did_or_does(tmp_path, day_cache, by):
    opened, (config,) = Opened(tmp_path, day_cache), configs([0])
    pool, path = Pool(opened.store, day_cache, 1), tmp_path / "runs" / f"{config.run_id}.json"
    (tmp_path / "logs").mkdir()
    if by == "record":
        done = leave(tmp_path, method="naive", rate=0.1)
        log = pool._crashed(config, "failed")
        assert opened.store.read(config.run_id) == done
    else:
        with Claims(tmp_path).of(config.run_id):
            log = pool._crashed(config, "failed")
        assert not path.exists()
    assert log.read_text() == "failed"


def test_a_worker_that_cannot_write_stops_the_study(tmp_path, day_cache):
    opened = Opened(tmp_path, day_cache)
    with Pool(opened.store, day_cache, 1) as pool:
        pool._engine._arguments = ("/dev/null/nowhere", *pool._engine._arguments[1:])
        with pytest.raises(CannotWrite, match="the results folder cannot be written"):
            pool.run(configs([0, 1]), opened.display)
    assert list(opened.store.runs.iterdir()) == []  # no run is recorded as crashed


def test_what_a_worker_makes_again_is_said(tmp_path, day_cache):
    opened, cache = Opened(tmp_path / "results", day_cache), tmp_path / "days"
    (run,) = configs([0])
    stream = Stream(run.stream, run.data_seed)
    DayCache(cache, stream).day(3)
    (path,) = cache.glob("*/day-00003.npy")
    path.write_bytes(path.read_bytes()[:-1])
    with Pool(opened.store, cache, 1) as pool:
        assert pool.run([run], opened.display) == {}
    assert f"damaged: {path}: not the day of its checksum" in opened.text.getvalue()
    assert DayCache(cache, stream).day(3).tobytes() == stream.day(3).tobytes()


def test_drafts_of_workers_that_were_stopped_are_removed(tmp_path, day_cache):
    opened = Opened(tmp_path, day_cache)
    draft = opened.store.runs / ".x.json.0123.draft"

    class Interrupted(Exception):
        pass

    def interrupt(*arguments):
        draft.write_text("half")
        raise Interrupted

    opened.display.running = interrupt
    with pytest.raises(Interrupted), opened.open() as study:
        study.execute(configs([0]))
    assert not draft.exists()


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory, day_cache):
    """Table 2 of one small model, from nothing to the files."""
    folder = tmp_path_factory.mktemp("results") / "smoke"
    opened = Opened(folder, day_cache)
    with opened.open() as study:
        found = calibration.calibrate(EDGE, "smoke", study, DIVERGENCE)
        protocol = Table2Study(TABLE, "smoke", 1, study)
        runs, optimal = protocol.run(found.base_rate, DIVERGENCE, opened.display)
    text = write_table2(folder, TABLE, runs, optimal, found)
    return folder, found, runs, text, opened.text.getvalue()


def test_the_edge_is_the_first_rate_at_which_all_diverge(reproduced):
    _, found, _, _, _ = reproduced
    assert found.edge == found.tried[-1]["rate"] > EDGE.first_rate
    assert found.tried[-1]["diverged"] == len(EDGE.data_seeds)
    assert all(rate["diverged"] < len(EDGE.data_seeds) for rate in found.tried[:-1])
    assert found.base_rate == pytest.approx(found.edge / 0.4)


def test_the_table_is_written_from_the_repeats(reproduced):
    folder, _, runs, text, _ = reproduced
    assert {path.name for path in folder.glob("table2*")} == {
        "table2.csv",
        "table2.md",
        "table2.tex",
        "table2_runs.csv",
    }
    assert (folder / "table2.md").read_text() == text
    assert runs["role"].value_counts().to_dict() == {"search": 6, "repeat": 12}
    assert set(runs[runs["role"] == "repeat"]["seed"]) == {0, 1}


def test_the_plan_is_printed_before_the_runs(reproduced):
    lines = reproduced[4].splitlines()
    plan = next(line for line in lines if line.startswith("Table 2: search and repeats"))
    assert "18 runs, 0 done, 2 workers, about" in plan


def test_a_second_pass_runs_nothing_and_gives_the_same_bytes(reproduced, day_cache):
    folder, found, _, text, _ = reproduced
    before = {path: path.read_bytes() for path in folder.glob("*.*")}
    opened = Opened(folder, day_cache)
    with opened.open() as study:
        again = calibration.calibrate(EDGE, "smoke", study, DIVERGENCE)
        protocol = Table2Study(TABLE, "smoke", 1, study)
        runs, optimal = protocol.run(again.base_rate, DIVERGENCE, opened.display)
    assert write_table2(folder, TABLE, runs, optimal, again) == text
    assert {path: path.read_bytes() for path in folder.glob("*.*")} == before
    assert "18 runs, 18 done" in opened.text.getvalue()
    assert again == found


def test_table2_is_recorded_only_when_every_run_is(reproduced, day_cache):
    folder, found, runs, _, _ = reproduced
    study = Study(Store(folder), None, Opened(folder, day_cache).display)
    display = Opened(folder, day_cache).display
    again = Table2Study(TABLE, "smoke", 1, study).recorded(found.base_rate, DIVERGENCE, display)
    assert again.equals(runs)
    more = dataclasses.replace(TABLE, repeats=3)
    assert (
        Table2Study(more, "smoke", 1, study).recorded(found.base_rate, DIVERGENCE, display) is None
    )


def test_a_study_of_cases_runs_once_and_is_written(tmp_path, day_cache):
    case = {"model": "small", "rate_multiple": 0.4}
    config = CasesConfig(
        title="Objectives",
        runs=2,
        cases={"six": case, "one": case | {"ModelConfig.tasks": ("click",)}},
    )
    texts = []
    for done in (0, 4):
        opened = Opened(tmp_path, day_cache)
        with opened.open() as study:
            protocol = CasesStudy(config, "smoke", 1, study)
            runs = protocol.run(0.5, DIVERGENCE, opened.display)
        texts.append(write_cases(tmp_path, "objectives", config, runs))
        assert f"Objectives: 4 runs, {done} done" in opened.text.getvalue()
    assert texts[0] == texts[1] == (tmp_path / "objectives.md").read_text()
    assert runs["case"].tolist() == ["six", "six", "one", "one"]
    assert runs.loc[2:, "rmse"].isna().all()  # no regression task is left
    quiet = Study(Store(tmp_path), None, opened.display)
    protocol = CasesStudy(config, "smoke", 1, quiet)
    assert protocol.recorded(0.5, DIVERGENCE, opened.display).equals(runs)
    assert protocol.recorded(0.7, DIVERGENCE, opened.display) is None


def test_a_grid_without_an_edge_is_refused(tmp_path, day_cache):
    tame = dataclasses.replace(EDGE, first_rate=0.01, rates=1, data_seeds=(1000,))
    with pytest.raises(BadInput, match="no rate up to 0.01"):
        with Opened(tmp_path, day_cache).open() as study:
            calibration.calibrate(tame, "smoke", study, DIVERGENCE)


def test_the_calibration_is_planned_up_to_the_edge_once_it_is_known(
    reproduced, tmp_path, day_cache
):
    folder, found, *_ = reproduced
    with Opened(folder, day_cache).open() as study:
        configs, known = calibration.planned(EDGE, "smoke", study, DIVERGENCE)
    assert known == found
    assert len(configs) == 4  # two rates, two streams
    with Opened(tmp_path, day_cache).open() as study:
        configs, known = calibration.planned(EDGE, "smoke", study, DIVERGENCE)
    assert known is None
    assert len(configs) == 6  # the whole grid
