"""Two logical devices against the program of one: losses, factors, weights, snapshots.

Logical devices must be set before TensorFlow starts, so this file runs itself as a script.
"""

import json
import sys

import numpy as np
import pytest

from data import Stream
from experiments.errors import RunStopped
from experiments.machinery.workers.placement import placement
from experiments.studies.testing import said_by, smoke
from experiments.training.tensorflow_setup import one_thread

# Rates of the cases: Small under a rule that scales the gradient before it is accumulated, and with
# the two moments of Adam; Large+DCN under Algorithm 1.
CASES = {"gc-small": 0.4, "clippy_adam-small": 0.5, "clippy-large_dcn": 2.0}
STEPS, SEED = 5, 7
RTOL = 1e-5  # float32 sums in another order; after more steps a rounding may switch a unit off


def stepped(program, config, days, steps):
    """Losses of some steps, at a rate that is another one at every step."""
    from experiments.training.program import tensors
    from experiments.training.trainer import window_of

    window = window_of(config, days)
    return [
        program.step(tensors(window.batch(step, days.day)), config.learning_rate / (1 + step))
        for step in steps
    ]


def state_of(program):
    """Weights, accumulators and factors: dict from kind to arrays, in the order of variables."""
    snapshot = program.snapshot(STEPS)
    factors = [factor.numpy() for factor in program._optimizer.clipping_factors]
    return {"weight": snapshot.weights, "accumulator": snapshot.state, "factor": factors}


def differences(found, expected):
    """Largest difference of each kind, relative to the largest number of its array."""
    return {
        kind: max(
            float(np.max(np.abs(one - two)) / np.max(np.abs(two)))
            for one, two in zip(found[kind], arrays, strict=True)
        )
        for kind, arrays in expected.items()
    }


def compare(case, strategy):
    """What the tests look at, for one case."""
    from experiments.training.distributed import DistributedProgram
    from experiments.training.program import Program

    config = smoke(*case.split("-"), rate=CASES[case], seed=3)
    days = Stream(config.stream, 1)
    one, two = Program(config), DistributedProgram(config, strategy)
    losses = []
    for program in (one, two):
        program.start(config, SEED)
        losses.append(stepped(program, config, days, range(2)))
        kept = program.snapshot(2)
        losses[-1] += stepped(program, config, days, range(2, STEPS))
    expected, found = state_of(one), state_of(two)
    two._check_state()  # raises if a replica is not equal to the last bit
    two.start(config, SEED + 1)
    two.restore(kept)
    again = stepped(two, config, days, range(2, STEPS))
    moved = differences(found, state_of(two))
    nudge(strategy, two._variables[3], 1)
    with pytest.raises(RunStopped) as drifted:
        two.predict([])
    two.start(config, SEED)
    nudge(strategy, two._state[1], 0)
    with pytest.raises(RunStopped) as begun_apart:
        stepped(two, config, days, [0])
    return {
        "losses": losses,
        "from one": differences(found, expected),
        "factors": [float(factor) for factor in found["factor"]],
        "resumed": again,
        "moved by resuming": moved,
        "drifted": str(drifted.value),
        "begun apart": str(begun_apart.value),
    }


def nudge(strategy, variable, replica):
    """Moves one number of one replica by its last bits."""
    copy = strategy.experimental_local_results(variable)[replica]
    value = copy.numpy()
    value.flat[-1] += 1e-6
    copy.assign(value)


def main(case):
    """Prints what `compare` finds in one case, as one line of JSON."""
    one_thread()
    from experiments.training import program

    def exporting(optimizer):  # as telemetry has it, which a distributed step has not
        return lambda *args, **given: optimizer(*args, **given | {"export_clipping_factors": True})

    program.OPTIMIZERS |= {name: exporting(kind) for name, kind in program.OPTIMIZERS.items()}
    strategy = placement(2).strategy(256)
    assert strategy.num_replicas_in_sync == 2
    print(json.dumps(compare(case, strategy)))


FAST, *SLOW = CASES


@pytest.fixture(
    scope="module", params=[FAST, *(pytest.param(case, marks=pytest.mark.slow) for case in SLOW)]
)
def found(request):
    """What the script prints of a case."""
    return said_by("experiments.training.distributed_test", request.param)


def test_two_devices_take_the_steps_of_one(found):
    one, two = found["losses"]
    assert len(set(one)) == STEPS
    np.testing.assert_allclose(two, one, rtol=RTOL)
    assert {kind: far for kind, far in found["from one"].items() if not far <= RTOL} == {}
    embeddings, *factors = found["factors"]
    assert embeddings == 1
    assert 0 < min(factors) < 0.5  # the rule had something to do


def test_a_snapshot_has_all_of_a_run_to_the_last_bit(found):
    assert found["resumed"] == found["losses"][1][2:]
    assert set(found["moved by resuming"].values()) == {0}


def test_replicas_that_differ_stop_the_run(found):
    assert found["drifted"].startswith(f"the weights after step {STEPS} differ between replica 0 a")
    assert found["begun apart"].startswith("the weights after step 0 differ between replica 0 and")


if __name__ == "__main__":
    main(sys.argv[1])
