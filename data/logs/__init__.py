"""Streams of days read from log files."""

from data.logs.config import LogsConfig
from data.logs.stream import LogStream

__all__ = ["LogStream", "LogsConfig"]
