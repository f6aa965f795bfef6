"""What a single run is refused for before it trains."""

import pytest

from experiments.errors import BadInput
from experiments.machinery.records.record import Store
from experiments.studies.single import run_single, single_config


def test_a_batch_that_is_larger_than_the_corpus_is_refused_before_it_trains(tmp_path):
    bindings = ["ScheduleConfig.batch_size = 399"]
    files = ["configs/studies/one_translation.gin"]
    config, _ = single_config(files, "smoke_translation", 11, bindings)
    with pytest.raises(BadInput, match="^ScheduleConfig.batch_size = 399: expected at most the "):
        run_single(config, Store(tmp_path / "results"), tmp_path / "cache", pytest.fail)
    assert not list(tmp_path.glob("results/runs/*"))
