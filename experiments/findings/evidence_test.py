"""From results folders to the scorecard on disk."""

import json

from experiments.findings import claims
from experiments.findings.evidence import Evidence, data_seeds_on_disk, recorded_runs, write_claims
from experiments.findings.report.testing import options


def test_data_seeds_are_those_of_the_profiles_folders(tmp_path):
    names = ["smoke", "smoke-data12", "smoke-data3", "smoke-other", "laptop", "xsmoke"]
    names += ["smoke-data999", "smoke-data1000", "smoke-data1009"]  # the last two are for design
    for name in names:
        (tmp_path / name).mkdir()
    assert data_seeds_on_disk(options(tmp_path)) == [3, 11, 12, 999]


def test_without_records_every_claim_is_not_run_and_nothing_is_trained(tmp_path):
    asked, folder = options(tmp_path), tmp_path / "smoke"
    runs = recorded_runs(asked)
    assert runs.empty and list(runs.columns) == claims.COLUMNS
    text = write_claims(asked, Evidence(asked))
    for name in ("claims.json", "claims_pooled.json"):
        found = json.loads((folder / name).read_text())
        decided = {claim["id"] for claim in found if claim["verdict"] != "not run"}
        assert (len(found), decided) == (35, {"C28"})  # by a simulation of its own
    assert text == (folder / "claims.md").read_text()
    assert list((folder / "runs").iterdir()) == []
