"""The days of a run's stream; what is wrong with a log is a mistake of a person."""

import logging

from data import LogsConfig, open_days
from experiments.errors import BadInput


def opened(cache_root, stream, data_seed, say=logging.warning):
    """The DayCache of a run's stream. Raises: BadInput for a log that is not what it should be."""
    try:
        return open_days(cache_root, stream, data_seed, say)
    except ValueError as error:
        raise BadInput(str(error)) from error


def check_logs(cache_root, configs):
    """Opens each log of some RunConfigs, before workers train on it. Raises: BadInput."""
    for stream in {config.stream for config in configs}:
        if isinstance(stream, LogsConfig):
            opened(cache_root, stream, None)
