"""The rule on Clippy with Adam, each way."""

import pytest

from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.testing import RATES, adam, changed, decide, joined, shifted, verdict


def test_more_rates_and_no_loss_at_adams_best_one():
    found = decide("C34", adam())
    assert found.verdict == "reproduced"
    # Adam survives two rates, but seed 3 none: it died at the lowest. Clippy survives three.
    assert found.statistic["rates survived"] == pytest.approx((4 * 1 + 3) / 5)
    assert found.interval["rates survived"][0] == 1.0
    # At 0.02x, where Adam's mean is highest; the one at 0.5x is undefined, so chance.
    assert found.statistic["AUC at 0.02x"] == pytest.approx(0.001)
    assert found.n == 5 * 2 * len(RATES)
    assert "adam 0.002x 1/5, 0.02x 0/5, 0.5x 5/5; clippy_adam 0.002x 0/5" in found.reason


def test_worse_at_adams_best_rate_is_contradicted():
    worse = shifted(adam(), "auc", -0.01, method="clippy_adam", rate_multiple=0.02)
    assert verdict("C34", worse) == "contradicted"
    elsewhere = shifted(adam(), "auc", -0.01, method="clippy_adam", rate_multiple=0.002)
    assert verdict("C34", elsewhere) == "reproduced"


def test_as_many_rates_decide_nothing_and_fewer_contradict():
    level = changed(adam(), {"label": "healthy"}, method="adam")
    assert verdict("C34", level) == "inconclusive"
    fewer = changed(level, {"label": "full"}, method="clippy_adam", rate_multiple=0.5)
    assert verdict("C34", fewer) == "contradicted"


def test_the_best_rate_is_that_of_all_data_seeds():
    other = shifted(adam(2), "auc", 0.3, method="adam", rate_multiple=0.002)
    third = shifted(adam(3), "auc", -0.01, method="adam", rate_multiple=0.002)
    found = decide("C34", joined([adam(1), other, third]))
    assert "AUC at 0.002x" in found.statistic
    assert found.verdict == "reproduced"  # a tie: worse on that data seed alone
    assert found.n == 90


@pytest.mark.parametrize(
    "change, where",
    [
        ({"label": "healthy"}, {"method": "adam", "rate_multiple": 0.5, "seed": 3}),
        ({"label": "micro"}, {"method": "clippy_adam", "rate_multiple": 0.02}),
    ],
)
def test_a_full_divergence_alone_ends_a_run_seed_and_for_good(change, where):
    """Seed 3 died at the lowest rate: a rate above it is not survived."""
    same = decide("C34", changed(adam(), change, **where))
    assert same.statistic == decide("C34", adam()).statistic


def test_dead_runs_count_as_chance_when_the_best_rate_is_chosen():
    """Of five, four died at 0.5x and the fifth ended above all: its AUC is no mean."""
    one = changed(adam(), {"auc": 0.99}, method="adam", rate_multiple=0.5, seed=2)
    assert "AUC at 0.02x" in decide("C34", one).statistic


def test_data_seeds_weigh_the_same_when_the_best_rate_is_chosen():
    """The second has fewer run seeds, and another best rate by more."""
    other = adam(2).query("seed > 1")
    other = changed(other, {"auc": 0.95}, method="adam", rate_multiple=0.5)
    first = changed(adam(1), {"auc": 0.55}, method="adam", rate_multiple=0.5)
    runs = joined([first, other])
    # 0.5x: (0.55 + 0.95) / 2 = 0.75, or over all runs 0.70; 0.02x: 0.73.
    assert "AUC at 0.5x" in decide("C34", runs).statistic


def test_a_grid_of_one_rate_is_not_enough():
    with pytest.raises(MissingRuns, match="adam needs two rates, has 1"):
        decide("C34", adam().query("rate_multiple == 0.02"))
