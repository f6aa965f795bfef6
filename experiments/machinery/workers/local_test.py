"""Which process is given which run."""

import concurrent.futures
import random
import statistics

import pytest

from experiments.machinery.workers import local
from experiments.machinery.workers.local import Job, Local
from experiments.machinery.workers.worker import Ended
from experiments.studies.testing import smoke

SECONDS = {"small": 1.0, "large": 4.0}


class Process:
    """Takes the place of a process: a run has ended once `finish` is called."""

    def __init__(self, folders):
        self.traces, self.done, self.run_now, self.is_idle = set(), [], None, True

    def run(self, job):
        self.traces.add(job.trace)
        self.is_idle, self.run_now = False, concurrent.futures.Future()
        self.done.append((job.config.model.name, job.config.method.name))
        return self.run_now

    def finish(self):
        self.is_idle = True
        self.run_now.set_result(Ended("done"))


@pytest.fixture
def engine(monkeypatch):
    monkeypatch.setattr(local, "_Process", Process)
    monkeypatch.setattr(local, "seconds_of", lambda config: SECONDS[config.model.name])
    return Local(2, ())


def work_off(engine, runs):
    """What each process did, all runs of one length ending in turn: lists of (model, method)."""
    for model, method, count in runs:
        for seed in range(count):
            engine.submit(smoke(method, model, seed=seed), (None, "study"), 60)
    ended = engine.ended(0)
    while not all(process.is_idle for process in engine._processes):
        for process in engine._processes:
            if not process.is_idle:
                process.finish()
        ended += engine.ended(0)
    assert len(ended) == sum(count for *_, count in runs)
    return [process.done for process in engine._processes]


def test_the_runs_of_a_program_go_to_one_process(engine):
    runs = [("small", name, 6) for name in ("gc", "agc", "lamb", "clippy")]
    one, other = map(set, work_off(engine, runs))
    assert len(one) == len(other) == 2 and not one & other
    # Also those of a later grid.
    again = work_off(engine, [("small", name, 2) for name in ("gc", "agc", "lamb", "clippy")])
    assert [set(done) for done in again] == [one, other]


@pytest.mark.parametrize("count, used", [(1, 1), (3, 1), (4, 2), (20, 2)])
def test_a_program_is_compiled_again_if_its_runs_take_longer_than_that(engine, count, used):
    done = work_off(engine, [("small", "gc", count)])
    assert sum(map(bool, done)) == used
    assert abs(len(done[0]) - len(done[1])) <= 3


def test_no_process_is_idle_while_another_has_much_left(engine):
    first, second = work_off(engine, [("large", "gc", 9), ("small", "agc", 3), ("small", "gc", 4)])
    cost = [sum(SECONDS[model] for model, _ in done) for done in (first, second)]
    assert abs(cost[0] - cost[1]) <= SECONDS["large"] + local.TRACE_S


class Clock:
    """Time that passes as `Local` hands out runs of known lengths."""

    def __init__(self, engine, hand_out):
        self.engine, self.hand_out, self.now, self.ends = engine, hand_out, 0.0, {}

    def makespan(self, jobs):
        """Seconds until the last of some Jobs has ended; each process compiles what it lacks."""
        self.engine._waiting = list(jobs)
        while self.engine._waiting or self.ends:
            for process in self.engine._processes:
                if process.is_idle and (place := self.hand_out(process)) is not None:
                    self.begin(process, self.engine._waiting.pop(place))
            ended = min(self.ends, key=self.ends.get)
            self.now, ended.is_idle = self.ends.pop(ended), True
        return self.now

    def begin(self, process, job):
        compiled = job.trace in process.traces
        self.ends[process] = self.now + job.seconds + (0 if compiled else local.TRACE_S)
        process.traces.add(job.trace)
        process.is_idle = False


def test_no_grid_takes_longer_on_two_processes_than_first_come_first_served_by_a_compilation(
    monkeypatch,
):
    """Random grids in the order of a study, and the mean over them is below."""
    monkeypatch.setattr(local, "_Process", Process)
    chance, shares = random.Random(7), []
    for _ in range(300):
        kinds = [(chance.choice((1.2, 1.5, 3, 8, 30)), chance.randint(1, 12)) for _ in range(6)]
        kinds = sorted(kinds[: chance.randint(1, 6)], reverse=True)
        jobs = [
            Job(None, (), 60, trace, seconds)
            for trace, (seconds, count) in enumerate(kinds)
            for _ in range(count)
        ]
        plain, ours = Local(2, ()), Local(2, ())
        first = Clock(plain, lambda process, plain=plain: 0 if plain._waiting else None)
        before, after = first.makespan(jobs), Clock(ours, ours._next).makespan(jobs)
        assert after <= before + local.TRACE_S, kinds
        shares.append(after / before)
    assert statistics.mean(shares) < 0.99


def test_another_measure_is_another_program(engine):
    for telemetry in (None, "all"):
        engine.submit(smoke("gc"), (telemetry, "study"), 60)
    assert len({job.trace for job in engine._waiting}) == 2
