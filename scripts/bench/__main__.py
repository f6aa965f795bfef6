"""Measures steps, batches, days, a study and how cost grows; writes bench.json, bench_scale.*."""

import pathlib

from scripts import command

FLAGS = command.flags_of("profile")


def main():
    """Measures, writes, prints one line a ratio and the table of scales."""
    from experiments.machinery.gin_files import named_file
    from experiments.training.tensorflow_setup import one_thread

    named_file("profiles", FLAGS.profile)
    one_thread()  # before anything else computes with TensorFlow
    from scripts.bench.bench import bench

    results = pathlib.Path(FLAGS.results)
    found = bench(FLAGS.profile, results, FLAGS.cache)
    for name, entry in found.items():
        print(
            f"{name:<28} {entry['ratio']:.3f}  ({1e3 * entry['median_s']:.2f} ms against "
            f"{1e3 * entry['baseline_s']:.2f} ms: {entry['baseline']}; n = {entry['n']})"
        )
    print((results / FLAGS.profile / "bench_scale.md").read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    command.main(main, FLAGS)
