"""clippy takes Keras 2 or says why it cannot, and stands on its own dependencies alone."""

import os
import pathlib
import re
import subprocess
import sys

PACKAGE = pathlib.Path(__file__).parent


def test_keras_3_is_refused_in_one_sentence_with_the_remedy():
    # That Keras 2 is taken without the variable is seen where the wheel makes a step.
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run(
        [sys.executable, "-c", "import tensorflow as tf; tf.keras.layers; import clippy.keras2"],
        cwd=PACKAGE.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    error, message = done.stderr.splitlines()[-1].split(": ", 1)
    assert error == "ImportError"
    assert "TF_USE_LEGACY_KERAS=1" in message
    assert ". " not in message


def test_library_code_imports_the_declared_dependencies_alone():
    allowed = {"clippy", "tensorflow", "tf_keras", "keras", "jax", *sys.stdlib_module_names}
    for path in PACKAGE.rglob("*.py"):
        if not path.name.endswith(("_test.py", "testing.py", "oracles.py")):
            code = path.read_text(encoding="utf-8")
            assert set(re.findall(r"^\s*(?:from|import) (\w+)", code, re.M)) <= allowed, path
