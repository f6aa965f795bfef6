"""The paper's own figures as claims show them: AUC from 0 to 1, as ours."""

from experiments.findings.names import METHOD_NAMES, MODEL_NAMES, SCALE
from experiments.findings.published import MODELS, TABLE3, TREATED, table2_cell, table2_rate


def rates(method, models=MODELS):
    """The best rate of a method on each model."""
    return ", ".join(f"{MODEL_NAMES[model]} {table2_rate(model, method)}x" for model in models)


def margins(method, others, metric, best, models=MODELS):
    """A method's mean minus the best (by `best`: min or max) of the others', by model."""
    digits = 4 if metric == "auc" else 3
    shown = []
    for model in models:
        rival = best(_mean(model, other, metric) for other in others if other != method)
        # + 0 turns a negative zero into a plain one.
        margin = round(_mean(model, method, metric) - rival, digits) + 0
        shown.append(f"{MODEL_NAMES[model]} {margin:+.{digits}f}")
    return ", ".join(shown)


def steps():
    """What Clippy's AUC gains from each model to the next larger one."""
    small, large, large_dcn = (_mean(model, "clippy", "auc") for model in MODELS)
    return f"Large - Small {large - small:+.4f}, Large+DCN - Large {large_dcn - large:+.4f}"


def spreads():
    """Each method's standard deviation of AUC, pooled over the models, over Clippy's."""

    def pooled(method):
        return sum(table2_cell(model, method, "auc").std ** 2 for model in MODELS) ** 0.5

    return ", ".join(
        f"{METHOD_NAMES[name]} / Clippy {pooled(name) / pooled('clippy'):.1f}"
        for name in TREATED
        if name != "clippy"
    )


def agc_spread():
    """The standard deviation of AGC's AUC on Large+DCN over Clippy's."""
    agc, clippy = (table2_cell("large_dcn", name, "auc").std for name in ("agc", "clippy"))
    return f"std, AGC / Clippy: {agc / clippy:.0f} at {table2_rate('large_dcn', 'agc')}x"


def diverged(*cases):
    """Counts of Table 3, with our names of its cases."""
    rows = {case: TABLE3[case] for case in cases}
    return ", ".join(f"{case} {row.diverged}/{row.tried}" for case, row in rows.items())


def _mean(model, method, metric):
    return table2_cell(model, method, metric).mean / SCALE[metric]
