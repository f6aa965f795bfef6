"""The days of a run's stream; what is wrong with a log or a corpus is a mistake of a person."""

import logging

from data import FROM_FILES, open_days
from experiments.errors import BadInput


def opened(cache_root, stream, data_seed, say=logging.warning):
    """The DayCache of a run's stream. Raises: BadInput for files that are not as they should be."""
    try:
        return open_days(cache_root, stream, data_seed, say)
    except ValueError as error:
        raise BadInput(str(error)) from error


def check_logs(cache_root, configs):
    """Opens each log or corpus of some RunConfigs before workers train on it. Raises: BadInput."""
    for stream in {config.stream for config in configs}:
        if type(stream) in FROM_FILES:
            opened(cache_root, stream, None)
