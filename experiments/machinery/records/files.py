"""Files that are there whole or not at all.

A file is a draft until it is whole. Its writer holds a lock on the draft, so that what a killed
process left is told from what is being written, on another host too; the next study sweeps it.
"""

import contextlib
import fcntl
import io
import json
import os
import pathlib
import tempfile
import uuid

import pandas as pd

from experiments.errors import CannotWrite, stopping


def check_folder(folder, what):
    """Makes a folder. Raises: CannotWrite, naming the reason, if it cannot be written."""
    folder = pathlib.Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # has no name that could be left behind
    except OSError as error:
        raise CannotWrite(
            f"{folder}: the {what} cannot be written ({error.strerror}): expected a folder that can"
        ) from error


def csv_bytes(frame):
    """A DataFrame as gzipped CSV: the same rows have the same bytes."""
    buffer = io.BytesIO()
    # CSV in gzip and not Parquet: these files are 5 KB, and any program reads them.
    frame.to_csv(buffer, index=False, compression={"method": "gzip", "mtime": 0})
    return buffer.getvalue()


def csv_frame(content):
    """The DataFrame of `csv_bytes`, every float with its bits."""
    return pd.read_csv(io.BytesIO(content), compression="gzip", float_precision="round_trip")


def write_json(path, fields):
    """Writes a dict as strict JSON, as `write_whole`. Raises: ValueError for NaN."""
    text = json.dumps(fields, allow_nan=False, sort_keys=True, indent=1)
    write_whole(path, (text + "\n").encode())


def write_whole(path, content):
    """Writes bytes. Raises: CannotWrite where the disk or the folder is the reason; OSError."""
    try:
        while not _written(path, content):
            pass
    except OSError as error:
        stop = stopping(error, path)
        if stop is None:
            raise
        raise stop from error


def _written(path, content):
    """Whether the file was written: not if its draft was swept before it could be locked."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.draft")
    try:
        with draft.open("xb") as file:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if not draft.exists():
                return False
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            draft.replace(path)
            return True
    finally:
        with contextlib.suppress(OSError):  # where nothing can be written nothing can be removed
            draft.unlink(missing_ok=True)


def sweep_drafts(folder):
    """Deletes the drafts of writers that died in a folder, which need not be there."""
    for draft in folder.glob(".*.draft"):
        # Locked, or it has just become the file it was to be.
        with contextlib.suppress(OSError), draft.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
