"""What a worker says of itself, and what of it counts."""

from types import SimpleNamespace

from experiments.machinery.workers import remote, worker
from experiments.machinery.workers.faults import Stopped
from experiments.machinery.workers.remote import Answer, Wanted, _checksum, worker_answer


def test_differences_of_a_worker_are_named():
    wanted = Wanted({"commit": "abc", "numpy": "2.4.6", "python": "3.11.9"}, "/shared/probe")
    traits = {"commit": "", "numpy": "2.4.5", "python": "3.11.9"}
    unfit = Answer("node7", "cpu", traits, ["2 threads"]).unfit(wanted)
    assert unfit == ["commit unknown and not abc", "numpy 2.4.5 and not 2.4.6", "2 threads"]
    assert Answer("node7", "cpu", wanted.traits, []).unfit(wanted) == []


def test_a_worker_looks_at_the_shared_folder_and_its_threads(tmp_path):
    dask_worker = SimpleNamespace(state=SimpleNamespace(nthreads=1))
    probe = tmp_path / "probe"
    assert worker_answer(Wanted({}, str(probe)), dask_worker).wrong == [f"no sight of {tmp_path}"]
    probe.touch()
    assert worker_answer(Wanted({}, str(probe)), dask_worker).wrong == []
    dask_worker.state.nthreads = 3
    assert worker_answer(Wanted({}, str(probe)), dask_worker).wrong == [
        "3 threads and not 1 (--nthreads 1)"
    ]


def test_the_checksum_is_of_the_code_and_not_of_its_tests(tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.py").write_text("one")
    before = _checksum(tmp_path)
    (tmp_path / "data" / "a_test.py").write_text("a test")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "a.py").write_text("no part of a run")
    assert _checksum(tmp_path) == before
    (tmp_path / "data" / "deep" / "a.py").rename(tmp_path / "data" / "a.py")
    assert _checksum(tmp_path) != before


def test_a_worker_that_could_not_be_prepared_is_prepared_again(tmp_path, monkeypatch):
    """It stays in the cluster, and the folder may be there for the next command."""
    for name in ("_runner", "_claims", "_not_warm"):
        monkeypatch.setattr(worker, name, getattr(worker, name))
    monkeypatch.setattr(remote, "_warm_for", None)
    results = tmp_path / "results"
    results.write_text("a file in the way")
    folders = (str(results), str(tmp_path))
    remote._be_warm(folders)
    assert isinstance(worker.execute(None, tmp_path), Stopped)
    results.unlink()
    remote._be_warm(folders)
    assert worker._not_warm is None
    prepared = worker._runner
    remote._be_warm(folders)
    assert worker._runner is prepared
