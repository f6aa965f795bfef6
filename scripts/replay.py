"""Replays a recorded run from its snapshot, as it was or under another method or rate."""

import math

from absl import flags

from experiments.errors import BadInput
from scripts import command

FLAGS = command.flags_of(
    run="Id of a run: the name of its record.",
    steps=(flags.DEFINE_integer, None, "Steps to take; default: all that follow.", 1),
    method="Name of a method in configs/methods to try.",
    rate=(flags.DEFINE_float, None, "Learning rate to try.", 1e-12),
)


def method_for(config, name):
    """The MethodConfig of a name. Raises: BadInput if its optimizer is not that of the run."""
    from experiments.machinery.gin_files import named_file
    from experiments.studies.registry import resolve

    (method,) = resolve([named_file("methods", name)], (), ("MethodConfig",))
    own = config.method.optimizer
    if method.optimizer != own:
        raise BadInput(
            f"METHOD = {method.name!r}: a method on {method.optimizer}: expected one on {own}, "
            "as the state of the run is"
        )
    return method


def report(shown):
    """A Replay as the text that the command prints."""
    other = list(shown.kinds)[1:]
    head = f"{'step':>7}  {'loss':>10}  {'AUC':>6}"
    begins = f"from the snapshot of step {shown.step}" if shown.step else "from the first step"
    seen = f"dates the onset at {shown.onset}" if shown.onset else "saw no onset"
    begins += f"; the detector {seen}"
    lines = [
        begins,
        head + "".join(f"  | {name}: {'loss':>10}  {'AUC':>6}" for name in other),
    ]
    for row in shown.rows.itertuples():
        line = f"{row.step:>7}  {row.loss:>10.4f}  {row.auc:>6.4f}"
        for name in other:
            line += f"  | {'':>{len(name)}}  {row.other_loss:>10.4f}  {row.other_auc:>6.4f}"
        lines.append(line)
    equal, compared = shown.equal_steps
    bits = f"bits: the losses of {compared - equal} of {compared} steps differ"
    if equal == compared:
        bits = f"bits: the losses of all {compared} steps are those recorded"
    bits += "" if shown.same_bits else "; this machine rounds otherwise than the record's"
    return "\n".join([*lines, bits, verdict(shown.kinds, shown.left)])


def verdict(kinds, left):
    """What a replay says of what was tried in it, by Replay.kinds and Replay.left."""
    head = f"verdict {left} steps before the end of the run" if left else "verdict"
    (_, own), *other = kinds.items()
    if not other:
        return f"{head}: the replay ends as {own!r}"
    ((name, kind),) = other
    if own == "healthy":
        return f"{head}: there was nothing to save; {name} ends as {kind!r}"
    said = "would not have saved this run"
    if kind in ("healthy", "micro"):
        said = "would have saved this run"
    elif own == "full" and kind != "full":
        said = "would have kept this run from a full divergence, not from harm"
    return f"{head}: {name} {said}: it ends as {kind!r}, as it was as {own!r}"


def main():
    """Replays and prints what came of it."""
    from experiments.machinery.records.find import find
    from experiments.studies.registry import divergence_config, telemetry_config
    from experiments.training.tensorflow_setup import one_thread

    if FLAGS.rate is not None and not math.isfinite(FLAGS.rate):
        raise BadInput(f"RATE = {FLAGS.rate}: expected a finite number, above 0")
    found = find(FLAGS.results, FLAGS.run)
    tried = {"rate": FLAGS.rate}
    tried["method"] = method_for(found.config, FLAGS.method) if FLAGS.method else None
    one_thread()  # before anything else computes with TensorFlow
    from experiments.machinery.workers.replay import replay  # bad input does not wait for these
    from experiments.machinery.workers.runner import Runner

    tried |= {"telemetry": telemetry_config(), "divergence": divergence_config()}
    runner = Runner(found.store, FLAGS.cache, command.say)
    print(report(replay(found, runner, steps=FLAGS.steps, **tried, say=command.say)))


if __name__ == "__main__":
    command.main(main, FLAGS)
