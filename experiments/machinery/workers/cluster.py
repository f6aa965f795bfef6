"""The workers of a Dask cluster: they are connected to, found fit, and given runs.

Dask and not Ray: both repeat lost runs and gave the same bits. Dask is 43 MB and not 252, listens
where it is told to, so that tests can have a cluster on loopback, and needs no service on a node.
It has no hard timeout, so a run on a cluster watches itself, see cluster_worker.py.
"""

import collections
import concurrent.futures
import contextlib
import logging
import pathlib
import re
import sys
import time
import uuid
import warnings
from typing import Any, NamedTuple

from experiments.errors import BadInput
from experiments.machinery.records.files import check_folder
from experiments.machinery.workers import cluster_worker
from experiments.machinery.workers.worker import Ended, ended_by

CONNECT_S = 10  # ours: a scheduler that is there answers in one
WORKERS_S = 30  # ours: workers that are started together with the scheduler
TICK_S = 0.1
ASK_S = 1.0  # ours: between two questions to the scheduler how many workers there are
ALONE_S = 20.0  # ours: a worker that died is replaced in less


class Connection(NamedTuple):
    """A cluster of which every worker was found fit for runs of this checkout."""

    address: str  # of the scheduler, as a person gave it
    client: Any  # distributed.Client
    wanted: cluster_worker.Wanted

    def workers(self):
        """Number of workers now; 0 while the scheduler is out of reach."""
        if self.client.status != "running":  # to ask would wait for a scheduler
            return 0
        try:
            return len(self.client.nthreads())
        except (OSError, ValueError):  # ValueError: of a client that is closed
            return 0

    @property
    def is_lost(self):
        """Whether Dask has given up: it tries to connect again for CONNECT_S."""
        return self.client.status in ("closing", "closed")


def check_address(address):
    """Raises: BadInput unless the text may be the address of a scheduler."""
    if not re.fullmatch(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}", address):
        raise BadInput(
            f"CLUSTER = {address!r}: expected the address of a Dask scheduler, "
            "as tcp://10.0.0.5:8786 or tls://10.0.0.5:8786"
        )


@contextlib.contextmanager
def connected(address, results):
    """A Connection to a scheduler whose workers see `results`, the folder of all, at this path.

    Raises: BadInput if there is no scheduler, no worker, or one that is unfit.
    """
    probe = pathlib.Path(results).resolve() / f".cluster-{uuid.uuid4().hex}"
    with _client(address) as client:
        check_folder(probe.parent, "results folder")
        probe.touch()
        try:
            wanted = cluster_worker.Wanted(cluster_worker.traits(), str(probe))
            _check(client, wanted, address)
            yield Connection(address, client, wanted)
        finally:
            probe.unlink(missing_ok=True)


@contextlib.contextmanager
def _client(address):
    try:
        import distributed
    except ImportError as error:
        raise BadInput(
            f"CLUSTER = {address!r}: the package distributed is not installed: "
            "expected an environment that has it: make setup, or pip install --group cluster"
        ) from error
    for name in ("distributed", "distributed.client"):  # what matters is said here, in a line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    certified = distributed.Security().get_connection_args("client").get("ssl_context")
    if address.startswith("tls") and certified is None:
        raise BadInput(
            f"CLUSTER = {address!r}: no certificates: expected with tls:// Dask's variables "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, .._CLIENT__CERT and .._CLIENT__KEY"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared below
            client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except OSError as error:
        raise BadInput(
            f"CLUSTER = {address!r}: no answer of a scheduler ({_line(error)}): "
            "expected the address that `dask scheduler` prints"
        ) from error
    try:
        yield client
    finally:
        with contextlib.suppress(OSError):
            client.close()


def _check(client, wanted, address):
    """Raises: BadInput unless the scheduler and every worker are fit."""
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError as error:
        raise BadInput(
            f"CLUSTER = {address!r}: no worker: start some with `python -m dask worker {address}`"
        ) from error
    answers = client.run(cluster_worker.worker_answer, wanted, on_error="return")
    processors = collections.Counter(getattr(a, "processor", "") for a in answers.values())
    try:
        answers["the scheduler"] = client.run_on_scheduler(cluster_worker.scheduler_answer, wanted)
    except Exception as error:  # of any kind: it was raised there
        answers["the scheduler"] = error
    unfit = set()
    for name, answer in answers.items():
        if isinstance(answer, Exception):
            unfit.add(f"{name} has no checkout in its working folder ({_line(answer)})")
        elif answer.unfit:
            unfit.add(f"{answer.host} has {', '.join(answer.unfit)}")
    if unfit:
        raise BadInput(
            f"CLUSTER = {address!r}: {'; '.join(sorted(unfit))}: expected a scheduler and "
            "workers of one thread, with the code, packages and results folder of this command"
        )
    if len(processors) > 1:
        shown = ", ".join(f"{count} of {name}" for name, count in processors.items())
        sys.stderr.write(f"note: processors may round differently; the workers have {shown}\n")


def _line(error):
    return (str(error) or type(error).__name__).splitlines()[0]


class Cluster:
    """Executes runs on a cluster, as many at a time as there are workers; as local.Local.

    Dask repeats a run whose worker died. It gives the run up after one death more than its setting
    `allowed-failures`, which is 3 unless the scheduler is told otherwise. It counts a death for
    every run that a worker had, also for those that only waited there. So no worker is given a
    second run: where machines are taken away often, innocent runs would be lost.
    """

    def __init__(self, connection, folders):
        self._connection, self._folders = connection, folders
        self._waiting = collections.deque()  # (RunConfig, arguments, hang_s) no worker has yet
        self._running = {}  # from Dask's future of a run to its RunConfig
        self._workers, self._asked_s, self._seen_s = 0, -ASK_S, time.monotonic()

    def warm(self):
        """Does nothing: the workers are there."""

    def start(self):
        """Raises: BadInput if the scheduler is gone."""
        if self._connection.is_lost:
            raise BadInput(
                f"CLUSTER = {self._connection.address!r}: the connection to the scheduler was "
                "lost: finished runs are kept, the same command goes on once a scheduler is there"
            )

    def submit(self, config, arguments, hang_s):
        """Queues worker.execute(config, *arguments), which ends its worker after `hang_s`."""
        self._waiting.append((config, arguments, hang_s))

    def ended(self, timeout_s):
        """The runs that have ended, list of (RunConfig, Ended); waits so long for the first."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            done = [run for run in self._running if run.done()]
            found = [(self._running.pop(run), _ended(run)) for run in done]
            if self._connection.is_lost:
                gone = Ended("broke", "the scheduler is gone")
                found += [(config, gone) for config, *_ in self._waiting]
                self._waiting.clear()
            if not found:
                self._count()
                self._hand_out()
            if found or time.monotonic() > deadline_s:
                return found
            time.sleep(TICK_S)

    def stop(self, at_once):
        """Hands out no more runs. Those under way go on to their end on the workers."""
        for run in self._running:
            with contextlib.suppress(Exception):  # the scheduler may be gone
                run.release()

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
        from distributed.client import ClosedClientError

        while self._waiting and len(self._running) < self._workers:
            config, arguments, hang_s = self._waiting[0]
            try:
                run = self._connection.client.submit(
                    cluster_worker.execute,
                    self._connection.wanted,
                    self._folders,
                    (config, *arguments),
                    hang_s,
                    key=f"{config.run_id}-{uuid.uuid4().hex}",
                    pure=False,
                )
            except ClosedClientError:  # seen next time
                return
            self._running[run] = config
            self._waiting.popleft()


def _ended(run):
    """The Ended of a run whose future of Dask is done."""
    from distributed import KilledWorker

    if run.cancelled():  # lost with its scheduler, or by a restart of the cluster
        return Ended("broke", "the cluster dropped the run")
    try:
        return run.result()
    except KilledWorker as error:
        return Ended("died", f"the worker process died each time: {error}")
    except concurrent.futures.CancelledError:
        return Ended("broke", "the cluster dropped the run")
    except Exception as error:  # of Dask, or of a file on the way to the run
        return ended_by(error)
