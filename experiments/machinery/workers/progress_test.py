"""The live display and the plain lines."""

import io
import json
import math
import re

import pandas as pd
import pytest
from rich.console import Console

from experiments.machinery.records.record import RunRecord
from experiments.machinery.workers.progress import HEARTBEAT_S, Display, duration, mean_auc
from experiments.studies.grid import run_config
from experiments.training.divergence import DivergenceConfig

DIVERGENCE = DivergenceConfig(
    lift_lost=0.5, least_lift=0.05, blow_up=4.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)
RUN_ID = "large_dcn-clippy-0123456789ab"
NOON = 1_700_000_000.0


def config(seed=0):
    return run_config("smoke", "small", "gc", learning_rate=0.1, data_seed=1, run_seed=seed)


def rows(aucs):
    return [
        {"step": 36 * i, "loss": 1.0, "worst_loss": 1.1, "click/auc": auc}
        for i, auc in enumerate(aucs, 1)
    ]


class Shown:
    """A display on a terminal or a file of some width, and a folder of progress files."""

    def __init__(self, folder, *, terminal=True, width=100, colors=None, height=24, **kwargs):
        self.text, self.folder, self.now_s = io.StringIO(), folder, NOON
        console = Console(
            file=self.text,
            width=width,
            height=height,
            force_terminal=terminal,
            color_system=colors,
            **kwargs,
        )
        self.display = Display(DIVERGENCE, 2, console, clock=lambda: self.now_s)

    def under_way(self, run_id, aucs, steps=468):
        state = {"run_id": run_id, "steps": steps, "rows": rows(aucs)}
        (self.folder / f"{run_id}.json").write_text(json.dumps(state))

    def frame(self, waiting=()):
        """What the live display shows now, its lines without colours."""
        with self.display:
            before = self.text.tell()
            self.display.running(self.folder, waiting)
            self.display._live.refresh()
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", self.text.getvalue()[before:])
        return [line.rstrip() for line in text.split("\n")]


def line_with(lines, part):
    (found,) = [line for line in lines if part in line]
    return found


def test_a_terminal_shows_the_runs_under_way_with_their_curves(tmp_path):
    shown = Shown(tmp_path)
    shown.under_way("large-gc-abc", [0.7, 0.8, 0.5])
    shown.under_way("large-gc-def", [])
    (tmp_path / "2.json").write_text("{")  # being replaced just now
    shown.display.begin("Table 2", 5, 3, 600.0)
    lines = shown.frame()
    assert line_with(lines, "abc") == "  large-gc-abc  step 108/468  AUC 0.5000  full ▆█▁"
    assert line_with(lines, "def") == "  large-gc-def  step 0/468  starting"
    assert line_with(lines, "runs ").endswith(" 3/5")
    assert "about 5 min 00 s to go, done at " in "\n".join(lines)


def test_a_run_that_diverged_is_red_and_without_colours_it_is_not(tmp_path):
    for no_color, codes in ((False, 1), (True, 0)):
        shown = Shown(tmp_path, colors="standard", no_color=no_color)
        shown.under_way(RUN_ID, [0.7, 0.8, 0.5])
        with shown.display:
            shown.display.running(tmp_path)
            shown.display._live.refresh()
        assert shown.text.getvalue().count("\x1b[31m▆█▁") >= codes
        assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", shown.text.getvalue())) != no_color


def test_a_run_at_chance_is_given_a_quarter_of_its_steps(tmp_path):
    shown = Shown(tmp_path)
    shown.under_way("a-b-early", [0.5, 0.5, 0.5], steps=433)
    shown.under_way("a-b-later", [0.5, 0.5, 0.5], steps=432)
    lines = shown.frame()
    assert "full" not in line_with(lines, "early")
    assert "full" in line_with(lines, "later")


def test_a_narrow_window_has_no_line_that_is_wider(tmp_path):
    shown = Shown(tmp_path, width=40)
    shown.under_way(RUN_ID, [0.5 + k / 100 for k in range(30)], steps=2000)
    shown.under_way("large-gc-diverged0", [0.9, 0.9, 0.5])
    shown.display.begin("Table 2: search and repeats", 5, 3, 600_000.0)
    shown.display.crashed(config())
    printed = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", shown.text.getvalue()).split("\n")
    lines = shown.frame()
    assert max(map(len, printed + lines)) <= 40
    assert " 0123456  54 % 0.7900 ▁" in line_with(lines, "0123456")
    assert "full" in line_with(lines, "diverge")
    assert line_with(lines, "about ").endswith("…")  # cut, not wrapped: lines stay where they are


def test_more_runs_than_lines_are_counted(tmp_path):
    shown = Shown(tmp_path, height=10)
    for k in range(9):
        shown.under_way(f"large-gc-{k}", [0.6])
    lines = shown.frame()
    assert sum("step 36" in line for line in lines) == 4
    assert "  and 5 more" in lines


def test_the_remaining_time_counts_the_steps_done_and_the_longest_run(tmp_path, monkeypatch):
    predicted = {config(0).run_id: 100.0, config(1).run_id: 40.0}
    monkeypatch.setattr(
        "experiments.machinery.workers.progress.seconds_of", lambda config: predicted[config.run_id]
    )
    shown = Shown(tmp_path)
    shown.display.begin("Table 2", 2, 0, 140.0)
    waiting = [config(0), config(1)]
    assert "about 1 min 40 s to go" in "\n".join(shown.frame(waiting))  # not 140 / 2
    shown.under_way(config(0).run_id, [0.6], steps=60)
    assert "about 40 s to go" in "\n".join(shown.frame(waiting))
    shown.display.begin("Table 2", 9, 0, 340.0)
    assert "about 2 min 20 s to go" in "\n".join(shown.frame(waiting))  # (340 - 60) / 2


def test_elsewhere_there_are_plain_lines_alone(tmp_path):
    shown = Shown(tmp_path, terminal=False, width=40)
    shown.under_way(RUN_ID, [0.7])
    record = RunRecord(
        run_id=RUN_ID,
        status="finished",
        config={},
        steps=36,
        first_bad_step=None,
        first_bad_day=None,
        metrics={"click/auc": 0.7},
        optimal={},
        curves_sha256=None,
        provenance={"wall_s": 12.3},
    )
    with shown.display:
        shown.display.begin("Table 2", 5, 3, 600.0)
        for _ in range(100):
            shown.display.running(tmp_path)
        shown.display.crashed(config())
        shown.display.finished(config(1), record, pd.DataFrame(rows([0.7])))
        shown.now_s += HEARTBEAT_S + 1
        shown.display.running(tmp_path)
        shown.display.running(tmp_path)
    lines = shown.text.getvalue().splitlines()
    assert "\x1b" not in shown.text.getvalue()
    assert lines[0].startswith("Table 2: 5 runs, 3 done, 2 workers, about 5 min 00 s to go, done")
    assert lines[1].startswith("[4/5] small-gc-")
    assert "crashed" in lines[1]
    assert lines[2] == f"[5/5] {RUN_ID}  healthy   AUC 0.7000  12 s"
    assert lines[3].startswith("[5/5] 1 running, about ")
    assert lines[4] == "2 runs done: 1 crashed, 1 healthy in 5 min 01 s"
    assert len(lines) == 5


@pytest.mark.parametrize(
    "metrics, expected",
    [
        ({"click/auc": 0.7, "like/auc": 0.8, "click/log_loss": 9.0}, 0.75),
        ({"click/auc": None, "like/auc": 0.8}, None),
        ({"click/auc": math.nan, "like/auc": 0.8}, None),
        ({"rating/rmse": 1.0}, None),
    ],
)
def test_the_auc_shown_is_the_mean_of_the_binary_tasks(metrics, expected):
    assert mean_auc(metrics) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    "seconds, said",
    [(0.4, "0 s"), (61, "1 min 01 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_durations(seconds, said):
    assert duration(seconds) == said


def leave(folder, run_id, study):
    state = {"run_id": run_id, "steps": 468, "rows": rows([0.7]), "study": study}
    (folder / f"{run_id}.json").write_text(json.dumps(state))


def test_runs_that_another_study_is_on_are_told_from_its_own(tmp_path):
    shown = Shown(tmp_path)
    for run_id, study in {"small-gc-1": "here-1", "small-gc-2": "there-9"}.items():
        leave(tmp_path, run_id, study)
    with shown.display:
        before = shown.text.tell()
        shown.display.running(tmp_path, study="here-1")
        shown.display._live.refresh()
        lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", shown.text.getvalue()[before:]).split("\n")
    assert "elsewhere" not in line_with(lines, "small-gc-1")
    assert "AUC 0.7000  elsewhere " in line_with(lines, "small-gc-2")


def test_plain_lines_count_the_runs_elsewhere_and_say_once_who_is_held(tmp_path):
    shown = Shown(tmp_path, terminal=False)
    for run_id, study in {"1": "here-1", "2": "there-9", "3": "there-9"}.items():
        leave(tmp_path, run_id, study)
    for _ in range(2):
        shown.display.held(config())
    shown.now_s += HEARTBEAT_S
    shown.display.running(tmp_path, study="here-1")
    first, second = shown.text.getvalue().splitlines()
    assert first == f"{config().run_id}: another process is on it; looked at again later"
    assert second.startswith("[0/0] 1 running, 2 elsewhere, about ")
