"""Files that are noticed when they change: sealed JSON, and files that a sealed sidecar describes.

A sealed JSON file holds the checksum of all else in it. A sidecar is such a file that holds the
checksum of another file too.
"""

import hashlib
import json
import pathlib
from typing import NamedTuple

from experiments.errors import BadInput, Damaged
from experiments.machinery.records.files import write_json, write_whole

SEAL = "own_sha256"
COMMON = ("schema", "run_id", "sha256")  # fields of every sidecar


def sealed(fields):
    """A dict that JSON can hold, with the checksum of its own content in place of an older one."""
    return fields | {SEAL: _digest(fields)}


def is_intact(fields):
    """Whether a dict from a file is the one that was sealed.

    Files of before version 0.5.0 have no checksum of their own, and are taken as they are. The
    checksum is no new schema.
    """
    return fields.get(SEAL) in (None, _digest(fields))


def _digest(fields):
    text = json.dumps({k: v for k, v in fields.items() if k != SEAL}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class SealedFiles(NamedTuple):
    """The files of one kind in a folder, one for each run, and their sidecars.

    what: the kind, a word.
    folder: pathlib.Path; it need not be there.
    ending: end of a file's name, behind the run id; sidecar_ending: end of its sidecar's name.
    schema: version of the sidecars.
    fields: names of a sidecar's fields beside COMMON.
    remedy: what the error for a missing file ends with, or "".
    """

    what: str
    folder: pathlib.Path
    ending: str
    sidecar_ending: str
    schema: int
    fields: tuple[str, ...]
    remedy: str = ""

    def file(self, run_id):
        return self.folder / f"{run_id}{self.ending}"

    def sidecar(self, run_id):
        return self.folder / f"{run_id}{self.sidecar_ending}"

    def write(self, run_id, content, said):
        """Writes the file, then its sidecar: a sidecar on disk is that of a whole file.

        Args:
          run_id: RunConfig.run_id.
          content: bytes.
          said: dict of `fields`.
        """
        write_whole(self.file(run_id), content)
        digest = hashlib.sha256(content).hexdigest()
        common = {"schema": self.schema, "run_id": run_id, "sha256": digest}
        write_json(self.sidecar(run_id), sealed(common | said))

    def read(self, run_id):
        """The content of a run's sidecar, and the bytes of its file.

        Raises: BadInput and Damaged as `read_sidecar`; Damaged if the file has gone, or is not the
          one that the sidecar was written with.
        """
        said, path = self.read_sidecar(run_id), self.file(run_id)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise self.damaged(run_id, path, f"cannot be read: {error.strerror}") from error
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != said["sha256"]:
            reason = f"not the {self.what} of its sidecar (truncated or changed)"
            raise self.damaged(run_id, path, reason)
        return said, content

    def read_sidecar(self, run_id):
        """The content of a run's sidecar: dict of COMMON and `fields`.

        Raises: BadInput if it cannot be read; Damaged if it is not one of this kind, schema and
          run, or has changed.
        """
        path = self.sidecar(run_id)
        try:
            said = json.loads(path.read_text())
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}{self.remedy}") from error
        except ValueError as error:
            raise self.damaged(run_id, path, f"not JSON ({error})") from error
        reason = self._wrong(run_id, said)
        if reason:
            raise self.damaged(run_id, path, reason)
        return said

    def _wrong(self, run_id, said):
        """Why the content of a sidecar is not that of this run, or ""."""
        if not isinstance(said, dict) or set(said) - {SEAL} != {*COMMON, *self.fields}:
            return f"not a sidecar of a {self.what}"
        if (said["schema"], said["run_id"]) != (self.schema, run_id):
            found = f"schema {said['schema']}, run {said['run_id']}"
            return f"{found}: expected schema {self.schema}, run {run_id}"
        return "" if is_intact(said) else "changed since it was written"

    def damaged(self, run_id, path, reason):
        """The error of one of the two files, which are set aside together."""
        both = (self.sidecar(run_id), self.file(run_id))
        return Damaged(path, reason, "delete both files to record it again", both)
