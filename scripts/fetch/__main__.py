"""Fetches real data into .cache: a log as LogsConfig reads it, a corpus as CorpusConfig does."""

import importlib
import pathlib
import shutil

from experiments.errors import BadInput, one_of
from scripts import command

STREAMS = ("flights", "movielens")  # logs, each a module beside this one
CORPORA = ("libreoffice",)  # sentence pairs, likewise
KNOWN = [*STREAMS, *CORPORA]
FLAGS = command.flags_of(stream="Which one: flights, movielens or libreoffice.")


def main():
    """Says where the stream is. One that is there already is left as it is."""
    if FLAGS.stream not in KNOWN:
        raise BadInput(f"STREAM = {FLAGS.stream!r}: expected {one_of(FLAGS.stream, KNOWN)}")
    print(fetch(FLAGS.stream, FLAGS.cache))


def fetch(name, cache):
    """Leaves a stream in a folder of the cache, whole or not at all; says what is there."""
    import filelock

    from experiments.machinery.records.files import check_folder

    home, module = pathlib.Path(cache), importlib.import_module(f"scripts.fetch.{name}")
    home /= "corpora" if name in CORPORA else "logs"
    check_folder(home, "fetched streams")
    folder, draft = home / name, home / f".{name}.draft"
    with filelock.FileLock(home / f".{name}.lock"):
        if folder.exists():
            return f"{folder}: is there already; delete the folder to fetch it anew"
        shutil.rmtree(draft, ignore_errors=True)  # that of a process that was killed
        try:
            made = draft / "made"
            made.mkdir(parents=True)
            said = module.leave(made) if name in CORPORA else _days(module, draft, made)
            made.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return f"{folder}: {said}"


def _days(stream, draft, made):
    """Leaves one Parquet file a day of a log in `made`; says what is there."""
    from experiments.machinery.records.files import write_whole
    from scripts.fetch.archives import download
    from scripts.fetch.disturbed import disturbed

    days = stream.days(download(stream.PACKAGE, draft))
    for day, rows in days.items():
        write_whole(made / f"{day}.parquet", rows.to_parquet(index=False))
    found = ", ".join(disturbed(days, stream.DISTURBED))
    rows = f"{len(days)} days, {sum(map(len, days.values())):,} rows"
    return f"{rows}\ndays that stand out: {found}"


if __name__ == "__main__":
    command.main(main, FLAGS)
