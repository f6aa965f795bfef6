"""Damage survived: what is damaged is set aside, said and made again, with the same bytes.

record_test.py proves that each kind of damage is noticed.
"""

import dataclasses
import json
import os
import shutil

import pytest

from experiments.errors import Damaged
from experiments.findings.make import write_study
from experiments.machinery.records.damage import set_aside
from experiments.machinery.workers.testing import InProcess, Opened
from experiments.studies.cases import run_cases
from experiments.studies.configs import CasesConfig
from experiments.studies.registry import telemetry_config
from experiments.studies.testing import session

LAYERS = {"bottom_hidden": "hidden_0/kernel"}
CONFIG = CasesConfig(
    title="Damage",
    runs=1,
    cases={
        "plain": {"model": "small", "rate_multiple": 1},
        "measured": {"model": "small", "rate_multiple": 2, "against": "plain", "measured": True},
    },
    telemetry=dataclasses.replace(telemetry_config(), layers=LAYERS, rules={}, recorder=None),
)
PROGRAMS = {}  # one compiled program of each kind serves all tests


def execute(opened, pool=None):
    """Runs the study and writes its table; without a pool it only reads."""
    given = session(opened.study(pool), opened.display, base_rate=0.3)
    write_study(opened.store.root, "damage", CONFIG, run_cases(CONFIG, given))


def survive(folder, cache):
    """(runs that were trained, what was said) of the study on a folder, in this process."""
    opened = Opened(folder)
    pool = InProcess(opened.store, cache, opened.display.note)
    pool.runner._programs = PROGRAMS
    execute(opened, pool)
    return pool.ran, opened.text.getvalue()


def files_of(folder):
    """Everything that a study leaves but what the clock decides: dict from name to bytes."""
    paths = [*folder.glob("damage*.*"), *folder.glob("runs/*.csv.gz")]
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory, day_cache):
    """The study, complete: (its folder, ids of the runs plain, measured)."""
    folder = tmp_path_factory.mktemp("results") / "smoke"
    ran, _ = survive(folder, day_cache)
    lines = (folder / "damage_runs.csv").read_text().splitlines()[1:]
    ids = [line.split(",")[-1] for line in lines]
    assert sorted(ids) == sorted(ran)
    return folder, ids


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def changed(path):
    """Another number in a JSON file, whatever its checksum."""
    path.write_text(json.dumps(json.loads(path.read_text()) | {"steps": 7, "events": [7]}))


@pytest.mark.parametrize(
    "ending, how",
    [
        (".json", changed),
        (".csv.gz", os.unlink),
        (".telemetry.csv.gz", truncated),
        pytest.param(".telemetry.json", changed, marks=pytest.mark.slow),
    ],
)
def test_a_damaged_file_is_set_aside_and_made_again(undamaged, tmp_path, day_cache, ending, how):
    (healthy, (_, victim)), folder = undamaged, tmp_path / "smoke"
    shutil.copytree(healthy, folder)
    path, opened = folder / "runs" / f"{victim}{ending}", Opened(folder)
    how(path)
    spoiled = path.exists() and path.read_bytes()
    with pytest.raises(Damaged, match=str(folder / "runs" / victim)):
        execute(opened)  # who only reads sets nothing aside
    assert not (folder / "damaged").exists()
    ran, said = survive(folder, day_cache)
    assert ran == [victim]
    (line,) = [line for line in said.splitlines() if line.startswith("damaged: ")]
    assert line.startswith(f"damaged: {folder / 'runs' / victim}.")
    assert f": set aside in {folder / 'damaged'}, made again" in line
    assert not spoiled or (folder / "damaged" / path.name).read_bytes() == spoiled
    assert files_of(folder) == files_of(healthy)
    ran, said = survive(folder, day_cache)
    assert ran == [] and "Damage: 2 runs, 2 done" in said
    execute(opened)  # reads again


def test_a_name_that_is_taken_gets_a_number(tmp_path):
    record = tmp_path / "record.json"
    for content in ("one", "two", "three"):
        record.write_text(content)
        set_aside(tmp_path, Damaged(record, "changed", "delete it"))
    kept = {path.name: path.read_text() for path in (tmp_path / "damaged").iterdir()}
    assert kept == {"record.json": "one", "record.json.2": "two", "record.json.3": "three"}
