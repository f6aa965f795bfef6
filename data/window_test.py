"""The batch of a step is uniform over the window's days and depends on (seed, step) alone."""

import numpy as np
import pytest
from scipy import stats

from data import Stream, Window
from data.testing import BASE

GOOD = {"days": 8, "examples_per_day": 7, "window_days": 3, "steps_per_day": 5}
GOOD |= {"batch_size": 12, "seed": 4}
STREAM = Stream(BASE, seed=2)


def window(**changes):
    return Window(**(GOOD | changes))


def test_plan_is_a_pure_function_of_seed_and_step():
    places = [(seed, step) for seed in (0, 4, 5) for step in range(35)]
    plans = {place: np.stack(window(seed=place[0]).plan(place[1])).tobytes() for place in places}
    assert len(set(plans.values())) == 3 * 35
    asked = window(seed=4)
    for step in (30, 0, 7, 34, 7):
        assert np.stack(asked.plan(step)).tobytes() == plans[4, step]


@pytest.mark.parametrize("window_days, steps_per_day", [(1, 5), (3, 5), (7, 2), (2, 1)])
def test_window_moves_one_day_after_its_steps(window_days, steps_per_day):
    asked = window(window_days=window_days, steps_per_day=steps_per_day, batch_size=60)
    assert asked.steps == 7 * steps_per_day
    newest = [day for day in range(7) for _ in range(steps_per_day)]  # days 0 to N-2 in order
    assert [asked.day_of(step) for step in range(asked.steps)] == newest
    for step, day in enumerate(newest):
        days, rows = asked.plan(step)
        assert days.shape == rows.shape == (60,)
        # 60 draws miss one of at most 7 days with a chance of 7 * (6/7)^60 < 1e-3.
        assert set(days) == set(range(max(0, day - window_days + 1), day + 1))
        assert rows.min() >= 0 and rows.max() < 7


@pytest.mark.parametrize("newest, window_days", [(0, 3), (1, 3), (5, 3), (5, 1)])
def test_plan_is_uniform_over_days_and_rows(newest, window_days):
    asked = window(window_days=window_days, batch_size=500, steps_per_day=20)
    oldest = max(0, newest - window_days + 1)
    counts = np.zeros((newest - oldest + 1, 7))
    for step in range(20 * newest, 20 * (newest + 1)):
        days, rows = asked.plan(step)
        np.add.at(counts, (days - oldest, rows), 1)
    assert 1e-4 < stats.chisquare(counts.ravel()).pvalue < 1 - 1e-4


def test_plan_is_uniform_over_rows_of_days_of_uneven_size():
    sizes = (9, 2, 7, 4, 1, 6, 3, 5)
    asked = window(examples_per_day=sizes, batch_size=500, steps_per_day=20)
    places = [(day, row) for day in (3, 4, 5) for row in range(sizes[day])]
    counts = dict.fromkeys(places, 0)
    for step in range(20 * 5, 20 * 6):
        for place in zip(*map(np.ndarray.tolist, asked.plan(step)), strict=True):
            counts[place] += 1  # a KeyError is a row that no day has
    assert 1e-4 < stats.chisquare(list(counts.values())).pvalue < 1 - 1e-4


def test_numbers_of_rows_are_those_of_all_days():
    with pytest.raises(
        ValueError, match="Window.examples_per_day = .*: expected numbers of 8 days"
    ):
        window(examples_per_day=(3, 4))


def test_batch_holds_the_planned_rows():
    batch = window().batch(33, STREAM.day)
    assert batch.dtype == STREAM.row_type
    for row, day, place in zip(batch, *window().plan(33), strict=True):
        assert row.tobytes() == STREAM.day(int(day))[place].tobytes()


@pytest.mark.parametrize("world", [1, 2, 4, 12])
def test_shares_make_up_the_global_batch(world):
    asked = window()
    shares = [asked.batch(31, STREAM.day, rank=rank, world=world) for rank in range(world)]
    assert {len(share) for share in shares} == {12 // world}
    assert np.concatenate(shares).tobytes() == asked.batch(31, STREAM.day).tobytes()


@pytest.mark.parametrize(
    "field, value",
    [(field, value) for field in GOOD for value in (-1, 2.0, True, "3", None, np.nan)]
    + [(field, 0) for field in GOOD if field != "seed"]
    + [("days", 1), ("window_days", 8)],
)
def test_bad_parameter_is_refused(field, value):
    with pytest.raises(ValueError) as caught:
        window(**{field: value})
    assert str(caught.value).startswith(f"Window.{field} = {value!r}: expected a whole number")


@pytest.mark.parametrize("step", [-1, 35, 1.0, True, "1", None])
def test_step_out_of_range_is_refused(step):
    for ask in (window().plan, lambda step: window().batch(step, STREAM.day)):
        with pytest.raises(ValueError, match=rf"^step = {step!r}: expected .* at most 34"):
            ask(step)


@pytest.mark.parametrize(
    "rank, world, said",
    [
        (0, 0, "world = 0: expected a whole number of at least 1"),
        (0, 5, "world = 5: expected a divisor of the batch size 12"),
        *((rank, 2, f"rank = {rank}: expected .* at most 1") for rank in (2, -1, True)),
    ],
)
def test_bad_share_is_refused(rank, world, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        window().batch(0, STREAM.day, rank=rank, world=world)
