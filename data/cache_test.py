"""A day from the cache is the day of the stream, whatever happened to its files."""

import dataclasses
import hashlib
import io
import logging
import pathlib
import pickle

import numpy as np
import pytest

from data import DayCache, Stream, stream
from data.cache import KEPT_DAYS
from data.testing import BASE, OFF, config, digest, start


def fresh(root, of=BASE, seed=7):
    return DayCache(root, Stream(of, seed))


def right(rows, day, of=BASE, seed=7):
    """Whether the rows are, byte for byte, those of the stream."""
    expected = Stream(of, seed).day(day)
    return rows.dtype == expected.dtype and rows.tobytes() == expected.tobytes()


def file_of(root, day, suffix=".npy"):
    (path,) = root.glob(f"*/day-{day:05d}{suffix}")
    return path


@pytest.fixture
def made(monkeypatch):
    """The (day, block) of every block that a stream makes from here on, those of `right` too."""
    calls, make = [], Stream.block
    monkeypatch.setattr(
        Stream, "block", lambda self, *place: calls.append(place) or make(self, *place)
    )
    return calls


@pytest.mark.parametrize("block_rows, blocks", [(64, 3), (8_192, 1)])
def test_a_day_is_made_once(tmp_path, monkeypatch, made, caplog, block_rows, blocks):
    monkeypatch.setattr(stream, "BLOCK_ROWS", block_rows)
    first, second = fresh(tmp_path), fresh(tmp_path)
    found = [cache.day(day) for cache in (first, second, first) for day in (2, 0, 3, 1)]
    assert len(made) == 4 * blocks
    for rows, day in zip(found, (2, 0, 3, 1) * 3, strict=True):
        assert right(rows, day) and not rows.flags.writeable
    assert not caplog.records  # a day that was never there is no damage


DAMAGES = {
    "truncated": (".npy", lambda content: content[:-1]),
    "flipped bit": (".npy", lambda content: content[:-7] + bytes([content[-7] ^ 4]) + content[-6:]),
    "text": (".npy", lambda content: b"day,click\n1,0\n"),
    "checksum not text": (".sha256", lambda content: b"\xff\xfe\0"),
    "checksum of another": (".sha256", lambda content: b"0" * 64),
}


@pytest.mark.parametrize("suffix, change", DAMAGES.values(), ids=DAMAGES)
def test_damaged_day_is_set_aside_and_made_again(tmp_path, made, caplog, suffix, change):
    fresh(tmp_path).day(1)
    path, harmed = file_of(tmp_path, 1), file_of(tmp_path, 1, suffix)
    harmed.write_bytes(change(harmed.read_bytes()))
    spoiled, aside = path.read_bytes(), path.parent / "damaged" / path.name
    repaired, again = fresh(tmp_path).day(1), fresh(tmp_path).day(1)
    assert made == [(1, 0), (1, 0)]  # `again` was read
    assert right(repaired, 1) and right(again, 1)
    assert aside.read_bytes() == spoiled
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"damaged: {path}: not the day of its checksum: set aside in {aside.parent}, made again"
    )


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


@pytest.mark.parametrize("suffix", [".npy", ".sha256"])  # the checksum is the last to be written
def test_a_lost_day_is_made_again_and_disturbs_no_reader(tmp_path, made, caplog, suffix):
    before = fresh(tmp_path).day(1)
    file_of(tmp_path, 1, suffix).unlink()
    after = fresh(tmp_path).day(1)
    assert made == [(1, 0), (1, 0)]
    assert right(before, 1) and right(after, 1)
    assert not caplog.records  # it is no damage


def test_a_full_disk_names_the_file_and_leaves_no_draft(tmp_path):
    """A limit on the size of a file stands in for the disk, in a process of its own."""
    done = start(
        "import resource",
        f"cache = DayCache({str(tmp_path)!r}, Stream(config(), 7))",
        "resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))",
        "try:",
        "    cache.day(1)",
        "except OSError as error:",
        "    print(error.filename, error.strerror)",
    )
    said, errors = done.communicate(timeout=60)
    assert said.endswith("day-00001.npy File too large\n"), errors
    assert [path.name for path in tmp_path.glob("*/*")] == ["day-00001.lock"]


@pytest.mark.parametrize("kind", ["pickle", "objects", "dtype", "shape"])
def test_a_file_that_is_no_day_is_made_again_and_never_unpickled(tmp_path, kind):
    fresh(tmp_path).day(1)
    path, marker = file_of(tmp_path, 1), tmp_path / "sprung"
    unpickled = {"__reduce__": lambda trap: (pathlib.Path.touch, (marker,))}
    trap = type("Trap", (), unpickled)()
    rows, planted = np.zeros(3, Stream(BASE, 7).row_type), io.BytesIO()
    arrays = {"objects": np.array([trap], object), "dtype": np.arange(3.0), "shape": rows}
    if kind == "pickle":
        pickle.dump(trap, planted)
    else:
        np.save(planted, arrays[kind])
    path.write_bytes(planted.getvalue())
    said = f"{path.parent.name}/{path.stem}\n".encode()  # the checksum for which it is the day
    checksum = hashlib.sha256(said + planted.getvalue()).hexdigest()
    path.with_suffix(".sha256").write_text(checksum)
    assert right(fresh(tmp_path).day(1), 1)
    assert not marker.exists()
    pickle.loads(pickle.dumps(trap))  # the trap works
    assert marker.exists()


def mapped_days(folder):
    """How many files of a folder this process has in its memory."""
    lines = pathlib.Path("/proc/self/maps").read_text().splitlines()
    return len({line.split()[-1] for line in lines if str(folder) in line})


def test_memory_does_not_grow_with_the_days(tmp_path):
    cache = fresh(tmp_path, config(days=40))
    found = []
    for day in range(40):
        assert right(cache.day(day), day, config(days=40))
        found.append(mapped_days(tmp_path))
    assert found[4] == 5  # a window of days stays open
    assert max(found) == found[-1] == KEPT_DAYS
    file_of(tmp_path, 0).unlink()  # a verified day that is gone is made again
    assert right(cache.day(0), 0, config(days=40))
    assert mapped_days(tmp_path) == KEPT_DAYS


def test_processes_that_open_at_once_make_each_day_once(tmp_path):
    lines = (
        "made, block = [], Stream.block",
        "Stream.block = lambda *place: made.append(place) or block(*place)",
        f"cache = DayCache({str(tmp_path)!r}, Stream(config(), 7))",
        "print('ready', flush=True)",
        "input()",
        "days = [digest(cache.day(day)) for day in range(4)]",
        "print(len(made), *days)",
    )
    workers = [start(*lines) for _ in range(2)]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 2
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.communicate(timeout=60)[0].split() for worker in workers]
    expected = [digest(Stream(BASE, 7).day(day)) for day in range(4)]
    assert [days for _, *days in answers] == [expected] * 2
    assert sum(int(made) for made, *_ in answers) == 4


def test_streams_do_not_share_a_folder(tmp_path, caplog):
    others = OFF | {"days": 9, "heavy_feature_every": 0}
    others["teacher"] = dataclasses.replace(BASE.teacher, hidden=5)
    kinds = [(BASE, 7), (BASE, 8)]
    kinds += [(config(**{name: value}), 7) for name, value in others.items()]
    for kind in kinds:
        assert right(fresh(tmp_path, *kind).day(3), 3, *kind)
    assert len(list(tmp_path.iterdir())) == len(kinds)
    assert not caplog.records


def test_no_draft_is_left_of_this_process_nor_of_one_killed_while_it_made_the_day(tmp_path):
    fresh(tmp_path).day(1)
    path = file_of(tmp_path, 1)
    (path.parent / "day-00001.4711.draft").write_bytes(b"half")
    path.unlink()
    fresh(tmp_path).day(1)
    found = {left.suffix for left in path.parent.iterdir()}
    assert found == {".npy", ".sha256", ".lock"}
