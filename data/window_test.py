"""The batch of a step is uniform over the window's days and depends on (seed, step) alone."""

import numpy as np
import pytest

from data import FeatureWalk, Stream, StreamConfig, Teacher, Window

GOOD = {
    "days": 8,
    "examples_per_day": 7,
    "window_days": 3,
    "steps_per_day": 5,
    "batch_size": 12,
    "seed": 4,
}


def window(**changes):
    return Window(**(GOOD | changes))


def numbered(day):
    """A day whose rows say where they stand."""
    rows = np.zeros(GOOD["examples_per_day"], [("day", np.int64), ("row", np.int64)])
    rows["day"], rows["row"] = day, np.arange(len(rows))
    return rows


def test_plan_is_pure():
    asked = window()
    plans = {step: asked.plan(step) for step in (30, 0, 7, 34, 7)}
    for step, plan in plans.items():
        for again in (asked.plan(step), window().plan(step)):
            np.testing.assert_array_equal(again, plan)


def test_plan_differs_between_steps_and_seeds():
    plans = [window(seed=seed).plan(step) for seed in (0, 4, 5) for step in range(35)]
    assert len({np.stack(plan).tobytes() for plan in plans}) == 3 * 35


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


def test_last_day_is_never_drawn():
    asked = window(window_days=7, batch_size=50)
    drawn = [asked.plan(step)[0].max() for step in range(asked.steps)]
    assert max(drawn) == 6


@pytest.mark.parametrize("newest, window_days", [(0, 3), (1, 3), (5, 3), (5, 1)])
def test_plan_is_uniform_over_days_and_rows(newest, window_days):
    asked = window(window_days=window_days, batch_size=500, steps_per_day=20)
    oldest = max(0, newest - window_days + 1)
    counts = np.zeros((newest - oldest + 1, 7))
    for step in range(20 * newest, 20 * (newest + 1)):
        days, rows = asked.plan(step)
        np.add.at(counts, (days - oldest, rows), 1)
    expected = 20 * 500 / counts.size
    chi_square = ((counts - expected) ** 2 / expected).sum()
    freedom = counts.size - 1  # chi square: mean `freedom`, variance twice that
    assert abs(chi_square - freedom) < 5 * np.sqrt(2 * freedom)


def test_batch_holds_the_planned_rows():
    asked = window()
    for step in (0, 6, 34):
        days, rows = asked.plan(step)
        batch = asked.batch(step, numbered)
        np.testing.assert_array_equal(batch["day"], days)
        np.testing.assert_array_equal(batch["row"], rows)


def test_batch_of_a_stream():
    teacher = Teacher(
        hidden=2,
        pairs=2,
        linear_share=0.5,
        hidden_share=0.3,
        binary_signal=1.0,
        regression_signal=1.0,
    )
    config = StreamConfig(
        days=8,
        examples_per_day=7,
        dense_features=3,
        categorical_features=2,
        vocabulary_size=5,
        zipf_exponent=1.3,
        heavy_feature_every=0,
        teacher=teacher,
        walk=FeatureWalk(mean_per_day=0.5, log_scale_per_day=0.1, log_scale_limit=1.0),
        shocks=None,
        teacher_drift=None,
        churn=None,
        label_noise=None,
        label_shocks=None,
    )
    stream = Stream(config, seed=2)
    batch = window().batch(33, stream.day)
    assert batch.dtype == stream.row_type
    for row, day, place in zip(batch, *window().plan(33), strict=True):
        assert row.tobytes() == stream.day(int(day))[place].tobytes()


@pytest.mark.parametrize("world", [1, 2, 4, 12])
def test_shares_make_up_the_global_batch(world):
    asked = window()
    shares = [asked.batch(31, numbered, rank=rank, world=world) for rank in range(world)]
    assert {len(share) for share in shares} == {12 // world}
    np.testing.assert_array_equal(np.concatenate(shares), asked.batch(31, numbered))


def test_batch_reads_only_the_days_of_its_share():
    asked = []

    def day_rows(day):
        assert type(day) is int
        asked.append(day)
        return numbered(day)

    share = window(window_days=7, batch_size=4).batch(34, day_rows, rank=1, world=2)
    assert sorted(asked) == sorted(set(share["day"].tolist()))


@pytest.mark.parametrize(
    "field, value",
    [(field, value) for field in GOOD for value in (-1, 2.0, True, "3", None, np.nan)]
    + [(field, 0) for field in GOOD if field != "seed"]
    + [("days", 1), ("window_days", 8), ("window_days", 100)],
)
def test_bad_parameter_is_refused(field, value):
    with pytest.raises(ValueError) as caught:
        window(**{field: value})
    assert str(caught.value).startswith(f"Window.{field} = {value!r}: allowed is a whole number")


def test_window_may_be_as_long_as_the_training_days():
    assert window(window_days=7).window_days == 7
    with pytest.raises(ValueError, match=r"Window\.window_days = 8: .* at most the 7 training"):
        window(window_days=8)


@pytest.mark.parametrize("step", [-1, 35, 1.0, True, "1", None])
def test_step_out_of_range_is_refused(step):
    for ask in (window().plan, lambda step: window().batch(step, numbered)):
        with pytest.raises(ValueError, match=rf"^step = {step!r}: allowed is .* at most 34"):
            ask(step)


@pytest.mark.parametrize(
    "rank, world, named",
    [
        (0, 0, "world = 0: allowed is a whole number of at least 1"),
        (0, -2, "world = -2: allowed is a whole number of at least 1"),
        (0, 2.0, "world = 2.0: allowed is a whole number of at least 1"),
        (0, 5, "world = 5: allowed is a divisor of the batch size 12"),
        (0, 24, "world = 24: allowed is a divisor of the batch size 12"),
        (2, 2, "rank = 2: allowed is a whole number of at least 0, at most 1"),
        (-1, 2, "rank = -1: allowed is a whole number of at least 0, at most 1"),
        (True, 2, "rank = True: allowed is a whole number of at least 0, at most 1"),
    ],
)
def test_bad_share_is_refused(rank, world, named):
    with pytest.raises(ValueError) as caught:
        window().batch(0, numbered, rank=rank, world=world)
    assert str(caught.value) == named
