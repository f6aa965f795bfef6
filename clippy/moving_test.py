"""From tensorflow-recommenders' class to this one: its own tests, and models saved with it."""

import importlib
import pathlib
import re
import unittest

import numpy as np
import pytest

from clippy.drop_in import ClippyAdagrad, shrink_by_references
from clippy.keras2 import keras

MODULE = "tensorflow_recommenders.experimental.optimizers.clippy_adagrad"
AUTHORS = importlib.import_module(MODULE)
PAGE = pathlib.Path(__file__).with_name("README.md")


def test_the_authors_tests_pass_with_this_class_in_place(monkeypatch):
    tests = importlib.import_module(f"{MODULE}_test")
    monkeypatch.setattr(AUTHORS, "ClippyAdagrad", ClippyAdagrad)
    monkeypatch.setattr(AUTHORS, "shrink_by_references", shrink_by_references)
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromModule(tests).run(result)
    assert [text for _, text in result.errors + result.failures] == []
    assert result.testsRun - len(result.skipped) == 13  # each class skips `test_session`


def model_of(optimizer):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.layers.Input((2,), dtype="int32"),
            keras.layers.Embedding(7, 3),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer, "mse")
    return model


def train(model):
    rng = np.random.default_rng(0)
    ids, labels = rng.integers(0, 7, (32, 2)), rng.normal(size=(32, 1)) * 3
    model.fit(ids, labels, batch_size=8, shuffle=False, verbose=0)
    return model


def lines_of_the_page():
    """The code of the page that loads a model saved with the class of the authors."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    [block] = [block for block in blocks if "get_custom_objects" in block]
    return block


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_model_of_the_authors_class_goes_on_here_by_the_lines_of_the_page(
    ending, tmp_path, monkeypatch
):
    registered, name = keras.utils.get_custom_objects(), "Custom>ClippyAdagrad"
    monkeypatch.setitem(registered, name, AUTHORS.ClippyAdagrad)  # and so again after the test
    flags = {"use_standard_accumulator_update": True, "export_clipping_factors": True}
    theirs = train(model_of(AUTHORS.ClippyAdagrad(0.1, **flags)))
    theirs.save(tmp_path / f"model.{ending}")

    monkeypatch.chdir(tmp_path)
    names = {"clippy": importlib.import_module("clippy")}  # imported at the top of the page
    exec(lines_of_the_page().replace("model.keras", f"model.{ending}"), names)
    ours = names["model"]
    assert type(ours.optimizer) is ClippyAdagrad
    for one, other in zip(ours.optimizer.variables, theirs.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    train(ours)
    train(theirs)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    ours.save(tmp_path / f"again.{ending}")  # under the name of this class
    again = keras.models.load_model(tmp_path / f"again.{ending}")
    assert again.optimizer.get_config() == ours.optimizer.get_config()
    assert again.optimizer.use_standard_accumulator_update


@pytest.mark.parametrize("ending", ["keras", "h5", "weights.h5"])
def test_weights_of_a_model_of_the_authors_class_load_as_they_are(ending, tmp_path):
    theirs, path = train(model_of(AUTHORS.ClippyAdagrad(0.1))), tmp_path / f"model.{ending}"
    (theirs.save_weights if ending.startswith("weights") else theirs.save)(path)
    ours = model_of(ClippyAdagrad(0.1))
    ours.load_weights(path)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
