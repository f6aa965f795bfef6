"""Worker processes of this machine: warm, and replaced when they die."""

import collections
import concurrent.futures
import multiprocessing
import os
import pathlib
import socket
from typing import Any, NamedTuple

import pebble

from experiments.machinery.cost.cost import seconds_of
from experiments.machinery.workers import worker
from experiments.machinery.workers.orphans import end_with_parent
from experiments.machinery.workers.worker import Ended

TRACE_S = 2.0  # ours: what a second process takes to compile a program that another one has


class Job(NamedTuple):
    """A run that is queued."""

    config: Any  # RunConfig
    arguments: tuple  # of worker.execute behind it
    hang_s: float
    trace: tuple  # equal for runs of one compiled program
    seconds: float  # predicted


class Local:
    """Executes runs in processes of this machine of one thread each.

    The runs of one program go to the process that has compiled it, unless the others would wait
    for that.
    """

    def __init__(self, workers, folders):
        self._processes = [_Process(folders) for _ in range(workers)]
        self._waiting, self._runs = [], {}  # runs: from the future of a run to its RunConfig

    def warm(self):
        """Starts the processes before there is a run for them."""
        for process in self._processes:
            process.start()

    def start(self):
        """Ends what is left of processes that died between two runs; a run starts its process."""
        for process in self._processes:
            process.mend()

    def submit(self, config, arguments, hang_s):
        """Queues worker.execute(config, *arguments), which is killed after `hang_s` seconds."""
        trace = config.trace_key, arguments[0] is not None
        self._waiting.append(Job(config, arguments, hang_s, trace, seconds_of(config)))

    def ended(self, timeout_s):
        """The runs that have ended, list of (RunConfig, Ended); waits so long for the first."""
        self._hand_out()
        first = concurrent.futures.FIRST_COMPLETED
        done, _ = concurrent.futures.wait(self._runs, timeout_s, first)
        found = [(self._runs.pop(run), _ended(run)) for run in done]
        self._hand_out()  # now: whoever asked may be busy for a while
        return found

    def stop(self, at_once):
        """Ends the processes, after the runs under way or at once."""
        for process in self._processes:
            process.stop(at_once)

    def _hand_out(self):
        for process in self._processes:
            if process.is_idle and (place := self._next(process)) is not None:
                job = self._waiting.pop(place)
                self._runs[process.run(job)] = job.config

    def _next(self, process):
        """The place in the queue of the run that is to be given to a process, or None.

        It is the first of a program that the process has, or that none has. A program of another
        process is compiled once more if its runs take longer than all that is left would, shared
        by all, or if there are no others and what is left takes longer than to compile it.
        """
        left_s, count = collections.Counter(), len(self._processes)
        for job in self._waiting:
            left_s[job.trace] += job.seconds
        all_s = left_s.total()
        taken = set().union(*(one.traces for one in self._processes)) - process.traces
        taken = {trace for trace in taken if left_s[trace] <= TRACE_S + all_s / count}
        if taken >= left_s.keys() and all_s > TRACE_S * (count - 1):
            taken -= {left_s.most_common(1)[0][0]}
        places = (place for place, job in enumerate(self._waiting) if job.trace not in taken)
        return next(places, None)


class _Process:
    """One process and the programs that it has compiled."""

    def __init__(self, folders):
        self._folders, self._pool, self._run = folders, None, None
        self.traces = set()

    @property
    def is_idle(self):
        return self._run is None or self._run.done()

    def mend(self):
        """Ends what is left of a process that died between two runs."""
        if self._pool is not None and not self._pool.active:
            self.stop(at_once=True)

    def start(self):
        """Starts the process, unless it is there."""
        self.mend()
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            how = {"initializer": begin, "initargs": self._folders}
            self._pool = pebble.ProcessPool(1, context=context, **how)
            self._pool.active  # noqa: B018, to ask starts it

    def run(self, job):
        """The future of a run, which begins now."""
        self.start()
        if self._run is not None and (self._run.cancelled() or self._run.exception()):
            self.traces.clear()  # another process has taken its place
        self.traces.add(job.trace)
        try:
            arguments = (job.config, *job.arguments)
            self._run = self._pool.schedule(worker.execute, args=arguments, timeout=job.hang_s)
        except RuntimeError as error:  # the process died just now
            self._run = concurrent.futures.Future()
            self._run.set_exception(concurrent.futures.BrokenExecutor(str(error)))
        return self._run

    def stop(self, at_once):
        """Ends the process, after the run under way or at once."""
        if self._pool is not None:
            end = self._pool.stop if at_once else self._pool.close
            end()
            self._pool.join()
        self._pool, self._run, self.traces = None, None, set()


def _ended(run):
    try:
        return run.result()
    except concurrent.futures.TimeoutError as error:
        return Ended("died", f"the run hung and was stopped: {error}")
    except pebble.ProcessExpired as error:
        return Ended("died", f"the worker process died: {error}")
    # pebble's pool breaks if a worker dies while none has begun a run: no run is at fault then.
    except (concurrent.futures.BrokenExecutor, concurrent.futures.CancelledError) as error:
        return Ended("broke", f"the pool of workers broke: {error}")


def begin(results_root, cache_root):
    """Prepares a worker process; all it prints goes to `logs/worker-<host>-<pid>.log`."""
    end_with_parent()
    name = f"worker-{socket.gethostname()}-{os.getpid()}.log"
    worker.prepare(results_root, cache_root, pathlib.Path(results_root) / "logs" / name)
