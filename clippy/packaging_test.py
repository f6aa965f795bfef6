"""The wheel holds clippy alone, without its tests, and works where nothing else of this is."""

import importlib.metadata
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
STEP = """
import json
import clippy
import tensorflow as tf

weight = tf.Variable([1.0, 2.0])
clippy.paper_clippy(0.1).minimize(lambda: tf.reduce_sum(weight**2), [weight])
print(json.dumps([clippy.__file__, weight.numpy().tolist()]))
"""


def run(command, folder, **variables):
    """What a command printed that was started in the folder, without this checkout on its path."""
    left_out = ("PYTHONPATH", "TF_USE_LEGACY_KERAS")  # clippy finds Keras 2 without being told
    environment = {k: v for k, v in os.environ.items() if k not in left_out}
    done = subprocess.run(
        command, cwd=folder, env={**environment, **variables}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


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
    files = {name for name in files if not name.endswith(("_test.py", "/testing.py"))}
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
    required = [Requirement(text) for text in distribution.requires]
    assert [requirement.name for requirement in required] == ["tensorflow", "tf-keras"]
    assert required == [Requirement(text) for text in project["dependencies"]]


def test_wheel_makes_a_step_in_a_new_environment(wheel, tmp_path):
    """One step of Algorithm 1 that no bound touches: 0.1 * g / sqrt(0.1 + g^2) with g = 2 w."""
    run([sys.executable, "-m", "venv", "--without-pip", "venv"], tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    where = run([python, "-c", "import sysconfig as s; print(s.get_path('purelib'))"], tmp_path)
    packages = pathlib.Path(where.strip())
    run([*PIP, "--python", python, "install", *LOCAL, wheel], wheel.parent)
    # TensorFlow is that of this environment.
    (packages / "tensorflow.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    file, weight = json.loads(run([python, "-c", STEP], tmp_path, TF_CPP_MIN_LOG_LEVEL="3"))
    assert pathlib.Path(file) == packages / "clippy" / "__init__.py"
    assert weight == pytest.approx([1 - 0.2 / 4.1**0.5, 2 - 0.4 / 16.1**0.5])
