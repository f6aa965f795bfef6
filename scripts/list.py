"""Lists the runs and studies of a profile with their status."""

from rich.console import Console

from experiments.errors import BadInput
from experiments.findings import runs
from experiments.machinery.gin_files import CONFIGS
from experiments.machinery.records.record import seeds_on_disk
from experiments.machinery.workers.progress import color_of
from experiments.machinery.workers.worker import under_way
from experiments.studies.calibration import recorded_base_rate
from experiments.studies.registry import divergence_config
from experiments.training.config import DEFAULT_DATA_SEED
from scripts import command, terminal

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
    wanted = runs.Wanted(FLAGS.model, FLAGS.method, FLAGS.status, FLAGS.study)
    write_list(command.options(FLAGS), FLAGS.data_seed, wanted, Console())


def write_list(options, data_seed, wanted, console):
    """Prints the runs, the studies and a line with the total.

    Args:
      options: session.Options.
      data_seed: as the person said it; None lists every data seed on disk.
      wanted: runs.Wanted; with any of it the studies are left out.
      console: rich Console. A terminal gets tables that fit its width, anything else whole lines
        separated by tabs that begin with "run", "study" or "total".
    Raises: BadInput if there is no run, or a filter that no run passes.
    """
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
    shown = runs.chosen(rows, wanted, [(name, frame) for name, _, frame in tables])
    shown = sorted(shown, key=runs.order)
    studies = [] if any(wanted) else _studies(tables, {row["id"] for row in rows})
    parts = {"run": (runs.RUN_COLUMNS, shown), "study": (runs.STUDY_COLUMNS, studies)}
    for kind, (columns, found) in parts.items():
        if found and console.is_terminal:
            console.print(terminal.table(columns, found, console.width, color_of), "")
        elif found:
            terminal.write_lines(kind, columns, found, console.file)
    total = _total(shown, len(rows))
    if console.is_terminal:
        console.print(total, highlight=False)
    else:
        console.file.write(f"total\t{total}\n")  # console.print makes a tab blanks


def _rows(options, stores):
    divergence = divergence_config()
    base_rate = recorded_base_rate(options.store(DEFAULT_DATA_SEED, writable=False).root)
    rows = {}
    for data_seed, store in stores.items():
        for record in store.records(of_any_version=True):
            curves = None if record.status == "crashed" else store.curves(record)
            rows[record.run_id] = runs.run_row(record, curves, divergence, base_rate)
        for state in under_way(store.root):
            known = rows.get(state["run_id"])
            if known is None or known["status"] == "crashed":
                rows[state["run_id"]] = runs.running_row(state, data_seed, divergence)
    return list(rows.values())


def _studies(tables, recorded):
    """Rows of the studies; those of the project that have not been run come last."""
    rows = [runs.study_row(name, seed, frame, recorded) for name, seed, frame in tables]
    known = {path.stem for path in (CONFIGS / "studies").glob("*.gin")}
    for name in sorted(known - {name for name, *_ in tables} - {"calibration"}):
        if not name.startswith("one_"):  # those are single runs
            rows.append(runs.study_row(name, None, None, recorded))
    return rows


def _total(rows, of):
    """The last line: how many runs are shown of how many, and of which kinds."""
    kinds = [row["label"] or row["status"] for row in rows]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    shown = f"{of} runs" if len(rows) == of else f"{len(rows)} of {of} runs"
    return f"{shown}: {counts}" if counts else shown


if __name__ == "__main__":
    command.main(main, FLAGS)
