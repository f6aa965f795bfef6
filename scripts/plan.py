"""Prints what a profile costs before it starts: parameters, operations, memory, disk, hours."""

import dataclasses
import json
import os
import statistics

from absl import flags

from data import checks
from experiments.errors import BadInput
from experiments.findings.names import MODEL_NAMES
from experiments.machinery.cost import tables
from experiments.machinery.cost.cost import ACCELERATORS, GIB, Accelerator
from experiments.machinery.records.record import Store, results_folder
from experiments.studies import selection
from experiments.studies.cases import case_values
from experiments.studies.known import calibration_config, study_config, table2_config
from experiments.studies.settings import sizes_of
from scripts import command

FLAGS = command.flags_of("profile", "data_seed", "workers", "seeds")
flags.DEFINE_float(
    "flops", None, "Operations a second that a device of yours reaches.", flag_values=FLAGS
)
flags.DEFINE_float("memory", None, "Its memory in GiB.", flag_values=FLAGS)


def main():
    """Counts and prints. Nothing is run or written."""
    print(plan(command.options(FLAGS), FLAGS.seeds, FLAGS.flops, FLAGS.memory), end="")


def plan(options, repeats=None, flops=None, memory_gib=None):
    """What the models and studies of a profile take, on accelerators and on this machine.

    Args:
      options: session.Options.
      repeats: run seeds of each setting, or None for the studies' own numbers.
      flops: floating point operations a second that a device reaches, in place of the
        accelerators that are known; or None.
      memory_gib: memory of that device in GiB, or None if it is not to be judged.
    Returns: text.
    Raises: BadInput.
    """
    devices = _devices(flops, memory_gib)
    table = table2_config(repeats)
    models = {MODEL_NAMES[model]: sizes_of(options.profile, model) for model in table.models}
    studies = {
        name: [(MODEL_NAMES[config.model.name], config) for config in runs]
        for name, runs in planned_runs(options.profile, table, repeats).items()
    }
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    recorded = recorded_times(options, models)
    parts = [
        f"Profile {options.profile}: {tables.stream_text(next(iter(models.values())))}",
        tables.sizes_table(models),
        tables.studies_text(studies),
        tables.devices_text(models, studies, devices, given=flops is not None),
        tables.machine_text(models, studies, recorded, options.workers, memory),
    ]
    return "\n".join(parts)


def planned_runs(profile, table, repeats=None):
    """The runs of the calibration and of Tables 2 and 3: dict from name to a list of Sizes.

    Args:
      profile: name of the profile.
      table: Table2Config.
      repeats: run seeds of each case of Table 3, or None for its own number.
    """
    edge, study = calibration_config(), study_config("table3", repeats)
    jobs = selection.search_jobs(table) + selection.likely_repeats(table)
    cases = [
        sizes_of(
            profile,
            case.model,
            case_values(case, sizes_of(profile, case.model, case.values).stream, seed),
        )
        for case in study.cases.values()
        for seed in range(case.runs or study.runs)
    ]
    return {
        "Calibration, at most": [sizes_of(profile, edge.model)] * edge.rates * len(edge.data_seeds),
        "Table 2": [sizes_of(profile, job.setting.model) for job in jobs],
        "Table 3": cases,
    }


def recorded_times(options, models):
    """How long recorded runs took: dict from model to (their number, median seconds).

    Args:
      options: session.Options.
      models: dict from name to Sizes; runs of other sizes do not count.
    """
    root = results_folder(options.results, options.profile, options.data_seed)
    records = [one for one in Store(root, writable=False).records() if one.status == "finished"]
    times = {}
    for model, sizes in models.items():
        parts = {part: dataclasses.asdict(value) for part, value in sizes._asdict().items()}
        parts = json.loads(json.dumps(parts))  # tuples are lists in a record
        same = [one.provenance["wall_s"] for one in records if parts.items() <= one.config.items()]
        if same:
            times[model] = len(same), statistics.median(same)
    return times


def _devices(flops, memory_gib):
    """The accelerators that are known, or the one that a person describes."""
    try:
        if flops is None and memory_gib is not None:
            checks.fail("MEMORY", memory_gib, "FLOPS beside MEMORY")
        for name, value in {"FLOPS": flops, "MEMORY": memory_gib}.items():
            if value is not None:
                checks.real(name, value, above=0)
    except ValueError as error:
        raise BadInput(str(error)) from error
    if flops is None:
        return ACCELERATORS
    memory = None if memory_gib is None else memory_gib * GIB
    return (Accelerator("The device given", flops, "", memory, "", utilization=1),)


if __name__ == "__main__":
    command.main(main, FLAGS)
