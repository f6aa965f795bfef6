"""clippy takes Keras 2 or says why it cannot, and stands on its own dependencies alone."""

import ast
import os
import pathlib
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path(__file__).parent
ROOT = PACKAGE.parent


def test_keras_3_is_refused_in_one_sentence_with_the_remedy():
    # That Keras 2 is taken without the variable is seen where the wheel makes a step.
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run(
        [sys.executable, "-c", "import tensorflow as tf; tf.keras.layers; import clippy"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    error, message = done.stderr.splitlines()[-1].split(": ", 1)
    assert error == "ImportError"
    assert "TF_USE_LEGACY_KERAS=1" in message
    assert ". " not in message


def modules_imported_by(path):
    """First names of the modules a file imports anywhere, functions included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("clippy" if node.level else node.module.split(".")[0])
    return names


@pytest.mark.parametrize(
    "path",
    sorted(
        path for path in PACKAGE.rglob("*.py") if not path.name.endswith(("_test.py", "testing.py"))
    ),
    ids=lambda path: path.name,
)
def test_library_code_imports_the_declared_dependencies_alone(path):
    allowed = {"clippy", "tensorflow", "tf_keras", *sys.stdlib_module_names}
    assert modules_imported_by(path) <= allowed
