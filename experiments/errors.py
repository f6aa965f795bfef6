"""What a command says when it cannot go on: one line for the person, one exit status each."""


class BadInput(ValueError):
    """Input that a person gave and can mend; the command prints it in one line and exits with 2."""


class RunsCrashed(RuntimeError):
    """Runs of a study failed to end (divergence is not a failure); the command exits with 3.

    Args:
      logs: dict from run id to the path of its log.
    """

    def __init__(self, logs):
        lines = [f"{len(logs)} runs crashed; the rest is recorded:"]
        lines += [f"  {run_id}: see {path}" for run_id, path in logs.items()]
        super().__init__("\n".join(lines))
