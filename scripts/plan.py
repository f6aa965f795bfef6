"""Prints what a profile costs before it starts: parameters, operations, memory, disk, hours."""

import dataclasses
import os
import statistics

from absl import flags

from experiments.errors import BadInput
from scripts import command

FLAGS = command.flags_of(
    *("profile", "data_seed", "workers", "seeds"),
    flops=(flags.DEFINE_float, None, "Operations a second that a device of yours reaches."),
    memory=(flags.DEFINE_float, None, "Its memory in GiB."),
)


def main():
    """Counts and prints. Nothing is run or written."""
    print(plan(command.options(FLAGS), FLAGS.seeds, FLAGS.flops, FLAGS.memory), end="")


def plan(options, repeats=None, flops=None, memory_gib=None):
    """What the models and studies of a profile take, as text.

    `repeats` are run seeds of each setting, None for the studies' own. A device of so many `flops`
    a second, and of so much memory if it is to be judged, takes the place of the known ones.
    """
    from experiments.findings.names import MODEL_NAMES
    from experiments.machinery.cost import tables
    from experiments.studies.known import table2_config
    from experiments.studies.settings import sizes_of

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
        tables.devices_text(models, studies, _devices(flops, memory_gib), flops is not None),
        tables.machine_text(models, studies, recorded, options.workers, memory),
    ]
    return "\n".join(parts)


def planned_runs(profile, table, repeats=None):
    """The runs of the calibration and of Tables 2 and 3: dict from name to a list of Sizes."""
    from experiments.studies import selection
    from experiments.studies.cases import case_values
    from experiments.studies.known import calibration_config, study_config
    from experiments.studies.settings import sizes_of

    edge, study = calibration_config(), study_config("table3", repeats)
    jobs = selection.search_jobs(table) + selection.likely_repeats(table)
    cases = []
    for case in study.cases.values():
        stream = sizes_of(profile, case.model, case.values).stream
        if case.features == "not_heavy" and stream.heavy is None:
            continue  # a log does not say which they are: Table 3 is not defined on it
        for seed in range(case.runs or study.runs):
            cases.append(sizes_of(profile, case.model, case_values(case, stream, seed)))
    return {
        "Calibration, at most": [sizes_of(profile, edge.model)] * edge.rates * len(edge.data_seeds),
        "Table 2": [sizes_of(profile, job.setting.model) for job in jobs],
        "Table 3": cases,
    }


def recorded_times(options, models):
    """Number and median seconds of the recorded runs of each model, whose Sizes `models` has."""
    from experiments.machinery.records.record import Store, results_folder
    from experiments.training.config import plain

    root = results_folder(options.results, options.profile, options.data_seed)
    records = [one for one in Store(root, writable=False).records() if one.status == "finished"]
    times = {}
    for model, sizes in models.items():
        parts = plain({part: dataclasses.asdict(value) for part, value in sizes._asdict().items()})
        same = [one.provenance["wall_s"] for one in records if parts.items() <= one.config.items()]
        if same:
            times[model] = len(same), statistics.median(same)
    return times


def _devices(flops, memory_gib):
    """The accelerators that are known, or the one that a person describes."""
    from data import checks
    from experiments.machinery.cost.cost import ACCELERATORS, GIB, Accelerator

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
