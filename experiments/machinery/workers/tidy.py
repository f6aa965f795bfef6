"""What processes that were killed have left in a results folder, taken away."""

import contextlib

from experiments.errors import Damaged
from experiments.machinery.records.checkpoint import CheckpointStore
from experiments.machinery.records.claim import Claimed, Claims
from experiments.machinery.records.files import sweep_drafts
from experiments.machinery.workers.worker import progress_file

FOLDERS = (".", "runs", "figures", "snapshots", "checkpoints", "logs", "progress")


def tidy(store, progress_folder):
    """Deletes what the dead have left; what a living process is on stays.

    Args:
      store: record.Store.
      progress_folder: pathlib.Path of the progress files.
    Raises: BadInput if the folder is on a file system without locks.
    """
    claims, checkpoints = Claims(store.root), CheckpointStore(store.root)
    with claims.of("tidy", wait=lambda line: None):
        for folder in FOLDERS:
            sweep_drafts(store.root / folder)
        for path in progress_folder.glob("*.json"):
            drop_progress(claims, progress_folder, path.stem)
        for run_id in checkpoints.run_ids():
            with contextlib.suppress(Claimed, Damaged), claims.of(run_id):
                if store.read(run_id) is not None:
                    checkpoints.remove(run_id)


def drop_progress(claims, folder, run_id):
    """Deletes the progress files of a run that no process is on.

    Args:
      claims: Claims.
      folder: pathlib.Path of the progress files.
      run_id: RunConfig.run_id.
    """
    with contextlib.suppress(Claimed), claims.of(run_id):
        progress_file(folder, run_id).unlink(missing_ok=True)
