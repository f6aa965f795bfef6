"""From the rows of a study to its files: tables and the points of its curves."""

from experiments.findings import cases, table2, table3
from experiments.findings.figures import study as study_figure
from experiments.findings.names import SCALE
from experiments.machinery.records.files import write_whole


def write_study(folder, name, config, runs, found=None):
    """Writes <name>.{csv,md} and <name>_runs.csv of a study of cases; returns <name>.md as text.

    Args:
      folder: results folder.
      name: of the study; that of "table3" has a form of its own, and a table3.tex.
      config: CasesConfig.
      runs: from Session.run_cases.
      found: calibration.Calibration, which "table3" alone needs.
    """
    if name == "table3":
        frame = table3.table_frame(runs)
        return _write(folder, name, runs, frame, table3.markdown(frame, found), table3.latex(frame))
    against = {case: fields.against for case, fields in config.cases.items()}
    frame = cases.table_frame(runs, against)
    return _write(folder, name, runs, frame, cases.markdown(frame, config.title))


def study_points(store, runs):
    """The points of a study's AUC curves: DataFrame.

    Args:
      store: record.Store with the curves.
      runs: from Session.run_cases.
    """
    return study_figure.frame(runs, {run: store.curves(store.read(run)) for run in runs["run_id"]})


def write_table2(folder, table, runs, optimal, found):
    """Writes table2.{csv,md,tex} and table2_runs.csv.

    Args:
      folder: results folder.
      table: Table2Config.
      runs, optimal: from Session.run_table2.
      found: calibration.Calibration.
    Returns: table2.md as text.
    """
    frame = table2.table_frame(runs, table.untreated)
    optimal = {metric: value * SCALE[metric] for metric, value in optimal.items()}
    text = table2.markdown(frame, optimal)
    text += table2.notes(table2.rates_frame(runs), table, found)
    return _write(folder, "table2", runs, frame, text, table2.latex(frame, optimal))


def _write(folder, name, runs, frame, text, tex=None):
    tables = {f"{name}.csv": frame, f"{name}_runs.csv": runs}
    parts = {file: rows.to_csv(index=False, lineterminator="\n") for file, rows in tables.items()}
    parts[f"{name}.md"] = text
    if tex is not None:
        parts[f"{name}.tex"] = tex
    for file, content in parts.items():
        write_whole(folder / file, content.encode())
    return text
