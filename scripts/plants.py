"""Judges the doctor on planted faults; writes results/design/plants.{csv,md}."""

import functools
import pathlib

from experiments.errors import BadInput
from scripts import command

FLAGS = command.flags_of("profile", "workers")
CHUNK = 4  # ours: plants of each worker between two lines about how far it is


def main():
    """Plants faults until enough of them have done harm, and prints the table of confusion."""
    from experiments.findings import plants
    from experiments.machinery.records.files import write_whole
    from experiments.studies.plants import drawn
    from experiments.studies.settings import stream_class
    from scripts import terminal

    options = command.options(FLAGS)
    if stream_class(options.profile) != "StreamConfig":
        said = "a log, in which nothing is planted: expected a profile with a made stream"
        raise BadInput(f"PROFILE = {options.profile!r}: {said}")
    config, _ = configs()
    drawn(config, options.profile, 0)  # bad input does not wait for workers
    folder = pathlib.Path(options.results) / "design"
    found, rows = functools.partial(examine, options.profile, options.cache), []
    with command.pool(options.workers) as pool:
        while (frame := plants.judged(rows, config.count)) is None:
            rows += pool.map(found, range(len(rows), len(rows) + CHUNK * options.workers))
            command.say(f"{len(rows)} faults planted")
    text = plants.markdown(frame)
    write_whole(folder / "plants.csv", frame.to_csv(index=False).encode())
    write_whole(folder / "plants.md", text.encode())
    terminal.show(text, folder / "plants.{csv,md}")


def configs():
    """PlantsConfig and TelemetryConfig of configs/plants.gin."""
    from experiments.studies.registry import resolve

    return resolve(["configs/plants.gin"], wanted=("PlantsConfig", "TelemetryConfig"))


def examine(profile, cache, number):
    """The row of the plant of a number; called in a worker."""
    runner = command.runner(pathlib.Path(cache) / "plants", cache)  # it writes nothing there
    from experiments.findings import plants
    from experiments.machinery.workers.planted import planted
    from experiments.studies.plants import drawn
    from experiments.studies.registry import divergence_config

    config, telemetry = configs()
    plant = drawn(config, profile, number)
    run = planted(plant, runner, telemetry)
    return plants.row(number, plant, run, divergence_config(), telemetry.detector)


if __name__ == "__main__":
    command.main(main, FLAGS)
