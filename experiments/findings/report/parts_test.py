"""What runs share, what sets them apart, where they belong, and what is counted of them."""

import pandas as pd

from experiments.findings.comparison import flat
from experiments.findings.report import produced, runs, summary, tables
from experiments.findings.report.material import Run
from experiments.findings.report.testing import claim, material
from experiments.machinery.records.record import RunRecord


def test_most_frequent_values_are_common_and_the_rest_differs():
    parts = {day: flat({"a": {"b": 1, "c": {}}, "d": [day]}) for day in (3, 4, 5)}
    parts[5] = {**parts[4], "only.here": None}
    common, own = runs._shared(parts)
    assert common == {"a.b": 1, "a.c": {}, "d": [4], "only.here": None}
    assert own[3] == {"d": [3], "-": ["only.here"]}
    assert own[5] == {}
    # Of equally frequent values the order of runs decides nothing.
    one, other = {"rate": 0.2}, {"rate": 0.1}
    assert runs._shared({1: one, 2: other})[0] == runs._shared({1: other, 2: one})[0] == other


def test_a_run_may_belong_to_several_studies():
    why = pd.DataFrame({"case": ["x", "y", "x"], "run_id": ["r1", "r2", "r1"]})
    listed = {"why_runs": why, "why": pd.DataFrame({"case": ["x"], "run_id": ["not a list"]})}
    listed["table2_runs"] = pd.DataFrame({"role": ["repeat"], "run_id": ["r1"]})
    calibration = {"tried": [{"rate": 0.05, "run_ids": ["r3"]}]}
    found = runs.studies_of(material(tables=listed, calibration=calibration))
    assert (found.pop("r1"), found.pop("r2")) == (["table2: repeat", "why: x"], ["why: y"])
    assert found == {"r3": ["calibration: rate 0.05"]}


def test_title_and_notes_of_a_page_are_what_is_not_its_table():
    text = "## A title\n\nBoth rates:\n\n| a |\n| --- |\n| 1 |\n\nOne note of `code`.\nTwo.\n"
    assert tables.words(text) == ("A title", "One note of code. Two.")
    assert tables.words("") == ("", "")


def test_studies_of_the_paper_come_first():
    rows = {name: [0] for name in tables.CASE_COLUMNS.split()} | {"case": ["x"], "against": [""]}
    rows |= {f"{metric}_gap_{end}": [0] for metric in ("auc", "rmse") for end in ("low", "high")}
    frame = pd.DataFrame(rows | {"model": ["small"], "method": ["gc"], "tried": [4]})
    names = ("a_mine", "a_mine_runs", "shocks", "shocks_runs", "warmup", "warmup_runs", "alone")
    found = tables.studies(material(tables=dict.fromkeys(names, frame)))
    assert [table.id for table in found] == ["table-warmup", "table-shocks", "table-a_mine"]
    assert (found[0].claims, found[2].claims) == (("C29",), ())


def test_figure_7_has_its_grid_and_its_repeats():
    about = {"n": 1, "diverged": 0, "untrained": 0, "error_mean": 60.0, "warmup": 0.02}
    about |= {"error_low": 59.0, "error_high": 61.0, "paper_diverged": 0.0, "paper_error": 31.6}
    about |= {"at_edge": False}
    cells = [("search", "adamw", 0.1, 1), ("search", "adamw", 0.3, 1), ("repeat", "adamw", 0.1, 3)]
    rows = [about | dict(zip(("role", "optimizer", "rate", "n"), c, strict=True)) for c in cells]
    frame = pd.DataFrame(rows)
    made = material(tables={"figure7": frame, "figure7_runs": frame})
    grid, repeats = tables.paper_tables(made)["figure7"]
    assert grid.rows == [["AdamW", "2%", "60.0 [31.6]", "60.0 [31.6]"]]
    assert repeats.rows[0][3:6] == ["60.0", "59.0 to 61.0", "0/3"]
    assert (grid.claims, grid.id, repeats.id) == (("C35",), "table-figure7", "table-figure7-best")
    assert tables.studies(made) == []  # it is no study of cases


def test_each_data_seed_keeps_its_own_figures_and_may_stand_alone():
    pooled = [claim(verdict="inconclusive"), claim(id="C03", verdict="not run")]
    own = {2: [claim(statistic={"a": 1.0}, interval={"a": [0.0, 2.0]})], 1: [claim()]}
    found = tables.scorecard(material(pooled=pooled, claims=own))
    first, second = found["rows"]
    assert (first["verdict"], first["lines"]) == ("inconclusive", ["0.5 [0.25, -]"])
    assert [judged["lines"] for judged in first["each"]] == [["0.5 [0.25, -]"], ["a 1 [0, 2]"]]
    assert [judged["verdict"] for judged in second["each"]] == ["not run", "not run"]
    assert (found["pooled"], found["seeds"]) == (True, [1, 2])
    assert list(found["counts"].values()) == [0, 0, 1, 1]
    assert first["why"] == (
        "Too few data seeds have been run for a verdict. "
        "By itself it is reproduced on data seeds 1 and 2."
    )
    assert second["why"] == "Nothing on disk decides it."
    alone = tables.scorecard(material(claims={1: [claim()], 2: []}))
    assert alone["rows"][0]["why"] == "All that decides it is on its side."
    assert (alone["pooled"], alone["rows"][0]["verdict"]) == (False, "reproduced")
    assert tables.scorecard(material()) is None


def entries(*verdicts):
    return [{"verdict": verdict, "data_seed": seed} for seed, verdict in enumerate(verdicts)]


def test_enough_data_seeds_are_told_one_by_one():
    open_ = {"verdict": "inconclusive", "statistic": {"gap": 0.1}, "reason": "gap 0.1"}
    each = entries("contradicted", "reproduced", "inconclusive", "contradicted", "contradicted")
    assert summary.why(open_, each, pooled=True) == (
        "Some of what decides it reaches to both sides. By itself it is reproduced on data seed 1, "
        "contradicted on data seeds 0, 3 and 4 and inconclusive on data seed 2."
    )
    few = summary.why(open_, [*each[:4], *entries("not run")], pooled=True)
    assert few.startswith("Too few data seeds have been run for a verdict. By itself it is rep")


def test_too_few_divergences_are_said_to_be_that():
    open_ = {"verdict": "inconclusive", "statistic": None, "reason": "3 of C; 10 are needed"}
    assert summary.why(open_, [], pooled=False) == "3 of C; 10 are needed."


def test_the_summary_has_five_sentences_of_what_is_on_disk():
    rows = [("a", "naive", 50.0, 0.1, 5, None), ("a", "gc", 71.5, 1.3, 0, 72.3)]
    rows += [("a", "lamb", 75.4, 0.25, 0, 72.0), ("a", "clippy", 75.5, 1.6, 0, 72.4)]
    names = ["model", "method", "mean", "std", "diverged", "paper_mean"]
    table = pd.DataFrame(rows, columns=names).assign(metric="auc", rate_multiple=2.0)
    onsets = pd.DataFrame({"at_start": [1, 2], "at_shock": [4, 1], "survived": [0, 2], "n": 5})
    edge = {"change": ["Clean", "Small", "Other"], "diverged": [9, 3, 9], "tried": 10}
    found = {"table2": table, "table2_onsets": onsets, "table3": pd.DataFrame(edge)}
    labels = ["healthy", "full", "full", "micro"]
    fields = {"runs": {name: Run(None, None, {"label": kind}) for name, kind in enumerate(labels)}}
    scorecard = {"pooled": True, "seeds": [1], "counts": {"reproduced": 1, "not run": 2}}
    assert summary.summary(material(tables=found, **fields), scorecard) == [
        "Of 4 recorded runs 1 are healthy, 1 micro-diverged and 2 fully diverged.",
        "Untreated training fully diverges in 8 of 10 repeats of Table 2, 5 times at a shock of "
        "the stream and 3 times before the first one.",
        "On a Clippy (75.50 ± 1.60 % at 2x) has the best AUC without a full divergence, before "
        "LAMB (75.40 ± 0.25 % at 2x); in the paper Clippy is the best.",
        "At the edge of stability 9 of 10 untreated runs diverge; of the changes of Table 3 "
        "“Small” (3 of 10) lets fewer diverge.",
        "The paper's claims stand at 1 reproduced and 2 not run; a verdict needs 5 data seeds "
        "and has 1.",
    ]
    missing = summary.summary(material(), None)
    assert len(missing) == 5 and all(text.endswith(".") for text in missing)


def test_time_is_summed_by_study_and_commits_are_counted():
    def run(wall_s, commit, dirty):
        made = {"wall_s": wall_s, "commit": commit, "dirty": dirty}
        fields = dict.fromkeys(RunRecord.__dataclass_fields__) | {"status": "finished", "schema": 1}
        return Run(RunRecord(**fields | {"provenance": made}), None, {})

    three = {"r1": run(1800, "a", True), "r2": run(5400, "b", False), "r3": run(0, "b", False)}
    listed = {"x_runs": pd.DataFrame({"case": ["p", "q"], "run_id": ["r1", "r2"]})}
    listed |= {"y_runs": pd.DataFrame({"case": ["p", "p"], "run_id": ["r2", "not on disk"]})}
    found = produced.produced(material(runs=three, tables=listed))
    assert (found["runs"], found["hours"]) == (3, "2.00")
    assert found["commits"] == [("b", "no", 2), ("a", "yes", 1)]
    assert found["studies"] == [("x", 2, "2.00"), ("y", 1, "1.50")]
    assert ("tensorflow", "not recorded", 3) in found["versions"]
