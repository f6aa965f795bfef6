"""The engine of a study on several machines: the workers of a Dask cluster."""

import collections
import concurrent.futures
import contextlib
import pathlib
import sys
import threading
import time
import uuid
from typing import Any, NamedTuple

from experiments.machinery.workers import remote
from experiments.machinery.workers.faults import Broke, Died
from experiments.machinery.workers.worker import fault_of

TICK_S = 0.1
ASK_S = 1.0  # ours: between two questions to the scheduler how many workers there are
ALONE_S = 20.0  # ours: a worker that died is replaced in less


class Waiting(NamedTuple):
    """A run that no worker has yet."""

    future: concurrent.futures.Future
    arguments: list[Any]
    hang_s: float


class Cluster:
    """Workers of a cluster, as many runs at a time as there are workers.

    Dask repeats a run whose worker died, and gives it up after `allowed-failures` (3 unless the
    scheduler is told otherwise) and one deaths. It counts a death for every run that a worker had,
    also for those that only waited there: no worker is given a second one.

    Args:
      connection: connection.Connection.
      folders: results and cache folder, and that of logs, as the workers see them.
    """

    def __init__(self, connection, folders):
        self._connection = connection
        self._folders = tuple(str(pathlib.Path(folder).resolve()) for folder in folders)
        self._waiting = collections.deque()
        self._running = {}  # from Dask's future to ours
        self._workers, self._asked_s, self._seen_s = 0, -ASK_S, time.monotonic()
        self._thread, self._stopped = None, threading.Event()

    def start(self):
        """Begins to hand out runs.

        Raises: BadInput if the scheduler is gone.
        """
        self._connection.check()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def submit(self, arguments, hang_s):
        """Future of remote.execute, which ends its worker after `hang_s` seconds."""
        config, progress, *rest = arguments
        future = concurrent.futures.Future()
        arguments = [config, str(pathlib.Path(progress).resolve()), *rest]
        self._waiting.append(Waiting(future, arguments, hang_s))
        return future

    def fault(self, future):
        """What came of a run that has ended, as Local.fault."""
        return future.result()

    def stop(self, at_once):
        """Hands out no more runs. Those under way go on to their end on the workers."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        for remote_future in self._running:
            with contextlib.suppress(Exception):  # the scheduler may be gone
                remote_future.release()

    def _work(self):
        try:
            while not self._stopped.wait(TICK_S):
                self._collect()
                self._count()
                self._hand_out()
        except BaseException as error:  # nobody would wake who waits for the runs
            self._thread = None  # the next start makes another
            for future in [*self._running.values(), *(run.future for run in self._waiting)]:
                future.set_result(Broke(f"the connection failed: {error!r}"))
            self._running.clear()
            self._waiting.clear()

    def _collect(self):
        for remote_future, future in list(self._running.items()):
            if remote_future.done():
                del self._running[remote_future]
                future.set_result(_fault(remote_future))
        if self._connection.is_lost:
            while self._waiting:
                self._waiting.popleft().future.set_result(Broke("the scheduler is gone"))

    def _count(self):
        """Learns how many workers there are, and says it if there is none for long."""
        now_s = time.monotonic()
        if now_s < self._asked_s + ASK_S:
            return
        self._workers, self._asked_s = self._connection.workers(), now_s
        if self._workers or not (self._running or self._waiting):
            self._seen_s = now_s
        elif self._seen_s is not None and now_s > self._seen_s + ALONE_S:
            sys.stderr.write("note: the cluster has no worker; the study waits for one\n")
            self._seen_s = None  # said once

    def _hand_out(self):
        while self._waiting and len(self._running) < self._workers:
            future, arguments, hang_s = self._waiting[0]
            remote_future = self._connection.client.submit(
                remote.execute,
                self._connection.wanted,
                self._folders,
                arguments,
                hang_s,
                key=f"{arguments[0].run_id}-{uuid.uuid4().hex}",
                pure=False,
            )
            self._running[remote_future] = future
            self._waiting.popleft()


def _fault(remote_future):
    """What came of a run, of a future of Dask that has ended."""
    from distributed import KilledWorker

    if remote_future.cancelled():  # lost with its scheduler, or by a restart of the cluster
        return Broke("the cluster dropped the run")
    try:
        return remote_future.result()
    except KilledWorker as error:
        return Died(f"the worker process died each time: {error}")
    except concurrent.futures.CancelledError:
        return Broke("the cluster dropped the run")
    except Exception as error:  # of Dask, or of a file on the way to the run
        return fault_of(error)
