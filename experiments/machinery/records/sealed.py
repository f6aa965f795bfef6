"""Files that are noticed when they change: sealed JSON, and files that a sealed sidecar describes.

A sealed JSON file holds the checksum of all else in it. A sidecar is such a file that holds the
checksum of another file too.
"""

import hashlib
import json
import pathlib

from experiments.errors import BadInput, Damaged
from experiments.machinery.records.files import write_json, write_whole

SEAL = "own_sha256"
COMMON = ("schema", "run_id", "sha256")  # fields of every sidecar


def sealed(fields):
    """A dict that JSON can hold, with the checksum of its own content in place of an older one."""
    return fields | {SEAL: _digest(fields)}


def is_intact(fields):
    """Whether a dict from a file is as it was sealed, or is of before version 0.5.0, unsealed."""
    return fields.get(SEAL) in (None, _digest(fields))


def _digest(fields):
    text = json.dumps({k: v for k, v in fields.items() if k != SEAL}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def content_of(path, sha256, what, damaged):
    """The bytes of a file whose sidecar or record has the checksum `sha256`.

    Raises: damaged(path, reason) if it has gone, or is not the `what` of this checksum; BadInput.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise damaged(path, f"cannot be read: {error.strerror}") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise damaged(path, f"not the {what} (truncated or changed)")
    return content


class SealedFiles:
    """The files of one kind in a results folder, one for each run, and their sidecars.

    A subclass says which: `what` they are, a word; the `subfolder`; the `ending` of a file's name
    and the `sidecar_ending`, behind the run id; the `schema` of the sidecars; the names of a
    sidecar's `fields` beside COMMON; the `remedy` that the error for a missing sidecar ends with.
    The folder `root` of the profile's results need not be there.
    """

    remedy = ""

    def __init__(self, root):
        self.folder = pathlib.Path(root) / self.subfolder

    def file(self, run_id):
        return self.folder / f"{run_id}{self.ending}"

    def sidecar(self, run_id):
        return self.folder / f"{run_id}{self.sidecar_ending}"

    def has(self, run_id):
        """Whether a run has a sidecar."""
        return self.sidecar(run_id).exists()

    def write_pair(self, run_id, content, said):
        """Writes the file, then a sidecar with `fields`: one on disk is of a whole file."""
        write_whole(self.file(run_id), content)
        digest = hashlib.sha256(content).hexdigest()
        common = {"schema": self.schema, "run_id": run_id, "sha256": digest}
        write_json(self.sidecar(run_id), sealed(common | said))

    def read_pair(self, run_id):
        """A run's sidecar, and the bytes of its file; raises as `read_sidecar` and `content_of`."""
        said = self.read_sidecar(run_id)
        what = f"{self.what} of its sidecar"
        return said, content_of(self.file(run_id), said["sha256"], what, self.damaged)

    def read_sidecar(self, run_id):
        """The content of a run's sidecar: dict of COMMON and `fields`.

        Raises: BadInput if it cannot be read; Damaged if it is truncated, changed or another's.
        """
        path = self.sidecar(run_id)
        try:
            said = json.loads(path.read_text())
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}{self.remedy}") from error
        except ValueError as error:
            raise self.damaged(path, f"not JSON ({error})") from error
        if not isinstance(said, dict) or set(said) - {SEAL} != {*COMMON, *self.fields}:
            raise self.damaged(path, f"not a sidecar of a {self.what}")
        if (said["schema"], said["run_id"]) != (self.schema, run_id):
            found = f"schema {said['schema']}, run {said['run_id']}"
            raise self.damaged(path, f"{found}: expected schema {self.schema}, run {run_id}")
        if not is_intact(said):
            raise self.damaged(path, "changed since it was written")
        return said

    def damaged(self, path, reason):
        """The error of one of the two files of a run, which are set aside together."""
        run_id = path.name.partition(".")[0]
        both = (self.sidecar(run_id), self.file(run_id))
        return Damaged(path, reason, "delete both files to record it again", both)
