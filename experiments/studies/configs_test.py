"""Settings of studies that cannot be right are refused by name."""

import pytest

from experiments.studies.configs import CalibrationConfig
from experiments.studies.selection_test import config


@pytest.mark.parametrize(
    "field, value",
    [
        ("models", ()),
        ("models", "small"),
        ("methods", ("gc", "gc")),
        ("rate_multiples", (1, 0)),
        ("rate_multiples", (1, "2")),
        ("thresholds", {"agc": (0.1,)}),
        ("thresholds", {"gc": ()}),
        ("thresholds", {"gc": (-0.1,)}),
        ("repeats", 0),
        ("repeats", 101),  # the search seed would be one of them
        ("search_seed", "a"),
        ("untreated", "lamb"),
    ],
)
def test_a_bad_study_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"Table2Config.{field} = .*: allowed is"):
        config(**{field: value})


@pytest.mark.parametrize(
    "field, value, received",
    [
        ("data_seeds", (1,), "1"),
        ("data_seeds", (1000, 1010), "1010"),
        ("data_seeds", (), r"\(\)"),
        ("factor", 1, "1"),
        ("rates", 0, "0"),
    ],
)
def test_a_bad_calibration_is_refused_by_name(field, value, received):
    good = {"model": "large_dcn", "first_rate": 0.1, "factor": 2.0, "rates": 3}
    good |= {"data_seeds": (1000, 1001), "edge_multiple": 0.4}
    with pytest.raises(ValueError, match=f"CalibrationConfig.{field} = {received}: allowed is"):
        CalibrationConfig(**(good | {field: value}))


def test_the_grid_is_geometric():
    config = CalibrationConfig(
        model="large_dcn",
        first_rate=0.1,
        factor=1.5,
        rates=3,
        data_seeds=(1000,),
        edge_multiple=0.4,
    )
    assert config.grid() == [0.1, 0.15, 0.225]
