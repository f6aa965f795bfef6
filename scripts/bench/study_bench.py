"""A study on two worker processes, and how long a command takes to answer."""

import io
import pathlib
import subprocess
import sys
import tempfile
import time

from rich.console import Console

from data import DayCache, Stream
from experiments.machinery.records.record import Store
from experiments.machinery.workers.progress import Display
from experiments.machinery.workers.study import Study
from experiments.studies.grid import run_config
from experiments.studies.registry import divergence_config

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKERS = 2
METHODS = ("naive", "clippy")
SEEDS = 4  # ours: with two methods 40 s or more at laptop size, ten times the start of a worker


def study(profile, rate, cache):
    """Runs a study of equal runs into a folder that is thrown away.

    Args:
      profile: name of a profile.
      rate: learning rate of all runs.
      cache: folder of the generated days.
    Returns: (seconds that the runs took in their workers by their own records, wall time in
      seconds of the study from the start of its workers to their end, number of runs).
    """
    configs = [
        run_config(profile, "large", method, learning_rate=rate, data_seed=1000, run_seed=seed)
        for method in METHODS
        for seed in range(SEEDS)
    ]
    _make_days(configs[0], cache)
    divergence = divergence_config()
    display = Display(divergence, WORKERS, Console(file=io.StringIO()))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with Study.open(Store(folder), cache, WORKERS, display) as opened:
            records = opened.execute(configs)
        wall_s = time.perf_counter() - started
    return sum(record.provenance["wall_s"] for record in records), wall_s, len(records)


def start_ups():
    """Starts of a process: dict "help", "bare" to a function that waits for its end."""
    commands = {"help": ["-m", "scripts.reproduce_table2", "--help"], "bare": ["-c", "pass"]}
    return {name: _process([sys.executable, *command]) for name, command in commands.items()}


def _process(command):
    return lambda: subprocess.run(command, cwd=ROOT, capture_output=True, check=True)


def _make_days(config, cache):
    """A study finds the days of its stream made; the first one would wait for them otherwise."""
    days = DayCache(cache, Stream(config.stream, config.data_seed))
    for day in range(config.stream.days):
        days.day(day)
