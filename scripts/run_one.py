"""`make run`: one run from a gin file, in this process, or in one process on each of its hosts."""

import sys

from experiments.machinery.gin_files import named_file
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.files import check_folder
from experiments.machinery.records.record import Store, results_folder
from experiments.machinery.workers.placement import placement_here
from experiments.machinery.workers.progress import mean_auc, shown_auc
from experiments.studies.registry import resolve, telemetry_config
from experiments.training.divergence import label
from experiments.training.tensorflow_setup import one_thread


def run_one(
    *,
    profile,
    config_file,
    bindings,
    data_seed,
    results,
    cache,
    telemetry=False,
    devices=None,
):
    """Runs what a gin file says, unless its record is there already.

    Args:
      profile: name of a profile.
      config_file: a gin file that binds a model, a method and the learning rate.
      bindings: gin bindings as text that override it.
      data_seed: seed of the stream, or None for the files' own.
      results, cache: folders of all results and of the generated days.
      telemetry: whether to measure every step (configs/telemetry.gin).
      devices: devices to share each batch, or None for one, or for the hosts of TF_CONFIG.
    Returns: text that says what came out and where the record is.
    Raises: BadInput; RunStopped if a run over several hosts cannot go on.
    """
    if data_seed is not None:
        bindings = [*bindings, f"run.data_seed = {data_seed}"]
    files = [named_file("profiles", profile), "configs/divergence.gin", config_file]
    config, divergence = resolve(files, bindings, ("run", "DivergenceConfig"))
    measured = telemetry_config() if telemetry else None
    where = placement_here(devices)
    where.check(config, measured)
    folder = results_folder(results, profile, config.data_seed)
    store = Store(folder, writable=where.is_chief)
    check_folder(cache, "cache folder")
    one_thread()  # before anything else computes with TensorFlow
    from experiments.machinery.workers.runner import (
        Runner,  # late: bad input does not wait for TensorFlow
    )

    def show(row):
        sys.stderr.write(
            f"step {row['step']:>6}/{config.steps}  day {row['day']:>3}  "
            f"loss {row['loss']:.4f}  {shown_auc(mean_auc(row))}\n"
        )

    def say(text):
        sys.stderr.write(f"{text}\n")

    if where.is_one_device:
        with Claims(store.root).of(config.run_id, wait=say):
            record = Runner(store, cache, say).run(config, show, measured)
    else:
        from experiments.machinery.workers.crew import run_placed  # late, as above

        record = run_placed(config, where, store, cache, show, say)
    if record is None:
        return f"run         {config.run_id}\ndone        the chief writes the record"
    return _text(record, store, divergence, telemetry)


def _text(record, store, divergence, telemetry):
    found = label(store.curves(record), divergence)
    lines = [f"run         {record.run_id}", f"status      {record.status}, {found.kind}"]
    lines += [
        f"{name:<22}{_shown(value)}   optimal {_shown(record.optimal[name])}"
        for name, value in record.metrics.items()
    ]
    lines.append(f"record      {store.runs / record.run_id}.json")
    if telemetry:
        lines.append(f"telemetry   {store.runs / record.run_id}.telemetry.csv.gz")
    return "\n".join(lines)


def _shown(value):
    return "not defined" if value is None else f"{value:.4f}"
