"""What a command says when it cannot go on: one line for the person, one exit status each."""

import difflib
import errno

# Errors that the next file would meet too: no space, no quota, no permission, a device that fails.
# They stop a study, since its next run could not write either; any other error is one run's own.
STOPPING = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
)


class BadInput(ValueError):
    """Input that a person gave and can mend. The command prints one line and exits with 2."""


class Damaged(BadInput):
    """A file in a results folder is not what it should be. A command that trains sets it aside.

    Args:
      path: the file.
      reason: what is wrong with it.
      advice: what a person can do who only reads.
      files: all files that are set aside with it, by default `path` alone.
    """

    def __init__(self, path, reason, advice, files=None):
        super().__init__(path, reason, advice, files)
        self.path, self.reason, self.files = path, reason, files or (path,)

    def __str__(self):
        return "{}: {}: {}".format(*self.args[:3])


class NotDefined(BadInput):
    """A finding about what the stream or a study does not have: tasks, features, pairs of runs."""


class CannotWrite(BadInput):
    """A disk is full or a folder cannot be written, so that the next run would fail as well."""


class Differs(RuntimeError):
    """`make verify` found a difference. The command prints one line and exits with 1."""


class RunsCrashed(RuntimeError):
    """Runs of a study crashed; divergence is a result and no crash. The command exits with 3.

    Args:
      logs: dict from run id to the path of its log.
    """

    def __init__(self, logs):
        lines = [f"{len(logs)} runs crashed; the rest is recorded:"]
        lines += [f"  {run_id}: see {path}" for run_id, path in logs.items()]
        super().__init__("\n".join(lines))


class RunStopped(RuntimeError):
    """A run over several workers cannot go on. The command prints one line and exits with 3."""


def did_you_mean(name, known):
    """The nearest known name as " (did you mean x?)", or "" if none is near."""
    lower = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), lower, n=1)
    return f" (did you mean {lower[near[0]]}?)" if near else ""


def one_of(name, known):
    """What a message expects in place of an unknown name: the known ones, the nearest named."""
    return f"one of {', '.join(known)}{did_you_mean(name, known)}"


def stopping(error, path=None):
    """The CannotWrite that an OSError amounts to, or None if it concerns one file alone.

    Args:
      error: OSError.
      path: the file, or None for the one that the error names; that of a write names none.
    """
    if error.errno not in STOPPING:
        return None
    where = path or error.filename or "a file"
    return CannotWrite(
        f"{where}: cannot be written ({error.strerror}): "
        "finished runs are kept, and the same command goes on once it can be"
    )
