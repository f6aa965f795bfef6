"""`make list`: what it shows of made-up records, in a terminal and for grep and cut."""

import json
import os
import socket
from unittest import mock

import pandas as pd
import pytest

from experiments.findings.runs import Wanted
from experiments.machinery.workers.worker import under_way
from experiments.studies.testing import FULL, HEALTHY, leave
from scripts.list import write_list
from scripts.testing import lines_of, options


def listed(results, wanted=None, *, data_seed=None, **how):
    """Lines of the list; `how` is as for lines_of."""
    given = options(results, data_seed=data_seed), data_seed, wanted or Wanted()
    return lines_of(lambda console: write_list(*given, console), **how)


def cut(lines, kind, field):
    """One field of the lines of a kind, without the header: what grep and cut give."""
    header, *found = [line.split("\t") for line in lines if line.startswith(f"{kind}\t")]
    return [line[header.index(field)] for line in found]


@pytest.fixture
def results(tmp_path):
    """Four runs on two data seeds, a study of two of them, one under way, one crashed."""
    root = tmp_path / "smoke"
    runs = [
        leave(root, threshold=0.1, rate=0.4),
        leave(root, threshold=0.01, rate=0.2, aucs=FULL, seed=3),
        leave(root, model="large", method="clippy"),
        leave(root, method="naive", status="crashed"),
    ]
    leave(tmp_path / "smoke-data17", method="naive", data_seed=17, aucs=FULL)
    (root / "calibration.json").write_text(json.dumps({"base_rate": 0.2}))
    study = pd.DataFrame({"run_id": [run.run_id for run in runs[:2]], "label": ["healthy", "full"]})
    study.to_csv(root / "own_runs.csv", index=False)
    study.assign(run_id=["gone", runs[0].run_id]).to_csv(root / "older_runs.csv", index=False)
    (root / "progress").mkdir()
    rows = [{"step": 6, "loss": 1.0, "worst_loss": 1.0, "click/auc": 0.625}]
    state = {"run_id": "small-lamb-aa", "steps": 42, "rows": rows, "worker": os.getpid()}
    state |= {"host": socket.gethostname(), "learning_rate": 0.4, "thresholds": {"lam": 0.1}}
    (root / "progress" / "small-lamb-aa.json").write_text(json.dumps(state))
    dead = state | {"run_id": "small-lamb-bb", "worker": 2**22 + 1}
    (root / "progress" / "small-lamb-bb.json").write_text(json.dumps(dead))
    return tmp_path


def test_lines_for_grep_and_cut(results):
    lines = listed(results)
    names = ("model", "method", "threshold", "rate", "multiple", "data_seed")
    names += ("status", "label", "auc", "seed")
    rows = zip(*(cut(lines, "run", name) for name in names), strict=True)
    assert ["|".join(row) for row in rows] == [
        "small|naive||0.2|1x|11|crashed|||0",
        "small|gc|0.01|0.2|1x|11|finished|full|0.5000|3",
        "small|gc|0.1|0.4|2x|11|finished|healthy|0.7500|0",
        "small|lamb|0.1|0.4|2x|11|running|healthy|0.6250|",
        "large|clippy|abs_=0.01 rel=0.5|0.2|1x|11|finished|healthy|0.7500|0",
        "small|naive||0.2|1x|17|finished|full|0.5000|0",
    ]
    assert cut(lines, "run", "rmse")[1:3] == ["1.2500", "1.2500"]
    assert cut(lines, "run", "wall_s")[:2] == ["", "8"]
    assert lines[-1] == "total\t6 runs: 1 crashed, 2 full, 3 healthy"
    assert cut(listed(results, data_seed=17), "run", "data_seed") == ["17"]


def test_studies_have_a_status(results):
    lines = listed(results)
    status = dict(zip(cut(lines, "study", "name"), cut(lines, "study", "status"), strict=True))
    expected = {"own": "done", "older": "records missing", "warmup": "not run"}
    assert expected.items() <= status.items()
    assert "one_large_dcn_clippy" not in status
    assert cut(lines, "study", "recorded")[:2] == ["1", "2"]
    assert cut(lines, "study", "full")[:2] == ["1", "1"]


@pytest.mark.parametrize(
    "wanted, shown",
    [
        (Wanted(model="large"), ["clippy"]),
        (Wanted(method="naive, clippy"), ["naive", "clippy", "naive"]),
        (Wanted(status="full"), ["gc", "naive"]),
        (Wanted(status="crashed,running"), ["naive", "lamb"]),
        (Wanted(study="own"), ["gc", "gc"]),
        (Wanted(study="configs/studies/own.gin", status="full"), ["gc"]),
        (Wanted(model="large", study="own"), []),
    ],
)
def test_filters(results, wanted, shown):
    lines = listed(results, wanted)
    assert cut(lines, "run", "method") == shown if shown else lines[-1] == "total\t0 of 6 runs"
    assert not any(line.startswith("study") for line in lines)


def test_studies_whose_names_have_dots_are_told_apart(tmp_path):
    methods = {"bound_0.5": "gc", "bound_0": "clippy"}
    for name, method in methods.items():
        run = pd.DataFrame({"run_id": [leave(tmp_path / "smoke", method=method).run_id]})
        run.assign(label="healthy").to_csv(tmp_path / "smoke" / f"{name}_runs.csv", index=False)
    for given in (*methods, "configs/studies/bound_0.5.gin"):
        name = given.removeprefix("configs/studies/").removesuffix(".gin")
        assert cut(listed(tmp_path, Wanted(study=given)), "run", "method") == [methods[name]]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_has_whole_ids_and_no_line_that_is_wider(results, width):
    lines = listed(results, terminal=True, width=width)
    assert max(map(len, lines)) <= width
    ids = cut(listed(results), "run", "id")
    assert all(any(line.startswith(run_id) for line in lines) for run_id in ids)
    assert "label" in lines[0]
    assert ("wall_s" in lines[0]) == (width == 200)


def test_a_record_of_other_fields_is_still_listed_and_without_a_calibration_no_multiple(results):
    (results / "smoke" / "calibration.json").unlink()
    assert set(cut(listed(results), "run", "multiple")) == {""}
    record = leave(results / "smoke", seed=9, aucs=HEALTHY)
    path = results / "smoke" / "runs" / f"{record.run_id}.json"
    fields = json.loads(path.read_text()) | {"config": {"data_seed": 11}}
    del fields["own_sha256"]
    path.write_text(json.dumps(fields))
    assert record.run_id in cut(listed(results), "run", "id")


def test_a_run_under_way_of_another_host_or_user_is_shown(tmp_path, monkeypatch):
    (tmp_path / "progress").mkdir()
    away = {"run_id": "small-gc-far", "worker": 2**22 + 1, "host": "another"}
    here = away | {"run_id": "small-gc-other_user", "host": socket.gethostname()}
    for state in (away, here):
        (tmp_path / "progress" / f"{state['run_id']}.json").write_text(json.dumps(state))
    assert under_way(tmp_path) == [away]
    monkeypatch.setattr(os, "kill", mock.Mock(side_effect=PermissionError))
    assert under_way(tmp_path) == [away, here]
