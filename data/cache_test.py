"""A day from the cache is the day of the stream, whatever happened to its files."""

import dataclasses
import hashlib
import io
import logging
import pathlib
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from data import (
    DayCache,
    FeatureWalk,
    LabelNoise,
    Shocks,
    Stream,
    StreamConfig,
    Teacher,
    TeacherDrift,
    VocabularyChurn,
)
from data import cache as cache_module
from data import stream as stream_module

ROOT = pathlib.Path(__file__).resolve().parent.parent

CONFIG = StreamConfig(
    days=4,
    examples_per_day=50,
    dense_features=5,
    categorical_features=2,
    vocabulary_size=9,
    zipf_exponent=1.2,
    heavy_feature_every=3,
    teacher=Teacher(
        hidden=2,
        pairs=3,
        linear_share=0.5,
        hidden_share=0.3,
        binary_signal=1.5,
        regression_signal=0.7,
    ),
    walk=FeatureWalk(mean_per_day=0.2, log_scale_per_day=0.1, log_scale_limit=1.5),
    shocks=Shocks(
        days=(2,), duration_days=1, feature_share=0.4, log_scale_low=1.5, log_scale_high=2.5
    ),
    teacher_drift=TeacherDrift(turn_per_day=0.5),
    churn=VocabularyChurn(share_per_day=0.4),
    label_noise=LabelNoise(degrees_of_freedom=2.0, scale=0.3, limit=5.0),
    label_shocks=None,
)


def fresh(root, config=CONFIG, seed=7):
    return DayCache(root, Stream(config, seed))


def right(rows, day, config=CONFIG, seed=7):
    """Whether the rows are, byte for byte, those of the stream."""
    expected = Stream(config, seed).day(day)
    return rows.dtype == expected.dtype and rows.tobytes() == expected.tobytes()


def file_of(root, day, suffix=".npy"):
    (path,) = root.glob(f"*/day-{day:05d}{suffix}")
    return path


def checksum_of(path):
    """What the cache is to hold beside a file so that it takes it for the day of that name."""
    said = f"{path.parent.name}/{path.stem}\n".encode()
    return hashlib.sha256(said + path.read_bytes()).hexdigest()


@pytest.fixture
def made(monkeypatch):
    """The (day, block) of every block that a stream makes from here on, those of `right` too."""
    calls, make = [], Stream.block

    def counted(self, day, block):
        calls.append((day, block))
        return make(self, day, block)

    monkeypatch.setattr(Stream, "block", counted)
    return calls


@pytest.mark.parametrize("block_rows", [16, 8_192])
def test_cached_day_is_the_day_of_the_stream(tmp_path, monkeypatch, block_rows):
    monkeypatch.setattr(stream_module, "BLOCK_ROWS", block_rows)
    first, second = fresh(tmp_path), fresh(tmp_path)
    for cache in (first, second, first):
        for day in (2, 0, 3, 1):
            assert right(cache.day(day), day)


def test_day_is_made_once(tmp_path, made, caplog):
    cache = fresh(tmp_path)
    assert cache.day(2) is cache.day(2)
    assert made == [(2, 0)]
    fresh(tmp_path).day(2)
    assert made == [(2, 0)]
    fresh(tmp_path).day(1)
    assert made == [(2, 0), (1, 0)]
    assert not caplog.records  # a day that was never there is no damage


def test_day_is_read_only(tmp_path):
    rows = fresh(tmp_path).day(1)
    with pytest.raises(ValueError, match="read-only"):
        rows["dense"][0, 0] = 1.0
    assert right(fresh(tmp_path).day(1), 1)


def flip_one_bit(content):
    return content[:-7] + bytes([content[-7] ^ 4]) + content[-6:]


DAMAGES = {
    "truncated": (".npy", lambda content: content[:-1]),
    "empty": (".npy", lambda content: b""),
    "flipped bit": (".npy", flip_one_bit),
    "appended": (".npy", lambda content: content + b"\0"),
    "text": (".npy", lambda content: b"day,click\n1,0\n"),
    "empty checksum": (".sha256", lambda content: b""),
    "checksum not text": (".sha256", lambda content: b"\xff\xfe\0"),
    "checksum of another": (".sha256", lambda content: b"0" * 64),
}


def harm(path, change):
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize("suffix, change", DAMAGES.values(), ids=DAMAGES)
def test_damaged_day_is_made_again_with_a_warning(tmp_path, made, caplog, suffix, change):
    fresh(tmp_path).day(1)
    harm(file_of(tmp_path, 1, suffix), change)
    spoiled = file_of(tmp_path, 1).read_bytes()
    aside = file_of(tmp_path, 1).parent / "damaged" / "day-00001.npy"
    repaired, again = fresh(tmp_path).day(1), fresh(tmp_path).day(1)
    assert made == [(1, 0), (1, 0)]  # `again` was read
    assert right(repaired, 1) and right(again, 1)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(file_of(tmp_path, 1)) in record.getMessage()
    assert f"set aside in {aside.parent}" in record.getMessage()
    assert aside.read_bytes() == spoiled


@pytest.mark.parametrize("seed, day", [(7, 2), (8, 1)], ids=["another day", "another stream"])
def test_a_copy_of_another_day_is_made_again(tmp_path, made, caplog, seed, day):
    fresh(tmp_path / "own").day(1)
    fresh(tmp_path / "other", seed=seed).day(day)
    for suffix in (".npy", ".sha256"):
        copy = file_of(tmp_path / "other", day, suffix)
        file_of(tmp_path / "own", 1, suffix).write_bytes(copy.read_bytes())
    assert right(fresh(tmp_path / "own").day(1), 1)
    assert len(made) == 4  # `right` makes one
    assert "not the day of its checksum" in caplog.text


def test_a_day_whose_writing_was_cut_off_is_no_damage(tmp_path, made, caplog):
    fresh(tmp_path).day(1)
    file_of(tmp_path, 1, ".sha256").unlink()  # the last to be written
    assert right(fresh(tmp_path).day(1), 1)
    assert len(made) == 3
    assert not caplog.records


def test_a_full_disk_names_the_file_and_leaves_no_draft(tmp_path):
    """A limit on the size of a file stands in for the disk, in a process of its own."""
    code = (
        "import resource\n"
        "from data import *\n"
        f"cache = DayCache({str(tmp_path)!r}, Stream({CONFIG!r}, 7))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))\n"
        "try:\n"
        "    cache.day(1)\n"
        "except OSError as error:\n"
        "    print(error.filename, error.strerror)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True)
    assert done.stdout.endswith("day-00001.npy File too large\n"), done.stderr
    assert [path.name for path in tmp_path.glob("*/*")] == ["day-00001.lock"]
    assert right(fresh(tmp_path).day(1), 1)


def test_lost_day_is_made_again(tmp_path, made):
    fresh(tmp_path).day(1)
    file_of(tmp_path, 1).unlink()
    rows = fresh(tmp_path).day(1)
    assert made == [(1, 0), (1, 0)]
    assert right(rows, 1)


def test_reader_of_a_damaged_day_is_not_disturbed_by_its_repair(tmp_path):
    rows = fresh(tmp_path).day(1)
    file_of(tmp_path, 1, ".sha256").unlink()
    fresh(tmp_path).day(1)
    assert right(rows, 1)


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return pathlib.Path.touch, (self.marker,)


@pytest.mark.parametrize("as_array", [True, False])
def test_cache_never_unpickles(tmp_path, as_array):
    fresh(tmp_path).day(1)
    path, trap = file_of(tmp_path, 1), Trap(tmp_path / "sprung")
    if as_array:
        np.save(path, np.array([trap], object), allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps(trap))
    path.with_suffix(".sha256").write_text(checksum_of(path))
    planted = path.read_bytes()
    assert right(fresh(tmp_path).day(1), 1)  # made again
    assert not trap.marker.exists()
    if as_array:  # the trap works
        np.load(io.BytesIO(planted), allow_pickle=True)
        assert trap.marker.exists()


@pytest.mark.parametrize(
    "rows", [np.arange(3.0), np.zeros(3, Stream(CONFIG, 7).row_type)], ids=["dtype", "shape"]
)
def test_an_array_of_another_kind_is_made_again(tmp_path, rows):
    fresh(tmp_path).day(1)
    path = file_of(tmp_path, 1)
    np.save(path, rows)
    path.with_suffix(".sha256").write_text(checksum_of(path))
    assert right(fresh(tmp_path).day(1), 1)


@pytest.mark.parametrize("day", [-1, 99, 1.0, "1", True])
def test_a_day_that_is_not_there_is_refused_and_leaves_nothing(tmp_path, day):
    with pytest.raises(ValueError, match="day = .*: allowed is a whole number"):
        fresh(tmp_path).day(day)
    assert list(tmp_path.rglob("*")) == []


def mapped_days(folder):
    """How many files of a folder this process has in its memory."""
    lines = pathlib.Path("/proc/self/maps").read_text().splitlines()
    return len({line.split()[-1] for line in lines if str(folder) in line})


@pytest.mark.skipif(not pathlib.Path("/proc/self/maps").exists(), reason="read from /proc")
def test_memory_does_not_grow_with_the_days(tmp_path):
    config = dataclasses.replace(CONFIG, days=40)
    cache, stream = fresh(tmp_path, config), Stream(config, 7)
    first = cache.day(0).copy()
    found = []
    for day in range(40):
        np.testing.assert_array_equal(cache.day(day), stream.day(day))
        found.append(mapped_days(tmp_path))
    assert found[4] == 5  # a window of days stays open
    assert max(found) == found[-1] == cache_module.KEPT_DAYS
    np.testing.assert_array_equal(cache.day(0), first)
    assert mapped_days(tmp_path) == cache_module.KEPT_DAYS


def test_threads_that_open_at_once_make_a_day_once(tmp_path, made):
    start, results = threading.Barrier(4), []

    def open_all():
        cache = fresh(tmp_path)
        start.wait()
        results.extend((day, cache.day(day).tobytes()) for day in range(4))

    threads = [threading.Thread(target=open_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [(day, 0) for day in range(4)]
    expected = [Stream(CONFIG, 7).day(day).tobytes() for day in range(4)]
    assert len(results) == 16 and all(rows == expected[day] for day, rows in results)


def test_processes_that_open_at_once_get_the_right_days(tmp_path):
    code = (
        "import hashlib, sys\n"
        "from data import *\n"
        f"cache = DayCache({str(tmp_path)!r}, Stream({CONFIG!r}, 7))\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "print(*(hashlib.sha256(cache.day(day).tobytes()).hexdigest() for day in range(4)))\n"
    )
    pipes = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE)
    command = [sys.executable, "-c", code]
    workers = [subprocess.Popen(command, cwd=ROOT, text=True, **pipes) for _ in range(2)]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 2
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.communicate(timeout=60) for worker in workers]
    days = [Stream(CONFIG, 7).day(day).tobytes() for day in range(4)]
    expected = " ".join(hashlib.sha256(day).hexdigest() for day in days) + "\n"
    assert answers == [(expected, "")] * 2


OTHERS = {
    "examples_per_day": 51,
    "days": 5,
    "zipf_exponent": 1.3,
    "heavy_feature_every": 2,
    "teacher": dataclasses.replace(CONFIG.teacher, binary_signal=1.6),
    "walk": None,
    "shocks": dataclasses.replace(CONFIG.shocks, duration_days=None),
    "teacher_drift": TeacherDrift(turn_per_day=0.6),
    "churn": VocabularyChurn(share_per_day=0.5),
    "label_noise": dataclasses.replace(CONFIG.label_noise, limit=4.0),
}


def test_streams_do_not_share_a_folder(tmp_path, caplog):
    kinds = [(CONFIG, 7), (CONFIG, 8)]
    kinds += [(dataclasses.replace(CONFIG, **{name: OTHERS[name]}), 7) for name in OTHERS]
    for _ in range(2):
        for config, seed in kinds:
            assert right(fresh(tmp_path, config, seed).day(3), 3, config, seed)
    assert len(list(tmp_path.iterdir())) == len(kinds) == 12
    assert not caplog.records


def test_no_draft_is_left(tmp_path):
    cache = fresh(tmp_path)
    for day in range(4):
        cache.day(day)
    harm(file_of(tmp_path, 3), flip_one_bit)
    fresh(tmp_path).day(3)
    names = {path.name for path in tmp_path.glob("*/day-*") if path.suffix != ".lock"}
    assert names == {f"day-{day:05d}{end}" for day in range(4) for end in (".npy", ".sha256")}


def test_day_whose_making_failed_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(stream_module, "BLOCK_ROWS", 20)
    make = Stream.block

    def breaks(self, day, block):
        if block == 1:
            raise MemoryError
        return make(self, day, block)

    with monkeypatch.context() as patch:
        patch.setattr(Stream, "block", breaks)
        with pytest.raises(MemoryError):
            fresh(tmp_path).day(1)
    assert not list(tmp_path.rglob("*.npy"))  # half a day is not under the name of a day
    assert right(fresh(tmp_path).day(1), 1)


@pytest.mark.parametrize("day", [-1, 4])
def test_day_out_of_range_is_refused(tmp_path, day):
    with pytest.raises(ValueError, match=f"^day = {day}: allowed is .* at most 3"):
        fresh(tmp_path).day(day)


def test_a_verified_day_that_is_gone_is_made_again(tmp_path, made):
    cache = fresh(tmp_path)
    cache.day(2)
    cache._open.clear()  # as when many days were opened since
    file_of(tmp_path, 2).unlink()
    rows = cache.day(2)
    assert made == [(2, 0), (2, 0)]
    assert right(rows, 2)


def test_drafts_of_a_killed_process_go_when_the_day_is_made(tmp_path):
    cache = fresh(tmp_path)
    cache.day(2)
    folder = file_of(tmp_path, 2).parent
    for name in ("day-00003.4711.draft", "day-00002.4711.draft"):
        (folder / name).write_bytes(b"half")
    cache.day(3)
    assert [left.name for left in folder.glob("*.draft")] == ["day-00002.4711.draft"]
