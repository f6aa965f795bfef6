"""Tasks by configuration: their number, names, kinds, and which two of them are shown."""

import numpy as np
import pytest

from data import LabelShocks, Stream, Task
from data.testing import OFF, config

# No default name, and no kind in one piece.
OWN = {"rating": "regression", "bought": "binary", "seconds": "regression", "shared": "binary"}


@pytest.mark.parametrize(
    "tasks, reported, shown",
    [
        (OWN, None, ("bought", "rating")),
        (OWN, ("shared", "seconds"), ("shared", "seconds")),
        (OWN, ("seconds",), (None, "seconds")),
        ({"click": "binary"}, None, ("click", None)),
        ({"seconds": "regression"}, None, (None, "seconds")),
    ],
)
def test_shown_tasks(tasks, reported, shown):
    asked = config(tasks=tasks, reported=reported, label_shocks=None)
    assert asked.tasks == tuple(Task(*task) for task in tasks.items())
    assert (asked.shown("binary"), asked.shown("regression")) == shown


@pytest.mark.parametrize("tasks", [OWN, {"click": "binary"}, {"seconds": "regression"}])
def test_a_day_has_a_column_a_task(tasks):
    asked = config(**OFF | {"tasks": tasks, "examples_per_day": 20_000})
    rows, binary = Stream(asked, 3).day(5), [kind == "binary" for kind in tasks.values()]
    assert rows["labels"].shape == (20_000, len(tasks))
    for column, is_binary in enumerate(binary):
        labels, optimal = (rows[field][:, column].astype(float) for field in ("labels", "optimal"))
        if is_binary:
            assert set(labels) == {0, 1}
            # A logit has the standard deviation that the teacher is given.
            deviation = np.std(np.log(optimal / (1 - optimal)))
            assert abs(np.mean(labels - optimal)) < 5 * np.sqrt(0.25 / 20_000)
        else:
            np.testing.assert_array_equal(labels, optimal)  # without noise
            deviation = np.std(optimal)
        signal = asked.teacher.binary_signal if is_binary else asked.teacher.regression_signal
        assert 0.4 < deviation / signal < 1.8  # it varies with the draw of the teacher


def test_label_shocks_hit_their_own_task():
    scales = (0.7, 0.0)  # of rating and seconds
    shocked = {"tasks": OWN, "label_shocks": None} | OFF
    calm = Stream(config(**shocked), 3).day(3)["labels"]
    shocks = LabelShocks(days=(3,), duration_days=1, log_scales=scales)
    hit = Stream(config(**shocked | {"label_shocks": shocks}), 3).day(3)["labels"]
    expected = np.exp([0.7, 0, 0, 0])
    np.testing.assert_allclose(hit, calm * expected, rtol=1e-6)
