"""Replays a recorded run from its snapshot, as it was or under another method or rate."""

import sys

from absl import flags

from scripts import command

STEPS = 240  # ours: half of a laptop run, enough for its AUC to come back or not

FLAGS = command.flags_of()
flags.DEFINE_string("run", "", "Id of a run: the name of its record.", flag_values=FLAGS)
flags.DEFINE_integer("steps", STEPS, "Steps to take.", flag_values=FLAGS, lower_bound=1)
flags.DEFINE_string(
    "method", None, "Name of a method in configs/methods to try.", flag_values=FLAGS
)
flags.DEFINE_float("rate", None, "Learning rate to try.", flag_values=FLAGS, lower_bound=1e-12)


def method_for(config, name):
    """The MethodConfig of a name, which can go on from the state of a run.

    Args:
      config: RunConfig of the run.
      name: that of a file in configs/methods.
    Raises: BadInput if there is none, or if the method is on another optimizer.
    """
    from experiments.errors import BadInput
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
    lines = [
        f"from the snapshot of step {shown.step}; the detector dates the onset at {shown.onset}",
        head + "".join(f"  | {name}: {'loss':>10}  {'AUC':>6}" for name in other),
    ]
    for row in shown.rows.itertuples():
        line = f"{row.step:>7}  {row.loss:>10.4f}  {row.auc:>6.4f}"
        for name in other:
            line += f"  | {'':>{len(name)}}  {row.other_loss:>10.4f}  {row.other_auc:>6.4f}"
        lines.append(line)
    return "\n".join([*lines, _bits(shown), verdict(shown.kinds)])


def _bits(shown):
    equal, compared = shown.equal_steps
    of_record = "" if shown.same_bits else "; this machine rounds otherwise than the record's"
    if equal == compared:
        return f"bits: the losses of all {compared} steps are those recorded{of_record}"
    return f"bits: the losses of {compared - equal} of {compared} steps differ{of_record}"


def verdict(kinds):
    """What a replay says of what was tried in it, by Replay.kinds."""
    (_, own), *other = kinds.items()
    if not other:
        return f"verdict: the replay ends as {own!r}"
    ((name, kind),) = other
    if own == "healthy":
        return f"verdict: there was nothing to save; {name} ends as {kind!r}"
    said = "would not have saved this run"
    if kind in ("healthy", "micro"):
        said = "would have saved this run"
    elif own == "full" and kind != "full":
        said = "would have kept this run from a full divergence, not from harm"
    return f"verdict: {name} {said}: it ends as {kind!r}, as it was as {own!r}"


def main():
    """Finds a run, replays it, prints a table and a verdict."""
    from experiments.machinery.records.find import find
    from experiments.studies.registry import divergence_config, telemetry_config
    from experiments.training.tensorflow_setup import one_thread

    found = find(FLAGS.results, FLAGS.run)
    tried = {"rate": FLAGS.rate}
    tried["method"] = method_for(found.config, FLAGS.method) if FLAGS.method else None
    one_thread()  # before anything else computes with TensorFlow
    from experiments.machinery.workers.replay import replay  # bad input does not wait for these
    from experiments.machinery.workers.runner import Runner

    def say(line):
        sys.stderr.write(line + "\n")

    configs = {"telemetry": telemetry_config(), "divergence": divergence_config()}
    runner = Runner(found.store, FLAGS.cache, say)
    print(report(replay(found, runner, steps=FLAGS.steps, **configs, **tried, say=say)))


if __name__ == "__main__":
    command.main(main, FLAGS)
