"""What a step needs beside weights, state and gradients: at most the largest variable, twice."""

import json
import pathlib
import subprocess
import sys

import pytest

from clippy.keras2 import tf
from clippy.rules import RULES
from clippy.testing import MAKE, optimizer_of

LARGEST, OTHERS = (4096, 3072), 3  # 48 MiB; three more would show a copy of every variable
CASES = {
    **{rule: lambda rule=rule: optimizer_of(rule) for rule in RULES},
    "drop-in": MAKE["drop-in"],
    "global": lambda: optimizer_of("clippy", scope="global"),
    "adam": MAKE["adam"],
}
STATUS, RESET = pathlib.Path("/proc/self/status"), pathlib.Path("/proc/self/clear_refs")


def resident(field):
    """A figure of this process's memory in bytes: VmRSS now, VmHWM at most since the reset."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def extra(make):
    """Bytes that the second step of an optimizer needs beyond what is there before it."""
    variables = [tf.Variable(tf.ones(LARGEST)) for _ in range(1 + OTHERS)]
    grads = [tf.fill(LARGEST, 2.0) for _ in variables]
    optimizer = make()
    optimizer.build(variables)
    step = tf.function(lambda: optimizer.apply_gradients(zip(grads, variables, strict=True)))
    step()  # the first one compiles
    before = resident("VmRSS")
    RESET.write_text("5")  # the mark of the highest falls to what is there now
    step()
    return resident("VmHWM") - before


@pytest.mark.skipif(not RESET.exists(), reason="the memory of a process is read from /proc")
@pytest.mark.slow
def test_a_step_needs_no_more_than_the_largest_variable_twice():
    # In a process of its own: what other tests left here would be reused unseen.
    done = subprocess.run(
        [sys.executable, "-m", "clippy.memory_test"],
        cwd=pathlib.Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    largest = 4 * LARGEST[0] * LARGEST[1]
    measured = json.loads(done.stdout.splitlines()[-1])
    # A tenth for what is not of a variable's size.
    assert {case: size for case, size in measured.items() if size > 2.1 * largest} == {}


if __name__ == "__main__":
    print(json.dumps({name: extra(make) for name, make in CASES.items()}))
