"""What a divergence looks like, on telemetry and days made by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from experiments.findings import symptoms
from experiments.studies.testing import smoke


def test_the_largest_step_is_that_of_the_layer_that_moved_farthest_before_the_onset():
    frame = pd.DataFrame({"step": [1, 2, 3, 4], "learning_rate": [0.5, 0.5, 1.0, 1.0]})
    for layer, updates in {"cross": [1, 4, 2, 90], "top_hidden": [1, 2, 3, 1]}.items():
        frame[f"{layer}/update_norm"] = updates
        frame[f"{layer}/sigma"] = 0.5
        frame[f"{layer}/weight_norm"] = 10.0 if layer == "cross" else 2.5
    assert symptoms.largest_step(frame, 4) == ("top_hidden", 3, 1.0 * 0.5 * 3 / 2.5)
    assert symptoms.largest_step(frame, 3) == ("top_hidden", 2, 0.5 * 0.5 * 2 / 2.5)
    assert symptoms.largest_step(frame.iloc[:, :2], 4) == ("", 4, 0.0)


STREAM = SimpleNamespace(categorical_names=["shop", "town"])


def rows(towns, shops=None):
    made = np.zeros(len(towns), [("categorical", np.int32, 2)])
    made["categorical"][:, 1] = towns
    made["categorical"][:, 0] = np.arange(len(towns)) % 5 if shops is None else shops
    return made


def test_rows_out_of_range_that_share_an_id_name_it():
    towns = np.where(np.arange(200) % 10 == 3, 7, 1 + np.arange(200) % 4)
    values = np.where(towns == 7, -900.0, 1 + 0.1 * np.arange(200) % 3)
    assert symptoms.same_id(STREAM, rows(towns), values) == "town=7"
    # Two ids in turn, of which neither has nearly all of the rows.
    both = np.where(towns == 7, np.where(np.arange(200) % 20 == 3, 7, 8), towns)
    assert symptoms.same_id(STREAM, rows(both, shops=np.arange(200)), values) == ""


def test_an_id_that_most_rows_carry_is_no_reason():
    towns = np.full(200, 7)
    values = np.where(np.arange(200) % 10 == 3, 900.0, 1.0)
    assert symptoms.same_id(STREAM, rows(towns, shops=np.arange(200)), values) == ""


def test_values_that_are_no_numbers_are_out_of_range():
    towns = np.where(np.arange(200) % 10 == 3, 7, 1)
    values = np.where(towns == 7, np.nan, 1.0)
    assert symptoms.same_id(STREAM, rows(towns, shops=np.arange(200)), values) == "town=7"


def test_an_id_of_few_rows_out_of_range_among_many_is_no_reason():
    towns = np.where(np.arange(200) % 3 == 0, 7, 1 + np.arange(200) % 2)
    values = np.where((towns == 7) & (np.arange(200) < 30), 900.0, 1.0)
    assert symptoms.same_id(STREAM, rows(towns, shops=np.arange(200)), values) == ""


def test_a_whole_column_out_of_range_shares_no_id():
    values = 500 * np.random.default_rng(0).lognormal(size=200)
    assert symptoms.same_id(STREAM, rows(np.arange(200) % 6), values) == ""


def test_a_day_that_is_not_finite_has_no_say_in_what_is_usual():
    def day_rows(day):
        made = np.zeros(2, [("dense", float, 2)])
        made["dense"] = [[1.0, 2.0 if day != 1 else np.nan], [1.5, 2.0]]
        return made

    found = symptoms.input_outliers(smoke().stream, day_rows, [1, 2], [0, 1, 2])
    assert [(item.name, item.at) for item in found] == [("dense_1", 1)]
