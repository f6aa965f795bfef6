"""Large+DCN at the paper's width for three steps: loss and memory.

The batch, the rows of a day and the vocabulary are reduced, so that it runs on a laptop; all else
is as in `configs/profiles/paper.gin`.
"""

import json
import math
import pathlib
import tempfile

import numpy as np
import pytest

from experiments.studies.testing import said_by
from experiments.training.observer import Excerpt, Observer
from scripts.bench import memory

BATCH = 2048
STEPS = 3
VALUES = {
    "TrainerConfig.batch_size": BATCH,
    "StreamConfig.examples_per_day": BATCH,
    "StreamConfig.vocabulary_size": 1000,
    "TrainerConfig.evaluate_every_steps": 1,
}
# Far below any rate that diverges: the loss is to fall from its start.
RATE = 1e-3
pytestmark = pytest.mark.slow


class Peak(Observer):
    """The memory of the process while it trains: `bytes` at its peak."""

    def begins(self, run):
        memory.forget_peak()

    def after(self, run):
        self.bytes = memory.peak_bytes()


def loss_of_nothing(labels):
    """The training loss of three logits of 0 and three values of 0, near those of fresh weights."""
    return 3 * math.log(2) + float(np.mean(np.square(labels[:, 3:]), axis=0).sum())


def main():
    """Prints one line of JSON: what three steps showed."""
    from experiments.machinery.cost import sizes
    from experiments.machinery.records.record import Store
    from experiments.machinery.workers.runner import Runner
    from experiments.studies.settings import run_config
    from experiments.training.tensorflow_setup import one_thread
    from experiments.training.trainer import window_of

    one_thread()
    seeds = {"data_seed": 1, "run_seed": 0}
    config = run_config("paper", "large_dcn", "clippy", learning_rate=RATE, **seeds, values=VALUES)
    import tensorflow_recommenders  # noqa: F401  counts as there before the run

    empty, peak = memory.resident_bytes(), Peak()
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(Store(folder), pathlib.Path(folder) / "cache")
        outcome = runner.outcome(config, [peak, Excerpt(STEPS)])
        days = runner.days(config)
        window = window_of(config, days)
        labels = [window.batch(step, days.day)["labels"] for step in range(STEPS)]
    found = {
        "losses": outcome.curves["loss"].tolist(),
        "first_bad_step": outcome.first_bad_step,
        "nothing": [loss_of_nothing(rows) for rows in labels],
        "bytes": peak.bytes - empty,
        "predicted_bytes": sizes.memory_of(config).total,
    }
    print(json.dumps(found))


@pytest.fixture(scope="module")
def found():
    """What a process of its own finds: the memory of others would be reused unseen."""
    return said_by("experiments.training.paper_size_test", timeout_s=900)


def test_the_loss_starts_near_that_of_predicting_nothing_and_falls(found):
    losses, nothing = np.array(found["losses"]), np.array(found["nothing"])
    assert found["first_bad_step"] is None
    assert len(losses) == STEPS
    assert 0.8 < losses[0] / nothing[0] < 1.5
    # Batches differ in their heavy-tailed labels by more than three steps bring, hence the pairs.
    assert (losses - nothing)[-1] < (losses - nothing)[0]


@pytest.mark.skipif(not memory.RESET.exists(), reason="the memory of a process is read from /proc")
def test_the_memory_is_near_the_plan(found):
    # Beyond the plan: what TensorFlow keeps of tracing, and of the first weights.
    assert 1 < found["bytes"] / found["predicted_bytes"] < 1.5


if __name__ == "__main__":
    main()
