"""`make bench`: what a step, a batch, a day and a study cost, as ratios measured side by side.

All candidates of a comparison run in one process, in turn, so that a machine whose speed drifts
slows them alike; the median of each is quoted.
"""

import functools
import io
import statistics
import subprocess
import sys
import tempfile
import time

import tensorflow as tf
import tf_keras as keras
from rich.console import Console

from data import DayCache, Stream
from experiments.machinery.gin_files import ROOT
from experiments.machinery.records.files import write_json, write_whole
from experiments.machinery.records.record import Store
from experiments.machinery.workers.progress import Display
from experiments.machinery.workers.study import Study
from experiments.studies.registry import divergence_config, telemetry_config
from experiments.studies.settings import run_config
from experiments.training.program import Program, tensors
from experiments.training.trainer import Evaluation, train, window_of
from scripts.bench import optimizers, scale

REPEATS = 31  # ours: odd, and enough for a median that repeats to a few percent
WARM_UP = 3
CHEAP_REPEATS = 11  # for what takes long
SHARE_REPEATS = 3  # whole runs
RATE = 1e-3  # ours: a rate at which nothing diverges; the time does not depend on it
WORKERS = 2
METHODS = ("naive", "clippy")  # of the study
SEEDS = 4  # ours: with two methods 40 s or more at laptop size, ten times the start of a worker


def bench(profile, results, cache):
    """Measures everything; writes bench.json and bench_scale.{csv,md} into `<results>/<profile>/`.

    How cost grows is no ratio of two times, and has files of its own. Three entries hold limits
    that a person feels: `supply_vs_consumption`, `large_run_step_share` and `help_vs_bare_python`,
    whose `median_s` stays under a second.

    Args:
      profile: name of a profile.
      results: folder of all results.
      cache: folder of the generated days.
    Returns: dict from name to {ratio, baseline, median_s, baseline_s, n}; ratio is
      median_s / baseline_s.
    """
    store = Store(results / profile)
    tf.get_logger().setLevel("ERROR")  # it warns of the many traces, one for each size
    found = _steps(profile) | _supply(profile, cache) | _optimizers() | _study(profile, cache)
    found |= _start_up()
    scales = scale.frame(profile, functools.partial(interleaved, warm_up=1))
    write_whole(store.root / "bench_scale.csv", scales.to_csv(index=False).encode())
    write_whole(store.root / "bench_scale.md", scale.markdown(scales).encode())
    write_json(store.root / "bench.json", found)
    return found


def interleaved(candidates, repeats, warm_up=WARM_UP):
    """Median seconds of each candidate, all of them run in turn.

    Args:
      candidates: dict from name to a function without arguments.
      repeats: counted rounds.
      warm_up: rounds before them, not counted.
    Returns: dict from name to seconds.
    """
    times = {name: [] for name in candidates}
    for round_ in range(warm_up + repeats):
        for name, function in candidates.items():
            started = time.perf_counter()
            function()
            if round_ >= warm_up:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _compared(candidates, repeats, pairs):
    """Entries of candidates that run in turn: `pairs` has (candidate, baseline, what it is)."""
    median = interleaved(candidates, repeats)
    return {
        name: _entry(median[candidate], text, median[baseline], repeats)
        for name, (candidate, baseline, text) in pairs.items()
    }


def _entry(median_s, baseline, baseline_s, n):
    return {
        "ratio": median_s / baseline_s,
        "baseline": baseline,
        "median_s": median_s,
        "baseline_s": baseline_s,
        "n": n,
    }


def _config(profile, method, run_seed=0):
    seeds = {"data_seed": 1000, "run_seed": run_seed}
    return run_config(profile, "large", method, learning_rate=RATE, **seeds)


def _steps(profile):
    """Steps of Large: naive, measured, with Clippy, with Keras' Adagrad; its products alone."""
    config = _config(profile, "naive")
    stream = Stream(config.stream, config.data_seed)
    batch = tensors(window_of(config).batch(0, stream.day))
    naive, clippy = Program(config), Program(_config(profile, "clippy"))
    measured = Program(config, telemetry=telemetry_config())
    adagrad = Program(config, keras.optimizers.Adagrad(RATE, initial_accumulator_value=0.1))
    candidates = {
        "clippy": lambda: clippy.step(batch, RATE),
        "naive": lambda: naive.step(batch, RATE),
        "measured": lambda: (measured.step(batch, RATE), measured.measures),
        "keras": lambda: adagrad.step(batch, RATE),
        "sgemm": _products(naive.model, config.trainer.batch_size),
    }
    keras_text = "the same model and batch under tf_keras.optimizers.Adagrad"
    pairs = {
        "clippy_step_vs_naive": ("clippy", "naive", "a naive step of Large"),
        "large_step_vs_keras_adagrad": ("clippy", "keras", keras_text),
        "large_step_vs_sgemm": ("clippy", "sgemm", "the step's matrix products alone"),
        "telemetry_vs_plain_step": ("measured", "naive", "a naive step of Large"),
    }
    return _compared(candidates, REPEATS, pairs)


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
    for rule, passes in optimizers.PASSES.items():
        bound = f"{passes / optimizers.ADAGRAD_PASSES:.2f}"
        baseline = (
            f"Keras' Adagrad under XLA; {passes} passes over the parameters against "
            f"{optimizers.ADAGRAD_PASSES}, {bound}"
        )
        dense[f"{rule}_57m_vs_adagrad"] = (rule, "adagrad", baseline)
    rows = "all rows of a 1M x 16 table, against 1 % of them"
    sparse = {"clippy_sparse_few_vs_all_rows": ("few", "all", rows)}
    with optimizers.one_core():
        found = _compared(optimizers.dense_steps(), CHEAP_REPEATS, dense)
        return found | _compared(optimizers.sparse_steps(), REPEATS, sparse)


def _supply(profile, cache):
    """Batches from the cache and generated days, against what Large takes to consume them."""
    config = _config(profile, "clippy")
    stream = Stream(config.stream, config.data_seed)
    days, window, program = DayCache(cache, stream), window_of(config), Program(config)
    batch = tensors(window.batch(window.steps - 1, days.day))
    steps = iter(range(10**9))
    candidates = {
        "supply": lambda: tensors(window.batch(next(steps) % window.steps, days.day)),
        "step": lambda: program.step(batch, RATE),
        "generation": lambda: stream.day(next(steps) % config.stream.days),
    }
    median = interleaved(candidates, CHEAP_REPEATS)
    day_s = median["step"] * config.trainer.steps_per_day
    text = "the steps of one day of Large"
    return {
        "supply_vs_consumption": _entry(
            median["supply"], "a Clippy step of Large", median["step"], CHEAP_REPEATS
        ),
        "generation_vs_consumption": _entry(median["generation"], text, day_s, CHEAP_REPEATS),
        "large_run_step_share": _share(config, program, days),
    }


def _share(config, program, days):
    """Share of a run's wall time that is spent inside the compiled step, traces not counted."""
    evaluation = Evaluation(days.day(config.stream.days - 1), config.trainer.batch_size)
    evaluation(program)
    step_s = []

    def run():
        step_s.append(train(config, program, days.day, evaluation).step_s)

    wall_s = interleaved({"run": run}, SHARE_REPEATS, warm_up=0)["run"]
    baseline = "wall time of a run of Large"
    return _entry(statistics.median(step_s), baseline, wall_s, SHARE_REPEATS)


def _study(profile, cache):
    """What the runs of a study took in all, of the time of all its workers.

    The start of the workers counts, because a person waits for it. At laptop size the ratio is to
    be 0.85 or more.
    """
    configs = [_config(profile, method, seed) for method in METHODS for seed in range(SEEDS)]
    days = DayCache(cache, Stream(configs[0].stream, configs[0].data_seed))
    for day in range(configs[0].stream.days):  # made before: the first run would wait for them
        days.day(day)
    display = Display(divergence_config(), WORKERS, Console(file=io.StringIO()))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with Study.open(Store(folder), cache, WORKERS, display) as opened:
            records = opened.execute(configs)
        wall_s = time.perf_counter() - started
    return {"study_parallel_efficiency": _efficiency(records, wall_s)}


def _efficiency(records, wall_s):
    baseline = (
        f"{WORKERS} workers times the wall time of a study of {len(records)} runs of Large, "
        "their start included"
    )
    computed_s = sum(record.provenance["wall_s"] for record in records)
    return _entry(computed_s, baseline, WORKERS * wall_s, len(records))


def _start_up():
    """`--help` of a command, against a Python that does nothing."""
    arguments = {"help": ["-m", "scripts.reproduce_table2", "--help"], "bare": ["-c", "pass"]}
    candidates = {
        name: functools.partial(
            subprocess.run, [sys.executable, *given], cwd=ROOT, capture_output=True, check=True
        )
        for name, given in arguments.items()
    }
    pairs = {"help_vs_bare_python": ("help", "bare", "a Python that does nothing")}
    return _compared(candidates, CHEAP_REPEATS, pairs)
