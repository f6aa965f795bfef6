"""C35: each verdict, from runs of which it is known, and nothing but those runs."""

import numpy as np
import pytest

from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.claims.scorecard import evaluate, evaluate_pooled
from experiments.findings.claims.translation import TIE
from experiments.findings.testing import cell_runs, changed, decide, joined, table2

RATES = {"adamw": (0.01, 0.1), "adagrad": (0.01, 0.3), "clippy": (0.1, 3.0, 30.0)}
BEST = {"adamw": 0.01, "adagrad": 0.01, "clippy": 3.0}
DEAD = {"adamw": 0.1, "adagrad": 0.3}
ERRORS = {"adamw": [0.31, 0.32, 0.30], "clippy": [0.34, 0.36, 0.33], "adagrad": [0.40, 0.41, 0.38]}


def study(errors=None, dead=None, data_seed=11):
    """A grid in which AdamW and Adagrad diverge at one rate each, and the repeats of the best."""
    dead, cells = DEAD if dead is None else dead, []
    for optimizer, rates in RATES.items():
        for rate in rates:
            for warmup in (0.02, 0.08):
                label = "full" if dead.get(optimizer) == rate else "healthy"
                about = {"case": optimizer, "method": optimizer, "rate_multiple": rate, "x": warmup}
                about |= {"label": label, "error_rate": 0.9, "seed": [100]}
                cells.append(cell_runs("figure7", data_seed, 1, model="transformer", **about))
        about = {"case": optimizer, "method": optimizer, "chosen": True, "model": "transformer"}
        about |= {"rate_multiple": BEST[optimizer], "x": 0.02}
        found = (ERRORS | (errors or {}))[optimizer]
        cells.append(cell_runs("figure7", data_seed, len(found), error_rate=found, **about))
    made = joined(cells)
    names = [f"{row.case}-{row.rate_multiple}-{row.x}-{row.seed}" for row in made.itertuples()]
    return made.assign(run_id=names)


def labelled(optimizer, label):
    """The study with every run of the grid of an optimizer labelled alike."""
    return changed(study(), {"label": label}, case=optimizer, chosen=False)


@pytest.mark.parametrize(
    "runs, verdict",
    [
        (study(), "reproduced"),
        # Clippy clearly within half a point of AdamW, and not clearly
        (study({"clippy": [0.311, 0.319, 0.301]}), "reproduced"),
        (study({"clippy": [0.309, 0.321, 0.299]}), "reproduced"),
        (study({"clippy": [0.31, 0.33, 0.29]}), "inconclusive"),
        (study({"clippy": [0.29, 0.33, 0.30]}), "inconclusive"),
        # Clippy clearly better than AdamW, by one point and by ten, or clearly worse than Adagrad
        (study({"clippy": [0.300, 0.311, 0.290]}), "contradicted"),
        (study({"clippy": [0.21, 0.23, 0.20]}), "contradicted"),
        (study({"clippy": [0.50, 0.52, 0.48]}), "contradicted"),
        # Clippy and Adagrad not to be told apart
        (study({"clippy": [0.42, 0.40, 0.35]}), "inconclusive"),
        # who diverges
        (study(dead=DEAD | {"clippy": 30.0}), "contradicted"),
        (study(dead={"adamw": 0.1}), "contradicted"),
        (study(dead={"adagrad": 0.3}), "contradicted"),
        (labelled("clippy", "untrained"), "inconclusive"),
        (labelled("adagrad", "untrained"), "inconclusive"),
        # a repeat of Clippy that diverges
        (changed(study(), {"label": "full"}, case="clippy", chosen=True, seed=2), "contradicted"),
    ],
)
def test_each_verdict(runs, verdict):
    assert decide("C35", runs).verdict == verdict


def test_the_evidence_is_said():
    runs = joined([table2(11), study()])
    slow = (runs["case"] == "adamw") & (runs["rate_multiple"] == 0.01) & ~runs["chosen"]
    runs.loc[slow & (runs["x"] == 0.02), "label"] = "untrained"
    found = decide("C35", runs)
    assert found.reason.startswith(
        "full (untrained) by rate and warmup, one run a cell: adamw 2 (1) of 4, "
        "adagrad 2 (0) of 4, clippy 0 (0) of 6; Clippy's repeats 0; "
        "best at the edge of its grid: adamw, adagrad; error rate: Adagrad - Clippy "
    )
    assert found.statistic["Adagrad - Clippy"] == pytest.approx(0.16 / 3)
    assert found.statistic["Clippy - AdamW"] == pytest.approx(0.1 / 3)
    assert found.n == 9


def test_plants_are_hardly_ever_judged_wrong():
    """Gaps at random between -4 and 4 points, five repeats whose noise is 0.5 points."""
    rng, wrong, right = np.random.default_rng(7), 0, 0
    for _ in range(60):
        low, high = rng.uniform(-0.04, 0.04, 2)  # Clippy - AdamW, Adagrad - Clippy
        means = {"adamw": 0.5 - low, "clippy": 0.5, "adagrad": 0.5 + high}
        runs = study({name: mean + rng.normal(0, 0.005, 5) for name, mean in means.items()})
        truth = "reproduced" if low > -TIE and high > 0 else "contradicted"
        verdict = decide("C35", runs).verdict
        right += verdict == truth
        wrong += verdict not in (truth, "inconclusive")
    assert wrong <= 1
    assert right >= 40


def test_what_is_missing_is_not_run():
    runs = study()
    for part in (runs["case"] == "adagrad", (runs["case"] == "clippy") & (runs["seed"] == 1)):
        with pytest.raises(MissingRuns):
            decide("C35", runs[~part])
    with pytest.raises(MissingRuns):
        decide("C35", table2(11))


def test_a_corpus_has_no_data_seed_so_that_one_decides_for_all():
    runs = joined([table2(11), table2(12), study()])
    (found,) = [one for one in evaluate_pooled(runs) if one["id"] == "C35"]
    assert found["verdict"] == "reproduced"
    assert found["data_seed"] == []
    assert found["per_data_seed"] == {"11": "reproduced", "12": "not run"}
    (alone,) = [one for one in evaluate(study()) if one["id"] == "C35"]
    assert alone["verdict"] == "reproduced"
