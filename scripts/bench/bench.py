"""What a step, a batch, a day and a study cost, as ratios of medians.

The candidates of a comparison run in turn, so that a machine whose speed drifts slows them alike.
"""

import dataclasses
import io
import itertools
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import tensorflow as tf
import tf_keras as keras
from rich.console import Console

from data import DayCache, LogStream, Stream, open_days
from experiments.machinery.gin_files import ROOT
from experiments.machinery.records.files import write_json, write_whole
from experiments.machinery.records.record import Store
from experiments.machinery.workers.progress import Display
from experiments.machinery.workers.study import Study
from experiments.studies.registry import divergence_config, telemetry_config
from experiments.training.detector import SHARED, Detector, see_row
from experiments.training.program import Program, tensors
from experiments.training.trainer import Evaluation, train, window_of
from scripts.bench import keras3, logs, optimizers, scale
from scripts.bench.optimizers import RATE, config_of
from scripts.bench.scale import interleaved

REPEATS = 31  # ours: odd, and enough for a median that repeats to a few percent
CHEAP_REPEATS = 11  # for what takes long
LOG_DAYS = 5  # of a log, each as large as a day of the profile
SHARE_REPEATS = 3  # whole runs
WORKERS = 2
METHODS = ("naive", "clippy")  # of the study
SEEDS = 4  # ours: with two methods 40 s or more at laptop size, ten times the start of a worker


def bench(profile, results, cache):
    """Measures everything; writes bench.json and bench_scale.{csv,md} into `<results>/<profile>/`.

    Returns bench.json: name to {ratio, baseline, median_s, baseline_s, n}; the ratio is of the two.
    A person feels `supply_vs_consumption`, `large_run_step_share`, and the `median_s` of
    `help_vs_bare_python`, which stays under a second.
    """
    store = Store(results / profile)
    tf.get_logger().setLevel("ERROR")  # it warns of the many traces, one for each size
    found = _steps(profile) | _supply(profile, cache) | _optimizers() | _study(profile, cache)
    found |= _start_up()
    scales = scale.frame(profile)
    write_whole(store.root / "bench_scale.csv", scales.to_csv(index=False).encode())
    write_whole(store.root / "bench_scale.md", scale.markdown(scales).encode())
    write_json(store.root / "bench.json", found)
    return found


def _entries(median_s, n, pairs):
    """Entries of bench.json: `pairs` has (candidate, baseline, what the latter is) by name."""
    return {
        name: {
            "ratio": median_s[candidate] / median_s[baseline],
            "baseline": text,
            "median_s": median_s[candidate],
            "baseline_s": median_s[baseline],
            "n": n,
        }
        for name, (candidate, baseline, text) in pairs.items()
    }


def _steps(profile):
    """Steps of Large: naive, measured, with Clippy, with Keras' Adagrad; its products alone."""
    config = config_of(profile, "large", "naive")
    batch = scale.first_batch(config)
    naive, clippy = Program(config), Program(config_of(profile, "large", "clippy"))
    measured = Program(config, telemetry=telemetry_config())
    adagrad = Program(config, keras.optimizers.Adagrad(RATE, initial_accumulator_value=0.1))
    candidates = {
        "clippy": lambda: clippy.step(batch, RATE),
        "naive": lambda: naive.step(batch, RATE),
        "measured": lambda: (measured.step(batch, RATE), measured.measures),
        "detected": _detected(config, batch),
        "keras": lambda: adagrad.step(batch, RATE),
        "sgemm": _products(naive.model, config.trainer.batch_size),
    }
    keras_text = "the same model and batch under tf_keras.optimizers.Adagrad"
    pairs = {
        "clippy_step_vs_naive": ("clippy", "naive", "a naive step of Large"),
        "large_step_vs_keras_adagrad": ("clippy", "keras", keras_text),
        "large_step_vs_sgemm": ("clippy", "sgemm", "the step's matrix products alone"),
        "telemetry_vs_plain_step": ("measured", "naive", "a naive step of Large"),
        "detector_vs_plain_step": ("detected", "naive", "a naive step of Large"),
    }
    return _entries(interleaved(candidates, REPEATS), REPEATS, pairs)


def _detected(config, batch):
    """A step with what the online detector reads of it and nothing else, and its judgement."""
    telemetry, steps = telemetry_config(), itertools.count(1)
    layers = {name: telemetry.layers[name] for name in SHARED}
    program = Program(config, telemetry=dataclasses.replace(telemetry, layers=layers, rules={}))
    detector = Detector(telemetry.detector)

    def step():
        row = {"step": next(steps), "learning_rate": RATE, "loss": float(program.step(batch, RATE))}
        return see_row(detector, row | program.measures)

    return step


def _products(model, batch_size):
    """The matrix products of one step: one forward and two backward for every kernel."""
    shapes = [v.shape for v in model.trainable_variables if "kernel" in v.name]
    layers = [
        (tf.ones([batch_size, inputs]), tf.ones([inputs, outputs]), tf.ones([batch_size, outputs]))
        for inputs, outputs in shapes
    ]

    @tf.function
    def products(layers):
        forward = [tf.matmul(x, w) for x, w, _ in layers]
        of_kernels = [tf.matmul(x, dy, transpose_a=True) for x, _, dy in layers]
        return forward, of_kernels, [tf.matmul(dy, w, transpose_b=True) for _, w, dy in layers]

    return lambda: products(layers)


def _optimizers():
    """Steps of the optimizers alone, at the paper's size and on a table; no profile matters."""
    tfrs = "tensorflow-recommenders' class with the same arguments, 57.0M parameters"
    dense = {"clippy_57m_vs_tfrs": ("drop_in", "tfrs", tfrs)}
    own = optimizers.ADAGRAD_PASSES
    for rule, passes in optimizers.PASSES.items():
        bound = f"{passes} passes over the parameters against {own}, {passes / own:.2f}"
        dense[f"{rule}_57m_vs_adagrad"] = (rule, "adagrad", f"Keras' Adagrad under XLA; {bound}")
    rows = "all rows of a 1M x 16 table, against 1 % of them"
    sparse = {"clippy_sparse_few_vs_all_rows": ("few", "all", rows)}
    with optimizers.one_core():
        median_s = interleaved(optimizers.dense_steps(), CHEAP_REPEATS)
        found = _entries(median_s, CHEAP_REPEATS, dense)
        found |= _entries(interleaved(optimizers.sparse_steps(), REPEATS), REPEATS, sparse)
        return found | _keras3()


def _keras3():
    """Clippy for Keras 3 against Adagrad of Keras 3, on each back end that is installed."""
    shapes, found = [variable.shape.as_list() for variable in optimizers.large()], {}
    for backend in keras3.installed():
        median_s = keras3.medians(backend, shapes, CHEAP_REPEATS)
        text = f"Keras 3's Adagrad on {keras3.BACKENDS[backend]} under XLA"
        pairs = {f"keras3_{backend}_57m_vs_adagrad": ("clippy", "adagrad", text)}
        found |= _entries(median_s, CHEAP_REPEATS, pairs)
    return found


def _supply(profile, cache):
    """Batches from the cache and generated days, against Large's steps; their share of a run."""
    config = config_of(profile, "large", "clippy")
    stream = Stream(config.stream, config.data_seed)
    days, window, program = DayCache(cache, stream), window_of(config, stream), Program(config)
    batch = tensors(window.batch(window.steps - 1, days.day))
    steps = iter(range(10**9))
    with tempfile.TemporaryDirectory() as folder:
        log = logs.written(stream, pathlib.Path(folder) / "log", LOG_DAYS)
        read, cached = LogStream(log, folder), open_days(folder, log, None)
        candidates = {
            "supply": lambda: tensors(window.batch(next(steps) % window.steps, days.day)),
            "step": lambda: program.step(batch, RATE),
            "generation": lambda: stream.day(next(steps) % config.stream.days),
            "log_reading": lambda: read.day(next(steps) % LOG_DAYS),
            "log_supply": lambda: cached.day(next(steps) % LOG_DAYS).copy(),
        }
        median_s = interleaved(candidates, CHEAP_REPEATS)
    median_s["day"] = median_s["step"] * config.trainer.steps_per_day
    a_day = "the steps of one day of Large"
    pairs = {
        "supply_vs_consumption": ("supply", "step", "a Clippy step of Large"),
        "generation_vs_consumption": ("generation", "day", a_day),
        "log_reading_vs_consumption": ("log_reading", "day", a_day),
        "log_supply_vs_consumption": ("log_supply", "day", a_day),
    }
    found = _entries(median_s, CHEAP_REPEATS, pairs)
    evaluation = Evaluation(
        days.day(config.stream.days - 1), config.stream, config.trainer.batch_size
    )
    evaluation(program)
    step_s = []  # inside the compiled step; the traces are made by now

    def run():
        step_s.append(train(config, program, days, evaluation).step_s)

    median_s = interleaved({"run": run}, SHARE_REPEATS, warm_up=0)
    median_s["steps"] = statistics.median(step_s)
    pairs = {"large_run_step_share": ("steps", "run", "wall time of a run of Large")}
    return found | _entries(median_s, SHARE_REPEATS, pairs)


def _study(profile, cache):
    """What the runs of a study took of the time of its workers; at laptop size at least 0.85."""
    chosen = itertools.product(METHODS, range(SEEDS))
    configs = [config_of(profile, "large", method, seed) for method, seed in chosen]
    days = DayCache(cache, Stream(configs[0].stream, configs[0].data_seed))
    for day in range(configs[0].stream.days):  # made before: the first run would wait for them
        days.day(day)
    display = Display(divergence_config(), WORKERS, Console(file=io.StringIO()))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with Study.open(Store(folder), cache, WORKERS, display) as opened:
            records = opened.execute(configs)
        return _efficiency(records, time.perf_counter() - started)


def _efficiency(records, wall_s):
    text = (
        f"{WORKERS} workers times the wall time of a study of {len(records)} runs of Large, "
        "their start included"
    )
    computed_s = sum(record.provenance["wall_s"] for record in records)
    taken_s = {"runs": computed_s, "workers": WORKERS * wall_s}
    pairs = {"study_parallel_efficiency": ("runs", "workers", text)}
    return _entries(taken_s, len(records), pairs)


def _start_up():
    """`--help` of a command, against a Python that does nothing."""

    def python(*arguments):
        given = [sys.executable, *arguments]
        return lambda: subprocess.run(given, cwd=ROOT, capture_output=True, check=True)

    candidates = {"help": python("-m", "scripts.reproduce_table2", "--help")}
    candidates["bare"] = python("-c", "pass")
    pairs = {"help_vs_bare_python": ("help", "bare", "a Python that does nothing")}
    return _entries(interleaved(candidates, CHEAP_REPEATS), CHEAP_REPEATS, pairs)
