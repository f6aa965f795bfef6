"""What a divergence looks like in telemetry and in the days before it: arrays in, findings out."""

from typing import NamedTuple

import numpy as np

from experiments.training.detector import SHARED, moved

# The thresholds below were set on runs of design data seeds, as those of the detector.
USUAL_STEPS = 24  # ours: two days of the laptop profile say what was usual before
MOVED = 3.0  # ours: healthy losses of a task stayed below twice their usual
LAYER_MOVED = 15.0  # ours: healthy gradient norms reached 13 times their usual
LAYERS_BEFORE, LAYERS_AFTER = 12, 6  # ours: steps around the onset in which something moved first
RANGE = 5.0  # ours: slow drift changes a scale by a few percent a day, the shocks 11 times and more
LABEL_RANGE = 1.5  # ours: label shocks begin at 1.6 times, noisy days differ by less than 1.2 times
RATE_SHIFT = 0.15  # ours: positives of a binary task move by 0.02 from day to day
SAME_ID = 0.9  # ours: share of the rows out of range that carry one id, if that id is at fault
HIT = 0.5  # ours: share of that id's rows that are out of range
FREQUENT = 0.5  # ours: an id that more rows than this carry says nothing
ROWS = 65_536  # ours: rows of a day that are looked at, so that memory does not grow with the day
DEAD = 0.5  # ours: a layer more than half of whose units are dead


class Moved(NamedTuple):
    """What left its usual range: its name, the step or day, and how many times the usual it was."""

    name: str
    at: int
    ratio: float


def moved_first(frame, onset, ending, limit=MOVED):
    """Which of the columns that match `ending` left its usual range first, around the step `onset`.

    Returns: Moved, of the earliest step with more than `limit` times the usual, and there of the
      largest ratio, or None.
    """
    columns = frame.filter(regex=ending)
    usual = columns.shift(1).rolling(USUAL_STEPS, min_periods=1).median()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (columns / usual).fillna(1.0)
    ratio[~np.isfinite(columns)] = np.inf
    near = frame["step"].between(onset - LAYERS_BEFORE, onset + LAYERS_AFTER)
    for index in ratio.index[near & (ratio > limit).any(axis=1)]:
        name = ratio.loc[index].idxmax()
        step = int(frame.loc[index, "step"])
        return Moved(name.replace("/grad_norm", "").replace("loss/", ""), step, ratio[name][index])
    return None


def dead_after(frame, onset):
    """Layers most of whose units are dead after the onset: dict from name to (before, after)."""
    dead = frame.filter(regex="^dead/")
    before = dead[frame["step"] < onset].tail(USUAL_STEPS).median()
    after = dead[frame["step"] >= onset].head(USUAL_STEPS).median()
    return {
        name.removeprefix("dead/"): (before.get(name), after[name])
        for name in dead
        if after[name] > DEAD
    }


def largest_step(frame, onset):
    """The largest step of a shared layer before the onset, in units of the layer's norm: Moved."""
    before = frame[frame["step"] < onset]
    best = Moved("", onset, 0.0)
    for name in SHARED:
        share = moved(before, name)
        if share is not None and share.max() > best.ratio:
            best = Moved(name, int(before.loc[share.idxmax(), "step"]), float(share.max()))
    return best


def factors_at(frame, onset):
    """The smallest factor of each rule in the steps to the onset, and the layer that has it."""
    near = frame[frame["step"].between(onset - 1, onset + LAYERS_AFTER)]
    found = {}
    for column in near.filter(regex="/sigma_"):
        label, _, rule = column.partition("/sigma_")
        factor = near[column].min()
        if rule not in found or factor < found[rule][0]:
            found[rule] = (factor, label)
    return found


def input_outliers(stream, day_rows, days, earlier):
    """Dense features out of their range, the largest change first; `earlier` days are usual.

    `stream` is the StreamConfig or LogsConfig whose days `day_rows` gives.
    """
    scales = _means(day_rows, "dense", {*days, *earlier})
    return _outliers(scales, days, earlier, stream.dense_names)


def label_outliers(stream, day_rows, days, earlier):
    """Label columns that left their range, as of `input_outliers`."""
    names, binary = np.array(list(dict(stream.tasks))), stream.binary
    mean = np.nanmean if stream.gaps else np.mean  # a label may be missing there
    means = _means(day_rows, "labels", {*days, *earlier}, mean)
    scales = {day: found[~binary] for day, found in means.items()}
    found = _outliers(scales, days, earlier, names[~binary].tolist(), LABEL_RANGE)
    for index in np.flatnonzero(binary):
        usual = _usual([means[day][index] for day in earlier])
        for day in days:
            shift = means[day][index] - usual
            if not abs(shift) <= RATE_SHIFT and usual > 0:
                found.append(Moved(str(names[index]), day, means[day][index] / usual))
    return sorted(found, key=_size, reverse=True)


def same_id(stream, rows, values):
    """The id that the rows with values out of range have in common: "<column>=<id>", or "".

    Args:
      rows, values: of one day; the column of `rows` that is out of range, one value a row.
    Out of range are the rows whose size makes up most of the column's mean. An id is at fault if
    nearly all of them carry it, most of the rows that carry it are among them, and it is not that
    of most rows; of several, the rarest.
    """
    values = np.abs(np.asarray(values, float))
    far = ~(values <= RANGE * np.nanmedian(values)) & ~(values < np.nanmean(values))
    found = []
    for column, name in enumerate(stream.categorical_names):
        ids, counts = np.unique(rows["categorical"][far][:, column], return_counts=True)
        if len(ids) and counts.max() >= SAME_ID * far.sum():
            most = ids[counts.argmax()]
            carry = rows["categorical"][:, column] == most
            if carry.mean() <= FREQUENT and far[carry].mean() > HIT:
                found.append((carry.mean(), f"{name}={most}"))
    return min(found, default=(1.0, ""))[1]


def _means(day_rows, field, days, mean=np.mean):
    """Mean absolute value of each column of a field, by day."""
    return {day: mean(np.abs(day_rows(day)[:ROWS][field]), axis=0) for day in days}


def _outliers(scales, days, earlier, names, limit=RANGE):
    usual = _usual([scales[day] for day in earlier])
    found = []
    for day in days:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = scales[day] / usual
        far = ~((ratio <= limit) & (ratio >= 1 / limit))
        found += [Moved(names[i], day, float(ratio[i])) for i in np.flatnonzero(far)]
    return sorted(found, key=_size, reverse=True)


def _usual(values):
    """The median over days; a day whose value is not finite has no say in what is usual."""
    values = np.array(values, float)
    return np.nanmedian(np.where(np.isfinite(values), values, np.nan), axis=0)


def _size(outlier):
    """How far a ratio is from 1, either way; what is not a number is farthest."""
    ratio = outlier.ratio
    return np.inf if not np.isfinite(ratio) or ratio <= 0 else abs(np.log(ratio))
