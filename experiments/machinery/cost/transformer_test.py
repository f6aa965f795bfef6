"""The size of a translation run in closed form, against a built model."""

from experiments.machinery.cost import sizes, transformer
from experiments.machinery.cost.cost import seconds_of
from experiments.studies.settings import run_config
from models.transformer import Transformer


def config(**values):
    how = {"learning_rate": 1.0, "data_seed": 11, "run_seed": 0, "values": values}
    return run_config("smoke_translation", "transformer", "adamw", **how)


def test_the_matrices_are_those_of_the_model():
    found = config(**{"TransformerConfig.layers": 2, "TransformerConfig.hidden_width": 12})
    made = Transformer(found.model, found.stream.vocabulary_size, seed=0)
    kernels = [v for v in made.trainable_variables if "/kernel" in v.name]
    sides = [0, 0]
    for kernel in kernels:
        sides["encoder" not in kernel.name] += int(kernel.shape.num_elements())
    assert transformer.parameters(found) == tuple(sides)


def test_twice_the_steps_or_the_batch_are_twice_the_work():
    once = sizes.flops_of_run(config())
    for name, twice in {"ScheduleConfig.steps": 24, "ScheduleConfig.batch_size": 32}.items():
        assert 0 <= 2 * once - sizes.flops_of_run(config(**{name: twice})) <= 2
    assert seconds_of(config()) > 0
