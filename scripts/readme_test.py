"""The README shows the committed table, not one typed by hand."""

import pytest

from scripts import readme


def test_the_readme_holds_the_committed_table():
    text = readme.README.read_text()
    assert readme.updated(text, readme.TABLE.read_text()) == text


def test_a_readme_without_marks_is_refused():
    with pytest.raises(ValueError, match="marks of table2"):
        readme.updated("# Title\n", "| a |\n")
