"""Naive Large+DCN at 0.4x less the same runs without shocks: healthy until it is hit?"""

from typing import NamedTuple

import pandas as pd

from experiments.errors import NotDefined
from experiments.findings.comparison import differences
from experiments.findings.dynamics import judged
from experiments.findings.figures import shocked, style
from experiments.findings.figures.drawing import LEGEND_LINE, STEP, Drawing, Key, Line, Panel
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES

SHOCKED, UNDISTURBED = ("table3", "clean"), ("shocks", "off")  # study and case
# In what a run may differ from its twin; evaluation does not change what is trained.
MAY_DIFFER = ("stream.shocks", "stream.label_shocks", "trainer.evaluate_every_steps")
ONSET = Key("onset", "onset of a divergence", "#000000")
NOISE = "#999999"
CAPTION = (
    "{method} {model} at {rate:g}x, data seed {data_seed}: AUC of each run of Table 3 less that of "
    "its twin, the same run without shocks. n = {n} single runs, no interval. Before the first "
    "shock (step {first}) the AUC is within noise (±{noise:g}) of the twin's in {calm} of {n} "
    "runs, and after the warmup of its own best so far in {unhurt} of {n}. {onsets} of {n} runs "
    "fully diverge, {followed} of these {onsets} after that shock began. {healthy} of {n} twins "
    "are healthy. Shaded: days with a shock."
)


class Followed(NamedTuple):
    """What became of runs before and after their first shock, in numbers of runs.

    A run that was not evaluated before its shock is not calm, nor unhurt.
    """

    n: int
    calm: int  # within noise of the undisturbed twin at every evaluation before the shock
    unhurt: int  # from warmup to the shock never more than noise below its own best so far
    onsets: int  # fully diverged
    followed: int  # of these, the step of the label is at or after the first step of the shock


def followed(rows):
    """Followed of the rows of `frame`."""
    found = []
    for _, part in rows.groupby("run_id", sort=False):
        run = part.iloc[0]
        first, full = shocked.stretches(run["shocked"])[0][0], run["label"] == "full"
        before = part[part["step"] < first]
        calm = before["gap"].abs() <= run["noise"]
        warm = before.loc[before["step"] > run["warmup_steps"], "auc"]
        unhurt = warm.cummax() - warm <= run["noise"]
        held = [len(each) > 0 and bool(each.all()) for each in (calm, unhurt)]
        found.append((1, *held, full, full and run["label_step"] >= first))
    return Followed(*(int(sum(column)) for column in zip(*found, strict=True)))


def frame(material):
    """One row an evaluation that a run and its twin have in common.

    Returns: DataFrame with data_seed, model, method, rate_multiple, seed, run_id, label,
      label_step, twin_id, twin_label, warmup_steps, shocked (steps, as of shocked.text), noise
      (auc_drop of the labels), step, auc, undisturbed (the AUC of the twin) and gap, which is auc
      less undisturbed.
    Raises: NotDefined where the two studies have no twins.
    """
    runs, twins = (_runs(material, *place) for place in (SHOCKED, UNDISTURBED))
    about = ["data_seed", "model", "method", "rate_multiple", "seed", "run_id", "label"]
    about += ["label_step"]
    parts = []
    for run in runs[about].to_dict("records"):
        twin = _twin(material, run, twins)
        both = pd.DataFrame({"run_id": [run["run_id"], twin["run_id"]]})
        own, other = (judged(curve).set_index("step") for curve in material.curves(both).values())
        run |= {"twin_id": twin["run_id"], "twin_label": twin["label"]}
        trainer = material.trainer(run["run_id"])
        run |= {"warmup_steps": trainer["warmup_days"] * trainer["steps_per_day"]}
        run |= {"shocked": shocked.text(material.shocked(run["run_id"]))}
        run |= {"noise": material.thresholds.auc_drop}
        auc = own.join(other.rename(columns={"auc": "undisturbed"}), how="inner").reset_index()
        parts.append(auc.assign(**run)[[*run, *auc]])
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(gap=rows["auc"] - rows["undisturbed"])


def _runs(material, study, case):
    runs = material.recorded(study)
    return runs[runs["case"] == case]


def _twin(material, run, twins):
    """The row of the run that differs from `run` in its shocks alone."""
    where = f"{material.where}: no undisturbed twin of {run['run_id']}"
    twin = twins[twins["seed"] == run["seed"]]
    if twin.empty:
        raise NotDefined(f"{where}: expected run seed {run['seed']} in {'/'.join(UNDISTURBED)}")
    twin = twin.iloc[0]
    configs = [material.config(each["run_id"]) for each in (run, twin)]
    others = [name for name in differences(configs) if not name.startswith(MAY_DIFFER)]
    if others:
        said = f"{twin['run_id']} differs in {', '.join(others)}"
        raise NotDefined(f"{where}: {said}: expected a difference in shocks alone")
    if not material.shocked(run["run_id"]) or material.shocked(twin["run_id"]):
        raise NotDefined(f"{where}: expected one with shocks and one without")
    return twin


def drawing(rows):
    """One line a run, by its label: Drawing of the rows of `frame`."""
    runs, counts = rows.drop_duplicates("run_id"), followed(rows)
    first, noise = runs.iloc[0], runs["noise"].iloc[0]
    keys, ends = [Key("noise", f"noise, ±{noise:g}", NOISE)], rows["step"].agg(["min", "max"])
    lines, dots = [Line(keys[0], ends, [0, 0], "", [-noise] * 2, [noise] * 2, 0.3, 0.6)], []
    for kind, (name, colour) in style.KINDS.items():
        of_kind = rows[rows["label"] == kind]
        key = Key(kind, f"{name} ({of_kind['run_id'].nunique()})", colour)
        keys += [] if of_kind.empty else [key]
        for _, part in of_kind.groupby("run_id", sort=False):
            about = "seed {seed}, {run_id}: {label}".format(**part.iloc[0])
            lines.append(Line(key, part["step"], part["gap"], about, width=0.6))
            if kind == "full":
                seen = part[part["step"] >= part["label_step"]].head(1)
                dots.append(Line(ONSET, seen["step"], seen["gap"], about, width=0, dots=5))
    keys += [ONSET] if dots else []
    stretches = tuple(shocked.stretches(first["shocked"]))  # of one case on one stream
    panel = Panel(STEP, "AUC less that of the twin", lines + dots, shaded=stretches)
    about = {"data_seed": first["data_seed"], "rate": first["rate_multiple"], "noise": noise}
    about |= {"model": MODEL_NAMES[first["model"]], "method": METHOD_NAMES[first["method"]]}
    about |= {"first": stretches[0][0], "healthy": (runs["twin_label"] == "healthy").sum()}
    look = {"height": 2.2 + LEGEND_LINE * (len(keys) // 2)}
    look["legend"] = {"loc": "outside upper center", "ncols": 2}
    return Drawing([panel], 1, keys, CAPTION.format(**about, **counts._asdict()), **look)
