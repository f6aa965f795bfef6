"""From the rows of a study to its files: tables and the points of its curves."""

from experiments.findings import cases, table2, table3
from experiments.findings.figures import study as study_figure
from experiments.findings.names import SCALE
from experiments.machinery.records.files import write_whole


def write_study(folder, name, config, runs, found):
    """Writes the table of a study of cases and returns it as text.

    Args:
      folder: results folder.
      name: what the files are called; the table of "table3" has a form of its own.
      config: CasesConfig.
      runs: from Session.run_cases.
      found: calibration.Calibration.
    """
    if name == "table3":
        return write_table3(folder, runs, found)
    return write_cases(folder, name, config, runs)


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


def write_table3(folder, runs, found):
    """Writes table3.{csv,md,tex} and table3_runs.csv; returns table3.md as text.

    Args:
      folder: results folder.
      runs: from Session.run_cases.
      found: calibration.Calibration.
    """
    frame = table3.table_frame(runs)
    text = table3.markdown(frame, found)
    return _write(folder, "table3", runs, frame, text, table3.latex(frame))


def write_cases(folder, name, config, runs):
    """Writes <name>.{csv,md} and <name>_runs.csv; returns <name>.md as text.

    Args:
      folder: results folder.
      name: of the study.
      config: CasesConfig.
      runs: from Session.run_cases.
    """
    against = {case: fields.against for case, fields in config.cases.items()}
    frame = cases.table_frame(runs, against)
    return _write(folder, name, runs, frame, cases.markdown(frame, config.title))


def _write(folder, name, runs, frame, text, tex=None):
    parts = {f"{name}.csv": _csv(frame), f"{name}_runs.csv": _csv(runs), f"{name}.md": text}
    if tex is not None:
        parts[f"{name}.tex"] = tex
    for file, content in parts.items():
        write_whole(folder / file, content.encode())
    return text


def _csv(frame):
    return frame.to_csv(index=False, lineterminator="\n")
