"""Measures steps, batches and days side by side; writes results/<profile>/bench.json."""

import pathlib

from scripts import command


def main():
    """Measures, writes, prints one line a ratio."""
    from experiments.gin_files import named_file
    from experiments.run.threads import one_thread

    named_file("profiles", command.FLAGS.profile)
    one_thread()  # before anything else computes with TensorFlow
    from experiments.bench import bench

    found = bench(command.FLAGS.profile, pathlib.Path(command.FLAGS.results), command.FLAGS.cache)
    for name, entry in found.items():
        print(
            f"{name:<28} {entry['ratio']:.3f}  ({1e3 * entry['median_s']:.2f} ms against "
            f"{1e3 * entry['baseline_s']:.2f} ms: {entry['baseline']}; n = {entry['n']})"
        )


if __name__ == "__main__":
    command.main(main)
