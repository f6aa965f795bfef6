"""A search finds the edge of each candidate, and runs there what its criteria need."""

import dataclasses
from unittest import mock

import pandas as pd
import pytest

from experiments.machinery.records.record import Store
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.machinery.workers.testing import leave_run
from experiments.studies.configs import CasesConfig
from experiments.studies.registry import divergence_config, telemetry_config
from experiments.studies.search import search
from experiments.studies.search_config import CriteriaConfig, SearchConfig

LIMITS = CriteriaConfig(noise=0.02, least_factor=0.9, between=2, distinct=3, days_after=7)
FIELDS = {
    "candidates": {"mild": {"LabelShocks.log_scales": (0.0, 0.7, 1.0)}, "none": {}},
    "looks": {"small_loss": {"ModelConfig.task_weights": {"click": 0.1}}},
    "low_rate": 0.3,
    "base": {"StreamConfig.shocks": None, "LabelShocks.days": (3,)},
    "data_seeds": (1003, 1004, 1005),
    "edge_seeds": 2,
    "rates": (0.2, 0.4, 0.8),
    "edge_multiple": 0.4,
    "rows": CasesConfig(
        title="rows",
        runs=1,
        base={"model": "large_dcn", "rate_multiple": 0.4},
        cases={"clean": {}, "no_dcn": {"model": "large"}},
    ),
    "telemetry": telemetry_config(),
    "measured": 2,
    "limits": LIMITS,
}


class MadeUp:
    """Takes the place of a Study: the first candidate kills Large+DCN from a rate of 0.4 on."""

    def __init__(self, root):
        self.store, self.measured = Store(root), []

    def is_done(self, config, telemetry=None):
        return self.store.read(config.run_id) is not None

    def execute(self, configs, telemetry=None):
        for config in configs:
            if telemetry is not None:
                self._measure(config, telemetry)
                continue
            shocks = config.stream.label_shocks
            hit = shocks.days and shocks.log_scales[1] == 0.7 and config.learning_rate > 0.39
            dead = hit and config.model.name == "large_dcn"
            leave_run(self.store.root, config, aucs=(0.7, 0.69, 0.72, 0.5 if dead else 0.73))

    def _measure(self, config, telemetry):
        self.measured.append(config.data_seed)
        rows = pd.DataFrame({"step": range(24), "day": 0, "learning_rate": config.learning_rate})
        for place, layer in enumerate(("cross", "bottom_hidden", "top_hidden")):
            # From the first shock on, at step 18, the factors are those of no healthy step.
            rows[f"{layer}/sigma_gc"] = (rows["step"] < 18) * (1.0 - place / 10)
        said = {"config": telemetry, "curves_sha256": "", "events": []}
        TelemetryStore(self.store.root).write(config.run_id, rows, **said)


def test_a_search_runs_each_candidate_at_its_edge(tmp_path):
    study = MadeUp(tmp_path)
    config = SearchConfig(**FIELDS)
    runs = search(config, "smoke", study, mock.Mock(), divergence_config())
    counts = runs.groupby(["candidate", "role"], sort=False).size().to_dict()
    each = {"edge": 4, "clean": 3, "calm": 3, "rate": 6, "size": 9, "no_dcn": 3}
    of_mild = {("mild", role): count for role, count in each.items()}
    assert counts == of_mild | {("small_loss", "size"): 9, ("none", "edge"): 6}
    looks = runs[runs["candidate"] == "small_loss"]
    assert (looks["learning_rate"] == 0.3).all() and looks["shock_step"].isna().all()
    own = runs[runs["candidate"] == "mild"]
    rates = own.groupby(["role", "model", "rate_multiple"], dropna=False)["learning_rate"].first()
    assert rates["clean", "large_dcn", 0.4] == pytest.approx(0.4)
    assert rates["rate", "small", 1.0] == pytest.approx(1.0)
    assert (own.loc[own["role"] == "size", "learning_rate"] == 0.3).all()
    labels = own.groupby("role")["label"].unique().map(set)
    assert labels["clean"] == {"full"} and labels["calm"] == labels["no_dcn"] == {"healthy"}
    clean = own[own["role"] == "clean"]
    assert (clean["shock_step"] == 18).all() and (clean["dip"] - 0.01).abs().max() < 1e-9
    assert (clean["days_after"] == 8 - 1 - (3 + 1 + 3 - 1)).all()
    assert clean["factor_gc"].tolist()[:2] == pytest.approx([0.8, 0.8])
    assert study.measured == [1003, 1004] and clean["factor_gc"].isna().sum() == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("data_seeds", (11,), "SearchConfig.data_seeds = 11: expected"),
        ("rates", (0.4, 0.2), "SearchConfig.rates = (0.4, 0.2): expected ascending rates"),
        ("edge_seeds", 4, "SearchConfig.edge_seeds = 4: expected"),
        ("candidates", None, "SearchConfig.candidates = None: expected a dict"),
        ("looks", {"mild": {}}, "SearchConfig.looks = 'mild': expected a name that no candidate"),
        ("limits", None, "SearchConfig.limits = None: expected @CriteriaConfig()"),
    ],
)
def test_what_no_search_can_be_is_refused(field, value, said):
    with pytest.raises(ValueError) as caught:
        dataclasses.replace(SearchConfig(**FIELDS), **{field: value})
    assert str(caught.value).startswith(said)
