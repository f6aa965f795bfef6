"""The connection of a command to a Dask cluster, and what is checked before anything is run."""

import collections
import contextlib
import logging
import pathlib
import re
import sys
import uuid
import warnings

from experiments.errors import BadInput
from experiments.machinery.records.files import check_folder
from experiments.machinery.workers import remote

CONNECT_S = 10  # ours: a scheduler that is there answers in one
WORKERS_S = 30  # ours: workers that are started together with the scheduler


class Connection:
    """A cluster of which every worker was found fit for runs of this checkout.

    Args:
      address: of the scheduler, as a person gave it.
      client: distributed.Client.
      wanted: remote.Wanted.
    """

    def __init__(self, address, client, wanted):
        self._address, self.client, self.wanted = address, client, wanted

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

    def check(self):
        """Raises: BadInput if the scheduler is gone."""
        if self.is_lost:
            raise BadInput(
                f"CLUSTER = {self._address!r}: the connection to the scheduler was lost: "
                "finished runs are kept, the same command goes on once a scheduler is there"
            )


def check_address(address):
    """Raises: BadInput unless the text may be the address of a scheduler."""
    if not re.fullmatch(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}", address):
        raise BadInput(
            f"CLUSTER = {address!r}: allowed is the address of a Dask scheduler, "
            "as tcp://10.0.0.5:8786 or tls://10.0.0.5:8786"
        )


@contextlib.contextmanager
def connected(address, results):
    """A Connection, closed at the end.

    Args:
      address: of the scheduler.
      results: folder of all results, which the workers have to see at the same path.
    Raises: BadInput if there is no scheduler, no worker, or one that is unfit.
    """
    probe = pathlib.Path(results).resolve() / f".cluster-{uuid.uuid4().hex}"
    with _client(address) as client:
        check_folder(probe.parent, "results folder")
        probe.touch()
        try:
            connection = Connection(address, client, remote.Wanted(remote.traits(), str(probe)))
            _check(connection, address)
            yield connection
        finally:
            probe.unlink(missing_ok=True)


@contextlib.contextmanager
def _client(address):
    try:
        import distributed
    except ImportError as error:
        raise BadInput(
            f"CLUSTER = {address!r}: the package distributed is not installed: "
            "allowed is an environment that has it: make setup, or pip install --group cluster"
        ) from error
    for name in ("distributed", "distributed.client"):  # what matters is said here, in a line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if address.startswith("tls") and not _has_certificates(distributed):
        raise BadInput(
            f"CLUSTER = {address!r}: no certificates: allowed is tls:// with Dask's variables "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, .._CLIENT__CERT and .._CLIENT__KEY"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared below
            client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except OSError as error:
        raise BadInput(
            f"CLUSTER = {address!r}: no answer of a scheduler ({_line(error)}): "
            "allowed is the address that `dask scheduler` prints"
        ) from error
    try:
        yield client
    finally:
        with contextlib.suppress(OSError):
            client.close()


def _has_certificates(distributed):
    arguments = distributed.Security().get_connection_args("client")
    return arguments.get("ssl_context") is not None


def _check(connection, address):
    client, wanted = connection.client, connection.wanted
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError as error:
        raise BadInput(
            f"CLUSTER = {address!r}: no worker: start some with `python -m dask worker {address}`"
        ) from error
    answers = client.run(remote.worker_answer, wanted, on_error="return")
    processors = collections.Counter(getattr(a, "processor", "") for a in answers.values())
    try:
        answers["the scheduler"] = client.run_on_scheduler(remote.scheduler_answer)
    except Exception as error:  # of any kind: it was raised there
        answers["the scheduler"] = error
    unfit = {_told(name, answer, wanted) for name, answer in answers.items()} - {""}
    if unfit:
        raise BadInput(
            f"CLUSTER = {address!r}: {'; '.join(sorted(unfit))}: allowed are a scheduler and "
            "workers of one thread, with the code, packages and results folder of this command"
        )
    if len(processors) > 1:
        shown = ", ".join(f"{count} of {name}" for name, count in processors.items())
        sys.stderr.write(f"note: processors may round differently; the workers have {shown}\n")


def _told(name, answer, wanted):
    """What is said of an unfit process of the cluster, or ""."""
    if isinstance(answer, Exception):
        return f"{name} has no checkout in its working folder ({_line(answer)})"
    unfit = answer.unfit(wanted)
    return f"{answer.host} has {', '.join(unfit)}" if unfit else ""


def _line(error):
    return (str(error) or type(error).__name__).splitlines()[0]
