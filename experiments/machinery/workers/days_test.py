"""What the parent refuses before workers start on it."""

import pytest

from experiments.errors import BadInput
from experiments.machinery.workers.days import check_logs
from experiments.studies.settings import run_config


def translation(**values):
    how = {"learning_rate": 3.0, "data_seed": 11, "run_seed": 0, "values": values}
    return run_config("smoke_translation", "transformer", "naive", **how)


def test_a_batch_that_is_larger_than_the_corpus_is_one_line(tmp_path):
    check_logs(tmp_path, [translation()])
    large = translation(**{"ScheduleConfig.batch_size": 399})
    said = r"ScheduleConfig.batch_size = 399: expected at most the \d+ training pairs of the corpus"
    with pytest.raises(BadInput, match=f"^{said}$"):
        check_logs(tmp_path, [translation(), large])
