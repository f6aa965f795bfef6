"""Claims on what happens inside a divergence (C20 to C27): recorded runs and their telemetry."""

import functools

import numpy as np
import pandas as pd

from experiments.findings import statistics
from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import INCONCLUSIVE, by_sides, decided, verdict
from experiments.findings.claims.quantities import (
    LEAST_DATA_SEEDS,
    Figure,
    MissingRuns,
    cell,
    over_runs,
    share,
    typical,
)
from experiments.findings.dynamics import CLASSIFICATION, LAYERS, MEASURES, NORMS, REGRESSION, STUDY

LEAST_DIVERGENCES = 5  # where a claim is about a typical one
LARGE, TINY = 3.0, 1 / 3  # C21: times the median before step-a
FAR_BELOW = 10.0  # C23: times smaller; the paper's Figure 4b shows about 100
MOST = 0.5  # C24: share of the divergences in which it holds
AS_GOOD = 0.02  # C27: four standard errors of AUC at laptop size, as DivergenceConfig.auc_drop
TOP, BOTTOM = "top_hidden", "bottom_hidden"


@claim(
    "C20",
    "Healthy before step-a; loss up and AUC down at step-b; AUC 0.5 at step-c, never recovered",
    "Fig. 4a",
    "steps 198.7k, 198.8k, 198.9k",
)
def found_in_a_run(runs):
    """A recorded divergence was healthy at a, lost AUC at b, and is at chance from c on."""
    rows = _divergences(runs)
    shown = (rows[["healthy_at_a", "auc_falls_at_b", "chance_from_c"]] == 1).all(axis=1)
    found = verdict(shown.any(), len(rows) >= LEAST_DIVERGENCES)
    reason = f"{shown.sum()} of {len(rows)} divergences show all three"
    return decided(found, share(shown, rows).figure(), reason)


def of_a_typical_divergence(rule):
    """Makes a rule on runs of one from divergences to (Comparisons, Quantities to show).

    Such a claim is on the geometric mean of a ratio, or on a share. With fewer than
    LEAST_DIVERGENCES it is open, and pooled with those of fewer than LEAST_DATA_SEEDS too.
    """

    @functools.wraps(rule)
    def decide(runs, **arguments):
        rows = _divergences(runs)
        n = len(rows)
        if n < LEAST_DIVERGENCES:
            few = f"{n} divergences with all three moments; {LEAST_DIVERGENCES} are needed"
            figure = Figure(n, run_ids=frozenset(rows["run_id"]))
            return decided(INCONCLUSIVE, figure, few)
        comparisons, shown = rule(rows, **arguments)
        found, of = by_sides(comparisons, shown=shown), rows.index.unique("data_seed")
        if len(of) < min(LEAST_DATA_SEEDS, runs["data_seed"].nunique()):
            few = f"divergences on {len(of)} data seeds; {LEAST_DATA_SEEDS} are needed; "
            return found._replace(verdict=INCONCLUSIVE, reason=few + found.reason)
        return found

    return decide


@claim("C21", "Gradient norm is steady before a, large at b, tiny at c", "Fig. 4b")
@of_a_typical_divergence
def gradient_rises_and_vanishes(rows):
    """Top hidden layer: at b at least 3 times its median before a, at c at most a third.

    At c the gradient may still be exploding, where c comes soon after b; it is judged all the
    same. The norm in the window after c decides nothing.
    """
    at_b, at_c, after = (typical(rows[f"{TOP}/grad_norm_{when}"], rows) for when in NORMS)
    return {"norm(b)": at_b.above(LARGE), "norm(c)": at_c.below(TINY)}, {"norm after c": after}


@claim("C22", "Relative rise from a to b: update/weight (L-inf) > grad/weight > grad", "4.1")
@of_a_typical_divergence
def update_is_most_sensitive(rows):
    """From a to b update/weight rises more than grad/weight, and that more than grad."""
    grad, relative, update = (rows[f"{TOP}/{measure}_rise"] for measure in MEASURES)
    ratios = {
        "update/weight over grad/weight": update / relative,
        "grad/weight over grad": relative / grad,
    }
    rises = {"grad": grad, "grad/weight": relative, "update/weight": update}
    comparisons = {name: typical(ratio, rows).above(1) for name, ratio in ratios.items()}
    return comparisons, {f"rise of {name}": typical(rise, rows) for name, rise in rises.items()}


@claim(
    "C23",
    "At b, Clippy's factor is far below GC's and AGC's on the top hidden layer",
    "Fig. 4b",
    "2 orders of magnitude",
)
@claim(
    "C25",
    "The bottom hidden and regression layers behave as the top one at b",
    "Fig. 8a, 8c",
    layers=(BOTTOM, REGRESSION),
)
@of_a_typical_divergence
def clippy_is_far_below(rows, *, layers=(TOP,)):
    """At b Clippy's factor is at least 10 times smaller than GC's and than AGC's.

    Clippy's is that of Equation 4 with 0.1. The smallest weight of a layer decides it, so that it
    is far below the others' in a healthy model too.
    """
    quotients = {
        f"{method} / clippy, {layer}": typical(
            rows[f"{layer}/sigma_{method}_b"] / rows[f"{layer}/sigma_clippy_eq4_b"], rows
        ).above(FAR_BELOW)
        for layer in layers
        for method in ("gc", "agc")
    }
    return quotients, {}


@claim(
    "C24", "On the binary classification layer GC and AGC do not clip at b; Clippy does", "Fig. 8b"
)
@of_a_typical_divergence
def only_clippy_clips_classification(rows):
    """In most divergences GC and AGC have factor 1 at b on the click layer, Clippy less."""
    gc, agc, clippy = (
        rows[f"{CLASSIFICATION}/sigma_{method}_b"] for method in ("gc", "agc", "clippy_eq4")
    )
    parts = {"gc at 1": gc >= 1, "agc at 1": agc >= 1, "clippy below 1": clippy < 1}
    all_three = np.logical_and.reduce(list(parts.values()))
    shares = {name: share(held, rows) for name, held in parts.items()}
    return {"all three": share(all_three, rows).above(MOST)}, shares


@claim("C26", "Clippy clips more on lower layers than on upper ones", "Fig. 6")
def lower_layers_are_clipped_more(runs):
    """Mean factor of Clippy: DCN and bottom hidden < top hidden < both outputs."""
    rows = _measured(runs, "clippy", LAYERS)
    means = {layer: rows[f"{layer}/sigma_mean"] for layer in LAYERS}
    order = [("cross", TOP), (BOTTOM, TOP), (TOP, CLASSIFICATION), (TOP, REGRESSION)]
    steps = {
        f"{upper} - {lower}": over_runs(statistics.mean, means[upper] - means[lower], rows).above()
        for lower, upper in order
    }
    shown = {layer: over_runs(statistics.mean, mean, rows) for layer, mean in means.items()}
    return by_sides(steps, shown=shown)


@claim(
    "C27",
    "A micro-diverged run can recover to the quality of an undisturbed one; "
    "a fully diverged one cannot",
    "Fig. 1, 2.1",
)
def micro_recovers_full_does_not(runs):
    """Some micro-diverged run ends as good as its undisturbed pair, no fully diverged one.

    A pair is two runs of one data seed and run seed; as good is an AUC at most AS_GOOD lower. Fully
    diverged is a run that spent a whole window of days without its lift, so that the claim is not
    true by definition; micro-diverged is one with that label that did not.
    """
    calm = cell(runs, STUDY, case="undisturbed")["auc"]
    hit = pd.concat([cell(runs, STUDY, case=case) for case in ("mild", "severe")])
    hit = hit[hit.index.isin(calm.index)]
    if hit["days_at_chance"].isna().any():
        raise MissingRuns(f"{STUDY}: a run has no curves")
    gone = hit["days_at_chance"] >= hit["window_days"]
    as_good = hit["auc"].fillna(0) >= calm.reindex(hit.index).to_numpy() - AS_GOOD
    kinds = {"micro": (hit["label"] == "micro") & ~gone, "full": gone}
    figures = {
        f"{kind} as good": share(as_good[mask], hit[mask]).figure() for kind, mask in kinds.items()
    }
    micro, full = ((int(as_good[mask].sum()), int(mask.sum())) for mask in kinds.values())
    fails = full[0] > 0 or (not micro[0] and micro[1] >= LEAST_DIVERGENCES)
    holds = micro[0] and full[1] and not fails
    reason = "micro: {} of {} as good; full: {} of {} as good".format(*micro, *full)
    return decided(verdict(holds, fails), figures, reason)


def _divergences(runs):
    """The severe runs that fully diverged and whose three moments were found."""
    rows = _measured(runs, "severe", (TOP,))
    return rows[(rows["label"] == "full") & rows["step_b"].notna()]


def _measured(runs, case, layers):
    """The runs of a case, all of which have telemetry of these layers."""
    rows = cell(runs, STUDY, case=case)
    if rows[[f"{layer}/sigma_mean" for layer in layers]].isna().any(axis=None):
        raise MissingRuns(f"{STUDY}, case={case}: a run has no telemetry")
    return rows
