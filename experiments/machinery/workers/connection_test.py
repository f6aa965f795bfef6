"""What a command says of a cluster that it cannot use."""

import sys

import pytest

from experiments.errors import BadInput
from experiments.machinery.workers import connection
from experiments.machinery.workers.loopback import Processes


def test_without_the_package_the_way_to_it_is_said(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadInput, match="distributed is not installed: .* make setup"):
        with connection.connected("tcp://127.0.0.1:9", tmp_path):
            pass


def test_a_missing_scheduler_and_missing_workers_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_S", 1)
    monkeypatch.setattr(connection, "WORKERS_S", 1)
    with pytest.raises(BadInput, match="'tcp://127.0.0.1:9': no answer of a scheduler"):
        with connection.connected("tcp://127.0.0.1:9", tmp_path):
            pass
    alone = Processes(tmp_path)
    try:
        with pytest.raises(BadInput, match="no worker: start some with"):
            with connection.connected(alone.address, tmp_path):
                pass
    finally:
        alone.stop()
    assert not list(tmp_path.glob(".cluster-*"))
