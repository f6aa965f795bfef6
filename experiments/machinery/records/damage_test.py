"""Damage survived: what is damaged is set aside, said and made again, with the same bytes.

record_test.py proves that each kind of damage is noticed.
"""

import dataclasses
import json
import os
import shutil
import subprocess
import sys

import pytest

from experiments.errors import Damaged
from experiments.findings.make import write_study
from experiments.machinery.gin_files import ROOT
from experiments.machinery.records.damage import set_aside
from experiments.machinery.records.record import Store
from experiments.machinery.workers.progress import Display
from experiments.machinery.workers.study import Study
from experiments.machinery.workers.testing import DIVERGENCE, InProcess, Opened
from experiments.studies.cases import run_cases
from experiments.studies.configs import CasesConfig
from experiments.studies.registry import telemetry_config
from experiments.studies.testing import session
from scripts import command

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


def execute(study, display):
    """Runs the study and writes its table."""
    runs = run_cases(CONFIG, session(study, display, base_rate=0.3))
    write_study(study.store.root, "damage", CONFIG, runs)


def survive(folder, cache):
    """(runs that were trained, what was said) of the study on a folder, in this process."""
    opened = Opened(folder)
    pool = InProcess(opened.store, cache, opened.display.note)
    pool._runner._programs = PROGRAMS
    execute(opened.study(pool), opened.display)
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
        execute(opened.study(), opened.display)  # who only reads sets nothing aside
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
    execute(Opened(folder).study(), opened.display)  # reads again


def test_a_name_that_is_taken_gets_a_number(tmp_path):
    record = tmp_path / "record.json"
    for content in ("one", "two", "three"):
        record.write_text(content)
        set_aside(tmp_path, Damaged(record, "changed", "delete it"))
    kept = {path.name: path.read_text() for path in (tmp_path / "damaged").iterdir()}
    assert kept == {"record.json": "one", "record.json.2": "two", "record.json.3": "three"}


def command_of(folder, cache):
    """The study on a worker process, as a command; its exit status."""

    def study():
        display = Display(DIVERGENCE, 1)
        with display, Study.open(Store(folder), cache, 1, display) as opened:
            execute(opened, display)

    return command.exit_status(study, command.flags_of(), ["study"])


@pytest.mark.slow
def test_a_disk_without_room_stops_in_one_line_and_loses_nothing(
    undamaged, tmp_path, day_cache, capfd
):
    """A limit on the size of files stands in for the disk: record_test.py has the other errors."""
    (healthy, ids), folder = undamaged, tmp_path / "smoke"
    (folder / "runs").mkdir(parents=True)
    for path in healthy.glob(f"runs/{ids[0]}.*"):  # what is finished
        shutil.copy(path, folder / "runs")
    before = {path: path.read_bytes() for path in (folder / "runs").iterdir()}
    code = (
        "import pathlib, resource, sys\n"
        "from experiments.machinery.records import damage_test\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"sys.exit(damage_test.command_of(pathlib.Path({str(folder)!r}), {str(day_cache)!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert str(folder) in line
    assert "File too large" in line
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert not [path for path in folder.rglob(".*") if path.is_file()]
    assert not [path for path in folder.glob("runs/*.json") if path not in before]
    assert command_of(folder, day_cache) == 0
    assert "2 runs, 1 done" in capfd.readouterr().err
    assert files_of(folder) == files_of(healthy)
