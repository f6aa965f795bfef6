"""Sizes in closed form against models that are built, graphs that are counted, files on disk."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from data import DayCache, Stream
from experiments.machinery.cost import sizes
from experiments.studies.grid import run_config, sizes_of
from experiments.training.program import Program, build_model, tensors
from experiments.training.trainer import window_of

MODELS = ("small", "large", "large_dcn", "small_dcn")


def config_of(profile, model, method="naive", values=None):
    seeds = {"data_seed": 1, "run_seed": 0}
    return run_config(profile, model, method, learning_rate=0.1, values=values, **seeds)


def counted(config):
    """(parameters outside the embeddings, those of the embeddings) of the built model."""
    sizes_by_role = {True: 0, False: 0}
    for variable in build_model(config).trainable_variables:
        sizes_by_role["embeddings" in variable.name] += int(np.prod(variable.shape))
    return sizes_by_role[False], sizes_by_role[True]


@pytest.mark.parametrize("profile", ["smoke", "laptop", "paper"])
@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_those_of_the_built_model(profile, name):
    # A full table of the paper's size takes 400 MB; its rows enter the count as a factor.
    values = {"StreamConfig.vocabulary_size": 3} if profile == "paper" else None
    config = config_of(profile, name, values=values)
    found = sizes.nonembedding_parameters(config), sizes.embedding_parameters(config)
    assert found == counted(config)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    "kept",
    [
        {"dense_kept": (0, 5, 2), "categorical_kept": (1,)},
        {"tasks": ("like", "rating")},
    ],
)
def test_parameters_of_a_part_of_the_features_or_tasks(name, kept):
    config = config_of("smoke", name)
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, **kept))
    found = sizes.nonembedding_parameters(config), sizes.embedding_parameters(config)
    assert found == counted(config)


def products_of(function):
    """Operations of the matrix products of a traced function, as TensorFlow's profiler counts."""
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    found = tf.compat.v1.profiler.profile(function.graph, cmd="op", options=options)
    by_op, node = {}, found
    while node.children:  # each holds its own operation and, below it, the others
        node = node.children[0]
        by_op[node.name] = node.float_ops
    return by_op["MatMul"]


@pytest.mark.parametrize("name", MODELS)
def test_operations_are_those_that_tensorflow_counts(name):
    config = config_of("smoke", name, "clippy")
    program = Program(config)
    stream = Stream(config.stream, config.data_seed)
    batch = tensors(window_of(config).batch(0, stream.day))
    rate = tf.constant(0.1)
    step = program._step.get_concrete_function(batch, rate)
    assert sizes.flops_per_step(config) == products_of(step)
    day = tensors(stream.day(3))
    predict = program._predict.get_concrete_function(day)
    assert sizes.flops_per_evaluation(config) == products_of(predict)


def test_a_run_is_its_steps_and_its_evaluations():
    config = config_of("smoke", "small", values={"TrainerConfig.evaluate_every_steps": 5})
    due = [(step + 1) % 5 == 0 or step + 1 == config.steps for step in range(config.steps)]
    assert sizes.evaluations(config) == sum(due) == 9
    expected = 42 * sizes.flops_per_step(config) + 9 * sizes.flops_per_evaluation(config)
    assert sizes.flops_of_run(config) == expected


@pytest.mark.parametrize("profile", ["smoke", "laptop", "paper"])
def test_rows_have_the_bytes_of_the_stream(profile):
    config = sizes_of(profile, "small")
    # A teacher of the paper's width is made in a moment; its ranks of 6M ids are not needed.
    stream = dataclasses.replace(config.stream, vocabulary_size=2)
    row = Stream(stream, 1).row_type.itemsize
    assert sizes.batch_bytes(config) == config.trainer.batch_size * row
    assert sizes.day_bytes(config) == config.stream.examples_per_day * row


def test_the_cache_has_the_bytes_of_its_files(tmp_path):
    config = sizes_of("smoke", "small", {"StreamConfig.days": 5})
    days = DayCache(tmp_path, Stream(config.stream, 1))
    for day in range(5):
        days.day(day)
    on_disk = sum(path.stat().st_size for path in tmp_path.rglob("*.npy"))
    assert 0 < on_disk - sizes.cache_bytes(config) <= 5 * 1024  # headers
    # As the README says of the paper's profile.
    assert round(sizes.cache_bytes(sizes_of("paper", "large_dcn")) / 1e9) == 95


def test_sizes_without_a_method_are_those_of_the_run():
    config, alone = config_of("laptop", "large_dcn"), sizes_of("laptop", "large_dcn")
    assert alone == (config.stream, config.model, config.trainer)
    assert alone.steps == config.steps
    assert sizes.memory_of(alone) == sizes.memory_of(config)


def test_state_is_that_of_the_built_program():
    config = config_of("laptop", "large_dcn", "clippy")
    program, memory = Program(config), sizes.memory_of(config)
    weights = sum(variable.numpy().nbytes for variable in program._variables)
    accumulators = sum(array.numpy().nbytes for array in program._optimizer.accumulators)
    assert (memory.weights, memory.accumulators) == (weights, accumulators)


def test_devices_share_the_batch_and_not_the_state():
    memory = sizes.Memory(100, 90, 7, 5, activations=30, batch=11)
    assert memory.state == 202
    assert memory.total == 243
    assert memory.on(4) == 202 + 11  # 41 / 4, rounded up


def test_activations_grow_with_the_batch_and_their_layers():
    small, wide = (sizes_of("laptop", name) for name in ("small", "large"))
    twice = sizes_of("laptop", "large", {"TrainerConfig.batch_size": 4096})
    assert sizes.activation_bytes(twice) == 2 * sizes.activation_bytes(wide)
    # By hand: 96 inputs; two layers of 32, a gradient of each of six heads, their sum.
    assert sizes.activation_bytes(small) == 4 * 2048 * (96 + (2 + 6 + 1) * 32)
