"""Studies that really train, on worker processes and in this one: calibration, Table 2."""

import dataclasses
import json
import socket

import pytest

from data import DayCache, Stream
from experiments.errors import BadInput
from experiments.findings.make import TABLE2, write_table2
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.machinery.workers import local
from experiments.machinery.workers.study import NotRecorded, Study
from experiments.machinery.workers.testing import DIVERGENCE, InProcess, Opened
from experiments.studies import calibration
from experiments.studies.configs import CalibrationConfig
from experiments.studies.registry import telemetry_config
from experiments.studies.table2 import run_table2
from experiments.studies.testing import session, smoke_run
from experiments.studies.testing import table2 as made_table2

GRID = {"first_rate": 0.1, "factor": 1e6, "rates": 3, "data_seeds": (1000, 1001)}
EDGE = CalibrationConfig(model="large_dcn", edge_multiple=0.4, **GRID)
TABLE = made_table2(models=("small",), repeats=2)


def in_process(folder, day_cache):
    """(study without workers, what it is Opened by)."""
    opened = Opened(folder)
    return opened.study(InProcess(opened.store, day_cache)), opened


def test_a_record_of_other_code_is_trained_again_which_is_said(tmp_path, day_cache):
    study, opened = in_process(tmp_path, day_cache)
    runs = [smoke_run(seed) for seed in range(2)]
    first = study.execute(runs)
    study.store.write(dataclasses.replace(first[1], code="theirs"), study.store.curves(first[1]))
    assert [study.is_done(run) for run in runs] == [True, False]
    reader = Study(study.store, None, opened.display)
    assert reader.execute(runs)[1].code == "theirs"
    again = study.execute(runs)
    assert again[0] == first[0] and again[1].code == first[1].code
    assert again[1].curves_sha256 == first[1].curves_sha256
    kept = tmp_path / "other_code" / "theirs" / f"{runs[1].run_id}.json"
    assert json.loads(kept.read_text())["code"] == "theirs"
    unknown = dataclasses.replace(again[0], code=None)  # as records of before version 0.7.0
    study.store.write(unknown, study.store.curves(unknown))
    for _ in range(2):
        assert study.execute(runs) == [study.store.read(runs[0].run_id), again[1]]
    said = " ".join(opened.text.getvalue().split())
    assert said.count(f"1 of 2 records, as {runs[0].run_id}, are older than version 0.7.0") == 1
    assert "1 of the 1 runs to train have a record of other code, which moves to" in said


def test_records_do_not_depend_on_the_workers(tmp_path, day_cache, monkeypatch):
    """Two workers and this process; two runs at a time and one; a damaged day is made again."""
    monkeypatch.setattr(local, "TRACE_S", 0)  # the second worker begins at once
    runs, cache = [smoke_run(seed) for seed in range(3)], tmp_path / "days"
    stream = Stream(runs[0].stream, runs[0].data_seed)
    DayCache(cache, stream).day(3)
    (path,) = cache.glob("*/day-00003.npy")
    path.write_bytes(path.read_bytes()[:-1])
    opened = Opened(tmp_path / "a", cache)
    with opened.open() as study:
        one = study.execute(runs)
    assert f"damaged: {path}: not the day of its checksum" in opened.text.getvalue()
    assert DayCache(cache, stream).day(3).tobytes() == stream.day(3).tobytes()
    assert len(list(tmp_path.glob(f"a/logs/worker-{socket.gethostname()}-*.log"))) == 2
    study, opened = in_process(tmp_path / "b", day_cache)
    other = study.execute(runs[::-1])[::-1]
    assert [record.curves_sha256 for record in one] == [record.curves_sha256 for record in other]
    assert not study.is_done(runs[0], telemetry_config())
    study.execute(runs[:1], telemetry_config())
    assert study.is_done(runs[0], telemetry_config())
    assert "of other code" not in opened.text.getvalue()  # trained again for its telemetry alone
    measured = TelemetryStore(tmp_path / "b").read_sidecar(runs[0].run_id)
    assert measured["curves_sha256"] == one[0].curves_sha256


def table2(folder, day_cache):
    """(what was found, runs of Table 2, its text, what was printed) of a study on a folder."""
    study, opened = in_process(folder, day_cache)
    found = calibration.calibrate(EDGE, "smoke", study, DIVERGENCE)
    given = session(study, opened.display, base_rate=found.base_rate, by=DIVERGENCE)
    runs, optimal = run_table2(TABLE, given)
    text = write_table2(folder, TABLE, runs, optimal, found)
    return found, runs, text, opened.text.getvalue()


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory, day_cache):
    """Table 2 of one small model, from nothing to the files."""
    folder = tmp_path_factory.mktemp("results") / "smoke"
    return folder, *table2(folder, day_cache)


def test_the_table_is_written_from_the_repeats_after_the_plan_was_said(reproduced):
    folder, _, runs, text, said = reproduced
    assert {path.name for path in folder.glob("table2*")} == set(TABLE2)
    assert (folder / "table2.md").read_text() == text
    assert runs["role"].value_counts().to_dict() == {"search": 12, "repeat": 12}
    seeds = runs.groupby("role")["seed"].agg(set).to_dict()
    assert seeds == {"search": {100, 101}, "repeat": {0, 1}}
    assert "Table 2: search and repeats: 24 runs, 0 done, 2 workers, about" in said


def test_a_second_pass_runs_nothing_and_gives_the_same_bytes(reproduced, day_cache):
    folder, found, runs, text, _ = reproduced
    before = {path: path.read_bytes() for path in folder.glob("*.*")}
    again, _, again_text, said = table2(folder, day_cache)
    assert (again, again_text) == (found, text)
    assert {path: path.read_bytes() for path in folder.glob("*.*")} == before
    assert "24 runs, 24 done" in said
    opened = Opened(folder)  # and it can be read without a pool, if it is whole
    given = session(opened.study(), opened.display, base_rate=found.base_rate, by=DIVERGENCE)
    assert run_table2(TABLE, given)[0].equals(runs)
    with pytest.raises(NotRecorded):
        run_table2(dataclasses.replace(TABLE, repeats=3), given)


def test_the_edge_is_the_first_rate_at_which_all_diverge(reproduced, tmp_path, day_cache):
    folder, found, *_ = reproduced
    assert found.edge == found.tried[-1]["rate"] > EDGE.first_rate
    diverged = [rate["diverged"] for rate in found.tried]
    assert max(diverged[:-1]) < diverged[-1] == len(EDGE.data_seeds)
    assert found.base_rate == pytest.approx(found.edge / 0.4)
    for opened, known, runs in ((Opened(folder), found, 4), (Opened(tmp_path), None, 6)):
        configs, planned = calibration.planned(EDGE, "smoke", opened.study(), DIVERGENCE)
        assert (len(configs), planned) == (runs, known)  # the whole grid where it is not known
    tame = dataclasses.replace(EDGE, first_rate=0.01, rates=1, data_seeds=(1000,))
    with pytest.raises(BadInput, match="no rate up to 0.01"):
        calibration.calibrate(tame, "smoke", in_process(tmp_path, day_cache)[0], DIVERGENCE)
