"""Sizes in closed form against models that are built, graphs, files on disk; what devices share."""

import dataclasses

import pytest
import tensorflow as tf

from data import Stream
from experiments.machinery.cost import sizes
from experiments.machinery.cost.cost import GIB, Accelerator
from experiments.studies.settings import run_config, sizes_of
from experiments.training.program import Program, build_model, tensors
from experiments.training.trainer import window_of

MODELS = ("small", "large", "large_dcn", "small_dcn")


def config_of(profile, model, method="naive", values=None):
    fixed = {"learning_rate": 0.1, "data_seed": 1, "run_seed": 0}
    return run_config(profile, model, method, values=values, **fixed)


KEPT = {"ModelConfig.dense_kept": (0, 5, 2), "ModelConfig.categorical_kept": (1,)}
# A full table of the paper's size takes 400 MB; its rows enter the count as a factor.
SIZES = [("laptop", {}), ("paper", {"StreamConfig.vocabulary_size": 3})]
SIZES += [("smoke", KEPT | {"ModelConfig.tasks": ("like", "rating")})]


@pytest.mark.parametrize("profile, values", SIZES)
@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_those_of_the_built_model(profile, values, name):
    config = config_of(profile, name, values=values)
    counted = {True: 0, False: 0}
    for variable in build_model(config).trainable_variables:
        counted["embeddings" in variable.name] += variable.shape.num_elements()
    assert sizes.nonembedding_parameters(config) == counted[False]
    assert sizes.embedding_parameters(config) == counted[True]


def products_of(function):
    """Operations of the matrix products of a traced function, as TensorFlow's profiler counts."""
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    node, by_op = tf.compat.v1.profiler.profile(function.graph, cmd="op", options=options), {}
    while node.children:  # each holds its own operation and, below it, the others
        node = node.children[0]
        by_op[node.name] = node.float_ops
    return by_op["MatMul"]


@pytest.mark.parametrize("name", MODELS)
def test_operations_are_those_that_tensorflow_counts(name):
    config = config_of("smoke", name, "clippy")
    program, stream = Program(config), Stream(config.stream, config.data_seed)
    batch, day = tensors(window_of(config, stream).batch(0, stream.day)), tensors(stream.day(3))
    step = program._step.get_concrete_function(batch, tf.constant(0.1))
    assert sizes.flops_per_step(config) == products_of(step)
    predict = program._predict.get_concrete_function(day)
    assert sizes.flops_per_evaluation(config) == products_of(predict)


def test_a_run_is_its_steps_and_its_evaluations():
    config = config_of("smoke", "small", values={"TrainerConfig.evaluate_every_steps": 5})
    due = [(step + 1) % 5 == 0 or step + 1 == config.steps for step in range(config.steps)]
    assert sizes.evaluations(config) == sum(due) == 9
    expected = 42 * sizes.flops_per_step(config) + 9 * sizes.flops_per_evaluation(config)
    assert sizes.flops_of_run(config) == expected


@pytest.mark.parametrize("profile, gigabytes", [("smoke", 0.0), ("paper", 95)])
def test_rows_have_the_bytes_of_the_stream(profile, gigabytes):
    config = sizes_of(profile, "small")
    # A teacher of the paper's width is made in a moment; its ranks of 6M ids are not needed.
    row = Stream(dataclasses.replace(config.stream, vocabulary_size=2), 1).row_type.itemsize
    assert sizes.batch_bytes(config) == config.trainer.batch_size * row
    assert sizes.day_bytes(config) == config.stream.examples_per_day * row
    assert sizes.cache_bytes(config) == config.stream.days * sizes.day_bytes(config)
    assert round(sizes.cache_bytes(config) / 1e9) == gigabytes  # 95 as the README says


def test_the_state_is_that_of_the_built_program_whatever_the_method():
    config, alone = config_of("laptop", "large_dcn", "clippy"), sizes_of("laptop", "large_dcn")
    assert alone == (config.stream, config.model, config.trainer)
    assert alone.steps == config.steps
    program, memory = Program(config), sizes.memory_of(alone)
    weights = sum(variable.numpy().nbytes for variable in program._variables)
    accumulators = sum(array.numpy().nbytes for array in program._optimizer.accumulators)
    assert (memory.weights, memory.accumulators) == (weights, accumulators)


def test_activations_are_counted_by_hand():
    """96 inputs; two layers of 32, a gradient of each of six heads, their sum."""
    for batch_size in (2048, 4096):
        config = sizes_of("laptop", "small", {"TrainerConfig.batch_size": batch_size})
        assert sizes.activation_bytes(config) == 4 * batch_size * (96 + (2 + 6 + 1) * 32)


def test_devices_share_the_batch_and_not_the_state_and_their_number_divides_it():
    memory = sizes.Memory(100, 90, 7, 5, activations=600, batch=1)  # 202 beside the activations
    assert (memory.state, memory.total) == (202, 803)
    assert memory.on(3) == 202 + 201  # 601 / 3, rounded up
    device = Accelerator("small", 1.0, "", 403, "")
    assert device.devices(memory, batch_size=8) == 4
    assert device.devices(memory, batch_size=9) == 3
    assert device._replace(memory=202).devices(memory, batch_size=8) is None


def test_several_devices_share_the_products_and_not_the_reading():
    config = sizes_of("paper", "large")
    whole = Accelerator("", 1e14, "", 80 * GIB, "", utilization=0.5)
    four = whole._replace(memory=sizes.memory_of(config).on(4))
    products_s = sizes.flops_of_run(config) / 5e13
    reading_s = config.steps * sizes.batch_bytes(config) / 4e8
    assert whole.seconds_of(config) == pytest.approx(products_s + reading_s)
    assert four.seconds_of(config) == pytest.approx(products_s / 4 + reading_s)
