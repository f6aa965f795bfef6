"""Settings of studies that cannot be right are refused by name."""

import pytest

from experiments.study.protocol import CalibrationConfig
from experiments.study.selection_test import config


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
    "field, value", [("data_seed", 1), ("data_seed", 1010), ("factor", 1), ("rates", 0)]
)
def test_a_bad_calibration_is_refused_by_name(field, value):
    good = {"model": "large_dcn", "first_rate": 0.1, "factor": 2.0, "rates": 3, "seeds": 2}
    good |= {"data_seed": 1000, "edge_multiple": 0.4}
    with pytest.raises(ValueError, match=f"CalibrationConfig.{field} = {value}: allowed is"):
        CalibrationConfig(**(good | {field: value}))
