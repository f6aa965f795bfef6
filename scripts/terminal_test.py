"""A page of markdown in a terminal and in a pipe."""

import pathlib

import pytest

from scripts.terminal import show
from scripts.testing import lines_of

STUDY = """## Bounds of Clippy

| Case | Model | Method | Rate | Fully diverged | 95 % interval | AUC | Against | AUC gap |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| a | Small | GC | 1x | 0/5 | 0% to 43% | 70.01 ± 0.52 | - | - |
| b | Small | GC | 2x | 5/5 | 57% to 100% | 50.02 ± 1.20 | a | -19.99 [-21.00, -18.98] |

A note.
"""
TABLE2 = """| Model | Metric | Naive | GC |
| --- | --- | --- | --- |
| Small | AUC | *diverged* 5/5 (51.24 ± 1.20) | <u>72.97 ± 0.52</u><br>[71.68 ± 0.13] |
|  | RMSE | 1.088 ± 0.050<br>[1.2] | 1.008 ± 0.020<br>[1.058 ± 0.002] |
"""
RATES = """| Model | Method | Rate | Threshold | AUC | 95 % interval | RMSE | Diverged | Untrained |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| Small | Naive | 1x | - | 55.10 ± 2.85 | 51.56 to 58.65 | 13359.086 ± 26921.845 | 3/5 | 0/5 |
| Large+DCN | GC | 2x | 0.01 | 71.48 ± 1.32 | 69.85 to 73.12 | 0.941 ± 0.004 | 0/5 | 0/5 |
"""


def shown(text, written="/far/own.{csv,md}", width=None):
    """Lines of a page: in a terminal of a width, or in a pipe."""
    how = {"terminal": width is not None, "width": width or 80}
    return lines_of(lambda console: show(text, written, console), **how)


@pytest.mark.parametrize("width", [30, 40, 60, 80, 200])
@pytest.mark.parametrize("text", [STUDY, TABLE2, RATES])
def test_a_terminal_gets_tables_that_fit_and_no_markup(text, width):
    lines = shown(text, width=width)
    assert max(map(len, lines)) <= width
    assert not any(mark in line for mark in ("|", "<", "*", "#") for line in lines)
    assert lines[-1] == "written to /far/own.{csv,md}"


def test_what_does_not_fit_is_said_and_numbers_stay_whole():
    wide, less, least = (" ".join(shown(STUDY, width=width)) for width in (200, 80, 40))
    assert "All rows" not in wide and "Too wide" not in wide
    assert "All rows: Model Small, Method GC" in less and "Too wide" not in less
    assert "Too wide to be shown: Rate, 95 %  interval" in least and " 43%" not in least
    assert all("50.02 ± 1.20" in page for page in (wide, less, least))


def test_a_row_without_a_case_keeps_its_setting():
    lines = shown(RATES, width=60)
    assert lines[0].split() == ["Model", "Method", "Rate", "Threshold", "AUC", "Diverged"]
    assert lines[2].split() == ["Large+DCN", "GC", "2x", "0.01", "71.48", "±", "1.32", "0/5"]
    said = ["All rows: Untrained 0/5", "Too wide to be shown: 95 % interval, RMSE"]
    assert lines[3:5] == said


@pytest.mark.parametrize("width, cut", [(50, []), (40, ["[71.68 ± 0.13]"])])
def test_numbers_are_cut_from_their_deviations_where_nothing_else_helps(width, cut):
    page = "\n".join(shown(TABLE2, width=width))
    assert [one for one in ("(51.24 ± 1.20)", "[71.68 ± 0.13]") if one not in page] == cut


def test_a_pipe_gets_cells_between_tabs_and_plain_lines():
    lines = shown(STUDY)
    assert lines[0] == "Bounds of Clippy"
    assert lines[4].split("\t") == [
        *("b", "Small", "GC", "2x", "5/5", "57% to 100%", "50.02 ± 1.20", "a"),
        "-19.99 [-21.00, -18.98]",
    ]
    assert lines[-2:] == ["A note.", "written to /far/own.{csv,md}"]
    assert shown(TABLE2)[2] == "\tRMSE\t1.088 ± 0.050 [1.2]\t1.008 ± 0.020 [1.058 ± 0.002]"


def test_a_file_below_the_present_folder_is_named_from_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown("text", pathlib.Path.cwd() / "results" / "a.md") == [
        "text",
        "written to results/a.md",
    ]
