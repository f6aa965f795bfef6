"""How the results came about: commits, versions, machines, time and commands, from the records."""

from collections import Counter

from experiments.findings.report.runs import studies_of
from experiments.machinery.records.provenance import PACKAGES

VERSIONS = ("python", *PACKAGES)


def produced(material):
    """Dict of sums, commits, versions, machines (rows of texts) and studies (name, runs, hours)."""
    records = [run.record for run in material.runs.values()]
    made = [record.provenance for record in records]
    commits = Counter((entry.get("commit", ""), bool(entry.get("dirty"))) for entry in made)
    return {
        "runs": len(records),
        "hours": _hours(records),
        "memory_mib": max((entry.get("peak_memory_mib") or 0 for entry in made), default=0),
        "status": sorted(Counter(record.status for record in records).items()),
        "schemas": sorted({record.schema for record in records}),
        "commits": [  # whether the checkout differed from it, runs; the most runs first
            (commit or "not in a checkout", "yes" if dirty else "no", count)
            for (commit, dirty), count in sorted(
                commits.items(), key=lambda item: (-item[1], item[0])
            )
        ],
        "versions": _counted(made, VERSIONS),
        "machines": _counted(made, ("processor",)),
        "studies": _studies(material),
        "commands": _commands(material),
    }


def _hours(records):
    return f"{sum(record.provenance.get('wall_s') or 0 for record in records) / 3600:.2f}"


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
        if run_id in material.runs:
            for name in {text.split(": ")[0] for text in texts}:
                found.setdefault(name, []).append(material.runs[run_id].record)
    return [(name, len(records), _hours(records)) for name, records in sorted(found.items())]


def _commands(material):
    """(command, what it leaves) of what is on disk."""
    tables = material.tables
    drawn = next((name for name in material.figures if name in material.seeds), "")
    made = [
        ("calibration.json" in material.files, "calibrate", "the learning rate called 1x", ""),
        ("table1" in tables, "table1", "Table 1", ""),
        ("table2" in tables, "reproduce-table2", "Table 2", "table2"),
        ("table3" in tables, "reproduce-table3", "Table 3, small studies of 3.2", "table3"),
    ]
    made += [
        (True, f"study STUDY=configs/studies/{name}.gin", f"study {name}", name)
        for name in sorted(tables)
        if name.startswith("why_") and not name.endswith("_runs")
    ]
    made += [
        (material.figures, "figures", "the figures and the study of divergences", drawn),
        (material.claims, "claims", "the scorecard", "claims"),
        ("detector" in tables, "detector", "the detector's table", ""),
        (True, "report", "this page", ""),
    ]
    seeds = {name: f" SEEDS={number}" for name, number in material.seeds.items()}
    return [
        (f"make {command}{material.variables}{seeds.get(name, '')}", what)
        for there, command, what, name in made
        if there
    ]
