"""How time, measured in turn, and memory, in a process a size, grow: tables, log-log slopes."""

import dataclasses
import functools
import itertools
import pathlib
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from data import Stream
from experiments.findings.names import markdown_table
from experiments.machinery.records.record import Store
from experiments.machinery.workers.runner import Runner
from experiments.training.program import Program, tensors
from experiments.training.tensorflow_setup import one_thread
from experiments.training.trainer import window_of
from scripts import command
from scripts.bench import logs, memory
from scripts.bench.optimizers import RATE, config_of

REPEATS = 3
SEEDS = itertools.count()


class Scale(NamedTuple):
    unit: str  # what is done, and what its size counts
    asked: tuple  # days, runs, divisors of the paper's width, or rows of a batch
    warm: int  # one of these at smoke size, which is traced before memory is measured
    work: Callable  # (profile, one of `asked`, folder of days and records) -> (size, function)


def frame(profile):
    """DataFrame of every size: scale, size, seconds, memory_mib, seconds_slope, memory_slope."""
    rows = []
    for name, scale in SCALES.items():
        with tempfile.TemporaryDirectory() as folder:
            works = [scale.work(profile, one, pathlib.Path(folder)) for one in scale.asked]
            seconds = interleaved(dict(enumerate(run for _, run in works)), REPEATS, warm_up=1)
        found = pd.DataFrame({"scale": name, "size": [size for size, _ in works]})
        found["seconds"] = seconds.values()
        found["memory_mib"] = [memory_mib(profile, name, one) for one in scale.asked]
        found["seconds_slope"] = slope(found["size"], found["seconds"])
        found["memory_slope"] = slope(found["size"], found["memory_mib"])
        rows.append(found)
    return pd.concat(rows, ignore_index=True)


def interleaved(candidates, repeats, warm_up=3):
    """Median seconds of functions that run in turn, by name, after rounds that do not count."""
    times = {name: [] for name in candidates}
    for _ in range(warm_up + repeats):
        for name, function in candidates.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken[warm_up:]) for name, taken in times.items()}


def slope(sizes, values):
    """Slope of the line through log(value) over log(size): 1 is linear, 0 is flat."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def markdown(scales):
    """The DataFrame of `frame` as a table in Markdown, one row a scale."""
    lines = [
        [
            SCALES[scale].unit,
            ", ".join(f"{size:,}".replace(",", " ") for size in rows["size"]),
            ", ".join(f"{seconds:.3g}" for seconds in rows["seconds"]),
            f"{rows['seconds_slope'].iloc[0]:z.2f}",
            ", ".join(f"{mib:.0f}" for mib in rows["memory_mib"]),
            f"{rows['memory_slope'].iloc[0]:z.2f}",
        ]
        for scale, rows in scales.groupby("scale", sort=False)
    ]
    heads = ["Of", "sizes", "seconds", "slope", "MiB beyond the start", "slope"]
    return markdown_table(heads, lines)


def memory_mib(profile, scale, asked):
    """Largest memory of one size in a process of its own, beyond what was there before it."""
    with command.pool(1) as process:
        return process.submit(_peak_mib, profile, scale, asked).result()


def _peak_mib(profile, name, asked):
    """What one size takes at most here, beyond TensorFlow and the same work at a tiny size."""
    one_thread()
    scale = SCALES[name]
    with tempfile.TemporaryDirectory() as folder:
        scale.work("smoke", scale.warm, pathlib.Path(folder) / "warm")[1]()
        before = memory.resident_bytes()
        memory.forget_peak()
        scale.work(profile, asked, pathlib.Path(folder))[1]()
        return (memory.peak_bytes() - before) / 2**20


def first_batch(config):
    """The tensors of the first batch of a run."""
    stream = Stream(config.stream, config.data_seed)
    return tensors(window_of(config, stream).batch(0, stream.day))


def _of_days(profile, days, folder):
    config, runner = _config(profile, "small", {"StreamConfig.days": days}), _runner(folder)
    return days - 1, lambda: runner.outcome(config)


def _of_log_days(profile, days, folder):
    config, runner = _config(profile, "small", {"StreamConfig.days": days}), _runner(folder)
    stream = Stream(config.stream, config.data_seed)
    log = logs.written(stream, folder / f"log-{days}", days)
    return days - 1, lambda: runner.outcome(dataclasses.replace(config, stream=log))


def _of_runs(profile, count, folder):
    config, runner = _config(profile, "small", {"StreamConfig.days": 6}), _runner(folder)

    def run():
        for seed in itertools.islice(SEEDS, count):  # a run that has a record is not done again
            runner.run(dataclasses.replace(config, run_seed=seed))

    return count, run


def _of_parameters(profile, divisor, _):
    values = {"ModelConfig.width_divisor": divisor, "TrainerConfig.batch_size": 64}
    program, run = _step(profile, values)
    return program.model.non_embedding_parameters(), run


def _of_batch(profile, rows, _):
    return rows, _step(profile, {"TrainerConfig.batch_size": rows})[1]


# ours: from small to what takes seconds on one core. Memory is to stand out of what TensorFlow
# itself takes for a trace, so parameters are those of the paper's Large at a divisor of its width,
# in a small batch, and batches are large. Days are more than a run keeps open (data/cache.py).
SCALES = {
    "days": Scale("a run of Small, training days", (20, 40, 80), 5, _of_days),
    "log_days": Scale("the same on a log, training days", (20, 40, 80), 5, _of_log_days),
    "runs": Scale("runs of Small in one process", (1, 2, 4, 8), 1, _of_runs),
    "parameters": Scale(
        "a step of Large, non-embedding parameters", (8, 4, 2, 1), 512, _of_parameters
    ),
    "batch": Scale("a step of Large, examples", (8192, 16384, 32768, 65536), 64, _of_batch),
}


def _config(profile, model, values):
    steady = {"StreamConfig.shocks": None, "StreamConfig.label_shocks": None}
    return config_of(profile, model, "clippy", values=steady | values)


@functools.cache  # one trace serves every size
def _runner(folder):
    return Runner(Store(folder), folder / "cache")


def _step(profile, values):
    config = _config(profile, "large", values)
    program, batch = Program(config), first_batch(config)
    return program, lambda: program.step(batch, RATE)
