"""Fixtures of all tests, and the settings TensorFlow must have before its first import."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest  # noqa: E402  the variables must be set first

from experiments.training.tensorflow_setup import one_thread  # noqa: E402

one_thread()  # as every command does: with more, the bits of a run do not repeat


@pytest.fixture(scope="session")
def day_cache(tmp_path_factory):
    """A folder of generated days that all tests of a session share."""
    return tmp_path_factory.mktemp("days")
