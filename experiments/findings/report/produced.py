"""How the results came about: commits, versions, machines, time and commands, from the records."""

from collections import Counter

from experiments.findings.report.runs import studies_of
from experiments.machinery.records.provenance import PACKAGES

VERSIONS = ("python", *PACKAGES)


def produced(material):
    """Dict of commits, versions, machines (rows of texts), studies (name, runs, hours), and sums.

    Args:
      material: Material.
    """
    records = [run.record for run in material.runs.values()]
    made = [record.provenance for record in records]
    wall_s = sum(entry.get("wall_s") or 0 for entry in made)
    memory = max((entry.get("peak_memory_mib") or 0 for entry in made), default=0)
    return {
        "runs": len(records),
        "hours": f"{wall_s / 3600:.2f}",
        "memory_mib": memory,
        "status": sorted(Counter(record.status for record in records).items()),
        "schemas": sorted({record.schema for record in records}),
        "commits": _commits(made),
        "versions": _counted(made, VERSIONS),
        "machines": _counted(made, ("processor",)),
        "studies": _studies(material),
        "commands": _commands(material),
    }


def _commits(made):
    """(commit, whether the checkout differed from it, runs), the most runs first."""
    found = Counter((entry.get("commit", ""), bool(entry.get("dirty"))) for entry in made)
    return [
        (commit or "not in a checkout", "yes" if dirty else "no", count)
        for (commit, dirty), count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    ]


def _counted(made, names):
    """(name, value, runs) of each distinct value."""
    rows = []
    for name in names:
        found = Counter(str(entry.get(name) or "not recorded") for entry in made)
        rows += [(name, value, count) for value, count in sorted(found.items())]
    return rows


def _studies(material):
    """(study, runs, hours of computing); a run that several share counts in each."""
    found = {}
    for run_id, texts in studies_of(material).items():
        if run_id not in material.runs:
            continue
        seconds = material.runs[run_id].record.provenance.get("wall_s") or 0
        for name in {text.split(": ")[0] for text in texts}:
            runs, total = found.get(name, (0, 0.0))
            found[name] = (runs + 1, total + seconds)
    return [(name, runs, f"{total / 3600:.2f}") for name, (runs, total) in sorted(found.items())]


def _commands(material):
    """(command, what it leaves) of what is on disk."""
    own = material.variables
    pairs = [
        ("calibration.json" in material.files, "make calibrate", "the learning rate called 1x"),
        ("table1" in material.tables, "make table1", "Table 1"),
        ("table2" in material.tables, "make reproduce-table2", "Table 2"),
        ("table3" in material.tables, "make reproduce-table3", "Table 3, small studies of 3.2"),
    ]
    pairs += [
        (True, f"make study STUDY=configs/studies/{name}.gin", f"study {name}")
        for name in sorted(material.tables)
        if name.startswith("why_") and not name.endswith("_runs")
    ]
    pairs += [
        (bool(material.figures), "make figures", "the figures and the study of divergences"),
        (bool(material.claims), "make claims", "the scorecard"),
        ("detector" in material.tables, "make detector", "the detector's table"),
        (True, "make report", "this page"),
    ]
    return [(command + own, what) for there, command, what in pairs if there]
