"""C35: each verdict, from runs of which it is known, and nothing but those runs."""

import pytest

from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.claims.scorecard import evaluate, evaluate_pooled
from experiments.findings.testing import cell_runs, changed, decide, joined, table2

RATES = {"adamw": (0.01, 0.1), "adagrad": (0.01, 0.3), "clippy": (0.1, 30.0)}
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
        about |= {"rate_multiple": rates[0], "x": 0.02}
        found = (ERRORS | (errors or {}))[optimizer]
        cells.append(cell_runs("figure7", data_seed, 3, error_rate=found, **about))
    made = joined(cells)
    names = [f"{row.case}-{row.rate_multiple}-{row.x}-{row.seed}" for row in made.itertuples()]
    return made.assign(run_id=names)


@pytest.mark.parametrize(
    "runs, verdict",
    [
        (study(), "reproduced"),
        # Clippy as good as AdamW, and better than it with an interval around 0
        (study({"clippy": [0.31, 0.33, 0.29]}), "reproduced"),
        (study({"clippy": [0.29, 0.33, 0.30]}), "reproduced"),
        # Clippy clearly better than AdamW, or clearly worse than Adagrad
        (study({"clippy": [0.21, 0.23, 0.20]}), "contradicted"),
        (study({"clippy": [0.50, 0.52, 0.48]}), "contradicted"),
        # Clippy and Adagrad not to be told apart
        (study({"clippy": [0.42, 0.40, 0.35]}), "inconclusive"),
        # who diverges
        (study(dead=DEAD | {"clippy": 30.0}), "contradicted"),
        (study(dead={"adamw": 0.1}), "contradicted"),
        (study(dead={"adagrad": 0.3}), "contradicted"),
        # a repeat of Clippy that diverges, and has no error rate
        (changed(study(), {"label": "full"}, case="clippy", chosen=True, seed=2), "contradicted"),
        (study({"adagrad": [float("nan"), float("nan"), float("nan")]}), "reproduced"),
    ],
)
def test_each_verdict(runs, verdict):
    assert decide("C35", runs).verdict == verdict


def test_the_evidence_is_said():
    found = decide("C35", joined([table2(11), study()]))
    counted = "full by rate and warmup: adamw 2/4, adagrad 2/4, clippy 0/4; Clippy's repeats 0; "
    assert found.reason.startswith(f"{counted}error rate: Adagrad - Clippy ")
    assert found.statistic["Adagrad - Clippy"] == pytest.approx(0.16 / 3)
    assert found.statistic["Clippy - AdamW"] == pytest.approx(0.1 / 3)
    assert found.n == 9


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
