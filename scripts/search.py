"""Judges candidates for the stream by runs of the naive model on design seeds."""

import pathlib

from scripts import command

FLAGS = command.flags_of("profile", "workers")


def main():
    """Runs what is missing, writes results/design/{runs,criteria}.csv, prints the criteria."""
    from experiments.findings.criteria import criteria
    from experiments.findings.names import markdown_table
    from experiments.machinery.records.files import write_whole
    from experiments.machinery.records.record import Store
    from experiments.machinery.workers.progress import Display
    from experiments.machinery.workers.study import Study
    from experiments.studies.registry import divergence_config, resolve
    from experiments.studies.search import search
    from experiments.training.tensorflow_setup import load_tensorflow
    from scripts import terminal

    options = command.options(FLAGS)
    (config,) = resolve(["configs/search.gin"], wanted=("SearchConfig",))
    divergence = divergence_config()
    load_tensorflow()
    display = Display(divergence, options.workers)
    store = Store(pathlib.Path(options.results) / "design")
    with display, Study.open(store, options.cache, options.workers, display) as study:
        runs = search(config, options.profile, study, display, divergence)
    found = criteria(runs, config.limits)
    for name, frame in (("runs", runs), ("criteria", found)):
        write_whole(store.root / f"{name}.csv", frame.to_csv(index=False).encode())
    cells = found.astype(object).fillna("-").astype(str).to_numpy()
    terminal.show(markdown_table(found.columns, cells), store.root / "{runs,criteria}.csv")


if __name__ == "__main__":
    command.main(main, FLAGS)
