"""The live display and the plain lines."""

import io
import json

import pytest
from rich.console import Console

from experiments.run.divergence import DivergenceConfig
from experiments.study.grid import run_config
from experiments.study.progress import Display, mean_auc

DIVERGENCE = DivergenceConfig(
    lift_lost=0.5, least_lift=0.05, blow_up=4.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)


def shown(tmp_path, terminal):
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=terminal, color_system=None)
    display = Display(DIVERGENCE, 2, console)
    (tmp_path / "progress").mkdir()
    aucs = [0.7, 0.7123, 0.5]
    rows = [
        {"step": 36 * i, "loss": 1.0, "worst_loss": 1.1, "click/auc": auc}
        for i, auc in enumerate(aucs, 1)
    ]
    state = {"run_id": "large-gc-abc", "steps": 468, "rows": rows}
    (tmp_path / "progress" / "1.json").write_text(json.dumps(state))
    (tmp_path / "progress" / "2.json").write_text("{")  # being replaced just now
    config = run_config("smoke", "small", "gc", learning_rate=0.1, data_seed=1, run_seed=0)
    with display:
        display.begin("Table 2", 5, 3, 600.0)
        display.running(tmp_path / "progress")
        display.crashed(config)
    return text.getvalue()


def test_a_terminal_shows_the_runs_under_way(tmp_path):
    text = shown(tmp_path, terminal=True)
    assert "large-gc-abc  step 108/468  full     AUC 0.5000" in text
    assert "3/5" in text
    assert "about 5 min 00 s to go" in text


def test_elsewhere_there_are_plain_lines_alone(tmp_path):
    lines = shown(tmp_path, terminal=False).splitlines()
    assert lines[0] == "Table 2: 5 runs, 3 done, 2 workers, about 5 min 00 s to go"
    assert lines[1].startswith("[4/5] small-gc-")
    assert "crashed" in lines[1]
    assert len(lines) == 2


@pytest.mark.parametrize(
    "metrics, expected",
    [
        ({"click/auc": 0.7, "like/auc": 0.8, "click/log_loss": 9.0}, 0.75),
        ({"click/auc": None, "like/auc": 0.8}, None),
        ({"rating/rmse": 1.0}, None),
    ],
)
def test_the_auc_shown_is_the_mean_of_the_binary_tasks(metrics, expected):
    assert mean_auc(metrics) == (None if expected is None else pytest.approx(expected))
