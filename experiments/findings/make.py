"""The commands over studies: from a profile to tables on disk."""

from experiments.findings import cases, table2, table3
from experiments.findings.figures import study as study_figure
from experiments.findings.figures import style
from experiments.findings.names import SCALE
from experiments.machinery.records.files import write_whole
from experiments.studies import session
from experiments.studies.cases import CasesProtocol
from experiments.studies.known import (
    cases_config,
    section_3_2,
    study_config,
    study_name,
    table2_config,
)
from experiments.studies.table2 import Protocol


def reproduce_calibration(options):
    """Finds 1x and writes calibration.json.

    Args:
      options: session.Options.
    Returns: what was found, as text.
    Raises: BadInput, RunsCrashed.
    """
    with session.opened(options) as opened:
        return table2.calibration_text(opened.found)


def reproduce_table2(options, repeats=None):
    """Runs what is missing of Table 2 and writes its artefacts.

    Args:
      options: session.Options.
      repeats: run seeds of each setting, or None for the study's own number.
    Returns: the table as text.
    Raises: BadInput, RunsCrashed.
    """
    table = table2_config(repeats)
    with session.opened(options) as opened:
        return make_table2(opened, table)


def make_table2(opened, table):
    """Runs what is missing of Table 2 and writes its artefacts; returns it as text.

    Args:
      opened: session.Session.
      table: Table2Config.
    Raises: BadInput, RunsCrashed.
    """
    protocol = Protocol(table, opened.profile, opened.data_seed, opened.study)
    runs, optimal = protocol.run(opened.found.base_rate, opened.divergence, opened.display)
    return write_table2(opened.folder, table, runs, optimal, opened.found)


def reproduce_table3(options, runs=None):
    """Runs what is missing of Table 3 and of the other studies of section 3.2.

    Args:
      options: session.Options.
      runs: run seeds of each case, or None for the studies' own number.
    Returns: the tables as text.
    Raises: BadInput, RunsCrashed.
    """
    studies = section_3_2(runs)
    with session.opened(options) as opened:
        return "\n".join(make_cases(opened, *study)[1] for study in studies.items())


def make_cases(opened, name, config):
    """Runs what is missing of a study of cases and writes its table: (its runs, the text).

    Args:
      opened: session.Session.
      name: what its files are called; that of Table 3 has another form.
      config: CasesConfig.
    Raises: BadInput, RunsCrashed.
    """
    runs = _run(config, opened)
    if name == "table3":
        return runs, write_table3(opened.folder, runs, opened.found)
    return runs, write_cases(opened.folder, name, config, runs)


def reproduce_study(options, file, runs=None):
    """Runs what is missing of any study of cases and writes its table and its AUC curves.

    Args:
      options: session.Options.
      file: a gin file that binds CasesConfig.
      runs: run seeds of each case, or None for the study's own number.
    Returns: the table as text.
    Raises: BadInput, RunsCrashed.
    """
    config, name = cases_config(file, runs), study_name(file)
    CasesProtocol(config, options.profile, options.data_seed, study=None).check(file)
    with session.opened(options) as opened:
        frame, text = make_cases(opened, name, config)
        points = study_points(opened, frame)
        figure = study_figure.draw(points, config.title)
        style.save(figure, points, opened.folder / "figures", f"study_{name}")
        return text


def study_points(opened, runs):
    """The points of a study's AUC curves: DataFrame.

    Args:
      opened: session.Session.
      runs: from make_cases.
    """
    store = opened.study.store
    return study_figure.frame(runs, {run: store.curves(store.read(run)) for run in runs["run_id"]})


def run_study(name, opened):
    """Runs what is missing of one of the project's studies of cases and writes its table.

    Args:
      name: of a file in configs/studies.
      opened: session.Session.
    Returns: DataFrame, one row a run, see CasesProtocol.run.
    Raises: BadInput, RunsCrashed.
    """
    return make_cases(opened, name, study_config(name))[0]


def _run(config, opened):
    protocol = CasesProtocol(config, opened.profile, opened.data_seed, opened.study)
    return protocol.run(opened.found.base_rate, opened.divergence, opened.display)


def write_table2(folder, table, runs, optimal, found):
    """Writes table2.{csv,md,tex} and table2_runs.csv.

    Args:
      folder: results folder.
      table: Table2Config.
      runs, optimal: from Protocol.run.
      found: calibration.Calibration.
    Returns: table2.md as text.
    """
    frame = table2.table_frame(runs, table.untreated)
    optimal = {metric: value * SCALE[metric] for metric, value in optimal.items()}
    text = table2.markdown(frame, optimal)
    text += table2.notes(table2.rates_frame(runs), table, found)
    parts = {
        "table2.csv": _csv(frame),
        "table2_runs.csv": _csv(runs),
        "table2.md": text,
        "table2.tex": table2.latex(frame, optimal),
    }
    return _write(folder, parts, text)


def write_table3(folder, runs, found):
    """Writes table3.{csv,md,tex} and table3_runs.csv; returns table3.md as text.

    Args:
      folder: results folder.
      runs: from CasesProtocol.run.
      found: calibration.Calibration.
    """
    frame = table3.table_frame(runs)
    text = table3.markdown(frame, found)
    parts = {
        "table3.csv": _csv(frame),
        "table3_runs.csv": _csv(runs),
        "table3.md": text,
        "table3.tex": table3.latex(frame),
    }
    return _write(folder, parts, text)


def write_cases(folder, name, config, runs):
    """Writes <name>.{csv,md} and <name>_runs.csv; returns <name>.md as text.

    Args:
      folder: results folder.
      name: of the study.
      config: CasesConfig.
      runs: from CasesProtocol.run.
    """
    against = {case: fields.against for case, fields in config.cases.items()}
    frame = cases.table_frame(runs, against)
    text = cases.markdown(frame, config.title)
    parts = {f"{name}.csv": _csv(frame), f"{name}_runs.csv": _csv(runs), f"{name}.md": text}
    return _write(folder, parts, text)


def _csv(frame):
    return frame.to_csv(index=False, lineterminator="\n")


def _write(folder, parts, text):
    for name, content in parts.items():
        write_whole(folder / name, content.encode())
    return text
