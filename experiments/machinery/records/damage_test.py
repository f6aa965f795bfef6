"""Damage of every kind, planted and survived: noticed, said, set aside, made again, same bytes."""

import contextlib
import dataclasses
import gzip
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from rich.console import Console

from experiments.errors import CannotWrite, Damaged
from experiments.findings.make import write_cases
from experiments.findings.testing import DIVERGENCE
from experiments.machinery.gin_files import ROOT
from experiments.machinery.records.record import Store
from experiments.machinery.workers.progress import Display
from experiments.machinery.workers.runner import Runner
from experiments.machinery.workers.study import Study
from experiments.studies.cases import CasesStudy
from experiments.studies.configs import CasesConfig
from experiments.studies.registry import telemetry_config
from scripts import command

BASE_RATE = 0.3
CASES = {
    "plain": {"model": "small", "rate_multiple": 1},
    "measured": {"model": "small", "rate_multiple": 2, "against": "plain", "measured": True},
}


def config(names):
    layers = {"bottom_hidden": "hidden_0/kernel"}
    measures = dataclasses.replace(telemetry_config(), layers=layers, rules={}, recorder=None)
    return CasesConfig(
        title="Damage", runs=2, cases={name: CASES[name] for name in names}, telemetry=measures
    )


class Here:
    """A pool of this process: one compiled program of each kind serves all tests."""

    programs = {}

    def __init__(self, folder, cache, say):
        self._runner, self.ran = Runner(Store(folder), cache, say), []
        self._runner._programs = self.programs

    def run(self, configs, display, telemetry=None):
        for one in configs:
            self._runner.run(one, telemetry=telemetry)
            self.ran.append(one.run_id)
        return {}


def study_on(folder, study, display, names=tuple(CASES)):
    """Runs the study, or some of its cases, and writes its table."""
    protocol = CasesStudy(config(names), "smoke", 1, study)
    write_cases(folder, "damage", config(names), protocol.run(BASE_RATE, DIVERGENCE, display))


def survive(folder, cache, names=tuple(CASES)):
    """(runs that were trained, what was said) of the study on a folder, in this process."""
    said = io.StringIO()
    display = Display(DIVERGENCE, 1, Console(file=said, width=60, force_terminal=False))
    pool = Here(folder, cache, display.note)
    study_on(folder, Study(pool._runner._store, pool, display), display, names)
    return pool.ran, said.getvalue()


def files_of(folder):
    """Everything that a study leaves but what the clock decides: dict from name to bytes."""
    found = {path.name: path.read_bytes() for path in folder.glob("damage*") if path.is_file()}
    return found | {path.name: path.read_bytes() for path in folder.glob("runs/*.csv.gz")}


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory, day_cache):
    """The study, complete: (its folder, ids of the runs plain, plain, measured, measured)."""
    folder = tmp_path_factory.mktemp("results") / "smoke"
    ran, _ = survive(folder, day_cache)
    assert len(ran) == 4
    ids = [line.split(",")[-1] for line in (folder / "damage_runs.csv").read_text().splitlines()]
    return folder, ids[1:]


def truncated(content, other):
    return content[: len(content) // 2]


def empty(content, other):
    return b""


def flipped(content, other):
    return content[:-60] + bytes([content[-60] ^ 4]) + content[-59:]


def foreign(content, other):
    return other


def not_json(content, other):
    return b"PK\x03\x04 of something else"


def another_schema(content, other):
    return json.dumps(json.loads(content) | {"schema": 99}).encode()


def metric(content, other):
    """A digit of the first metric of a record, whatever its checksum."""
    fields = json.loads(content)
    fields["metrics"]["click/auc"] += 0.001
    return json.dumps(fields, indent=1, sort_keys=True).encode()


def metric_without_seal(content, other):
    fields = json.loads(metric(content, other))
    del fields["own_sha256"]
    return json.dumps(fields).encode()


def optimal(content, other):
    """A number of a record that nothing else on disk tells."""
    fields = json.loads(content)
    fields["optimal"]["click/auc"] += 0.001
    return json.dumps(fields).encode()


def renamed(content, other):
    """Another run's record under this run's name, its id changed with it."""
    own = json.loads(content)["run_id"]
    fields = json.loads(other) | {"run_id": own}
    del fields["own_sha256"]
    return json.dumps(fields).encode()


def events(content, other):
    fields = json.loads(content)
    fields["events"].append({"kind": "full", "onset": 3, "step": 9})
    return json.dumps(fields).encode()


def other_rows(content, other):
    return gzip.compress(gzip.decompress(content)[:-40])


PLANTED = [
    *((".json", how) for how in (truncated, empty, flipped, foreign, not_json, another_schema)),
    *((".json", how) for how in (metric, metric_without_seal, optimal, renamed)),
    *((".csv.gz", how) for how in (truncated, empty, flipped, foreign, other_rows)),
    *((".telemetry.csv.gz", how) for how in (truncated, flipped, foreign, other_rows)),
    *((".telemetry.json", how) for how in (truncated, foreign, not_json, another_schema, events)),
]


@pytest.mark.parametrize(
    "ending, how", PLANTED, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_damaged_file_is_set_aside_and_made_again(undamaged, tmp_path, day_cache, ending, how):
    (healthy, ids), folder = undamaged, tmp_path / "smoke"
    shutil.copytree(healthy, folder)
    victim, other = ids[2:]  # both are measured
    path = folder / "runs" / f"{victim}{ending}"
    spoiled = how(path.read_bytes(), path.with_name(f"{other}{ending}").read_bytes())
    path.write_bytes(spoiled)
    with pytest.raises(Damaged, match=str(folder / "runs" / victim)):  # who only reads
        study_on(folder, Study(Store(folder), None, Display(DIVERGENCE, 1)), Display(DIVERGENCE, 1))
    assert not (folder / "damaged").exists()
    ran, said = survive(folder, day_cache)
    assert ran == [victim]
    (line,) = [line for line in said.splitlines() if line.startswith("damaged: ")]
    assert line.startswith(f"damaged: {folder / 'runs' / victim}.")
    assert f": set aside in {folder / 'damaged'}, made again" in line
    assert (folder / "damaged" / path.name).read_bytes() == spoiled
    assert files_of(folder) == files_of(healthy)
    assert survive(folder, day_cache)[0] == []


def test_missing_curves_cost_their_record(undamaged, tmp_path, day_cache):
    (healthy, ids), folder = undamaged, tmp_path / "smoke"
    shutil.copytree(healthy, folder)
    (folder / "runs" / f"{ids[1]}.csv.gz").unlink()
    ran, said = survive(folder, day_cache)
    assert ran == [ids[1]]
    assert "cannot be read (No such file or directory): set aside" in said
    assert files_of(folder) == files_of(healthy)


def test_a_name_that_is_taken_gets_a_number(undamaged, tmp_path, day_cache):
    (healthy, ids), folder = undamaged, tmp_path / "smoke"
    shutil.copytree(healthy, folder)
    record = folder / "runs" / f"{ids[0]}.json"
    for content in (b"one", b"two", b"three"):
        record.write_bytes(content)
        survive(folder, day_cache)
    kept = {path.name: path.read_bytes() for path in (folder / "damaged").glob("*.json*")}
    assert kept == {
        record.name: b"one",
        f"{record.name}.2": b"two",
        f"{record.name}.3": b"three",
    }


def test_a_damaged_day_is_said_and_the_run_is_the_same(undamaged, tmp_path, day_cache):
    (healthy, ids), folder = undamaged, tmp_path / "smoke"
    shutil.copytree(healthy, folder)
    cache = tmp_path / "days"
    survive(tmp_path / "first", cache)
    day = next(cache.glob("*/day-00002.npy"))
    day.write_bytes(flipped(day.read_bytes(), None))
    (folder / "runs" / f"{ids[0]}.json").unlink()
    ran, said = survive(folder, cache)
    assert ran == [ids[0]]
    assert f"damaged: {day}: not the day of its checksum: set aside" in said
    assert files_of(folder) == files_of(healthy)


# A full disk, and one that cannot be written.


@contextlib.contextmanager
def disk(folder, size="400k"):
    """A small disk of its own at a folder; yields whether there is one: mounting takes root."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    mounted = bool(shutil.which("mount")) and subprocess.run(mount, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def command_of(folder, cache):
    """The plain runs of the study on a worker process, as a command; its exit status."""

    def study():
        display = Display(DIVERGENCE, 1)
        with display, Study.open(Store(folder), cache, 1, display) as opened:
            study_on(pathlib.Path(folder), opened, display, ("plain",))

    return command.exit_status(study, ["study"])


def limited(folder, cache, least):
    """(exit status, standard error) of it where no file may have more bytes than `least`."""
    code = (
        "import resource, sys\n"
        "from experiments import damage_test\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({least}, {least}))\n"
        f"sys.exit(damage_test.command_of({str(folder)!r}, {str(cache)!r}))\n"
    )
    run = {"cwd": ROOT, "capture_output": True, "text": True, "check": False}
    done = subprocess.run([sys.executable, "-c", code], **run)
    return done.returncode, done.stderr


@pytest.mark.parametrize("small", ["disk", pytest.param("limit", marks=pytest.mark.slow)])
def test_a_full_disk_stops_in_one_line_and_loses_nothing(
    undamaged, tmp_path, day_cache, capfd, small
):
    """Where nothing can be mounted a limit on the size of files stands in for the disk."""
    healthy, ids = undamaged
    with disk(tmp_path / "disk") as mounted:
        folder, filler = tmp_path / "disk" / "smoke", tmp_path / "disk" / "filler"
        (folder / "runs").mkdir(parents=True)
        for path in healthy.glob(f"runs/{ids[0]}.*"):  # what is finished
            shutil.copy(path, folder / "runs")
        before = {path: path.read_bytes() for path in (folder / "runs").iterdir()}
        is_full = mounted and small == "disk"
        if is_full:
            with contextlib.suppress(OSError), filler.open("wb") as file:
                while file.write(bytes(4096)):
                    file.flush()
            os.truncate(filler, filler.stat().st_size - 3 * 4096)
            status, error = command_of(folder, day_cache), capfd.readouterr().err
        else:
            status, error = limited(folder, day_cache, 1000)
        assert status == 2, error
        (line,) = [line for line in error.splitlines() if line.startswith("error: ")]
        assert str(folder) in line
        assert ("No space left on device" if is_full else "File too large") in line
        assert "Traceback" not in error
        assert {path: path.read_bytes() for path in before} == before
        left = {path.name for path in folder.rglob("*") if path.is_file()}
        assert not {name for name in left if name.startswith(".")}
        assert not [path for path in folder.glob("runs/*.json") if path not in before]
        filler.unlink(missing_ok=True)
        assert command_of(folder, day_cache) == 0
        assert "2 runs, 1 done" in capfd.readouterr().err
        survive(tmp_path / "undisturbed", day_cache, ("plain",))
        assert files_of(folder) == files_of(tmp_path / "undisturbed")


def test_a_disk_that_is_read_only_is_named(undamaged, tmp_path):
    with disk(tmp_path / "disk") as mounted:
        folder = tmp_path / "disk" / "smoke"
        shutil.copytree(undamaged[0], folder)
        before = files_of(folder)
        if mounted:
            subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        else:
            (folder / "runs").chmod(0o500)
        with pytest.raises(CannotWrite, match=f"{folder}/runs: the results folder cannot be wr"):
            Store(folder)
        if mounted:
            with pytest.raises(CannotWrite, match=f"^{folder}/damage.csv: cannot be written"):
                write_cases_again(folder)
        assert files_of(folder) == before


def write_cases_again(folder):
    """The table of the study once more, from its records."""
    display = Display(DIVERGENCE, 1, Console(file=io.StringIO()))
    study_on(folder, Study(Store(folder, writable=False), None, display), display)
