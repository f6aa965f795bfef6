"""A plan against the studies it counts, the runs that were recorded, and sums by hand."""

import re

import pytest

from data import TASKS
from experiments.machinery.cost import cost, sizes
from experiments.machinery.cost.cost import ACCELERATORS, GIB
from experiments.machinery.records.record import Store
from experiments.machinery.workers.study import Study
from experiments.studies.cases import plan_cases
from experiments.studies.known import cases_config, table2_config
from experiments.studies.settings import sizes_of
from experiments.studies.table2 import plan_table2
from experiments.studies.testing import session
from scripts import plan
from scripts.command import ROOT
from scripts.testing import options

IDLE_FLOPS = 1.7e11  # one core of the machine that recorded `results/laptop`, when idle


def cells(table, row):
    """The cells of a row of a Markdown table, the first one left out."""
    split = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines())
    (found,) = (cells for cells in split if cells[:1] == [row])
    return found[1:]


@pytest.mark.parametrize("repeats", [None, 2])
def test_the_planned_runs_are_those_that_the_studies_count(tmp_path, repeats, monkeypatch):
    monkeypatch.setattr(cost, "flops_per_second", lambda: 1e11)
    table, opened = table2_config(repeats), session(Study(Store(tmp_path), None, None))
    cases = cases_config("configs/studies/table3.gin", repeats)
    counted = {"Table 2": plan_table2(table, opened), "Table 3": plan_cases(cases, opened)}
    found = plan.planned_runs("smoke", table, repeats)
    for name, (runs, _, seconds) in counted.items():
        assert len(found[name]) == runs
        assert sum(map(cost.seconds_of, found[name])) == pytest.approx(seconds)
    assert len(found["Calibration, at most"]) == 16 * 5


def test_a_case_with_fewer_features_or_tasks_is_planned_so():
    found = plan.planned_runs("laptop", table2_config(), 1)["Table 3"]
    widths = [sizes.input_width(config) for config in found]
    assert widths == [96, 96, 96, 88, 96, 96]  # eight of 48 dense features are heavy-tailed
    tasks = [len(config.model.tasks or TASKS) for config in found]
    assert tasks == [6, 6, 6, 6, 5, 4]


@pytest.mark.parametrize("profile", ["smoke", "laptop", "paper"])
def test_a_plan_says_what_a_profile_is(tmp_path, profile):
    said = plan.plan(options(tmp_path, profile), repeats=3)
    config = sizes_of(profile, "large_dcn")
    assert f"Profile {profile}: {config.stream.days} days of " in said
    parameters = f"{sizes.nonembedding_parameters(config):,}"
    assert cells(said, "Non-embedding parameters")[2] == parameters
    # A model: 3 + 3 + 3 + 1 thresholds at 2 rates on 2 seeds; 5 methods at 2 rates on 3 seeds.
    assert "Table 2: 210 runs, 70 of Small, 70 of Large, 70 of Large+DCN.\n" in said
    assert "Table 3: 18 runs, 12 of Large+DCN, 3 of Small+DCN, 3 of Large.\n" in said
    for device in ACCELERATORS:
        assert f"{device.name}: {device.source}" in said
    assert list(tmp_path.iterdir()) == []


def test_hours_at_a_given_speed_are_products_and_reading(tmp_path):
    said = plan.plan(options(tmp_path, "paper"), flops=5e13)
    # By hand: 1640 inputs, 4096 x 4, six heads, without cross layers.
    kernels = 1640 * 4096 + 3 * 4096**2 + 6 * 4096
    steps, batch = 29 * 80, 65536
    products = 2 * kernels * (3 * steps * batch + 29 * 1048576)
    read = steps * batch * 4 * (680 + 60 + 12)
    hours = (products / 5e13 + read / 4e8) / 3600
    assert cells(said, "Large: devices, hours of a run") == [f"1, {hours:.3g}"]
    assert "taken as reached.\n" in said
    assert "A100" not in said


@pytest.mark.parametrize("memory_gib", [5, 1.5])
def test_a_device_too_small_says_how_many_share_the_batch(tmp_path, memory_gib):
    memory = sizes.memory_of(sizes_of("paper", "large_dcn"))
    counts = [n for n in range(1, 65536) if 65536 % n == 0]
    fits = [n for n in counts if memory.on(n) <= memory_gib * GIB]
    said = plan.plan(options(tmp_path, "paper"), flops=5e13, memory_gib=memory_gib)
    shared = f"fits, {fits[0]} devices share" if fits else "does not fit, no number of devices"
    assert re.search(rf"Large\+DCN needs .* {shared}", said)
    (devices_and_hours,) = cells(said, "Large+DCN: devices, hours of a run")
    assert devices_and_hours.startswith(f"{fits[0]}, " if fits else "does not fit")
    assert (cells(said, "Table 2: hours") == ["does not fit"]) == (not fits)


def test_recorded_runs_take_about_what_is_predicted(monkeypatch):
    monkeypatch.setattr(cost, "flops_per_second", lambda: IDLE_FLOPS)
    models = {name: sizes_of("laptop", name) for name in ("small", "large", "large_dcn")}
    other = sizes_of("laptop", "large", {"TrainerConfig.batch_size": 2047})
    given = options(ROOT / "results", "laptop")
    found = plan.recorded_times(given, models | {"not recorded": other})
    assert set(found) == set(models)
    for name, (count, median_s) in found.items():
        assert count >= 70  # those of Table 2
        assert 0.5 < cost.seconds_of(models[name]) / median_s < 2, name
