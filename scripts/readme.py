"""Puts what the code and the committed records of `laptop` say into the pages for people.

Blocks between marks in README.md, results/README.md and scripts/README.md; all of
configs/REFERENCE.md.
"""

import json
import re

from scripts import command

README = command.ROOT / "README.md"
RESULTS = command.ROOT / "results" / "laptop"
RESULTS_PAGE = command.ROOT / "results" / "README.md"
OPERATIONS_PAGE = command.ROOT / "scripts" / "README.md"
REFERENCE = command.ROOT / "configs" / "REFERENCE.md"
RATES = "Both rates, each with its best threshold:\n\n"  # begins the second table of table2.md

IN_FULL = ("adam.md", "batch_and_rate.md", "clippy_thresholds.md", "scope.md")

# The cases of each explaining study that its words in README.md stand on, in their order.
KEY_CASES = {
    "why_rates": ("small_clippy_0.5x", "small_clippy_4x", "small_gc_4x", "large_dcn_clippy_4x"),
    "why_agc": (
        "agc_2x",
        "agc_per_layer_2x",
        "agc_wider_1x",
        "clippy_wider_1x",
        "agc_twice_the_steps_1x",
        "agc_without_shocks_1x",
    ),
    "why_agc_spread": ("clippy_8x", "agc_4x", "agc_8x", "agc_0.1_1x", "agc_per_layer_0.1_1x"),
    "why_four_times": ("small_agc_0.01", "large_gc_0.1", "large_agc_0.01", "large_dcn_agc_0.01"),
    "why_lamb": (
        "small_0.05_2x",
        "large_dcn_0.02_1x",
        "large_dcn_0.001_1x",
        "large_dcn_clippy_0.25x",
    ),
    "why_gc_small": ("clippy_1x", "clippy_wider_1x", "clippy_four_times_the_steps_1x"),
    "why_rmse": ("clippy_1x", "calm_end_clippy_1x", "light_tails_clippy_1x"),
    "why_table3": ("smaller_model", "no_dcn", "fewer_features", "two_tasks_removed"),
    "why_window": ("size_1.5_1_day", "size_3.5_7_days", "warmup_5_1_day", "warmup_5_7_days"),
    "why_warmup": ("small_5_days", "large_dcn_5_days"),
}


def blocks():
    """The text of every block by its name, for each page: dict from path to dict."""
    from experiments.findings.claims.table import summary

    pooled = json.loads((RESULTS / "claims_pooled.json").read_text())
    bench = json.loads((RESULTS / "bench.json").read_text())
    table2, rates, notes = table2_parts((RESULTS / "table2.md").read_text())
    pages = {
        README: {
            "table2": table2 + notes,
            "claims": summary(pooled),
            "why": explained(RESULTS),
            "optimizers": optimizers(bench),
        },
        OPERATIONS_PAGE: {"scale": scale(bench, RESULTS)},
        RESULTS_PAGE: {"rates": rates},
    }
    for page in sorted([*RESULTS.glob("why_*.md"), *(RESULTS / name for name in IN_FULL)]):
        # The heading of a study's page would cut a section of the page in two.
        pages[RESULTS_PAGE][page.stem] = page.read_text().split("\n\n", 1)[1]
    return pages


def table2_parts(text):
    """table2.md as (the table, the table of both rates, the notes on both)."""
    table, rest = text.split(RATES)
    rates, notes = rest.split("\n\n", 1)
    return table, rates + "\n", notes


def explained(folder):
    """What the explaining studies showed, in their key cases alone.

    Args:
      folder: with their tables, why_*.csv.
    Returns: a table in markdown.
    Raises: ValueError if a table has no row for a key case, or a study has none.
    """
    import pandas as pd

    from experiments.findings.cases import shown_gap
    from experiments.findings.names import MODEL_NAMES, markdown_row, number

    unknown = {path.stem for path in folder.glob("why_*.csv")} - set(KEY_CASES)
    unknown = {name for name in unknown if not name.endswith("_runs")}
    if unknown:
        raise ValueError(f"KEY_CASES: nothing of {', '.join(sorted(unknown))}")
    header = ["Study", "Case", "Model", "Rate", "Died", "AUC", "RMSE", "Less", "AUC gap"]
    lines = [markdown_row(header), markdown_row(["---"] * len(header))]
    for study, names in KEY_CASES.items():
        table = pd.read_csv(folder / f"{study}.csv", keep_default_na=False, na_values=[""])
        rows = table[table["case"].isin(names)]
        if len(rows) != len(names):
            raise ValueError(f"{study}.csv: no row of one of {', '.join(names)}")
        for row in rows.itertuples():
            compared = isinstance(row.against, str)
            cells = [
                f"`{study}`",
                row.case,
                MODEL_NAMES.get(row.model, row.model),
                f"{row.rate_multiple:g}x",
                f"{row.diverged}/{row.tried}",
                number(row.auc_mean, row.auc_std, "auc"),
                number(row.rmse_mean, row.rmse_std, "rmse"),
                row.against if compared else "-",
                shown_gap(row, "auc") if compared else "-",
            ]
            lines.append(markdown_row(cells))
    return "\n".join(lines) + "\n"


def optimizers(bench):
    """What a step of each optimizer costs, as a table.

    Args:
      bench: the contents of bench.json.
    """
    lines = ["| step | against | time | ratio |", "| --- | --- | --- | --- |"]
    for name, entry in sorted(bench.items()):
        if "_57m_vs_" in name or "sparse" in name:
            times = f"{1e3 * entry['median_s']:.0f} ms, {1e3 * entry['baseline_s']:.0f} ms"
            lines.append(f"| `{name}` | {entry['baseline']} | {times} | {entry['ratio']:.2f} |")
    return "\n".join(lines) + "\n"


def scale(bench, folder):
    """How cost grows, how well two workers are used and how soon a command answers.

    Args:
      bench: the contents of bench.json.
      folder: with bench_scale.md.
    """
    table = folder / "bench_scale.md"
    if not table.exists():
        return "Not measured yet.\n"
    study, start = bench["study_parallel_efficiency"], bench["help_vs_bare_python"]
    return (
        f"{table.read_text()}\n"
        f"A study of {study['n']} runs of Large keeps its two workers at their runs for "
        f"{100 * study['ratio']:.0f} % of its time, their start included. "
        f"`--help` of a command answers in {start['median_s']:.2f} s.\n"
    )


def updated(page, texts, name="README.md"):
    """The text of a page with the given texts between their marks.

    Args:
      page: its text.
      texts: dict from the name of a block to its text.
      name: of the page, for the error.
    Raises: ValueError if the marks of a block are not there, once each and in order, or if the page
      has marks of another block.
    """
    for block, text in texts.items():
        opening, closing = (
            f"<!-- {block}: written by `make readme` -->\n",
            f"<!-- end of {block} -->",
        )
        between = re.compile(f"(?<={re.escape(opening)}).*?(?={re.escape(closing)})", re.DOTALL)
        page, found = between.subn(lambda _, text=text: text, page)
        if found != 1:
            raise ValueError(f"{name}: the marks of {block} are not there, once and in order")
    for block in re.findall(r"<!-- (\w+): written by `make readme` -->", page):
        if block not in texts:
            raise ValueError(f"{name}: {block} has marks: allowed is one of {', '.join(texts)}")
    return page


def main():
    """Rewrites the pages."""
    from scripts.reference import reference

    for path, texts in blocks().items():
        path.write_text(updated(path.read_text(), texts, path.name))
    REFERENCE.write_text(reference())


if __name__ == "__main__":
    main()
