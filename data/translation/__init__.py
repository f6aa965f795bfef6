"""Sentence pairs of two languages, for the translation model of section A.2."""

from data.translation.batches import Epochs
from data.translation.config import CorpusConfig
from data.translation.stream import PairStream

__all__ = ["CorpusConfig", "Epochs", "PairStream"]
