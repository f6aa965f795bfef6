"""Who works on a run, known to every process that shares a results folder."""

import contextlib
import errno
import pathlib

import filelock

from experiments.errors import BadInput

NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
POLL_S = 0.5


class Claimed(RuntimeError):
    """Another process has the claim."""


class Claims:
    """The claims of one results folder: locks on the files `<root>/locks/<name>.lock`.

    The kernel frees a lock when its holder dies, whatever killed it, so that no claim is ever
    stale and no timeout has to tell the dead from the slow. The files stay: if one were deleted
    while another process opens it, two processes could hold a lock of that name at once.
    """

    def __init__(self, root):
        self._folder = pathlib.Path(root) / "locks"

    @contextlib.contextmanager
    def of(self, name, wait=None):
        """Holds a claim, of a run id, while its block runs.

        If another process has it, `wait` is called with a line of text and it is waited for.
        Raises: Claimed without `wait`; BadInput if the folder is on a file system without locks.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        # A soft lock, which is a mere file, would outlive a holder that was killed.
        lock = filelock.FileLock(
            self._folder / f"{name}.lock", poll_interval=POLL_S, fallback_to_soft=False
        )
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            if wait is None:
                raise Claimed(name) from None
            wait(f"{name}: another process is on it; waiting for it")
            lock.acquire()
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            raise BadInput(
                f"{self._folder}: the file system has no locks ({error.strerror}): expected a "
                "folder on one that has"
            ) from error
        try:
            yield
        finally:
            lock.release()
