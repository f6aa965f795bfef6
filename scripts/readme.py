"""Puts what the committed records of `laptop` say into README.md, between the marks of blocks."""

import json
import re

from scripts import command

README = command.ROOT / "README.md"
RESULTS = command.ROOT / "results" / "laptop"


def blocks():
    """The text of every block of the README by its name."""
    from experiments.artefacts.claims.table import summary

    pooled = json.loads((RESULTS / "claims_pooled.json").read_text())
    bench = json.loads((RESULTS / "bench.json").read_text())
    texts = {"claims": summary(pooled), "table2": (RESULTS / "table2.md").read_text()}
    texts["optimizers"] = optimizers(bench)
    for page in sorted(RESULTS.glob("why_*.md")):
        # The heading of a study's page would cut a section of the README in two.
        texts[page.stem] = page.read_text().split("\n\n", 1)[1]
    return texts


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


def updated(readme, texts):
    """The text of the README with the given texts between their marks.

    Raises: ValueError if the marks of a block are not there, once each and in order.
    """
    for name, text in texts.items():
        opening, closing = f"<!-- {name}: written by `make readme` -->\n", f"<!-- end of {name} -->"
        between = re.compile(f"(?<={re.escape(opening)}).*?(?={re.escape(closing)})", re.DOTALL)
        readme, found = between.subn(lambda _, text=text: text, readme)
        if found != 1:
            raise ValueError(f"{README.name}: the marks of {name} are not there, once and in order")
    return readme


def main():
    """Rewrites the README."""
    README.write_text(updated(README.read_text(), blocks()))


if __name__ == "__main__":
    main()
