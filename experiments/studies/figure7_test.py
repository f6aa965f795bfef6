"""What Figure 7 runs, what it chooses, and what a person may get wrong in its file."""

import dataclasses

import pandas as pd
import pytest

from experiments.errors import BadInput
from experiments.studies import figure7
from experiments.studies.figure7_config import Figure7Config
from experiments.studies.known import figure7_config


def small(**changes):
    """A study of two optimizers."""
    fields = {
        "model": "transformer",
        "warmups": (0.02, 0.08),
        "optimizers": {
            "adagrad": {"method": "naive", "rates": (0.1, 0.3)},
            "clippy": {"method": "clippy", "rates": (3, 10), "warmups": (0.08,), "ABSOLUTE": 0.1},
        },
        "search_seed": 100,
        "repeats": 2,
    }
    return Figure7Config(**(fields | changes))


def test_the_grid_is_that_of_the_paper_and_three_of_ours_beside():
    config = figure7_config()
    jobs = figure7.search_jobs(config)
    grids = {name: [job for job in jobs if job.optimizer == name] for name in config.optimizers}
    assert {name: len(found) for name, found in grids.items()} == {
        "adamw": 12,
        "adagrad": 10,
        "clippy": 12,
        "clippy_section_5": 6,
        "clippy_plain_embeddings": 6,
        "adagrad_above": 6,
    }
    assert {job.rate for job in grids["adamw"]} == {0.003, 0.01, 0.03, 0.1, 0.3, 1.0}
    assert {job.rate for job in grids["adagrad"]} == {0.01, 0.03, 0.1, 0.3, 1.0}
    assert {job.rate for job in grids["clippy"]} == {0.1, 0.3, 1.0, 3.0, 10.0, 30.0}
    assert {job.warmup for job in grids["clippy"]} == {0.02, 0.08}
    runs = {
        name: figure7.job_config(found[0], config, "smoke_translation")
        for name, found in grids.items()
    }
    assert runs["adamw"].method.optimizer == "adamw"
    assert runs["adagrad"].method.rule == "naive"
    assert runs["clippy"].method.thresholds == {"rel": 1e-3, "abs_": 0.1}
    assert runs["clippy_section_5"].method.thresholds == {"rel": 0.5, "abs_": 0.01}
    embeddings = [run.method.embeddings for run in runs.values()]
    assert embeddings == ["plain"] * 2 + ["treated"] * 2 + ["plain"] * 2
    assert len({run.run_id for run in runs.values()}) == 6
    assert {run.run_seed for run in runs.values()} == {100}
    assert (config.repeats, figure7_config(2).repeats) == (5, 2)


def test_the_best_of_each_optimizer_is_repeated_on_other_seeds():
    config = small()
    jobs = figure7.search_jobs(config)
    assert [tuple(job) for job in jobs[:2]] == [
        ("adagrad", 0.1, 0.02, 100, "search"),
        ("adagrad", 0.3, 0.02, 100, "search"),
    ]
    grid = pd.DataFrame(jobs).assign(error_rate=[0.5, 0.4, 0.45, 1.0, 1.0, 1.0])
    assert [tuple(job) for job in figure7.repeat_jobs(config, grid)] == [
        ("adagrad", 0.3, 0.02, 0, "repeat"),
        ("adagrad", 0.3, 0.02, 1, "repeat"),
        ("clippy", 3.0, 0.08, 0, "repeat"),
        ("clippy", 3.0, 0.08, 1, "repeat"),
    ]


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"warmups": ()}, r"warmups = \(\): expected a list"),
        ({"repeats": 101}, "repeats = 101: expected a whole number of at least 1, at most 100"),
        ({"optimizers": {}}, "optimizers = {}: expected a dict by name"),
        ({"optimizers": {"a": {"method": "naive"}}}, r"optimizers\['a'\] = .*'method' and 'rates'"),
        (
            {"optimizers": {"a": {"method": "naive", "rates": (0.1, "fast")}}},
            r"optimizers\['a'\]\['rates'\] = 'fast': expected a finite number, above 0",
        ),
        (
            {"optimizers": {"a": {"method": "naive", "rates": (0.1, 0.3, 0.1)}}},
            r"optimizers\['a'\]\['rates'\] = \(0.1, 0.3, 0.1\): expected a list without repeats",
        ),
        (
            {"optimizers": {"a": {"method": "naive", "rates": (1,), "warmups": (0.08, 0.08)}}},
            r"optimizers\['a'\]\['warmups'\] = \(0.08, 0.08\): expected a list without repeats",
        ),
        (
            {"optimizers": {"a": {"method": "naive", "rates": (0.1,), "warmups": (0.5,)}}},
            r"optimizers\['a'\]\['warmups'\] = 0.5: expected one of .* 0.02, 0.08",
        ),
        (
            {"optimizers": {"a": {"method": "naive", "rates": (0.1,), "rate": 3}}},
            r"optimizers\['a'\] = 'rate': expected a gin parameter .*rates",
        ),
    ],
)
def test_a_mistake_names_its_field(changes, said):
    with pytest.raises(ValueError, match=f"Figure7Config.{said}"):
        small(**changes)


def test_what_a_run_cannot_have_names_its_optimizer():
    config = small(optimizers={"a": {"method": "naive", "rates": (0.1,), "ABSOLUTE": 1}})
    job = figure7.search_jobs(config)[0]
    with pytest.raises(BadInput, match=r"Figure7Config.optimizers\['a'\]: .*ABSOLUTE"):
        figure7.job_config(job, config, "smoke_translation")
    with pytest.raises(BadInput, match="configs/methods: no 'naiv'"):
        figure7.job_config(
            job,
            dataclasses.replace(small(), optimizers={"a": {"method": "naiv", "rates": (1,)}}),
            "smoke_translation",
        )


def test_a_size_has_a_profile_with_its_corpus():
    assert figure7.profile_of("laptop") == "laptop_translation"
    assert figure7.profile_of("laptop_translation") == "laptop_translation"
