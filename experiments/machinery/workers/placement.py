"""Where one run is computed: on one device, on several of this host, or by several hosts."""

import json
import re
from typing import NamedTuple

from experiments.errors import BadInput
from experiments.training.tensorflow_setup import load_tensorflow

TASKS = ("chief", "worker")  # in the order in which their replicas are counted


class Placement(NamedTuple):
    """The devices and hosts of a run.

    devices: devices of this host; with several hosts TensorFlow takes all that each has.
    workers: addresses of the hosts, host:port, the chief first; empty without TF_CONFIG.
    rank: this host's place among them.
    """

    devices: int = 1
    workers: tuple[str, ...] = ()
    rank: int = 0

    @property
    def is_one_device(self):
        """Whether there is nothing to distribute."""
        return self.devices == 1 and not self.workers

    @property
    def processes(self):
        """Number of processes that compute the run, one on each host."""
        return max(1, len(self.workers))

    @property
    def is_chief(self):
        """Whether this process writes what the run leaves."""
        return self.rank == 0

    def check(self, config, telemetry):
        """Raises: BadInput unless this placement can do a run, with telemetry if not None."""
        if config.translates and not (telemetry is None and self.is_one_device):
            raise BadInput(
                "run.stream = CorpusConfig: expected one device, without TELEMETRY, DEVICES and "
                "TF_CONFIG for a translation run"
            )
        if telemetry is not None and not self.is_one_device:
            raise BadInput("TELEMETRY = 1: expected one device, without DEVICES and TF_CONFIG")
        source = "TF_CONFIG: workers" if self.workers else "DEVICES"
        _check_divides(config.trainer.batch_size, len(self.workers) or self.devices, source)

    def strategy(self, batch_size):
        """The tf.distribute.Strategy, before TensorFlow's first op; waits for the other hosts.

        Raises: BadInput if all devices cannot share the global batch, or this host's port is taken.
        """
        load_tensorflow()
        import tensorflow as tf

        if not self.workers:
            return tf.distribute.MirroredStrategy(_local_devices(tf, self.devices))
        try:
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
        except tf.errors.UnknownError as error:
            raise BadInput(
                f"TF_CONFIG: {self.workers[self.rank]}: {error.message}: expected a free port of "
                "this host"
            ) from error
        _check_divides(batch_size, strategy.num_replicas_in_sync, "devices of all workers")
        return strategy


def _local_devices(tf, count):
    """Names of the devices: GPUs if there are enough, else logical devices on the CPU."""
    kind = "GPU"
    if len(tf.config.list_physical_devices(kind)) < count:
        kind = "CPU"
        (cpu,) = tf.config.list_physical_devices(kind)
        logical = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(cpu, logical)
    return [f"{kind}:{index}" for index in range(count)]


def placement(devices=None, tf_config=None):
    """The Placement on devices of this host (None for one), or on the hosts of TF_CONFIG's text."""
    if not tf_config:
        return Placement(devices or 1)
    if devices is not None:
        raise BadInput(
            f"DEVICES = {devices}: expected none with TF_CONFIG, as each worker takes all it has"
        )
    try:
        found = json.loads(tf_config)
    except ValueError as error:
        raise BadInput(f"TF_CONFIG: not JSON ({error}): expected it as in the README") from None
    cluster, task = (_part(found, name) for name in ("cluster", "task"))
    addresses = _addresses(cluster)
    place = task.get("type"), task.get("index")
    if type(place[1]) is not int or place not in addresses:
        known = ", ".join(f"{kind} {index}" for kind, index in addresses)
        raise BadInput(f"TF_CONFIG: task = {task!r}: expected type and index of one of {known}")
    return Placement(1, tuple(addresses.values()), list(addresses).index(place))


def _part(found, name):
    part = found.get(name) if isinstance(found, dict) else None
    if not isinstance(part, dict):
        raise BadInput(f"TF_CONFIG: {name} = {part!r}: expected a dict")
    return part


def _addresses(cluster):
    """The address of each (kind, index) of a cluster, in the order of their replicas: dict."""
    for kind, given in cluster.items():
        if kind not in TASKS:
            raise BadInput(f"TF_CONFIG: cluster has {kind!r}: expected {' and '.join(TASKS)}")
        if not isinstance(given, list) or not all(map(_is_address, given)):
            raise BadInput(f"TF_CONFIG: cluster.{kind} = {given!r}: expected a list of 'host:port'")
    found = {
        (kind, index): address
        for kind in TASKS
        for index, address in enumerate(cluster.get(kind, []))
    }
    if not found:
        raise BadInput("TF_CONFIG: cluster = {}: expected at least one worker")
    if ("chief", 1) in found:
        raise BadInput(f"TF_CONFIG: cluster.chief = {cluster['chief']!r}: expected one address")
    if len(set(found.values())) < len(found):
        raise BadInput(f"TF_CONFIG: cluster = {cluster!r}: expected each address once")
    return found


def _is_address(text):
    return isinstance(text, str) and re.fullmatch(r"[^\s:/]+:\d{1,5}|\[[^\s/]+\]:\d{1,5}", text)


def _check_divides(batch_size, replicas, source):
    if batch_size % replicas:
        raise BadInput(
            f"{source} = {replicas}: expected a divisor of TrainerConfig.batch_size = {batch_size}"
        )
