"""Fetches a real stream into .cache/logs/<stream>: one Parquet file a day, as LogsConfig reads."""

import importlib
import pathlib
import shutil

from experiments.errors import BadInput, one_of
from scripts import command

STREAMS = ("flights", "movielens")  # each a module beside this one
FLAGS = command.flags_of(stream="Which one: flights or movielens.")


def main():
    """Says where the stream is. One that is there already is left as it is."""
    from experiments.machinery.records.files import check_folder

    if FLAGS.stream not in STREAMS:
        raise BadInput(f"STREAM = {FLAGS.stream!r}: expected {one_of(FLAGS.stream, STREAMS)}")
    home = pathlib.Path(FLAGS.cache) / "logs"
    check_folder(home, "fetched streams")
    print(fetch(FLAGS.stream, home))


def fetch(name, home):
    """Leaves a stream in `home / name`, whole or not at all; a line that says what is there."""
    import filelock

    from experiments.machinery.records.files import write_whole
    from scripts.fetch.archives import download
    from scripts.fetch.disturbed import disturbed

    stream = importlib.import_module(f"scripts.fetch.{name}")
    folder, draft = home / name, home / f".{name}.draft"
    with filelock.FileLock(home / f".{name}.lock"):
        if folder.exists():
            return f"{folder}: is there already; delete the folder to fetch it anew"
        shutil.rmtree(draft, ignore_errors=True)  # that of a process that was killed
        try:
            (draft / "days").mkdir(parents=True)
            days = stream.days(download(stream.PACKAGE, draft))
            for day, rows in days.items():
                content = rows.to_parquet(index=False)
                write_whole(draft / "days" / f"{day}.parquet", content)
            (draft / "days").rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    found = ", ".join(disturbed(days, stream.DISTURBED))
    rows = f"{folder}: {len(days)} days, {sum(map(len, days.values())):,} rows"
    return f"{rows}\ndays that stand out: {found}"


if __name__ == "__main__":
    command.main(main, FLAGS)
