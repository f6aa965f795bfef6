"""Search, choice and repeats of Table 2 on hand-made runs."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.studies import selection
from experiments.studies.settings import Setting
from experiments.studies.testing import table2, table2_row


def searched(*cell, threshold=math.nan, seed=100):
    return table2_row(*cell, role="search", threshold=threshold, seed=seed)


def test_the_search_is_the_grid_of_thresholds_and_rates():
    jobs = selection.search_jobs(table2())
    assert len(set(jobs)) == len(jobs) == 2 * (2 * 2 + 2) * 2
    for seed in (100, 101):
        assert selection.Job(Setting("large", "gc", 0.01, 2), seed, "search") in jobs
    assert {job.seed for job in jobs} == {100, 101}
    assert all(job.setting.method != "naive" for job in jobs)


def test_the_repeats_use_other_seeds_and_naive_has_every_rate():
    chosen = [Setting("small", "gc", 0.1, 2)]
    jobs = selection.repeat_jobs(table2(), chosen)
    assert {job.seed for job in jobs} == {0, 1, 2}
    assert sum(job.setting.method == "naive" for job in jobs) == 2 * 2 * 3
    assert sum(job.setting == chosen[0] for job in jobs) == 3


def test_the_likely_repeats_are_as_many_as_the_real_ones():
    rows = [
        searched(model, method, multiple, 0.7, threshold=threshold or math.nan, seed=seed)
        for (model, method, threshold, multiple), seed, _ in selection.search_jobs(table2())
    ]
    real = selection.repeat_jobs(table2(), selection.choose(pd.DataFrame(rows)))
    assert len(selection.likely_repeats(table2())) == len(real)


@pytest.fixture
def search():
    return pd.DataFrame(
        [
            searched("small", "gc", 1, 0.71, threshold=0.1),
            searched("small", "gc", 1, 0.72, threshold=0.01),
            searched("small", "gc", 2, 0.73, threshold=0.01),
            searched("small", "gc", 2, np.nan, threshold=0.1),
            searched("small", "clippy", 1, 0.70),
            searched("small", "clippy", 2, 0.70),
            searched("small", "lamb", 1, np.nan),  # undefined everywhere, and chosen all the same
        ]
    )


def test_each_rate_has_the_threshold_of_its_best_auc(search):
    assert selection.choose(search) == [
        Setting("small", "gc", 0.01, 1.0),
        Setting("small", "gc", 0.01, 2.0),
        Setting("small", "clippy", None, 1.0),
        Setting("small", "clippy", None, 2.0),
        Setting("small", "lamb", None, 1.0),
    ]
    other = search.assign(auc=[0.9, 0.8, 0.1, 0.2, 0.7, 0.7, 0.7])
    assert [setting.threshold for setting in selection.choose(other)] == [0.1, 0.1, *[None] * 3]
    best = selection.choose(search, ["model", "method"])
    # Of equal ones the first of the grid.
    assert [setting.rate_multiple for setting in best] == [2.0, 1.0, 1.0]


TWO_SEEDS = {  # (threshold, rate): the AUC on either search seed
    (0.1, 1): (0.80, 0.60),
    (0.01, 1): (0.65, 0.77),  # no best run, and the best mean
    (0.1, 2): (0.99, np.nan),  # worse than any that has both
    (0.01, 2): (0.02, 0.03),
}


def test_the_choice_is_by_the_mean_over_the_search_seeds():
    rows = [
        searched("small", "gc", rate, auc, threshold=threshold, seed=100 + seed)
        for seed in (0, 1)
        for (threshold, rate), aucs in TWO_SEEDS.items()
        for auc in [aucs[seed]]
    ]
    rows += [
        searched("large", "clippy", rate, auc, seed=100 + seed)
        for rate, aucs in {1: (0.7, 0.6), 2: (0.6, 0.71)}.items()
        for seed, auc in enumerate(aucs)
    ]
    frame = pd.DataFrame(rows)
    assert selection.choose(frame) == [
        Setting("small", "gc", 0.01, 1.0),
        Setting("small", "gc", 0.01, 2.0),
        Setting("large", "clippy", None, 1.0),
        Setting("large", "clippy", None, 2.0),
    ]
    best = selection.choose(frame, ("model", "method"))
    assert best == [Setting("small", "gc", 0.01, 1.0), Setting("large", "clippy", None, 2.0)]


def test_the_repeats_of_the_best_rate_are_marked(search):
    repeats = [
        table2_row("small", "gc", rate, 0.5 + rate / 10, seed=seed)
        for rate in (1, 2)
        for seed in (0, 1)
    ]
    repeats.append(table2_row("small", "naive", 2, 0.5))
    runs = selection.mark_chosen(pd.concat([search, pd.DataFrame(repeats)], ignore_index=True))
    assert runs["chosen"].tolist() == [False] * 7 + [False, False, True, True, False]
