"""A small corpus for tests: the fixture of the project, and folders that are written as needed."""

import pathlib

from data.translation.config import CorpusConfig

FIXTURE = pathlib.Path(__file__).parent / "fixture"


def fixture(**changes):
    """The CorpusConfig of the fixture: 400 pairs in 20 files, `changes` override fields."""
    fields = {"path": str(FIXTURE), "vocabulary_size": 200, "validation_share": 0.2}
    fields |= {"most_words": 20, "most_tokens": 48}
    return CorpusConfig(**(fields | changes))


def corpus_folder(folder, english, german, files=None):
    """Writes aligned lists of lines into a folder; its path as text."""
    folder.mkdir(exist_ok=True)
    for name, lines in {"english": english, "german": german, "files": files}.items():
        if lines is not None:
            (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
    return str(folder)
