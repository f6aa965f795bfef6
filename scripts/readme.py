"""Puts results/laptop/table2.md into README.md, between its two marks."""

import re

from scripts import command

README = command.ROOT / "README.md"
TABLE = command.ROOT / "results" / "laptop" / "table2.md"
MARKS = re.compile(
    r"(<!-- table2: written by `make readme` -->\n).*(<!-- end of table2 -->)", re.DOTALL
)


def updated(readme, table):
    """The text of the README with the text of the table between the marks.

    Raises: ValueError if the marks are not there.
    """
    if not MARKS.search(readme):
        raise ValueError(f"{README.name}: the marks of table2 are not there")
    return MARKS.sub(lambda match: f"{match[1]}{table}{match[2]}", readme)


def main():
    """Rewrites the README."""
    README.write_text(updated(README.read_text(), TABLE.read_text()))


if __name__ == "__main__":
    main()
