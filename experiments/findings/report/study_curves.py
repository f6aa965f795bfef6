"""AUC curves of the studies of cases, interactive: one line a case."""

from matplotlib.colors import to_hex

from experiments.findings.figures import study, style
from experiments.findings.report import plots
from experiments.findings.report.plots import Key, Panel
from experiments.findings.report.tables import words

BEGINNING = "study_"  # of figures/study_<name>.csv
COLUMNS = ("data_seed", "case", "diverged", "step", "mean", "low", "high", "n")


def curves_of_studies(material):
    """(stem, heading, caption, spec) of each study whose points are on disk, by name."""
    found = []
    for stem, rows in sorted(material.figures.items()):
        if stem.startswith(BEGINNING):
            name = stem.removeprefix(BEGINNING)
            title, _ = words(material.texts.get(name, ""))
            found.append((stem, f"Study {name}: {title}", _caption(rows), _spec(rows)))
    return found


def _caption(rows):
    seed, n = rows["data_seed"].iloc[0], style.counts(rows["n"])
    return (
        f"Data seed {seed}: mean of n = {n} runs a case and its 95 % interval (Student's t). "
        "In brackets: full divergences of runs. After a loss that was no number a run counts as "
        "at chance."
    )


def _spec(rows):
    cases = dict(iter(rows.groupby("case", sort=False)))
    keys, bands, lines = [], [], []
    for (case, part), (colour, dash) in zip(cases.items(), study.looks(len(cases)), strict=True):
        first = part.iloc[0]
        name = f"{case} ({first['diverged']}/{first['n']})"
        key = Key(str(case), name, to_hex(colour), plots.dash(dash))
        keys.append(key)
        hover = f"{plots.said(case)}, mean of {first['n']} runs<br>step %{{x}}, AUC %{{y:.4f}}"
        bands.append(plots.band(key, part["step"], part["low"], part["high"]))
        lines.append(plots.line(key, part["step"], part["mean"], hover))
    panel = Panel("", "training step", "AUC on the last day", bands + lines)
    return plots.figure([panel], 1, keys)
