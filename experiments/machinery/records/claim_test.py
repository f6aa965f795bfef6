"""Claims: one holder at a time, free when the holder is killed."""

import subprocess
import sys
import threading
from unittest import mock

import pytest

from experiments.errors import BadInput
from experiments.machinery.records.claim import Claimed, Claims

HOLDER = """
import sys, time
from experiments.machinery.records.claim import Claims
with Claims(sys.argv[1]).of("small-gc-1"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the claim of small-gc-1."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_claim_is_refused_until_its_holder_is_killed_and_others_are_not(tmp_path, holder):
    claims, said = Claims(tmp_path), []
    with pytest.raises(Claimed, match="small-gc-1"), claims.of("small-gc-1"):
        pass
    with claims.of("small-gc-2"):
        pass
    threading.Timer(0.2, holder.kill).start()
    with claims.of("small-gc-1", wait=said.append):
        assert holder.poll() is not None
    (line,) = said
    assert line.startswith("small-gc-1: another process is on it")


def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fcntl.flock", mock.Mock(side_effect=OSError(38, "Not implemented")))
    with pytest.raises(BadInput, match="locks: the file system has no locks"):
        with Claims(tmp_path).of("small-gc-1"):
            pass
