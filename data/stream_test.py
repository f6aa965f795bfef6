"""The stream is a pure function of (config, seed, day), and every part of it keeps its law."""

import dataclasses

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import logit
from threadpoolctl import threadpool_limits

from data import FeatureWalk, LabelNoise, LabelShocks, Stream, TeacherDrift, VocabularyChurn
from data import stream as stream_module
from data.drift import feature_paths
from data.teacher import TeacherFunction
from data.testing import BASE, OFF, config, digest, start

BINARY, NUMBER = np.s_[:3], np.s_[3:]  # columns of the tasks


def same(one, other):
    return one.tobytes() == other.tobytes()


def test_day_is_a_function_of_seed_and_day_and_not_of_the_days_after_it():
    asked = Stream(BASE, 7)
    for day in (3, 0, 7, 5, 3, 1):
        rows = asked.day(day)
        for days in (8, 21):
            assert same(rows, Stream(config(days=days), 7).day(day))
        rows["dense"] = rows["categorical"] = -1  # what a caller does to the rows stays with him
    still = config(**OFF | {"label_noise": BASE.label_noise})  # no drift, so days differ by draw
    rows = Stream(still, 7).day(5)
    for other in (Stream(still, 8).day(5), Stream(still, 7).day(6)):
        assert not any(same(rows[name], other[name]) for name in rows.dtype.names)


def test_day_is_the_same_in_another_process_and_on_more_threads():
    # So wide that a product would be split over threads.
    wide = {"dense_features": 740, "examples_per_day": 8_192}
    line = f"print(digest(Stream(config(**{wide}), 7).day(5)))"
    other = start(line, OPENBLAS_NUM_THREADS="2", PYTHONHASHSEED="2")
    with threadpool_limits(1):
        expected = digest(Stream(config(**wide), 7).day(5))
    assert other.communicate(timeout=60) == (expected + "\n", "")


@pytest.mark.parametrize("block_rows, sizes", [(64, [64, 64, 22]), (75, [75, 75]), (151, [150])])
def test_blocks_make_up_the_day(monkeypatch, block_rows, sizes):
    monkeypatch.setattr(stream_module, "BLOCK_ROWS", block_rows)
    asked = Stream(BASE, 7)
    parts = [asked.block(5, block) for block in reversed(range(len(sizes)))][::-1]
    assert all(map(same, asked.blocks(5), parts))
    assert [len(part) for part in parts] == sizes
    rows = asked.day(5)
    assert rows.dtype == asked.row_type and same(np.concatenate(parts), rows)
    for name, width in {"dense": 7, "categorical": 3, "labels": 6, "optimal": 6}.items():
        assert rows[name].shape == (150, width) and np.isfinite(rows[name]).all()
    assert len(np.unique(rows["dense"], axis=0)) == 150  # no block repeats another


@pytest.mark.parametrize(
    "part, first_day, touched",
    [
        ("walk", 1, {"dense"}),
        ("shocks", 2, {"dense"}),
        ("teacher_drift", 1, {"optimal", "binary labels", "regression labels"}),
        ("churn", 1, {"categorical", "optimal", "binary labels", "regression labels"}),
        ("label_noise", 0, {"regression labels"}),
        ("label_shocks", 3, {"optimal", "regression labels"}),
    ],
)
def test_a_part_switched_off_leaves_the_rest(part, first_day, touched):
    def fields(day, changes):
        rows = Stream(config(**changes), 7).day(day)
        out = {name: rows[name] for name in ("dense", "categorical", "optimal")}
        out["binary labels"] = rows["labels"][:, BINARY]
        return out | {"regression labels": rows["labels"][:, NUMBER]}

    for day in range(first_day + 1):
        on, off = fields(day, {}), fields(day, {part: None})
        changed = {name for name in on if not same(on[name], off[name])}
        assert changed == (touched if day == first_day else set()), day
        if part == "label_noise":
            np.testing.assert_array_equal(off["regression labels"], off["optimal"][:, NUMBER])


def paths(**changes):
    """Mean and log-scale of each feature on each day: two arrays (days, features)."""
    return feature_paths(config(**(OFF | changes)), 7)


def test_rows_follow_the_paths_of_mean_and_scale():
    mean, log_scale = feature_paths(BASE, 7)
    for day in (0, 2, 5):  # the second is that of a shock
        still = Stream(config(walk=None, shocks=None), 7).day(day)["dense"]
        expected = still * np.exp(log_scale[day]) + mean[day]
        np.testing.assert_allclose(Stream(BASE, 7).day(day)["dense"], expected, rtol=1e-4)


@pytest.mark.parametrize("duration", [1, 3, None])
@pytest.mark.parametrize("shock_days", [(2, 4), (5,), (7, 0)])
def test_shocks_widen_the_hit_features_on_their_days_only(duration, shock_days):
    shocks = dataclasses.replace(BASE.shocks, days=shock_days, duration_days=duration)
    _, added = paths(shocks=shocks)
    wider = added != 0
    for day in range(8):
        active = [s for s in shock_days if s <= day and (duration is None or day < s + duration)]
        if len(active) < 2:
            assert wider[day].sum() == 3 * len(active)  # 3 is 0.45 of 7 features
            assert np.all((added[day, wider[day]] > 1.5) & (added[day, wider[day]] < 2.5))
    for day in shock_days:  # a shock keeps its features and their scale for as long as it lasts
        _, alone = paths(shocks=dataclasses.replace(shocks, days=(day,)))
        last = 7 if duration is None else min(7, day + duration - 1)
        np.testing.assert_array_equal(alone[last], alone[day])


@pytest.mark.parametrize("duration", [1, 2, None])
def test_label_shocks_multiply_labels_and_optimum_of_their_tasks_on_their_days(duration):
    shocks = LabelShocks(days=(2, 4), duration_days=duration, log_scales=(0.0, 0.7, -2.0))
    for day in range(8):
        hits = sum(s <= day and (duration is None or day < s + duration) for s in shocks.days)
        factor = [1, 1, 1, 1, np.exp(0.7 * hits), np.exp(-2.0 * hits)]
        shocked = Stream(config(label_shocks=shocks), 7).day(day)
        still = Stream(config(label_shocks=None), 7).day(day)
        for field in ("labels", "optimal"):
            np.testing.assert_allclose(shocked[field], still[field] * factor, rtol=1e-6)


def test_walk_has_the_stated_steps():
    walk = FeatureWalk(mean_per_day=0.2, log_scale_per_day=0.3, log_scale_limit=20.0)
    mean, log_scale = paths(days=20, dense_features=60, walk=walk)
    assert not mean[0].any() and not log_scale[0].any()
    count = 19 * 60
    for path, stated in ((mean, 0.2), (log_scale, 0.3)):
        steps = np.diff(path, axis=0) / stated
        assert abs(steps.mean()) < 4 / np.sqrt(count)
        assert abs(steps.std() - 1) < 4 / np.sqrt(2 * count)
        assert abs(np.corrcoef(steps[1:].ravel(), steps[:-1].ravel())[0, 1]) < 4 / np.sqrt(count)


def test_walk_of_the_scale_is_reflected_at_its_limit():
    walk = FeatureWalk(mean_per_day=0.0, log_scale_per_day=0.15, log_scale_limit=0.25)
    _, log_scale = paths(days=60, walk=walk)
    assert np.abs(log_scale).max() <= 0.25
    assert log_scale.min() < -0.2 and log_scale.max() > 0.2
    _, path = paths(days=60, walk=dataclasses.replace(walk, log_scale_limit=20.0))
    for end in (0.25, -0.25) * 20:  # fold at one end after the other until nothing stands out
        path = np.where(path * np.sign(end) > 0.25, 2 * end - path, path)
    np.testing.assert_allclose(log_scale, path, atol=1e-12)


@pytest.mark.parametrize("share, moved", [(0.4, 4), (0.01, 2), (1.0, 10)])
def test_churn_moves_the_stated_number_of_ids(share, moved):
    many = OFF | {"examples_per_day": 2_000, "days": 5, "zipf_exponent": 1.01}
    churn = {"churn": VocabularyChurn(share_per_day=share)}
    churning, still = Stream(config(**many | churn), 7), Stream(config(**many), 7)
    holders = np.empty((5, 3, 10), int)  # the id that holds each rank
    for day in range(5):
        ids, ranks = churning.day(day)["categorical"], still.day(day)["categorical"]
        for feature in range(3):
            pairs = np.unique(np.stack([ranks[:, feature], ids[:, feature]]), axis=1)
            np.testing.assert_array_equal(pairs[0], np.arange(10))  # one id for each rank
            assert set(pairs[1]) == set(range(10))  # every id has a rank
            holders[day, feature] = pairs[1]
    np.testing.assert_array_equal(holders[0], np.tile(np.arange(10), (3, 1)))
    changed = np.diff(holders, axis=0) != 0
    np.testing.assert_array_equal(changed.sum(2), moved)
    if moved < 10:  # neither the 3 features nor the 4 changes of day move the same ranks
        assert len(np.unique(changed.reshape(12, 10), axis=0)) > 4


@pytest.mark.parametrize("exponent", [1.05, 1.3, 2.5])
def test_popularity_follows_the_zipf_law(exponent):
    many = {"examples_per_day": 20_000, "vocabulary_size": 40, "zipf_exponent": exponent}
    ids = Stream(config(**many, **OFF), 5).day(3)["categorical"]
    law = [rank**-exponent for rank in range(1, 41)]
    assert ids.min() >= 0 and ids.max() < 40
    for feature in range(3):
        counts = np.bincount(ids[:, feature], minlength=40)
        expected = 20_000 * np.array(law) / sum(law)
        assert 1e-4 < stats.chisquare(counts, expected).pvalue < 1 - 1e-4
    together = np.corrcoef(ids == 0, rowvar=False)
    assert np.abs(together - np.eye(3)).max() < 4 / np.sqrt(20_000)  # the features are drawn apart


def test_heavy_features_have_heavy_tails_and_unit_variance():
    z, x = (
        Stream(config(**OFF, examples_per_day=20_000, heavy_feature_every=every), 5).day(0)["dense"]
        for every in (0, 3)
    )
    heavy = np.array([False, False, True, False, False, True, False])
    np.testing.assert_array_equal(x[:, ~heavy], z[:, ~heavy])
    variance, _ = integrate.quad(lambda u: np.sinh(1.5 * u) ** 2 * stats.norm.pdf(u), -12, 12)
    np.testing.assert_allclose(x[:, heavy], np.sinh(1.5 * z[:, heavy]) / variance**0.5, rtol=1e-5)
    assert (np.abs(x[:, heavy]) > 6).mean() > 1e-3 and np.abs(x[:, ~heavy]).max() < 6
    # 20,000 normal values: mean and covariance within 4 standard errors.
    assert np.abs(z.mean(0)).max() < 4 / np.sqrt(20_000)
    assert np.abs(np.cov(z, rowvar=False) - np.eye(7)).max() < 4 * np.sqrt(2 / 20_000)


def test_binary_labels_are_drawn_with_the_optimal_probability():
    rows = Stream(config(examples_per_day=20_000), 5).day(5)
    label, optimal = (rows[name][:, BINARY].astype(float) for name in ("labels", "optimal"))
    assert set(np.unique(label)) == {0, 1} and optimal.min() > 0 and optimal.max() < 1
    below = optimal < np.median(optimal, axis=0)
    for chosen in (below, ~below):  # calibrated in both halves, so not only on average
        surprise = (chosen * (label - optimal)).sum(0)
        error = np.sqrt((chosen * optimal * (1 - optimal)).sum(0))
        assert np.abs(surprise / error).max() < 4


def test_regression_noise_is_clipped_student_t():
    noise = LabelNoise(degrees_of_freedom=3.0, scale=0.3, limit=1.5)
    rows = Stream(config(examples_per_day=20_000, label_noise=noise), 5).day(5)
    label, optimal = (rows[name][:, NUMBER].astype(float) for name in ("labels", "optimal"))
    residual, root = label - optimal, np.sqrt(20_000)
    slack = 2 * np.finfo(np.float32).eps * np.abs(label).max()
    cut = np.abs(residual) > 1.5 - slack
    assert np.abs(residual).max() <= 1.5 + slack
    chance = 2 * stats.t.sf(1.5 / 0.3, df=3)
    assert np.abs(cut.mean(0) - chance).max() < 4 * np.sqrt(chance) / root
    for task in range(3):
        law = stats.t.cdf(residual[~cut[:, task], task] / 0.3, df=3)
        assert stats.kstest((law - chance / 2) / (1 - chance), "uniform").pvalue > 1e-3
    sign = np.sign(residual)
    assert np.abs(sign.T @ sign / 20_000 - np.eye(3)).max() < 4 / root  # apart by task


# A variance of 150 normal values has a spread of 0.12; products and shared units have more.
MIXES = [(1.0, 0.0, 0.15), (0.0, 1.0, 0.3), (0.0, 0.0, 0.2), (0.4, 0.35, 0.25)]


@pytest.mark.parametrize("linear, hidden, spread", MIXES)
def test_signal_has_the_stated_size_on_every_day_whatever_the_mix(linear, hidden, spread):
    shares = {"linear_share": linear, "hidden_share": hidden, "hidden": 30, "pairs": 40}
    changes = {"dense_features": 40, "categorical_features": 1, "days": 50}
    changes["teacher"] = dataclasses.replace(BASE.teacher, **shares)
    changes["teacher_drift"] = TeacherDrift(turn_per_day=1)  # a new teacher every day
    asked = Stream(config(**OFF | changes), 5)
    value = np.array([asked.day(day)["optimal"] for day in range(50)], float)
    value[..., BINARY] = logit(value[..., BINARY])
    for kind, signal in ((BINARY, 1.5), (NUMBER, 0.7)):
        found = value[..., kind].var(1) / signal**2
        assert found.shape == (50, 3) and found.std() < spread
        assert abs(found.mean() - 1) < 4 * spread / np.sqrt(150)


@pytest.mark.parametrize("turn", [0.3, 1.0, None])
def test_teacher_turns_by_the_stated_angle(turn):
    drift = None if turn is None else TeacherDrift(turn_per_day=turn)
    teacher = TeacherFunction(config(teacher_drift=drift), 3)
    weights = [
        np.concatenate([part.ravel() for part in teacher.weights(day).values()]) for day in range(8)
    ]
    count = len(weights[0])
    for day in range(8):
        kept = 1.0 if turn is None else (1 - turn**2) ** (day / 2)
        product = (weights[0] * weights[day]).mean()  # expected: kept; variance: 1 + kept^2
        assert abs(product - kept) < 4 * np.sqrt((1 + kept**2) / count)
        assert abs((weights[day] ** 2).mean() - 1) < 1e-6


@pytest.mark.parametrize("value", [-1, 1.0, True, "1", None, 8])
def test_what_is_out_of_range_is_refused(value):
    said = f" = {value!r}: expected a whole number of at least 0"
    with pytest.raises(ValueError, match=f"^day{said}, at most 7$"):
        Stream(BASE, 7).day(value)
    with pytest.raises(ValueError, match=f"^block{said}, at most 0$"):
        Stream(BASE, 7).block(3, value)
    if value != 8:
        with pytest.raises(ValueError, match=f"^data_seed{said}$"):
            Stream(BASE, value)
