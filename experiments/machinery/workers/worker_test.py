"""A worker ends with the process that started it, in the middle of a run too."""

import os
import subprocess
import sys
import time

import psutil

from experiments.machinery.workers import worker

PARENT = """
import multiprocessing, time
from experiments.machinery.workers.worker_test import work
multiprocessing.get_context("spawn").Process(target=work).start()
time.sleep(60)
"""


def work():
    """A run that takes long."""
    worker.end_with_parent()
    print(os.getpid(), flush=True)
    time.sleep(60)


def test_a_worker_at_work_ends_when_its_parent_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
        _, alive = psutil.wait_procs([child], timeout=15)
    assert alive == []
