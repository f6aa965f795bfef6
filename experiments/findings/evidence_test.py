"""From results folders to the scorecard on disk."""

import json

import pytest

from experiments.findings import claims
from experiments.findings.evidence import Evidence, data_seeds_on_disk, recorded_runs, write_claims
from experiments.studies.session import Options


@pytest.fixture
def options(tmp_path):
    return Options(
        profile="smoke",
        data_seed=None,
        results=str(tmp_path / "results"),
        cache=str(tmp_path / "cache"),
        workers=1,
    )


def test_data_seeds_are_those_of_the_profiles_folders(options, tmp_path):
    names = ["smoke", "smoke-data12", "smoke-data3", "smoke-other", "laptop", "xsmoke"]
    names += ["smoke-data999", "smoke-data1000", "smoke-data1009"]  # the last two are for design
    for name in names:
        (tmp_path / "results" / name).mkdir(parents=True)
    assert data_seeds_on_disk(options) == [1, 3, 12, 999]


def test_without_records_every_claim_is_not_run_and_nothing_is_trained(options, tmp_path):
    runs = recorded_runs(options)
    assert runs.empty
    assert list(runs.columns) == claims.COLUMNS
    text = write_claims(options, Evidence(options))
    folder = tmp_path / "results" / "smoke"
    found = json.loads((folder / "claims.json").read_text())
    pooled = json.loads((folder / "claims_pooled.json").read_text())
    assert [claim["id"] for claim in found] == [f"C{number:02d}" for number in range(1, 36)]
    for each in (found, pooled):
        decided = {claim["id"] for claim in each if claim["verdict"] != "not run"}
        assert decided == {"C28"}  # by a simulation of its own
    assert text == (folder / "claims.md").read_text()
    assert list((folder / "runs").iterdir()) == []
