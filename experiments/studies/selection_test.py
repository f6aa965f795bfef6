"""Search, choice and repeats of Table 2 on hand-made runs."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.studies import selection
from experiments.studies.configs import Table2Config
from experiments.studies.grid import Setting


def config(**changes):
    fields = {
        "models": ("small", "large"),
        "methods": ("naive", "gc", "clippy"),
        "thresholds": {"gc": (0.1, 0.01)},
        "rate_multiples": (1, 2),
        "search_seed": 100,
        "repeats": 3,
        "untreated": "naive",
    }
    return Table2Config(**(fields | changes))


def run(
    model,
    method,
    multiple,
    auc,
    seed=0,
    role="repeat",
    threshold=math.nan,
    label="healthy",
    chosen=False,
):
    return {
        "model": model,
        "method": method,
        "threshold": threshold,
        "rate_multiple": float(multiple),
        "learning_rate": 0.1 * multiple,
        "seed": seed,
        "role": role,
        "chosen": chosen,
        "auc": auc,
        "rmse": 1.0 + auc / 10,
        "label": label,
        "label_step": math.nan,
        "steps": 10,
        "run_id": f"{model}-{method}-{seed}",
    }


def test_the_search_is_the_grid_of_thresholds_and_rates():
    jobs = selection.search_jobs(config())
    assert len(jobs) == 2 * (2 * 2 + 2)
    assert {job.seed for job in jobs} == {100}
    assert selection.Job(Setting("large", "gc", 0.01, 2), 100, "search") in jobs
    assert all(job.setting.method != "naive" for job in jobs)


def test_the_repeats_use_other_seeds_and_naive_has_every_rate():
    chosen = [Setting("small", "gc", 0.1, 2)]
    jobs = selection.repeat_jobs(config(), chosen)
    assert {job.seed for job in jobs} == {0, 1, 2}
    assert sum(job.setting.method == "naive" for job in jobs) == 2 * 2 * 3
    assert sum(job.setting == chosen[0] for job in jobs) == 3


def test_the_likely_repeats_are_as_many_as_the_real_ones():
    table = config()
    search = pd.DataFrame(
        [
            run(*job.setting[:2], job.setting.rate_multiple, 0.7, role="search")
            | {"threshold": job.setting.threshold or math.nan}
            for job in selection.search_jobs(table)
        ]
    )
    real = selection.repeat_jobs(table, selection.choose(search))
    assert len(selection.likely_repeats(table)) == len(real)


@pytest.fixture
def search():
    return pd.DataFrame(
        [
            run("small", "gc", 1, 0.71, role="search", threshold=0.1),
            run("small", "gc", 1, 0.72, role="search", threshold=0.01),
            run("small", "gc", 2, 0.73, role="search", threshold=0.01),
            run("small", "gc", 2, np.nan, role="search", threshold=0.1),
            run("small", "clippy", 1, 0.70, role="search"),
            run("small", "clippy", 2, 0.70, role="search"),
        ]
    )


def test_each_rate_has_the_threshold_of_its_best_auc(search):
    assert selection.choose(search) == [
        Setting("small", "gc", 0.01, 1.0),
        Setting("small", "gc", 0.01, 2.0),
        Setting("small", "clippy", None, 1.0),
        Setting("small", "clippy", None, 2.0),
    ]
    other = search.assign(auc=[0.9, 0.8, 0.1, 0.2, 0.7, 0.7])
    assert [setting.threshold for setting in selection.choose(other)] == [0.1, 0.1, None, None]


def test_the_rate_is_that_of_the_best_auc(search):
    rates = selection.chosen_rates(search)
    assert rates == {("small", "gc"): 2.0, ("small", "clippy"): 1.0}  # equal: the first of the grid


def test_a_cell_whose_search_is_undefined_everywhere_is_chosen_all_the_same():
    search = pd.DataFrame([run("small", "gc", rate, np.nan, role="search") for rate in (1, 2)])
    assert [setting.rate_multiple for setting in selection.choose(search)] == [1.0, 2.0]
    assert selection.chosen_rates(search) == {("small", "gc"): 1.0}


def test_the_repeats_of_the_best_rate_are_marked(search):
    repeats = [
        run("small", "gc", rate, 0.5 + rate / 10, seed=seed) for rate in (1, 2) for seed in (0, 1)
    ]
    repeats.append(run("small", "naive", 2, 0.5))
    runs = selection.mark_chosen(pd.concat([search, pd.DataFrame(repeats)], ignore_index=True))
    assert runs["chosen"].tolist() == [False] * 6 + [False, False, True, True, False]
