"""From the rows of a study to its files: tables and the points of its curves."""

from experiments.findings import (
    budgets,
    cases,
    curvature,
    figure7,
    onsets,
    readings,
    regimes,
    table2,
    table3,
)
from experiments.findings.figures import study as study_figure
from experiments.findings.figures import style
from experiments.findings.figures.drawing import draw
from experiments.findings.names import SCALE
from experiments.machinery.records.files import write_whole
from experiments.studies.registry import telemetry_config

TABLE2 = ("table2.csv", "table2.md", "table2.tex", "table2_runs.csv")
TABLE2 += ("table2_budgets.csv", "table2_onsets.csv")
PAGES = {module.STUDY: module.markdown for module in (readings, regimes)}


def write_study(folder, name, config, runs, found=None):
    """Writes <name>.{csv,md} and <name>_runs.csv of a study of cases; returns <name>.md as text.

    The study "table3" has a form of its own, and a table3.tex; it alone needs `found`, the
    calibration.Calibration. The pages of PAGES are of their own form, too. `config` is a
    CasesConfig, the runs are of `runs_of`.
    """
    if name == "table3":
        frame = table3.table_frame(runs)
        return _write(folder, name, runs, frame, table3.markdown(frame, found), table3.latex(frame))
    against = {case: fields.against for case, fields in config.cases.items()}
    frame = cases.table_frame(runs, against)
    if name in PAGES:
        text = f"## {config.title}\n\n{PAGES[name](runs)}"
        return _write(folder, name, runs, frame, text)
    text = cases.markdown(frame, config.title)
    text += "" if config.curvature is None else curvature.markdown(runs)
    if len(config.cases) > study_figure.MOST_CASES:
        text += f"\nNo figure: no legend tells {len(config.cases)} cases apart.\n"
    return _write(folder, name, runs, frame, text)


def runs_of(session, name, config):
    """Runs what is missing of a study of cases; the DataFrame of Session.run_cases.

    Where curvature is measured it has the columns of curvature.measured_rows too, and the study
    "readings" those of readings.measured_rows.
    """
    runs, store = session.run_cases(config), session.study.store
    if name == readings.STUDY:
        return readings.measured_rows(runs, store)
    if config.curvature is None:
        return runs
    detector = telemetry_config().detector
    return curvature.measured_rows(runs, store, session.divergence, detector)


def make_study(session, name, config):
    """Runs what is missing of a study of cases in a Session, and writes its tables and its figure.

    A study of more cases than a legend can tell apart has no figure.

    Returns: (runs, text): the DataFrame of `runs_of`, and <name>.md.
    """
    runs = runs_of(session, name, config)
    text = write_study(session.folder, name, config, runs, session.found)
    if len(config.cases) <= study_figure.MOST_CASES:
        points = study_points(session.study.store, runs)
        drawn, folder = study_figure.drawing(points, config.title), session.folder / "figures"
        style.save(draw(drawn), points, drawn.caption, folder, f"study_{name}")
    return runs, text


def study_points(store, runs):
    """The points of the figure of a study's runs: DataFrame."""
    return study_figure.frame(runs, {run: store.curves(store.read(run)) for run in runs["run_id"]})


def write_table2(folder, table, runs, optimal, found):
    """Writes the files of TABLE2; returns table2.md as text.

    `table` is the Table2Config, `found` the Calibration; the rest is of Session.run_table2.
    """
    frame = table2.table_frame(runs, table.untreated)
    optimal = {
        metric: float("nan") if value is None else value * SCALE[metric]
        for metric, value in optimal.items()
    }
    by_budget, by_onset = budgets.table_frame(runs), onsets.table_frame(runs, table.untreated)
    text = table2.markdown(frame, optimal)
    text += table2.notes(table2.rates_frame(runs), table, found)
    text += budgets.markdown(by_budget, table)
    text += onsets.markdown(by_onset, table.untreated)
    write_whole(folder / "table2_budgets.csv", _csv(by_budget))
    write_whole(folder / "table2_onsets.csv", _csv(by_onset))
    return _write(folder, "table2", runs, frame, text, table2.latex(frame, optimal))


def write_figure7(folder, runs):
    """Writes figure7.{csv,md} and figure7_runs.csv of Session.run_figure7; returns figure7.md."""
    frame = figure7.table_frame(runs)
    return _write(folder, "figure7", runs, frame, figure7.markdown(frame, runs))


def _write(folder, name, runs, frame, text, tex=None):
    parts = {".csv": _csv(frame), "_runs.csv": _csv(runs), ".md": text.encode()}
    parts |= {".tex": tex.encode()} if tex else {}
    for ending, content in parts.items():
        write_whole(folder / f"{name}{ending}", content)
    return text


def _csv(frame):
    return frame.to_csv(index=False, lineterminator="\n").encode()
