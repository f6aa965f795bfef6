"""The files of a log: which belong to which day, their digest, their rows in chunks."""

import contextlib
import functools
import hashlib
import pathlib
import re

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data import checks
from data.source import ROOT

CHUNK_ROWS = 8_192  # ours: as a block of the synthetic stream
READING = (pd.errors.ParserError, pd.errors.EmptyDataError, pa.ArrowException, OSError)
ENDINGS = (".csv", ".csv.gz", ".parquet")


def parts(path):
    """The entries of a log in their natural order: list of (name, list of files).

    A log that is one file has one entry. Names that begin with a dot or an underscore are left out.

    Raises: ValueError if there is no such path, no file in a folder, or a file of another kind.
    """
    here = _found(path)
    if here.is_file():
        return [(here.name, [_readable(here)])]
    return [(entry.name, _files(entry)) for entry in _entries(here)]


def digest(path):
    """Digest of what is in the files of a log and of how they are called: 64 hexadecimal digits."""
    found = [(name, [_sha256(*_state(file)) for file in files]) for name, files in parts(path)]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def digest_of(files):
    """Digest of what is in some files."""
    return hashlib.sha256(repr([_sha256(*_state(file)) for file in files]).encode()).hexdigest()


def size(path):
    """Bytes of all files of a log."""
    return sum(file.stat().st_size for _, files in parts(path) for file in files)


def chunks(files, text, numbers):
    """Yields some columns of files in chunks of rows.

    Args:
      files: paths.
      text, numbers: names of columns: values of the first become str, those of the others stay.
    Yields: (file, row of the first, DataFrame); the rows of a file count from 1, its header not.
    Raises: ValueError, which names the file, if it cannot be read or lacks a column.
    """
    for file in files:
        with _named(file):
            frames = _parquet if file.suffix == ".parquet" else _csv
            row = 1
            for frame in frames(file, list(text), list(numbers)):
                yield file, row, frame
                row += len(frame)


def _csv(file, text, numbers):
    header = pd.read_csv(file, nrows=0)
    _check_columns(file, header.columns, [*text, *numbers])
    # All columns: with some of them pandas lets rows pass that are longer than the header.
    how = {"dtype": dict.fromkeys(text, object), "index_col": False, "low_memory": False}
    with pd.read_csv(file, chunksize=CHUNK_ROWS, **how) as reader:
        for frame in reader:
            yield frame[[*text, *numbers]].copy()


def _parquet(file, text, numbers):
    with pq.ParquetFile(file) as table:
        _check_columns(file, table.schema_arrow.names, [*text, *numbers])
        for batch in table.iter_batches(CHUNK_ROWS, columns=[*text, *numbers]):
            frame = batch.select(numbers).to_pandas()
            for name in text:
                frame[name] = batch.column(name).cast(pa.string()).to_pandas()
            yield frame


def _check_columns(file, there, wanted):
    for name in wanted:
        if name not in there:
            raise ValueError(f"{file}: no column {name!r}: expected one of {', '.join(there)}")


@contextlib.contextmanager
def _named(file):
    """What goes wrong in reading a file, as a ValueError that names it."""
    try:
        yield
    except READING as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{file}: cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: cannot be read: expected text in UTF-8") from error


def _found(path):
    """The file or folder of a path: from the present folder, else from that of the project."""
    for place in (pathlib.Path(path), ROOT / path):
        if place.exists():
            return place
    return checks.fail("LogsConfig.path", path, "a file or folder that exists")


def _entries(folder):
    """What is in a folder, in the natural order of the names."""
    found = [entry for entry in folder.iterdir() if not entry.name.startswith((".", "_"))]
    if not found:
        raise ValueError(f"{folder}: no files: expected a log in {', '.join(ENDINGS)}")
    return sorted(found, key=lambda entry: _natural(entry.name))


def _files(entry):
    """The files of an entry of a log, which is one or has several."""
    if entry.is_file():
        return [_readable(entry)]
    return [_readable(file) for file in _entries(entry)]


def _readable(file):
    if not file.is_file() or not file.name.endswith(ENDINGS):
        raise ValueError(f"{file}: expected a file in {', '.join(ENDINGS)}")
    return file


def _natural(name):
    """Sorts numbers in names by their value: day-2 before day-10."""
    return [
        (part.isdigit(), int(part) if part.isdigit() else part, part)
        for part in re.split(r"(\d+)", name)
        if part
    ]


def _state(file):
    about = file.stat()
    return file, about.st_size, about.st_mtime_ns


@functools.cache
def _sha256(file, size, changed_ns):
    """Checksum of a file as long as its size and its time of change are these."""
    del size, changed_ns
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
