"""Says what went wrong in a recorded run, in a few plain lines."""

from scripts import command

FLAGS = command.flags_of(run="Id of a run: the name of its record.")


def main():
    """Prints the report on a run and keeps it beside the record, for `make report`."""
    from experiments.findings.doctor import words_path
    from experiments.machinery.records.files import write_whole
    from experiments.machinery.records.find import find
    from experiments.training.tensorflow_setup import one_thread

    found = find(FLAGS.results, FLAGS.run)
    one_thread()  # before anything else computes with TensorFlow
    from experiments.machinery.workers.runner import Runner  # bad input does not wait for this

    runner = Runner(found.store, FLAGS.cache, command.say)
    text = "\n".join(examine(found, runner, command.say).lines)
    write_whole(words_path(found.store, found.config.run_id), (text + "\n").encode())
    print(text)


def examine(found, runner, say):
    """The Diagnosis of a find.Recorded, which `runner` trains again if it has no telemetry."""
    from experiments.findings.doctor import diagnose
    from experiments.machinery.records.telemetry_store import TelemetryStore
    from experiments.machinery.workers.replay import made_whole
    from experiments.studies.registry import divergence_config, telemetry_config

    telemetry, store = telemetry_config(), TelemetryStore(found.store.root)
    made_whole(found, runner, (store,), telemetry, say)
    return diagnose(
        found.config,
        store.read(found.config.run_id),
        found.store.curves(found.record),
        runner.days(found.config).day,
        divergence_config(),
        telemetry.detector,
        found.same_bits,
    )


if __name__ == "__main__":
    command.main(main, FLAGS)
