"""`make plan`: what a profile costs before anything of it starts. It runs and writes nothing."""

import dataclasses
import json
import os
import statistics

from data import checks
from experiments.errors import BadInput
from experiments.machinery.cost.accelerators import ACCELERATORS, GIB, UTILIZATION, Accelerator
from experiments.machinery.cost.cost import READ_BYTES_PER_S, flops_per_second, seconds_of
from experiments.machinery.records.record import Store, results_folder
from experiments.studies import selection
from experiments.studies.cases import case_values
from experiments.studies.grid import sizes_of
from experiments.studies.known import calibration_config, study_config, table2_config
from scripts import plan_text as text

COUNTED = (
    "Hours of a run are its matrix products and the reading of its batches at "
    f"{READ_BYTES_PER_S / 1e9:g} GB/s (ours), one after the other, as the trainer does; those of a "
    "study are of its runs one after the other. Not counted: making the days, the metrics of an "
    "evaluation, what devices tell each other. "
)


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
    models = {model: sizes_of(options.profile, model) for model in table.models}
    studies = planned_runs(options.profile, table, repeats)
    first = next(iter(models.values()))
    parts = [
        f"Profile {options.profile}: {text.stream_text(first)}",
        text.sizes_table(models),
        text.studies_text(studies),
        _devices_text(models, studies, devices, given=flops is not None),
        _machine_text(options, models, studies),
    ]
    return "\n".join(parts)


def planned_runs(profile, table, repeats=None):
    """The runs of the calibration and of Tables 2 and 3: dict from name to a list of Sizes.

    Args:
      profile: name of the profile.
      table: Table2Config.
      repeats: run seeds of each case of Table 3, or None for its own number.
    """
    edge, cases = calibration_config(), study_config("table3", repeats)
    jobs = selection.search_jobs(table) + selection.likely_repeats(table)
    return {
        "Calibration, at most": [sizes_of(profile, edge.model)] * edge.rates * len(edge.data_seeds),
        "Table 2": [sizes_of(profile, job.setting.model) for job in jobs],
        "Table 3": [
            _case_sizes(profile, case, seed)
            for case in cases.cases.values()
            for seed in range(case.runs or cases.runs)
        ],
    }


def recorded_times(options, models):
    """How long recorded runs took: dict from model to (their number, median seconds).

    Args:
      options: session.Options.
      models: dict from name to Sizes; other runs of the profile do not count.
    """
    root = results_folder(options.results, options.profile, options.data_seed)
    times = {}
    for record in Store(root, writable=False).records():
        sizes = models.get(record.config["model"]["name"])
        whole = record.status == "finished" and sizes is not None
        if whole and _same(record.config, sizes):
            times.setdefault(sizes.model.name, []).append(record.provenance["wall_s"])
    return {model: (len(taken), statistics.median(taken)) for model, taken in times.items()}


def _case_sizes(profile, case, seed):
    stream = sizes_of(profile, case.model, case.values).stream
    return sizes_of(profile, case.model, case_values(case, stream, seed))


def _same(fields, sizes):
    """Whether the fields of a record are of these sizes."""
    own = {part: dataclasses.asdict(value) for part, value in sizes._asdict().items()}
    own = json.loads(json.dumps(own))  # tuples are lists in a record
    return all(fields[part] == value for part, value in own.items())


def _devices(flops, memory_gib):
    """The accelerators that are known, or the one that a person describes."""
    try:
        if flops is not None:
            checks.real("FLOPS", flops, above=0)
        if memory_gib is not None:
            checks.real("MEMORY", memory_gib, above=0)
            if flops is None:
                checks.fail("MEMORY", memory_gib, "MEMORY beside FLOPS")
    except ValueError as error:
        raise BadInput(str(error)) from error
    if flops is None:
        return ACCELERATORS
    memory = None if memory_gib is None else memory_gib * GIB
    return (Accelerator("The device given", flops, "", memory, "", utilization=1),)


def _devices_text(models, studies, devices, given):
    taken = "the FLOP/s given are taken as reached"
    if not given:
        taken = f"{100 * UTILIZATION:.0f} % of the peak are taken as reached (ours)"
    lines = [text.devices_table(models, studies, devices)]
    if any(device.memory for device in devices):
        lines.append(text.fit_text(models, devices))
    lines.append(f"{COUNTED}{taken[0].upper()}{taken[1:]}.\n")
    if not given:
        lines += [f"{device.name}: {device.source}.\n" for device in devices]
        lines.append("Runs were measured on CPUs alone; none of these devices was tried.\n")
    return lines[0] + "\n" + "".join(lines[1:])


def _machine_text(options, models, studies):
    seconds = {model: seconds_of(config) for model, config in models.items()}
    totals = {name: sum(map(seconds_of, runs)) for name, runs in studies.items()}
    recorded = recorded_times(options, models)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return (
        text.machine_table(seconds, totals, options.workers, recorded)
        + f"\nOne core multiplies at {flops_per_second() / 1e9:.0f} GFLOP/s, measured now; "
        "a run uses one.\n" + text.machine_fit(models, memory, options.workers)
    )
