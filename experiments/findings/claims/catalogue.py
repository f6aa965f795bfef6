"""The claims of the paper: what each says, where, and the paper's own figures."""

from typing import NamedTuple

from experiments.findings import published as paper
from experiments.findings.claims.quality import TREATED
from experiments.findings.claims.rates import MODELS
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES


class Claim(NamedTuple):
    """A claim, its place in the paper, and the paper's figures in our units (AUC from 0 to 1)."""

    id: str
    text: str
    source: str
    paper: str | None


def _cell(model, method, metric):
    """The paper's mean and standard deviation, AUC from 0 to 1."""
    found = paper.table2_cell(model, method, metric)
    scale = 100 if metric == "auc" else 1
    return found.mean / scale, found.std / scale


def _rates(method, models):
    return ", ".join(f"{MODEL_NAMES[name]} {paper.table2_rate(name, method)}x" for name in models)


def _margins(method, others, metric, models, best):
    """A method's mean minus the best (by `best`: min or max) of the others', by model."""
    digits = 4 if metric == "auc" else 3
    shown = []
    for model in models:
        rival = best(_cell(model, other, metric)[0] for other in others if other != method)
        # + 0 turns a negative zero into a plain one.
        margin = round(_cell(model, method, metric)[0] - rival, digits) + 0
        shown.append(f"{MODEL_NAMES[model]} {margin:+.{digits}f}")
    return ", ".join(shown)


def _steps():
    means = [_cell(model, "clippy", "auc")[0] for model in MODELS]
    return f"Large - Small {means[1] - means[0]:+.4f}, Large+DCN - Large {means[2] - means[1]:+.4f}"


def _pooled_spread(method):
    variances = [_cell(model, method, "auc")[1] ** 2 for model in MODELS]
    return (sum(variances) / len(variances)) ** 0.5


def _spreads():
    least = _pooled_spread("clippy")
    ratios = {name: _pooled_spread(name) / least for name in TREATED if name != "clippy"}
    return ", ".join(f"{METHOD_NAMES[name]} / Clippy {ratio:.1f}" for name, ratio in ratios.items())


def _agc_spread():
    ratio = _cell("large_dcn", "agc", "auc")[1] / _cell("large_dcn", "clippy", "auc")[1]
    return f"std, AGC / Clippy: {ratio:.0f} at {paper.table2_rate('large_dcn', 'agc')}x"


def _diverged(cases):
    """Counts of Table 3, with our names of its cases."""
    found = {case: paper.TABLE3[case] for case in cases}
    return ", ".join(f"{case} {row.diverged}/{row.tried}" for case, row in found.items())


BOTH = ("small", "large")
WIDE = ("large", "large_dcn")
DCN = ("large_dcn",)

CLAIMS = (
    Claim(
        "C01",
        "Naive diverges on Small, Large and Large+DCN at 1x and at 2x",
        "Table 2, 5.2",
        "diverged on all three",
    ),
    Claim(
        "C02",
        "GC survives 2x on Small and on Large, and 2x is its best rate there",
        "Table 2",
        _rates("gc", BOTH),
    ),
    Claim("C03", "GC on Large+DCN can only use 1x", "Table 2, Fig. 5a", _rates("gc", DCN)),
    Claim(
        "C04",
        "AGC is good at 1x on Small and Large and becomes bad at 2x",
        "5.2",
        _rates("agc", BOTH),
    ),
    Claim("C05", "AGC on Large+DCN has very high variance at either rate", "5.2", _agc_spread()),
    Claim(
        "C06",
        "LAMB trains without divergence at 1x on every model, and 1x is its best rate",
        "Table 2",
        _rates("lamb", MODELS),
    ),
    Claim(
        "C07",
        "LAMB converges worse than the others throughout",
        "5.2, Fig. 5a",
        f"AUC, LAMB - lowest other: {_margins('lamb', TREATED, 'auc', WIDE, min)}",
    ),
    Claim(
        "C08",
        "Clippy handles every model at 2x, and 2x is its best rate",
        "Table 2",
        _rates("clippy", MODELS),
    ),
    Claim(
        "C09",
        "Clippy is comparable with GC on Small and Large",
        "5.2",
        f"AUC, Clippy - GC: {_margins('clippy', ('gc',), 'auc', BOTH, max)}",
    ),
    Claim(
        "C10",
        "Clippy has significantly better AUC and RMSE than GC on Large+DCN",
        "5.2",
        f"Clippy - GC, AUC: {_margins('clippy', ('gc',), 'auc', DCN, max)}; "
        f"RMSE: {_margins('clippy', ('gc',), 'rmse', DCN, min)}",
    ),
    Claim(
        "C11",
        "Clippy has the best AUC of all methods on every model",
        "Table 2",
        f"AUC, Clippy - highest other: {_margins('clippy', TREATED, 'auc', MODELS, max)}",
    ),
    Claim(
        "C12",
        "Clippy has the best or tied RMSE on every model",
        "Table 2",
        f"RMSE, Clippy - lowest other: {_margins('clippy', TREATED, 'rmse', MODELS, min)}",
    ),
    Claim("C13", "The gap Clippy - GC at 2x grows with model complexity", "5.2, Fig. 5b", None),
    Claim(
        "C14",
        "With Clippy, quality rises with size: Small < Large < Large+DCN",
        "Table 2",
        f"AUC, {_steps()}",
    ),
    Claim("C15", "Clippy's spread over seeds is the smallest", "Table 2", f"std, {_spreads()}"),
    Claim(
        "C16",
        "Large+DCN at 0.4x, untreated: every run diverges",
        "Table 3",
        _diverged(("clean",)),
    ),
    Claim(
        "C17",
        "Every one of the five changes lowers the divergence ratio",
        "Table 3",
        _diverged(paper.TABLE3),
    ),
    Claim(
        "C18",
        "Removing two tasks helps more than removing one",
        "Table 3",
        _diverged(("two_tasks_removed", "one_task_removed")),
    ),
    Claim(
        "C19",
        "A smaller model helps more than removing DCN",
        "Table 3",
        _diverged(("smaller_model", "no_dcn")),
    ),
    Claim(
        "C20",
        "Healthy before step-a; loss up and AUC down at step-b; AUC 0.5 at step-c, never recovered",
        "Fig. 4a",
        "steps 198.7k, 198.8k, 198.9k",
    ),
    Claim("C21", "Gradient norm is steady before a, large at b, tiny at c", "Fig. 4b", None),
    Claim(
        "C22",
        "Relative rise from a to b: update/weight (L-inf) > grad/weight > grad",
        "4.1",
        None,
    ),
    Claim(
        "C23",
        "At b, Clippy's factor is far below GC's and AGC's on the top hidden layer",
        "Fig. 4b",
        "2 orders of magnitude",
    ),
    Claim(
        "C24",
        "On the binary classification layer GC and AGC do not clip at b; Clippy does",
        "Fig. 8b",
        None,
    ),
    Claim(
        "C25",
        "The bottom hidden and regression layers behave as the top one at b",
        "Fig. 8a, 8c",
        None,
    ),
    Claim("C26", "Clippy clips more on lower layers than on upper ones", "Fig. 6", None),
    Claim(
        "C27",
        "A micro-diverged run can recover to the quality of an undisturbed one; "
        "a fully diverged one cannot",
        "Fig. 1, 2.1",
        None,
    ),
    Claim("C28", "GD on a quadratic is unstable exactly when rate > 2/alpha", "Fig. 3", "2/alpha"),
    Claim(
        "C29",
        "A slower warmup mitigates, and stops sufficing for a more complex model",
        "3.2",
        None,
    ),
    Claim("C30", "A larger moving window mitigates", "3.2", None),
    Claim("C31", "Sudden changes of the data bring divergence", "3.2 RQ1", None),
    Claim("C32", "A single objective is more stable than several", "3.2 RQ2", None),
    Claim("C33", "Divergence happens where curvature exceeds 2/rate", "3.2", "2/rate"),
    Claim(
        "C34",
        "Clippy on Adam also improves stability without hurting convergence",
        "4.3.3",
        None,
    ),
    Claim(
        "C35",
        "Transformer translation: Clippy never diverges where Adagrad (0.3) and AdamW do, "
        "and ends between them",
        "A.2, Fig. 7",
        "validation error: AdamW 31.6 %, Clippy 33.4 %, Adagrad 36.9 %",
    ),
)
