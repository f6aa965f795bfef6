"""`make bench`: what a step, a batch and a day cost, as ratios measured side by side.

All candidates of a comparison run in one process, in turn, so that a machine whose speed drifts
slows them alike; the median of each is quoted.
"""

import contextlib
import functools
import json
import os
import pathlib
import statistics
import time

import tensorflow as tf
import tf_keras as keras

from data import DayCache, Stream
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.record import Store
from experiments.studies.grid import run_config
from experiments.studies.registry import telemetry_config
from experiments.training.program import Program, tensors
from experiments.training.trainer import Evaluation, train, window_of
from scripts.bench import optimizer_bench, scale_bench, study_bench

REPEATS = 31  # ours: odd, and enough for a median that repeats to a few percent
WARM_UP = 3
CHEAP_REPEATS = 11  # for what takes long
SHARE_REPEATS = 3  # whole runs
RATE = 1e-3  # ours: a rate at which nothing diverges; the time does not depend on it


def bench(profile, results, cache):
    """Measures everything; writes bench.json and bench_scale.{csv,md} into `<results>/<profile>/`.

    Args:
      profile: name of a profile.
      results: folder of all results.
      cache: folder of the generated days.
    Returns: dict from name to {ratio, baseline, median_s, baseline_s, n}; ratio is
      median_s / baseline_s.
    """
    store = Store(results / profile)
    tf.get_logger().setLevel("ERROR")  # it warns of the many traces, one for each size
    found = _steps(profile) | _supply(profile, cache) | _telemetry(profile) | _optimizers()
    found |= _study(profile, cache) | _start_up()
    scales = scale_bench.frame(profile, functools.partial(interleaved, warm_up=1))
    write_whole(store.root / "bench_scale.csv", scales.to_csv(index=False).encode())
    write_whole(store.root / "bench_scale.md", scale_bench.markdown(scales).encode())
    text = json.dumps(found, indent=1, sort_keys=True)
    write_whole(store.root / "bench.json", (text + "\n").encode())
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


def _entry(median_s, baseline, baseline_s, n):
    return {
        "ratio": median_s / baseline_s,
        "baseline": baseline,
        "median_s": median_s,
        "baseline_s": baseline_s,
        "n": n,
    }


def _config(profile, method, model="large"):
    return run_config(profile, model, method, learning_rate=RATE, data_seed=1000, run_seed=0)


def _steps(profile):
    """Steps of Large: with Clippy, naive, under Keras' own Adagrad, its matrix products alone."""
    config = _config(profile, "naive")
    stream = Stream(config.stream, config.data_seed)
    batch = tensors(window_of(config).batch(0, stream.day))
    naive, clippy = Program(config), Program(_config(profile, "clippy"))
    median = interleaved(
        {
            "clippy": lambda: clippy.step(batch, RATE),
            "naive": lambda: naive.step(batch, RATE),
            "keras": _keras_step(config, batch),
            "sgemm": _products(naive.model, config.trainer.batch_size),
        },
        REPEATS,
    )
    keras_name = "the same model and batch under tf_keras.optimizers.Adagrad"
    return {
        "clippy_step_vs_naive": _entry(
            median["clippy"], "a naive step of Large", median["naive"], REPEATS
        ),
        "large_step_vs_keras_adagrad": _entry(
            median["clippy"], keras_name, median["keras"], REPEATS
        ),
        "large_step_vs_sgemm": _entry(
            median["clippy"], "the step's matrix products alone", median["sgemm"], REPEATS
        ),
    }


def _optimizers():
    """Steps of the optimizers alone, at the paper's size and on a table; no profile matters."""
    with _one_core():
        median = interleaved(optimizer_bench.dense_steps(), CHEAP_REPEATS)
        table = interleaved(optimizer_bench.sparse_steps(), REPEATS)
    tfrs = "tensorflow-recommenders' class with the same arguments, 57.0M parameters"
    found = {"clippy_57m_vs_tfrs": _entry(median["drop_in"], tfrs, median["tfrs"], CHEAP_REPEATS)}
    for rule in optimizer_bench.PASSES:
        baseline = f"Keras' Adagrad under XLA; {optimizer_bench.passes_text(rule)}"
        found[f"{rule}_57m_vs_adagrad"] = _entry(
            median[rule], baseline, median["adagrad"], CHEAP_REPEATS
        )
    found["clippy_sparse_few_vs_all_rows"] = _entry(
        table["few"], "all rows of a 1M x 16 table, against 1 % of them", table["all"], REPEATS
    )
    return found


@contextlib.contextmanager
def _one_core():
    """Keeps every thread on one core: XLA gives a program of several arrays more than one thread.

    Keras' Adagrad is one program and would have two cores where a rule, a program for each
    variable, has one.
    """
    allowed = os.sched_getaffinity(0)
    _place({min(allowed)})
    try:
        yield
    finally:
        _place(allowed)


def _place(cores):
    for thread in pathlib.Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # it has ended since
            os.sched_setaffinity(int(thread.name), cores)


def _telemetry(profile):
    """A step of Large with the default telemetry against one without."""
    config = _config(profile, "naive")
    stream = Stream(config.stream, config.data_seed)
    batch = tensors(window_of(config).batch(0, stream.day))
    plain, measured = Program(config), Program(config, telemetry=telemetry_config())
    median = interleaved(
        {
            "plain": lambda: plain.step(batch, RATE),
            "measured": lambda: (measured.step(batch, RATE), measured.measures),
        },
        REPEATS,
    )
    entry = _entry(median["measured"], "a naive step of Large", median["plain"], REPEATS)
    return {"telemetry_vs_plain_step": entry}


def _study(profile, cache):
    """What the workers of a study compute, against the time that they were there."""
    computed_s, wall_s, runs = study_bench.study(profile, RATE, cache)
    baseline = (
        f"{study_bench.WORKERS} workers times the wall time of a study of {runs} runs of Large, "
        "their start included"
    )
    entry = _entry(computed_s, baseline, study_bench.WORKERS * wall_s, runs)
    return {"study_parallel_efficiency": entry}


def _start_up():
    """`--help` of a command, against a Python that does nothing."""
    median = interleaved(study_bench.start_ups(), CHEAP_REPEATS)
    entry = _entry(median["help"], "a Python that does nothing", median["bare"], CHEAP_REPEATS)
    return {"help_vs_bare_python": entry}


def _keras_step(config, batch):
    """A step of the same program with Keras' own Adagrad for its optimizer."""
    adagrad = keras.optimizers.Adagrad(RATE, initial_accumulator_value=0.1)
    program = Program(config, adagrad)
    return lambda: program.step(batch, RATE)


def _products(model, batch_size):
    """The matrix products of one step: one forward and two backward for every kernel."""
    matrices, transposed = [], []
    for variable in model.trainable_variables:
        if "kernel" not in variable.name:
            continue
        inputs, outputs = variable.shape
        x, w = tf.ones([batch_size, inputs]), tf.ones([inputs, outputs])
        dy = tf.ones([batch_size, outputs])
        matrices += [(x, w), (x, dy), (dy, w)]
        transposed += [(False, False), (True, False), (False, True)]

    @tf.function
    def products(pairs_of_matrices):
        return [
            tf.matmul(left, right, transpose_a=transpose_left, transpose_b=transpose_right)
            for (left, right), (transpose_left, transpose_right) in zip(
                pairs_of_matrices, transposed, strict=True
            )
        ]

    return lambda: products(matrices)


def _supply(profile, cache):
    """Batches from the cache and generated days, against what Large takes to consume them."""
    config = _config(profile, "clippy")
    stream = Stream(config.stream, config.data_seed)
    days, window, program = DayCache(cache, stream), window_of(config), Program(config)
    batch = tensors(window.batch(window.steps - 1, days.day))
    steps = iter(range(10**9))
    median = interleaved(
        {
            "supply": lambda: tensors(window.batch(next(steps) % window.steps, days.day)),
            "step": lambda: program.step(batch, RATE),
            "generation": lambda: stream.day(next(steps) % config.stream.days),
        },
        CHEAP_REPEATS,
    )
    day_s = median["step"] * config.trainer.steps_per_day
    return {
        "supply_vs_consumption": _entry(
            median["supply"], "a Clippy step of Large", median["step"], CHEAP_REPEATS
        ),
        "generation_vs_consumption": _entry(
            median["generation"], "the steps of one day of Large", day_s, CHEAP_REPEATS
        ),
        "large_run_step_share": _share(config, program, days),
    }


def _share(config, program, days):
    """Share of a run's wall time that is spent inside the compiled step, traces not counted."""
    evaluation = Evaluation(days.day(config.stream.days - 1), config.trainer.batch_size)
    evaluation(program)
    step_s, wall_s = [], []
    for _ in range(SHARE_REPEATS):
        started = time.perf_counter()
        step_s.append(train(config, program, days.day, evaluation).step_s)
        wall_s.append(time.perf_counter() - started)
    return _entry(
        statistics.median(step_s),
        "wall time of a run of Large",
        statistics.median(wall_s),
        SHARE_REPEATS,
    )
