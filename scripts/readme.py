"""Puts what the code and the committed records of `laptop` say into the pages for people.

A page has blocks between marks; configs/REFERENCE.md is written as a whole.
"""

import json
import math
import re

from scripts import command

FLAGS = command.flags_of()
ROOT = command.ROOT
RESULTS = ROOT / "results" / "laptop"
REFERENCE = ROOT / "configs" / "REFERENCE.md"
DESIGN = ROOT / "results" / "design"
TRANSLATION = ROOT / "results" / "laptop_translation"
RATES = "Both rates, each with its best threshold:\n\n"  # begins the second table of table2.md
SHOWN = ("figure5a", "figure5b")  # figures whose captions stand on the page of results
SEARCHES = ("earlier_criteria", "criteria")
# Studies whose tables of data seed 11 stand on the page of results.
STUDIES = ("accumulators", "adam", "length", "threshold_grid")


def main():
    """Writes the blocks of the pages, and configs/REFERENCE.md as a whole."""
    from scripts.reference import reference

    for path, texts in blocks().items():
        page = updated(path.read_text(encoding="utf-8"), texts, path.name)
        path.write_text(page, encoding="utf-8")
    REFERENCE.write_text(reference(), encoding="utf-8")


def blocks():
    """The text of every block by its name, for each page: dict from path to dict."""
    import pandas as pd

    from experiments.findings import curvature, detection, readings, regimes, rescues, streams
    from experiments.findings.claims.table import summary

    pooled = json.loads((RESULTS / "claims_pooled.json").read_text())
    bench = json.loads((RESULTS / "bench.json").read_text())
    table2, rest = (RESULTS / "table2.md").read_text(encoding="utf-8").split(RATES)
    rates, notes = rest.split("\n\n", 1)
    results = {"table2": table2 + notes, "rates": rates + "\n", "claims": summary(pooled)}
    pages = [*(RESULTS / f"{name}.md" for name in STUDIES), TRANSLATION / "figure7.md"]
    for page in pages:
        # The heading of a study's page would cut a section of the page in two.
        results[page.stem] = page.read_text(encoding="utf-8").split("\n\n", 1)[1]
    for name in SHOWN:
        results[name] = (RESULTS / "figures" / f"{name}.txt").read_text(encoding="utf-8")
    table2_runs = _joined("table2_runs.csv")
    results |= {"streams": streams.best_aucs(table2_runs), "gaps": streams.gaps(table2_runs)}
    budgets = sorted(ROOT.glob("results/laptop*/table2_budgets.csv"))
    results["budgets"] = streams.budget_gaps([pd.read_csv(path) for path in budgets])
    results["ratios"] = ratios()
    detector = detection.markdown(_joined("detector.csv"))
    results["detector"] = detector.split("\n\n", 1)[1].rstrip() + "\n"
    results["curvature"] = curvature.markdown(_joined(f"{curvature.STUDY}_runs.csv")).lstrip()
    replays = rescues.markdown(_joined("rescues.csv"))
    results["rescues"] = replays.split("\n\n", 1)[1]
    plants = (DESIGN / "plants.md").read_text(encoding="utf-8")
    results["plants"] = plants.split("\n\n", 1)[1]
    flights = ROOT / "results" / "flights" / "flights.md"
    results["flights"] = flights.read_text(encoding="utf-8").split("\n\n", 1)[1].rstrip() + "\n"
    tables = _joined("table2.csv")
    return {
        ROOT / "README.md": {"table2": short_table2(tables), "claims": verdicts(pooled)},
        ROOT / "results" / "README.md": results,
        ROOT / "results" / "regimes.md": {
            module.STUDY: module.markdown(_joined(f"{module.STUDY}_runs.csv"))
            for module in (regimes, readings)
        },
        DESIGN / "search.md": {name: searched(DESIGN / f"{name}.csv") for name in SEARCHES},
        ROOT / "clippy" / "README.md": {"optimizers": optimizers(bench)},
        ROOT / "scripts" / "README.md": {"scale": scale(bench)},
    }


def ratios():
    """Full divergences by data seed in Table 3 and the studies of section 3.2."""
    from experiments.findings import streams
    from experiments.studies import known

    names = {"table3": "Table 3"} | {name: name.capitalize() for name in known.SECTION_3_2}
    return streams.divergence_ratios(
        {title: _joined(f"{name}_runs.csv") for name, title in names.items()}
    )


def _joined(name):
    """The rows of a table of each committed data seed, one after the other."""
    from experiments.findings import streams

    return streams.joined(sorted(ROOT.glob(f"results/laptop*/{name}")))


def searched(path):
    """What each candidate of a search shows, one row a candidate and one column a criterion."""
    import pandas as pd

    from experiments.findings.names import markdown_table

    rows = pd.read_csv(path)
    names = sorted(rows["id"].unique())
    cells = rows.assign(text=rows["found"] + rows["met"].map({True: "", False: " (missed)"}))
    cells = cells.pivot(index="candidate", columns="id", values="text").fillna("-")
    edges = rows.groupby("candidate", sort=False)["edge"].first()
    lines = [
        [name, "-" if pd.isna(edge) else f"{edge:g}", *cells.loc[name, names]]
        for name, edge in edges.items()
    ]
    return markdown_table(["Candidate", "0.4x", *names], lines)


def short_table2(rows):
    """AUC and rate over data seeds with the paper's AUC in brackets, one row a model.

    `rows` are those of the table2.csv of each data seed, one after the other.
    """
    from experiments.findings.names import METHOD_NAMES, MODEL_NAMES, markdown_table

    auc, lines = rows[rows["metric"] == "auc"], []
    for model, part in auc.groupby("model", sort=False):
        cells = [cell for _, cell in part.groupby("method", sort=False)]
        lines.append([MODEL_NAMES[model], *map(_cell, cells)])
    return markdown_table(["AUC", *map(METHOD_NAMES.get, rows["method"].unique())], lines)


def _cell(rows):
    """The mean over data seeds and the rates, or how many runs fully diverge."""
    paper, rates = rows["paper_mean"].iloc[0], sorted(rows["rate_multiple"].unique())
    ours = f"{rows['mean'].mean():.2f} at {' or '.join(f'{rate:g}x' for rate in rates)}"
    if rows["diverged"].any():
        ours = f"{rows['diverged'].sum()} of {rows['n'].sum()} diverge"
    return f"{ours} [{'diverges' if math.isnan(paper) else f'{paper:.2f}'}]"


def verdicts(pooled):
    """The ids of the claims of claims_pooled.json by their verdict."""
    from experiments.findings.claims.outcome import VERDICTS
    from experiments.findings.names import markdown_table

    rows = []
    for verdict in VERDICTS:
        ids = [claim["id"] for claim in pooled if claim["verdict"] == verdict]
        rows.append([verdict, str(len(ids)), ", ".join(ids)])
    return markdown_table([f"verdict on {len(pooled)} claims", "claims", "which"], rows)


def optimizers(bench):
    """What a step of each optimizer costs by bench.json, as a table."""
    from experiments.findings.names import markdown_table

    rows = []
    for name, entry in sorted(bench.items()):
        if "_57m_vs_" in name or "sparse" in name:
            times = f"{1e3 * entry['median_s']:.0f} ms, {1e3 * entry['baseline_s']:.0f} ms"
            rows.append([f"`{name}`", entry["baseline"], times, f"{entry['ratio']:.2f}"])
    return markdown_table(["step", "against", "time", "ratio"], rows)


def scale(bench):
    """How cost grows, how well two workers are used and how soon a command answers, as text."""
    study, start = bench["study_parallel_efficiency"], bench["help_vs_bare_python"]
    return (
        f"{(RESULTS / 'bench_scale.md').read_text(encoding='utf-8')}\n"
        f"A study of {study['n']} runs of Large keeps its two workers at their runs for "
        f"{100 * study['ratio']:.0f} % of its time, their start included. "
        f"`--help` of a command answers in {start['median_s']:.2f} s.\n"
    )


def updated(page, texts, name="README.md"):
    """A page with texts between the marks of their names. Raises: ValueError for other marks."""
    for block, text in texts.items():
        opening = re.escape(f"<!-- {block}: written by `make readme` -->\n")
        between = f"(?<={opening}).*?(?=<!-- end of {block} -->)"
        page, found = re.subn(between, lambda _, text=text: text, page, flags=re.DOTALL)
        if found != 1:
            raise ValueError(f"{name}: expected the marks of {block} once and in order")
    for block in re.findall(r"<!-- (\w+): written by `make readme` -->", page):
        if block not in texts:
            raise ValueError(f"{name}: {block} has marks: expected one of {', '.join(texts)}")
    return page


if __name__ == "__main__":
    command.main(main, FLAGS)
