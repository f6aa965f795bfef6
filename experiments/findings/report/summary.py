"""The first words of the page: what the records say, in five sentences without a typed number."""

from collections import Counter

from experiments.findings import table2
from experiments.findings.claims.outcome import NOT_RUN, VERDICTS
from experiments.findings.claims.scorecard import LEAST_DATA_SEEDS
from experiments.findings.figures.style import KINDS
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES, number


def summary(material, scorecard):
    """Five sentences on a Material; `scorecard` is that of tables.scorecard, or None.

    A part that is not on disk has a sentence that says so.
    """
    return [
        _runs(material),
        _untreated(material.tables.get("table2_onsets")),
        _best(material.tables.get("table2")),
        _edge(material.tables.get("table3")),
        _claims(scorecard),
    ]


def _runs(material):
    labels = Counter(run.row["label"] for run in material.runs.values())
    kinds = [f"{labels[kind]} {name}" for kind, (name, _) in KINDS.items() if labels[kind]]
    found = _listed(kinds).replace(" ", " are ", 1)
    return f"Of {len(material.runs)} recorded runs {found}." if kinds else "No run is recorded."


def _untreated(onsets):
    if onsets is None:
        return "When untreated training diverges is not known: there is no Table 2 yet."
    start, shock, n = (int(onsets[name].sum()) for name in ("at_start", "at_shock", "n"))
    return (
        f"Untreated training fully diverges in {start + shock} of {n} repeats of Table 2, {shock} "
        f"times at a shock of the stream and {start} times before the first one."
    )


def _best(table):
    if table is None:
        return "Which method is best is not known: there is no Table 2 yet."
    model = table["model"].iloc[-1]  # the largest
    rows = table[(table["model"] == model) & (table["metric"] == "auc")]
    best = table2.best_method(rows, "auc")
    if best is None:
        return f"On {MODEL_NAMES[model]} no method is without a full divergence."
    next_ = table2.best_method(rows[rows["method"] != best], "auc")
    theirs = rows.loc[rows["paper_mean"].idxmax(), "method"] if rows["paper_mean"].any() else None
    said = f"On {MODEL_NAMES[model]} {_auc(rows, best)} has the best AUC without a full divergence"
    said += f", before {_auc(rows, next_)}" if next_ else ""
    return said + (f"; in the paper {METHOD_NAMES[theirs]} is the best." if theirs else ".")


def _auc(rows, method):
    row = rows[rows["method"] == method].iloc[0]
    value = number(row["mean"], row["std"], "auc")
    return f"{METHOD_NAMES[method]} ({value} % at {row['rate_multiple']:g}x)"


def _edge(table):
    if table is None:
        return "What makes training more stable is not known: there is no Table 3 yet."
    clean, *changed = table.itertuples()
    lower = [row for row in changed if row.diverged / row.tried < clean.diverged / clean.tried]
    shares = [f"“{row.change}” ({row.diverged} of {row.tried})" for row in lower]
    return (
        f"At the edge of stability {clean.diverged} of {clean.tried} untreated runs diverge; "
        f"of the changes of Table 3 {_listed(shares) or 'none'} lets fewer diverge."
    )


def _claims(scorecard):
    if scorecard is None:
        return "No claim of the paper has been judged yet."
    counts = [f"{count} {verdict}" for verdict, count in scorecard["counts"].items()]
    said = f"The paper's claims stand at {_listed(counts)}"
    seeds = len(scorecard["seeds"])
    few = scorecard["pooled"] and seeds < LEAST_DATA_SEEDS
    needs = f"; a verdict needs {LEAST_DATA_SEEDS} data seeds and has {seeds}."
    return said + (needs if few else ".")


def why(claim, each, pooled):
    """Why a claim has its verdict, in words; its numbers stand elsewhere.

    `each` are the entries of the claim in the scorecards of data seeds, with `data_seed`; `pooled`
    says whether the verdict is over all of them.
    """
    verdict = claim["verdict"]
    if verdict == NOT_RUN:
        return "Nothing on disk decides it."
    judged = [entry for entry in each if entry["verdict"] != NOT_RUN]
    few = pooled and verdict == "inconclusive" and len(judged) < LEAST_DATA_SEEDS
    said = "Too few data seeds have been run for a verdict." if few else WORDS[verdict]
    if verdict == "inconclusive" and not few and claim["statistic"] is None:
        said = f"{claim['reason'][0].upper()}{claim['reason'][1:]}."  # too few runs show it
    found = []
    for own in VERDICTS:
        seeds = [str(entry["data_seed"]) for entry in judged if entry["verdict"] == own]
        found += [f"{own} on data seed{'s' * (len(seeds) > 1)} {_listed(seeds)}"] if seeds else []
    return f"{said} By itself it is {_listed(found)}." if pooled and found else said


WORDS = {
    "reproduced": "All that decides it is on its side.",
    "contradicted": "Some of what decides it is on the other side.",
    "inconclusive": "Some of what decides it reaches to both sides.",
}


def _listed(texts):
    """Texts as they are listed in a sentence, "a, b and c"; "" for none."""
    return " and ".join([*([", ".join(texts[:-1])] if texts[1:] else []), *texts[-1:]])
