"""A study of one's own, with names as people give them, through every command that reads it."""

import pytest

from scripts.testing import attempt

STUDY = """
CasesConfig.title = 'Own'
CasesConfig.base = {'model': 'small', 'method': 'gc', 'rate_multiple': 1}
CasesConfig.cases = {'1': {'threshold': 0.1}, '2': {'threshold': 0.01}}
"""


@pytest.mark.slow
def test_a_dot_in_its_name_numbers_as_cases_and_seeds_go_through_every_command(tmp_path, capfd):
    study, folders = tmp_path / "bound_0.5.gin", (tmp_path / "results", tmp_path / "cache")
    study.write_text(STUDY)
    commands = [
        ("study", [f"--study={study}", "--seeds=1"]),
        ("list", ["--study=bound_0.5"]),
        ("tensorboard", ["--study=bound_0.5", "--noserve"]),
        ("report", []),
        ("verify.__main__", []),
    ]
    for script, arguments in commands:
        status, out, error = attempt(script, arguments, capfd, *folders)
        assert status == 0, f"{script}: {out}{error}"
    page = (folders[0] / "smoke" / "bound_0.5.md").read_text()
    assert "\n| 1 | Small | GC | 1x | " in page and "\n| 2 | Small | GC | 1x | " in page
