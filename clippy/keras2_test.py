"""clippy takes Keras 2 or says why it cannot, and stands on its own dependencies alone."""

import ast
import os
import pathlib
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path(__file__).parent
ROOT = PACKAGE.parent
PROGRAM = """
try:
    import clippy
except ImportError as error:
    print("refused:", error)
else:
    modules = [base.__module__ for base in clippy.ClippedAdagrad.__mro__]
    print("imported:", next(name for name in modules if not name.startswith("clippy.")))
"""
BEFORE = {"nothing": "", "keras 3": "import tensorflow as tf; tf.keras.layers"}


@pytest.fixture(scope="module")
def imports():
    """What `import clippy` printed in a new process after each start of BEFORE."""
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-c", start + PROGRAM],
            cwd=ROOT,
            env={**environment, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, start in BEFORE.items()
    }
    printed = {}
    for name, process in processes.items():
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        printed[name] = out.strip()
    return printed


def test_import_takes_keras_2(imports):
    assert imports["nothing"].startswith("imported: tf_keras.")


def test_keras_3_is_refused_in_one_sentence_with_the_remedy(imports):
    printed = imports["keras 3"]
    message = printed.removeprefix("refused: ")
    assert message != printed
    assert "TF_USE_LEGACY_KERAS=1" in message
    assert "\n" not in message
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


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_no_file_imports_a_sibling_package(path):
    siblings = {"data", "models", "experiments", "scripts", "configs"}
    siblings |= {child.parent.name for child in ROOT.glob("[a-z]*/*.py")} - {"clippy"}
    assert not modules_imported_by(path) & siblings


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
