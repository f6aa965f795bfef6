"""The wheel holds clippy alone, without its tests, and works where nothing else of this is."""

import importlib.metadata
import importlib.util
import json
import os
import pathlib
import shutil
import site
import subprocess
import sys
import tomllib
import zipfile

import pytest
from packaging.requirements import Requirement

PACKAGE = pathlib.Path(__file__).parent
ROOT = PACKAGE.parent
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
LOCAL = ["--no-deps", "--no-index"]
LEFT_OUT = "testing.py", "/oracles.py"
STEP = """
import json
import clippy
import tensorflow as tf

weight = tf.Variable([1.0, 2.0])
clippy.paper_clippy(0.1).minimize(lambda: tf.reduce_sum(weight**2), [weight])
print(json.dumps([clippy.__file__, weight.numpy().tolist()]))
"""
TRAINED = """
import json
import sys
import clippy
import keras
import numpy as np
from clippy import keras3

weight = keras.Variable([1.0, 2.0])
keras3.paper_clippy(0.1).apply([2 * weight.value], [weight])
model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
model.compile(keras3.paper_clippy(0.1), "mse")
features = np.random.default_rng(0).normal(size=(64, 3))
losses = model.fit(features, features @ [[1], [2], [3]], epochs=5, verbose=0).history["loss"]
try:
    clippy.ClippyAdagrad
except ImportError as error:
    said = str(error)
others = sorted({"tensorflow", "tf_keras"} & {*sys.modules})
print(json.dumps([clippy.__file__, weight.numpy().tolist(), losses, dir(clippy), said, others]))
"""
RIGHT = [1 - 0.2 / 4.1**0.5, 2 - 0.4 / 16.1**0.5]  # 0.1 * g / sqrt(0.1 + g^2) with g = 2 w


def run(command, folder, **variables):
    """What a command printed that was started in the folder, without this checkout on its path."""
    left_out = ("PYTHONPATH", "TF_USE_LEGACY_KERAS")  # clippy finds Keras 2 without being told
    environment = {k: v for k, v in os.environ.items() if k not in left_out}
    done = subprocess.run(
        command, cwd=folder, env={**environment, **variables}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    return done.stdout


def new_environment(folder):
    """The Python of an environment with nothing in it, and the folder of its packages."""
    run([sys.executable, "-m", "venv", "--without-pip", "venv"], folder)
    python = folder / "venv" / "bin" / "python"
    where = run([python, "-c", "import sysconfig as s; print(s.get_path('purelib'))"], folder)
    return python, pathlib.Path(where.strip())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of this checkout's code."""
    tree = tmp_path_factory.mktemp("tree")
    for name in {path.parent.name for path in ROOT.glob("[a-z]*/*.py")}:
        shutil.copytree(ROOT / name, tree / name)
    for name in ["pyproject.toml", "LICENSE"]:
        shutil.copy(ROOT / name, tree)
    out = tmp_path_factory.mktemp("wheel")
    run([*PIP, "wheel", ".", *LOCAL, "--no-build-isolation", "--wheel-dir", out], tree)
    (built,) = out.iterdir()
    return built


def test_wheel_holds_the_package_alone_and_without_tests(wheel):
    files = {f"clippy/{path.name}" for path in PACKAGE.glob("*.py")}
    files = {name for name in files if not name.endswith(("_test.py", *LEFT_OUT))}
    files |= {"clippy/py.typed", "clippy/README.md"}
    held = zipfile.ZipFile(wheel).namelist()
    assert {name for name in held if ".dist-info/" not in name} == files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in held)


def test_metadata_is_that_of_pyproject(wheel):
    (distribution,) = importlib.metadata.distributions(path=[str(wheel)])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert distribution.metadata["Name"] == project["name"] == "clippy"
    assert distribution.version == project["version"]
    assert distribution.metadata["License-Expression"] == "Apache-2.0"
    names = {"keras2": ["tensorflow", "tf-keras"], "keras3": ["keras"]}
    extras = project["optional-dependencies"]
    assert {extra: [Requirement(text).name for text in extras[extra]] for extra in extras} == names
    expected = {f'{text}; extra == "{extra}"' for extra in extras for text in extras[extra]}
    assert set(map(Requirement, distribution.requires)) == set(map(Requirement, expected))


def test_wheel_makes_a_step_in_a_new_environment(wheel, tmp_path):
    """One step of Algorithm 1 that no bound touches."""
    python, packages = new_environment(tmp_path)
    run([*PIP, "--python", python, "install", *LOCAL, wheel], wheel.parent)
    # TensorFlow is that of this environment.
    (packages / "tensorflow.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    file, weight = json.loads(run([python, "-c", STEP], tmp_path, TF_CPP_MIN_LOG_LEVEL="3"))
    assert pathlib.Path(file) == packages / "clippy" / "__init__.py"
    assert weight == pytest.approx(RIGHT)


@pytest.fixture(scope="module")
def jax_alone(wheel, tmp_path_factory):
    """The Python of an environment with the wheel, Keras 3 and JAX, and without TensorFlow."""
    folder = tmp_path_factory.mktemp("jax")
    python, _ = new_environment(folder)
    install = [*PIP, "--python", python, "install"]
    try:
        run([*install, "--require-hashes", "-r", ROOT / "requirements-jax.lock"], folder)
    except AssertionError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"requirements-jax.lock cannot be installed: {str(error).splitlines()[0]}")
    run([*install, *LOCAL, wheel], folder)
    return python


@pytest.mark.slow
def test_wheel_trains_where_keras_3_and_jax_are_alone(jax_alone, tmp_path):
    printed = run([jax_alone, "-c", TRAINED], tmp_path, KERAS_BACKEND="jax")
    file, weight, losses, names, said, others = json.loads(printed.splitlines()[-1])
    assert pathlib.Path(file).is_relative_to(jax_alone.parents[1])
    assert weight == pytest.approx(RIGHT)
    assert losses == sorted(losses, reverse=True)
    assert names == ["RULES", "Rule", "StepView", "keras3"]
    assert said == (
        "clippy.ClippyAdagrad is for Keras 2, and tf_keras is not installed: expected one of "
        "RULES, Rule, StepView, keras3"
    )
    assert others == []


ORACLES = ["-m", "pytest", "--noconftest", "-p", "no:cacheprovider"]
ORACLES += ["clippy/keras3_test.py", "clippy/keras3_models_test.py"]


@pytest.mark.slow
def test_the_oracles_of_keras_3_hold_on_jax(jax_alone):
    run([jax_alone, *ORACLES], ROOT, KERAS_BACKEND="jax")


@pytest.mark.slow
@pytest.mark.skipif(
    not importlib.util.find_spec("torch"),
    reason="torch is not locked: its wheels of the registry bring gigabytes of CUDA",
)
def test_the_oracles_of_keras_3_hold_on_pytorch():
    run([sys.executable, *ORACLES], ROOT, KERAS_BACKEND="torch")
