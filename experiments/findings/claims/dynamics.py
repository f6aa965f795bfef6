"""Claims on what happens inside a divergence (C20 to C27): recorded runs and their telemetry."""

import numpy as np
import pandas as pd

from experiments.findings import statistics
from experiments.findings.claims.outcome import (
    CONTRADICTED,
    INCONCLUSIVE,
    REPRODUCED,
    decided,
    listed,
)
from experiments.findings.claims.quantities import Figure, MissingRuns, blocks_of, cell
from experiments.findings.dynamics import CLASSIFICATION, LAYERS, MEASURES, NORMS, REGRESSION

STUDY = "divergences"
LEAST_DIVERGENCES = 5  # where a claim is about a typical one
LARGE, TINY = 3.0, 1 / 3  # C21: times the median before step-a
FAR_BELOW = 10.0  # C23: times smaller; the paper's Figure 4b shows about 100
MOST = 0.5  # C24: share of the divergences in which it holds
TIE = 0.02  # C27: four standard errors of AUC at laptop size, as DivergenceConfig.auc_drop
TOP, BOTTOM = "top_hidden", "bottom_hidden"


def found_in_a_run(runs):
    """C20. A recorded divergence was healthy at a, lost AUC at b, and is at chance from c on."""
    rows = _divergences(runs)
    shown = (rows[["healthy_at_a", "auc_falls_at_b", "chance_from_c"]] == 1).all(axis=1)
    if shown.any():
        verdict = REPRODUCED
    else:
        verdict = CONTRADICTED if len(rows) >= LEAST_DIVERGENCES else INCONCLUSIVE
    share = _share(shown, rows)
    return decided(verdict, share, f"{shown.sum()} of {len(rows)} divergences show all three")


def gradient_rises_and_vanishes(runs):
    """C21. Top hidden layer: at b at least 3 times its median before a, at c at most a third.

    The norm in the window after c is shown beside and decides nothing.
    """
    rows = _divergences(runs)
    if len(rows) < LEAST_DIVERGENCES:
        return _too_few(rows)
    at_b, at_c, after = (_typical(rows[f"{TOP}/grad_norm_{when}"], rows) for when in NORMS)
    figures = {"norm(b)": at_b, "norm(c)": at_c, "norm after c": after}
    return _decided([_above(at_b, LARGE), -_above(at_c, TINY)], figures)


def update_is_most_sensitive(runs):
    """C22. From a to b update/weight rises more than grad/weight, and that more than grad."""
    rows = _divergences(runs)
    if len(rows) < LEAST_DIVERGENCES:
        return _too_few(rows)
    grad, relative, update = (rows[f"{TOP}/{measure}_rise"] for measure in MEASURES)
    steps = {
        "update/weight over grad/weight": _typical(update / relative, rows),
        "grad/weight over grad": _typical(relative / grad, rows),
    }
    rises = {
        "rise of grad": _typical(grad, rows),
        "rise of grad/weight": _typical(relative, rows),
        "rise of update/weight": _typical(update, rows),
    }
    return _decided([_above(step, 1) for step in steps.values()], rises | steps)


def clippy_is_far_below(runs, *, layers=(TOP,)):
    """C23, C25. At b Clippy's factor is at least 10 times smaller than GC's and than AGC's."""
    rows = _divergences(runs)
    if len(rows) < LEAST_DIVERGENCES:
        return _too_few(rows)
    quotients = {
        f"{method} / clippy, {layer}": _typical(
            rows[f"{layer}/sigma_{method}_b"] / rows[f"{layer}/sigma_clippy_eq4_b"], rows
        )
        for layer in layers
        for method in ("gc", "agc")
    }
    return _decided([_above(one, FAR_BELOW) for one in quotients.values()], quotients)


def only_clippy_clips_classification(runs):
    """C24. In most divergences GC and AGC have factor 1 at b on the click layer, Clippy less."""
    rows = _divergences(runs)
    if len(rows) < LEAST_DIVERGENCES:
        return _too_few(rows)
    gc, agc, clippy = (
        rows[f"{CLASSIFICATION}/sigma_{method}_b"] for method in ("gc", "agc", "clippy_eq4")
    )
    parts = {"gc at 1": gc >= 1, "agc at 1": agc >= 1, "clippy below 1": clippy < 1}
    parts["all three"] = np.logical_and.reduce(list(parts.values()))
    shares = {name: _share(held, rows) for name, held in parts.items()}
    return _decided([_above(shares["all three"], MOST)], shares)


def lower_layers_are_clipped_more(runs):
    """C26. Mean factor of Clippy: DCN and bottom hidden < top hidden < both outputs."""
    rows = cell(runs, STUDY, case="clippy")
    means = {layer: rows[f"{layer}/sigma_mean"] for layer in LAYERS}
    if any(mean.isna().any() for mean in means.values()):
        raise MissingRuns(f"{STUDY}, case=clippy: a run has no telemetry")
    order = [("cross", TOP), (BOTTOM, TOP), (TOP, CLASSIFICATION), (TOP, REGRESSION)]
    steps = {
        f"{upper} - {lower}": _mean(means[upper] - means[lower], rows) for lower, upper in order
    }
    found = {layer: _mean(mean, rows) for layer, mean in means.items()}
    return _decided([_above(step, 0) for step in steps.values()], found | steps)


def micro_recovers_full_does_not(runs):
    """C27. Some micro-diverged run ends as good as its undisturbed pair, no fully diverged one.

    A pair is two runs of one data seed and run seed. As good is an AUC at most TIE lower. Fully
    diverged is a run that spent a whole window of days without its lift, whatever came of it;
    micro-diverged one with that label that did not. So neither is defined by its pair, nor the
    former by its end.
    """
    calm = cell(runs, STUDY, case="undisturbed")["auc"]
    hit = pd.concat([cell(runs, STUDY, case=case) for case in ("mild", "severe")])
    hit = hit[hit.index.isin(calm.index)]
    if hit["days_at_chance"].isna().any():
        raise MissingRuns(f"{STUDY}: a run has no curves")
    gone = hit["days_at_chance"] >= hit["window_days"]
    as_good = hit["auc"].fillna(0) >= calm.reindex(hit.index).to_numpy() - TIE
    kinds = {"micro": (hit["label"] == "micro") & ~gone, "full": gone}
    figures = {f"{kind} as good": _share(as_good[mask], hit[mask]) for kind, mask in kinds.items()}
    counts = {kind: (int(as_good[mask].sum()), int(mask.sum())) for kind, mask in kinds.items()}
    reason = "; ".join(f"{kind}: {good} of {n} as good" for kind, (good, n) in counts.items())
    return decided(_pairs_verdict(**counts), figures, reason)


def _pairs_verdict(micro, full):
    if full[0] or (not micro[0] and micro[1] >= LEAST_DIVERGENCES):
        return CONTRADICTED
    return REPRODUCED if micro[0] and full[1] else INCONCLUSIVE


def _divergences(runs):
    """The severe runs that fully diverged and whose three moments were found, by run id and pair.

    Raises: MissingRuns if the study or its telemetry is not there.
    """
    rows = cell(runs, STUDY, case="severe")
    if rows[f"{TOP}/sigma_mean"].isna().any():
        raise MissingRuns(f"{STUDY}, case=severe: a run has no telemetry")
    return rows[(rows["label"] == "full") & rows["step_b"].notna()]


def _too_few(rows):
    reason = f"{len(rows)} divergences with all three moments; {LEAST_DIVERGENCES} are needed"
    return decided(
        INCONCLUSIVE, Figure(len(rows), np.nan, np.nan, frozenset(rows["run_id"])), reason
    )


def _decided(sides, figures):
    """Reproduced if every interval lies on the side of the claim (+1), contradicted if one lies
    wholly on the other (-1)."""
    if all(side > 0 for side in sides):
        verdict = REPRODUCED
    else:
        verdict = CONTRADICTED if any(side < 0 for side in sides) else INCONCLUSIVE
    return decided(verdict, figures, listed(figures))


def _above(figure, limit):
    """1 if the whole interval is above a limit, -1 if it is below, 0 if it holds the limit."""
    return int(figure.low > limit) - int(figure.high < limit)


def _typical(ratios, rows):
    """The typical size of a ratio of the runs `rows`."""
    return _figure(statistics.typical_ratio, ratios, rows)


def _mean(values, rows):
    return _figure(statistics.mean, values, rows)


def _figure(statistic, values, rows):
    blocks = [block[:, 0] for block in blocks_of(rows.assign(value=values), ["value"])]
    return Figure(*statistic(blocks), frozenset(rows["run_id"]))


def _share(held, rows):
    """The share of the runs `rows` that a mask holds for; undefined without runs."""
    found = statistics.proportion(held.sum(), len(rows)) if len(rows) else statistics.UNDEFINED
    return Figure(*found, frozenset(rows["run_id"]))
