"""What every part of the drift does on every day, a pure function of (config, seed).

Each part is drawn day after day from a generator of its own. So a day's state does not depend on
how many days follow it, and a part that is switched off leaves the others as they are.
"""

import numpy as np

# The first number after the seed tells one generator of the stream from another.
WALK, SHOCK, TEACHER, TEACHER_DRIFT, CHURN, FIXED, ROWS = range(7)


def generator(seed, part, *place):
    """The generator of one part of the stream at one place (a day, a block)."""
    return np.random.default_rng([seed, part, *place])


def feature_paths(config, seed):
    """Mean and log-scale of the dense features: two float64 (days, dense_features), with shocks."""
    shape = (config.days, config.dense_features)
    mean, log_scale = np.zeros(shape), np.zeros(shape)
    if config.walk is not None:
        walk, rng = config.walk, generator(seed, WALK)
        steps = rng.standard_normal((config.days, 2, config.dense_features))
        steps[0] = 0  # the features are scaled on day 0
        path = np.cumsum(steps, axis=0)
        mean = walk.mean_per_day * path[:, 0]
        log_scale = _reflect(walk.log_scale_per_day * path[:, 1], walk.log_scale_limit)
    if config.shocks is not None:
        log_scale = log_scale + _shock_path(config, seed)
    return mean, log_scale


def _reflect(path, limit):
    """Folds an unbounded path into [-limit, limit], as a mirror at each end would."""
    return np.abs((path - limit) % (4 * limit) - 2 * limit) - limit


def _shock_path(config, seed):
    """What the shocks add to the log-scales: float64 array of shape (days, dense_features)."""
    added, shocks = np.zeros((config.days, config.dense_features)), config.shocks
    hit_count = max(1, round(shocks.feature_share * config.dense_features))
    for day in shocks.days:
        rng = generator(seed, SHOCK, day)
        hit = rng.choice(config.dense_features, hit_count, replace=False)
        change = rng.uniform(shocks.log_scale_low, shocks.log_scale_high, hit_count)
        added[_lasting(shocks, day), hit] += change
    return added


def _lasting(shocks, day):
    """The days that a shock which begins on `day` lasts."""
    return slice(day, None if shocks.duration_days is None else day + shocks.duration_days)


def label_scales(config):
    """Factor on the labels of every task on every day: float64 array of shape (days, tasks)."""
    log_scale = np.zeros((config.days, len(config.tasks)))
    shocks = config.label_shocks
    if shocks is not None:
        for day in shocks.days:
            log_scale[_lasting(shocks, day), ~config.binary] += shocks.log_scales
    return np.exp(log_scale)


def next_ranks(config, seed, day, ranks):
    """Which id holds each popularity rank on `day`, at least 1; `ranks` are of the day before."""
    if config.churn is None:
        return ranks
    rng = generator(seed, CHURN, day)
    moved = max(2, round(config.churn.share_per_day * config.vocabulary_size))
    new = ranks.copy()
    for feature in range(config.categorical_features):
        places = rng.choice(config.vocabulary_size, moved, replace=False)
        new[feature, places] = ranks[feature, np.roll(places, 1)]
    return new


def first_ranks(config):
    """Day 0, where id k holds rank k: int32 (categorical_features, vocabulary_size)."""
    ids = np.arange(config.vocabulary_size, dtype=np.int32)
    return np.tile(ids, (config.categorical_features, 1))


def teacher_path(config, seed, size):
    """The weights of the teacher on every day: float64 array of shape (days, size).

    The weights of a day are standard normal; TeacherDrift turns each of them a little every day.
    """
    path = np.empty((config.days, size))
    path[0] = generator(seed, TEACHER).standard_normal(size)
    turn = 0.0 if config.teacher_drift is None else config.teacher_drift.turn_per_day
    for day in range(1, config.days):
        fresh = generator(seed, TEACHER_DRIFT, day).standard_normal(size)
        path[day] = np.sqrt(1 - turn**2) * path[day - 1] + turn * fresh
    return path
