"""What a profile costs as a person reads it: tables of sizes, of accelerators, of this machine."""

from experiments.findings.names import MODEL_NAMES, markdown_row
from experiments.machinery.cost import sizes
from experiments.machinery.cost.accelerators import GIB
from experiments.machinery.cost.cost import making_seconds, reading_seconds

GB = 1e9
HOUR_S = 3600
PARTS = {
    "weights": "Weights",
    "accumulators": "Accumulators",
    "gradients": "Gradients",
    "temporaries": "Temporaries of an update",
    "state": "State, their sum",
    "activations": "Activations, an estimate",
    "batch": "Batch",
    "total": "In all",
}


def stream_text(config):
    """The days, steps and bytes that all models of a profile share.

    Args:
      config: sizes.Sizes.
    """
    stream, trainer = config.stream, config.trainer
    return (
        f"{stream.days} days of {stream.examples_per_day:,} examples, the last for evaluation; "
        f"{trainer.steps_per_day} steps a day, {config.steps:,} in all, of {trainer.batch_size:,} "
        f"examples from {trainer.window_days} days; an example is drawn "
        f"{sizes.draws_per_example(config):.1f} times on average.\n"
        f"On disk: {_bytes(sizes.day_bytes(config))} a day, "
        f"{_bytes(sizes.cache_bytes(config))} in all, made once in about "
        f"{_duration(making_seconds(config))} by one core. "
        f"A batch: {_bytes(sizes.batch_bytes(config))}.\n"
    )


def sizes_table(models):
    """Parameters, operations and memory of every model, one column each.

    Args:
      models: dict from name to sizes.Sizes.
    """
    columns = list(models.values())
    rows = {
        "Input width": (sizes.input_width, "{:,}".format),
        "Non-embedding parameters": (sizes.nonembedding_parameters, "{:,}".format),
        "Embedding parameters": (sizes.embedding_parameters, "{:,}".format),
        "FLOPs of a step": (sizes.flops_per_step, "{:.3g}".format),
        "FLOPs of an evaluation": (sizes.flops_per_evaluation, "{:.3g}".format),
        "Evaluations": (sizes.evaluations, "{:,}".format),
        "FLOPs of a run": (sizes.flops_of_run, "{:.3g}".format),
    }
    lines = [
        [name, *(shown(of(config)) for config in columns)] for name, (of, shown) in rows.items()
    ]
    memory = [sizes.memory_of(config) for config in columns]
    lines += [[name, *(_gib(getattr(m, part)) for m in memory)] for part, name in PARTS.items()]
    return _table(["Model", *map(_name, models)], lines)


def devices_table(models, studies, accelerators):
    """How many devices a run needs and how long it takes on them, one column an accelerator.

    Args:
      models: dict from name to sizes.Sizes.
      studies: dict from name to a list of Sizes, one a run.
      accelerators: Accelerators.
    """
    rows = {
        "Peak, TFLOP/s": lambda device: f"{device.flops / 1e12:.4g} {device.numbers}".strip(),
        "Reached, TFLOP/s": lambda device: f"{device.sustained / 1e12:.3g}",
        "Memory": lambda device: _gib(device.memory) if device.memory else "-",
    }
    lines = [[name, *map(of, accelerators)] for name, of in rows.items()]
    for model, config in models.items():
        hours = [_devices_and_hours(device, config) for device in accelerators]
        lines.append([f"{_name(model)}: devices, hours of a run", *hours])
    for name, runs in studies.items():
        lines.append([f"{name}: hours", *(_study_hours(device, runs) for device in accelerators)])
    return _table(["Device", *(device.name for device in accelerators)], lines)


def fit_text(models, accelerators):
    """One line for each model and accelerator that one device does not hold.

    Args:
      models: dict from name to sizes.Sizes.
      accelerators: Accelerators.
    """
    lines = []
    for device in accelerators:
        for model, config in models.items():
            memory = sizes.memory_of(config)
            if not device.memory or memory.total <= device.memory:
                continue
            state = "fits" if memory.state <= device.memory else "does not fit"
            needed = device.devices(memory, config.trainer.batch_size)
            advice = f"{needed} devices share the batch" if needed else "no number of devices helps"
            lines.append(
                f"{_name(model)} needs {_gib(memory.total)} and {device.name} has "
                f"{_gib(device.memory)}: its state of {_gib(memory.state)} {state}, {advice}.\n"
            )
    return "".join(lines) or "Every model fits one device of each kind.\n"


def studies_text(studies):
    """How many runs each study has, by model.

    Args:
      studies: dict from name to a list of sizes.Sizes, one a run.
    """
    lines = []
    for name, runs in studies.items():
        models = list(dict.fromkeys(config.model.name for config in runs))
        counts = [
            f"{sum(config.model.name == model for config in runs)} of {_name(model)}"
            for model in models
        ]
        lines.append(f"{name}: {len(runs)} runs, {', '.join(counts)}.\n")
    return "".join(lines)


def machine_table(seconds, studies, workers, recorded):
    """What runs and studies take on this machine.

    Args:
      seconds: dict from model to the predicted seconds of a run on one core.
      studies: dict from name to the predicted seconds of all its runs.
      workers: worker processes.
      recorded: dict from model to (number of recorded runs, their median wall time in seconds).
    """
    lines = []
    for model, predicted in seconds.items():
        count, median_s = recorded.get(model, (0, None))
        seen = f"{_duration(median_s)} (median of {count})" if count else "-"
        ratio = f"{predicted / median_s:.2f}" if count else "-"
        lines.append([f"a run of {_name(model)}", _duration(predicted), seen, ratio])
    for name, total_s in studies.items():
        lines.append([f"{name}, {workers} workers", _duration(total_s / workers), "-", "-"])
    return _table(["On this machine", "predicted", "recorded", "predicted / recorded"], lines)


def machine_fit(models, memory, workers):
    """Whether as many workers as there are hold the largest model at a time.

    Args:
      models: dict from name to sizes.Sizes.
      memory: bytes of this machine.
      workers: worker processes.
    """
    model = max(models, key=lambda name: sizes.memory_of(models[name]).total)
    needed = workers * sizes.memory_of(models[model]).total
    verdict = "fits" if needed <= memory else "does not fit"
    return (
        f"{workers} workers with {_name(model)} need {_gib(needed)} beside TensorFlow itself; "
        f"this machine has {_gib(memory)}: it {verdict}.\n"
    )


def _devices_and_hours(device, config):
    devices = _devices(device, config)
    if devices is None:
        return "does not fit"
    return f"{devices}, {_run_seconds(device, config) / HOUR_S:.3g}"


def _study_hours(device, runs):
    if any(_devices(device, config) is None for config in runs):
        return "does not fit"
    return f"{sum(_run_seconds(device, config) for config in runs) / HOUR_S:,.3g}"


def _devices(device, config):
    if not device.memory:
        return 1
    return device.devices(sizes.memory_of(config), config.trainer.batch_size)


def _run_seconds(device, config):
    computed = sizes.flops_of_run(config) / device.sustained / _devices(device, config)
    return computed + reading_seconds(config)


def _name(model):
    return MODEL_NAMES.get(model, model)


def _table(header, lines):
    """Markdown whose columns stand below each other: it is read in a terminal."""
    rows = [header, *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    ruled = [header, ["-" * width for width in widths], *lines]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in ruled]
    return "\n".join(map(markdown_row, padded)) + "\n"


def _bytes(count):
    return f"{count / GB:.3g} GB" if count >= GB else f"{count / 1e6:.3g} MB"


def _gib(count):
    return f"{count / GIB:.2f} GiB" if count >= GIB / 100 else f"{count / 2**20:.2f} MiB"


def _duration(seconds):
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR_S else f"{seconds / HOUR_S:,.1f} h"
