"""From a results folder to a page on disk."""

import pytest

from experiments.errors import BadInput
from experiments.findings.report.testing import fill, options
from scripts.report import write_report


def test_the_same_records_give_the_same_bytes_and_each_data_seed_has_its_page(tmp_path):
    folder = fill(tmp_path)
    assert write_report(options(tmp_path)) == str(folder / "report.html")
    written = (folder / "report.html").read_bytes()
    write_report(options(tmp_path))
    assert (folder / "report.html").read_bytes() == written
    path = tmp_path / "smoke-data2" / "report.html"
    assert write_report(options(tmp_path, data_seed=2)) == str(path)
    assert "make reproduce-table2 PROFILE=smoke DATA_SEED=2" in path.read_text()


def test_a_folder_without_results_is_refused_and_not_made(tmp_path):
    with pytest.raises(BadInput, match="smoke: no results to report: expected a profile"):
        write_report(options(tmp_path / "results"))
    assert not (tmp_path / "results").exists()
