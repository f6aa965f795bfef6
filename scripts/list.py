"""Lists the runs and studies of a profile with their status."""

import collections
import csv

from experiments.errors import BadInput
from scripts import command

FLAGS = command.flags_of(
    "profile",
    "data_seed",
    model="Only these models, between commas.",
    method="Only these methods, between commas.",
    status="Only these statuses or labels, between commas.",
    study="Only the runs of this study: its name or its gin file.",
)


def main():
    """Reads records, runs nothing, prints tables or, not in a terminal, lines with tabs."""
    from rich.console import Console

    from experiments.findings.runs import Wanted

    wanted = Wanted(FLAGS.model, FLAGS.method, FLAGS.status, FLAGS.study)
    write_list(command.options(FLAGS), FLAGS.data_seed, wanted, Console())


def write_list(options, data_seed, wanted, console):
    """Prints the runs, the studies unless something is `wanted`, and a line with the total.

    Data seed None lists all on disk. A terminal gets tables that fit its width, anything else whole
    lines separated by tabs. Raises BadInput if there is no run, or a filter that no run passes.
    """
    from experiments.findings import runs
    from experiments.machinery.records.record import seeds_on_disk
    from experiments.machinery.workers.progress import color_of
    from scripts import terminal

    on_disk = seeds_on_disk(options.results, options.profile)
    seeds = on_disk if data_seed is None else [data_seed]
    stores = {seed: options.store(seed, writable=False) for seed in seeds}
    rows = _rows(options, stores)
    if not rows:
        folder = options.store(options.data_seed, writable=False).root
        raise BadInput(f"{folder}: no run: expected a results folder with some, as make run leaves")
    tables = [
        (name, seed, frame)
        for seed, store in stores.items()
        for name, frame in runs.study_tables(store.root).items()
    ]
    by_name = [(name, frame) for name, _, frame in tables]
    shown = sorted(runs.chosen(rows, wanted, by_name), key=runs.order)
    studies = [] if any(wanted) else _studies(tables, {row["id"] for row in rows})
    parts = [("run", runs.RUN_COLUMNS, shown), ("study", runs.STUDY_COLUMNS, studies)]
    for kind, columns, found in parts:
        if found and console.is_terminal:
            console.print(terminal.table(columns, found, console.width, color_of), "")
        elif found:
            lines = csv.writer(console.file, delimiter="\t", lineterminator="\n")
            lines.writerow([kind, *columns])
            for row in found:
                lines.writerow([kind, *(terminal.shown(name, row[name]) for name in columns)])
    kinds = collections.Counter(sorted(row["label"] or row["status"] for row in shown))
    of = "" if len(shown) == len(rows) else f"{len(shown)} of "
    total = f"{of}{len(rows)} runs"
    if kinds:
        total += ": " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    if console.is_terminal:
        console.print(total, highlight=False)
    else:
        console.file.write(f"total\t{total}\n")  # console.print makes a tab blanks


def _rows(options, stores):
    from experiments.findings import runs
    from experiments.machinery.workers.worker import under_way
    from experiments.studies.calibration import recorded_base_rate
    from experiments.studies.registry import divergence_config

    divergence = divergence_config()
    base_rate = recorded_base_rate(options.results, options.profile)
    rows = {row["id"]: row for _, row in runs.recorded(stores.values(), base_rate)}
    for data_seed, store in stores.items():
        for state in under_way(store.root):
            known = rows.get(state["run_id"])
            if known is None or known["status"] == "crashed":
                rows[state["run_id"]] = runs.running_row(state, data_seed, divergence, base_rate)
    return list(rows.values())


def _studies(tables, recorded):
    """Rows of the studies; those of the project that have not been run come last."""
    from experiments.findings import runs
    from experiments.studies.known import studies_of_the_project

    rows = [runs.study_row(name, seed, frame, recorded) for name, seed, frame in tables]
    others = sorted({*studies_of_the_project()} - {name for name, *_ in tables})
    return rows + [runs.study_row(name, None, None, recorded) for name in others]


if __name__ == "__main__":
    command.main(main, FLAGS)
