"""No worker process outlives the one that started it."""

import multiprocessing
import os
import threading


def end_with_parent():
    """Has this process end when the one that started it ends, in the middle of its work too."""
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end():
    multiprocessing.parent_process().join()
    os._exit(1)
