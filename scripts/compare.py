"""Puts recorded runs side by side: what differs, what came of them, their curves."""

from experiments.errors import BadInput
from scripts import command

FLAGS = command.flags_of(runs="Ids of the runs, between blanks or commas.")
SPARKLINE = 24  # ours: letters where there is room; a run of the laptop profile has 13 evaluations


def main():
    """Reads records, runs nothing; prints the comparison and writes its picture."""
    from rich.console import Console

    write_comparison(FLAGS.runs, FLAGS.results, Console())


def write_comparison(given, results, console):
    """Prints differences, outcomes and curves; writes the curves as a picture with its points.

    `given` has ids as for find.locate. A terminal gets a table of its width, anything else whole
    lines separated by tabs. Raises BadInput for ids that are not two to eight different runs.
    """
    from experiments.findings import comparison
    from experiments.findings.figures import comparison as picture
    from experiments.findings.figures import style
    from experiments.findings.figures.drawing import draw
    from experiments.machinery.records.find import ended
    from experiments.machinery.records.record import Store
    from experiments.studies.registry import divergence_config
    from experiments.training.divergence import label

    paths = _paths(given.replace(",", " ").split(), results)
    stores = [Store(path.parent.parent, writable=False) for path in paths]
    records = [ended(*pair) for pair in zip(stores, paths, strict=True)]
    curves = [store.curves(record) for store, record in zip(stores, records, strict=True)]
    divergence = divergence_config()
    labels = [label(curve, divergence) for curve in curves]
    width = SPARKLINE
    if console.is_terminal:
        width = min(width, max(4, console.width // (len(paths) + 1) - 2))
    parts = {
        "config": comparison.differences([record.config for record in records]),
        "result": comparison.outcomes(records, labels),
        "curve": comparison.sparklines(curves, width),
    }
    run_ids = [record.run_id for record in records]
    names = comparison.names([record.config for record in records])
    methods = [record.config["method"]["name"] for record in records]
    rows = comparison.frame(zip(run_ids, methods, strict=True), curves)
    drawn, folder = picture.drawing(rows, names), stores[0].root / "compare"
    name = "-".join(run_id.rpartition("-")[2] for run_id in run_ids)  # the same file each time
    style.save(draw(drawn), rows, drawn.caption, folder, name)
    if console.is_terminal:
        _show(console, names, run_ids, parts)
    else:
        for kind, lines in {"run": {"id": run_ids, "name": names}, **parts}.items():
            for what, values in lines.items():
                console.file.write("\t".join([kind, what, *values]) + "\n")
    console.print(str(folder / f"{name}.png"), highlight=False, soft_wrap=True)


def _paths(given, results):
    from experiments.findings.comparison import LETTERS
    from experiments.machinery.records.find import locate

    if not 2 <= len(given) <= len(LETTERS):
        expected = f"expected 2 to {len(LETTERS)} ids of runs, as make list shows them"
        raise BadInput(f"RUNS = {' '.join(given)!r}: {expected}")
    paths = [locate(results, name, "RUNS") for name in given]
    for place, path in enumerate(paths):
        if path in paths[:place]:
            raise BadInput(f"RUNS = {given[place]!r}: expected each run once, {path.stem} is twice")
    return paths


def _show(console, names, run_ids, parts):
    from rich.text import Text

    from experiments.findings.comparison import LETTERS
    from experiments.machinery.workers.progress import color_of
    from scripts import terminal

    for letter, name, run_id in zip(LETTERS, names, run_ids, strict=False):
        console.print(Text(f"{letter}  {name}"), Text(f"   {run_id}", "dim"), sep="\n")
    table = terminal.plain_table()
    for heading in ("", *LETTERS[: len(run_ids)]):
        table.add_column(heading, overflow="fold")
    colors = [color_of(kind) for kind in parts["result"]["label"]]
    for rows in parts.values():
        table.add_row()
        for name, values in rows.items():
            styles = colors if name == "label" or rows is parts["curve"] else [""] * len(values)
            table.add_row(name, *map(Text, values, styles))
    console.print(table)
    console.print()


if __name__ == "__main__":
    command.main(main, FLAGS)
