"""Which sentence pairs a translation run learns from."""

import dataclasses
import functools
from typing import Annotated

from data import checks
from data.translation import corpus

SPECIAL = 3  # padding, end of a sentence, an unknown letter


@dataclasses.dataclass(frozen=True, kw_only=True)
class CorpusConfig(checks.Checked):
    """Aligned sentences of two languages, as a stream of two days: training, then validation.

    Args:
      path: a folder as `data.translation.corpus` reads it, relative to the present folder, else to
        that of the project.
      vocabulary_size: tokens of the vocabulary that both languages share, learned on the training
        pairs alone; the padding 0, the end of a sentence 1 and the unknown 2 are among them.
      validation_share: share of the files whose pairs are for validation, in (0, 1).
      most_words: a pair with a longer sentence in either language is left out.
      most_tokens: tokens of a sentence with its end; a longer one is cut there.
      digest: of what is in the folder, which makes it part of the identity of a run. None to read
        it now.
    """

    path: str
    vocabulary_size: Annotated[int, functools.partial(checks.whole, least=SPECIAL + 1)]
    validation_share: checks.Share
    most_words: checks.Count
    most_tokens: Annotated[int, functools.partial(checks.whole, least=2)]
    digest: str | None = None

    days = 2
    heavy = None
    known_shocks = {}

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.path, str) or not self.path:
            checks.fail("CorpusConfig.path", self.path, "the path of a folder")
        if self.digest is None:
            object.__setattr__(self, "digest", corpus.digest(self.path))
