"""How big a run is, in closed form: parameters, operations, bytes.

Closed forms let `make plan` do without TensorFlow and without the memory of the paper's sizes.
Tests hold them to built models, traced graphs and files; activations are an estimate.
Every function takes a RunConfig or a Sizes.
"""

import math
from typing import NamedTuple

from data import CorpusConfig, LogsConfig, StreamConfig
from experiments.machinery.cost import transformer
from experiments.training.config import TrainerConfig
from models.config import ModelConfig

NUMBER = 4  # bytes of a float32 or an int32


class Sizes(NamedTuple):
    """What the size of a run depends on: parts of a RunConfig."""

    stream: StreamConfig | LogsConfig
    model: ModelConfig
    trainer: TrainerConfig

    @property
    def steps(self):
        """Training steps of the whole run."""
        return (self.stream.days - 1) * self.trainer.steps_per_day


class Memory(NamedTuple):
    """Bytes that a step needs on a device.

    gradients: of the embeddings, of the rows of a batch alone.
    temporaries: the steps that a rule looks at. The trainer does not compile an optimizer with XLA
      (`Program`), and TensorFlow then plans the steps of all variables before it takes one.
    activations: what the backward pass needs of the forward pass, and its own arrays.
    """

    weights: int
    accumulators: int
    gradients: int
    temporaries: int
    activations: int
    batch: int

    @property
    def state(self):
        """What every device holds, whatever its share of the batch."""
        return self.weights + self.accumulators + self.gradients + self.temporaries

    @property
    def total(self):
        """All of it on one device."""
        return self.on(1)

    def on(self, devices):
        """On each of several devices that share a batch in equal parts."""
        return self.state + math.ceil((self.activations + self.batch) / devices)


def input_width(config):
    """Units of the concatenated dense features and embeddings."""
    model, stream = config.model, config.stream
    dense = stream.dense_features if model.dense_kept is None else len(model.dense_kept)
    return dense + _categorical(config) * model.embedding_width


def _product_parameters(config):
    """Weights of all matrices of the model and its heads: what each example is multiplied by."""
    model, inputs = config.model, input_width(config)
    cross = model.cross_layers * inputs**2
    return cross + model.width * (inputs + (model.depth - 1) * model.width + _tasks(config))


def nonembedding_parameters(config):
    """Trainable weights outside the embeddings (the count of Table 1)."""
    model, inputs = config.model, input_width(config)
    cross = model.cross_layers * inputs + (2 * inputs if model.cross_layers else 0)
    biases = cross + model.depth * model.width + _tasks(config)
    return _product_parameters(config) + biases


def embedding_parameters(config):
    """Weights of the table of embeddings."""
    rows = _categorical(config) * config.stream.vocabulary_size
    return rows * config.model.embedding_width


def flops_per_step(config):
    """Floating point operations of one step's matrix products: two forward, four backward."""
    return 6 * config.trainer.batch_size * _product_parameters(config)


def flops_per_evaluation(config):
    """Those of one evaluation on the last day."""
    return 2 * config.stream.examples_per_day * _product_parameters(config)


def evaluations(config):
    """How often a run is evaluated: at the end as well."""
    return math.ceil(config.steps / config.trainer.evaluate_every_steps)


def flops_of_run(config):
    """Those of all steps and evaluations, of a run of either kind."""
    if isinstance(config.stream, CorpusConfig):
        return transformer.flops_of_run(config)
    trained = config.steps * flops_per_step(config)
    return trained + evaluations(config) * flops_per_evaluation(config)


def memory_of(config):
    """What a step of a method needs: Memory, on one device."""
    parameters = nonembedding_parameters(config) + embedding_parameters(config)
    batch_size = config.trainer.batch_size
    looked_up = batch_size * _categorical(config) * config.model.embedding_width
    return Memory(
        weights=NUMBER * parameters,
        accumulators=NUMBER * parameters,
        gradients=NUMBER * (nonembedding_parameters(config) + looked_up),
        temporaries=NUMBER * nonembedding_parameters(config),
        activations=activation_bytes(config),
        batch=batch_bytes(config),
    )


def activation_bytes(config):
    """Bytes of the arrays with a row an example that a step holds at its peak; an estimate.

    The peak is where the backward pass begins: everything it needs of the forward pass is there,
    and every head has a gradient of its own for the top layer, which are then summed.
    """
    model, arrays = config.model, 1  # the input of the bottom
    if model.cross_layers:
        # A cross layer keeps its input and its product, the normalization its input and result.
        arrays += 2 * model.cross_layers + 2
    units = arrays * input_width(config) + (model.depth + _tasks(config) + 1) * model.width
    return NUMBER * config.trainer.batch_size * units


def batch_bytes(config):
    """Bytes of the rows of one batch."""
    return config.trainer.batch_size * _row_bytes(config)


def day_bytes(config):
    """Bytes of one day on disk."""
    return config.stream.examples_per_day * _row_bytes(config)


def cache_bytes(config):
    """Bytes of the whole stream on disk, the evaluation day as well."""
    return config.stream.days * day_bytes(config)


def _row_bytes(config):
    """Bytes of one example as `data.Stream` lays it out: features, labels, optimal predictions."""
    stream = config.stream
    return NUMBER * (stream.dense_features + stream.categorical_features + 2 * len(stream.tasks))


def _categorical(config):
    kept = config.model.categorical_kept
    return config.stream.categorical_features if kept is None else len(kept)


def _tasks(config):
    return len(config.stream.tasks) if config.model.tasks is None else len(config.model.tasks)
