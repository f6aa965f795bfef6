"""What a command says when it cannot go on: one line for the person, one exit status each."""

import difflib


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


class RunStopped(RuntimeError):
    """A run over several workers that cannot go on; one line, and the command exits with 3."""


def did_you_mean(name, known):
    """ " (did you mean x?)" with the nearest of the known names, or "" if none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def one_of(name, known):
    """The known names as what is allowed in place of `name`, with the nearest pointed out."""
    return f"one of {', '.join(known)}{did_you_mean(name, known)}"
