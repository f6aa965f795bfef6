"""From a results folder to a page on disk."""

from experiments.findings.report.testing import fill
from scripts.testing import attempt


def test_the_same_records_give_the_same_bytes_and_each_data_seed_has_its_page(tmp_path, capfd):
    def reported(*arguments):
        status, out, _ = attempt("report", arguments, capfd, tmp_path, tmp_path / "cache")
        assert status == 0
        return out

    path = fill(tmp_path) / "report.html"
    assert reported() == f"{path}\n"
    written = path.read_bytes()
    reported()
    assert path.read_bytes() == written
    path = tmp_path / "smoke-data2" / "report.html"
    assert reported("--data_seed=2") == f"{path}\n"
    assert "make reproduce-table2 PROFILE=smoke DATA_SEED=2" in path.read_text()
