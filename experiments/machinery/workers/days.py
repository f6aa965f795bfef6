"""The days of a run's stream; what is wrong with a log or a corpus is a mistake of a person."""

import logging

from data import FROM_FILES, open_days
from data.translation.stream import TRAINING
from experiments.errors import BadInput


def opened(cache_root, stream, data_seed, say=logging.warning):
    """The DayCache of a run's stream. Raises: BadInput for files that are not as they should be."""
    try:
        return open_days(cache_root, stream, data_seed, say)
    except ValueError as error:
        raise BadInput(str(error)) from error


def check_logs(cache_root, configs):
    """Opens each log or corpus of some RunConfigs before one of them trains on it.

    Raises: BadInput, also for a batch that is larger than the training pairs of its corpus.
    """
    found = {
        config.stream: opened(cache_root, config.stream, None)
        for config in configs
        if type(config.stream) in FROM_FILES
    }
    for config in configs:
        if config.translates:
            check_batch(config, found[config.stream])


def check_batch(config, days):
    """Raises: BadInput for a translation run whose batch is larger than its training pairs."""
    size, pairs = config.trainer.batch_size, days.rows(TRAINING)
    if size > pairs:
        expected = f"at most the {pairs} training pairs of the corpus"
        raise BadInput(f"ScheduleConfig.batch_size = {size}: expected {expected}")
