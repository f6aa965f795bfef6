"""What a profile costs as a person reads it: tables of sizes, of accelerators, of this machine.

Every function takes models by the names that are shown: dict from name to sizes.Sizes. Studies are
a dict from name to a list of such names and Sizes, a pair for each run.
"""

import collections

from experiments.machinery.cost import cost, sizes

HOUR_S = 3600
NO_FIT = "does not fit"
SIZES = {
    "Input width": (sizes.input_width, "{:,}"),
    "Non-embedding parameters": (sizes.nonembedding_parameters, "{:,}"),
    "Embedding parameters": (sizes.embedding_parameters, "{:,}"),
    "FLOPs of a step": (sizes.flops_per_step, "{:.3g}"),
    "FLOPs of an evaluation": (sizes.flops_per_evaluation, "{:.3g}"),
    "Evaluations": (sizes.evaluations, "{:,}"),
    "FLOPs of a run": (sizes.flops_of_run, "{:.3g}"),
}
MEMORY = {
    "Weights": "weights",
    "Accumulators": "accumulators",
    "Gradients": "gradients",
    "Temporaries of an update": "temporaries",
    "State, their sum": "state",
    "Activations, an estimate": "activations",
    "Batch": "batch",
    "In all": "total",
}
COUNTED = (
    "Hours of a run are its matrix products and the reading of its batches at "
    f"{cost.READ_BYTES_PER_S / 1e9:g} GB/s (ours), one after the other, as the trainer does; those "
    "of a study are of its runs one after the other. Not counted: making the days, the metrics of "
    "an evaluation, what devices tell each other. "
)


def stream_text(config):
    """The days, steps and bytes that all models of a profile share, from the Sizes of one."""
    stream, trainer = config.stream, config.trainer
    made_s = sizes.cache_bytes(config) / cost.MADE_BYTES_PER_S
    drawn = config.steps * trainer.batch_size / (stream.examples_per_day * (stream.days - 1))
    return (
        f"{stream.days} days of {stream.examples_per_day:,} examples, the last for evaluation; "
        f"{trainer.steps_per_day} steps a day, {config.steps:,} in all, of {trainer.batch_size:,} "
        f"examples from {trainer.window_days} days; an example is drawn "
        f"{drawn:.1f} times on average.\n"
        f"On disk: {_bytes(sizes.day_bytes(config))} a day, {_bytes(sizes.cache_bytes(config))} in "
        f"all, made once in about {_duration(made_s)} by one core. A batch: "
        f"{_bytes(sizes.batch_bytes(config))}.\n"
    )


def sizes_table(models):
    """Parameters, operations and memory of every model, one column each."""
    columns = models.values()
    lines = [[row, *(text.format(of(one)) for one in columns)] for row, (of, text) in SIZES.items()]
    memory = [sizes.memory_of(config) for config in columns]
    lines += [[row, *(_gib(getattr(one, part)) for one in memory)] for row, part in MEMORY.items()]
    return _table(["Model", *models], lines)


def studies_text(studies):
    """How many runs each study has, by model."""
    text = ""
    for name, runs in studies.items():
        counts = collections.Counter(model for model, _ in runs)
        by_model = ", ".join(f"{count} of {model}" for model, count in counts.items())
        text += f"{name}: {len(runs)} runs, {by_model}.\n"
    return text


def devices_text(models, studies, devices, given):
    """Devices and hours of every run and study, one column a device, and what does not fit.

    `devices` are Accelerators; `given` says that a person described one, instead of a data sheet.
    """
    columns = [_device_cells(device, models, studies) for device in devices]
    lines = [[name, *(column[name] for column in columns)] for name in columns[0]]
    unfit = [_unfit_line(device, *model) for device in devices for model in models.items()]
    parts = [_table(["Device", *(device.name for device in devices)], lines), "\n", *unfit]
    if not any(unfit) and any(device.memory for device in devices):
        parts.append("Every model fits one device of each kind.\n")
    if given:
        return "".join([*parts, COUNTED, "The FLOP/s given are taken as reached.\n"])
    taken = f"{100 * cost.UTILIZATION:.0f} % of the peak are taken as reached (ours).\n"
    parts += [COUNTED, taken, *(f"{device.name}: {device.source}.\n" for device in devices)]
    parts.append("Runs were measured on CPUs alone; none of these devices was tried.\n")
    return "".join(parts)


def machine_text(models, studies, recorded, workers, memory):
    """What runs and studies take on this machine, and whether it holds its workers.

    `recorded` is a dict from model to the number of recorded runs and their median wall time in
    seconds, `workers` the number of processes, `memory` the bytes of this machine.
    """
    lines = []
    for model, config in models.items():
        predicted_s, seen, ratio = cost.seconds_of(config), "-", "-"
        if model in recorded:
            count, median_s = recorded[model]
            seen = f"{_duration(median_s)} (median of {count})"
            ratio = f"{predicted_s / median_s:.2f}"
        lines.append([f"a run of {model}", _duration(predicted_s), seen, ratio])
    for name, runs in studies.items():
        total_s = sum(cost.seconds_of(config) for _, config in runs)
        lines.append([f"{name}, {workers} workers", _duration(total_s / workers), "-", "-"])
    model, largest = max(models.items(), key=lambda item: sizes.memory_of(item[1]).total)
    needed = workers * sizes.memory_of(largest).total
    fits = "fits" if needed <= memory else NO_FIT
    return (
        _table(["On this machine", "predicted", "recorded", "predicted / recorded"], lines)
        + f"\nOne core multiplies at {cost.flops_per_second() / 1e9:.0f} GFLOP/s, measured now; "
        f"a run uses one.\n{workers} workers with {model} need {_gib(needed)} beside TensorFlow "
        f"itself; this machine has {_gib(memory)}: it {fits}.\n"
    )


def _unfit_line(device, model, config):
    """What holds a model that one device does not hold, or ""."""
    memory = sizes.memory_of(config)
    if device.memory is None or memory.total <= device.memory:
        return ""
    needed = device.devices(memory, config.trainer.batch_size)
    share = f"{needed} devices share the batch" if needed else "no number of devices helps"
    fits = "fits" if memory.state <= device.memory else NO_FIT
    return (
        f"{model} needs {_gib(memory.total)} and {device.name} has {_gib(device.memory)}: its "
        f"state of {_gib(memory.state)} {fits}, {share}.\n"
    )


def _device_cells(device, models, studies):
    """The column of a device: dict from row to cell."""
    cells = {
        "Peak, TFLOP/s": f"{device.flops / 1e12:.4g} {device.numbers}".strip(),
        "Reached, TFLOP/s": f"{device.sustained / 1e12:.3g}",
        "Memory": _gib(device.memory) if device.memory else "-",
    }
    for model, config in models.items():
        seconds = device.seconds_of(config)
        count = device.devices(sizes.memory_of(config), config.trainer.batch_size)
        cell = NO_FIT if seconds is None else f"{count}, {seconds / HOUR_S:.3g}"
        cells[f"{model}: devices, hours of a run"] = cell
    for name, runs in studies.items():
        seconds = [device.seconds_of(config) for _, config in runs]
        cell = NO_FIT if None in seconds else f"{sum(seconds) / HOUR_S:,.3g}"
        cells[f"{name}: hours"] = cell
    return cells


def _table(header, lines):
    """Markdown whose columns stand below each other: it is read in a terminal."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    ruled = [header, ["-" * width for width in widths], *lines]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in ruled]
    return "".join(f"| {' | '.join(row)} |\n" for row in padded)


def _bytes(count):
    return f"{count / 1e9:.3g} GB" if count >= 1e9 else f"{count / 1e6:.3g} MB"


def _gib(count):
    return f"{count / cost.GIB:.2f} GiB" if count >= cost.GIB / 100 else f"{count / 2**20:.2f} MiB"


def _duration(seconds):
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR_S else f"{seconds / HOUR_S:,.1f} h"
