"""A run as TensorBoard events: from its record, curves and telemetry, without TensorBoard."""

import contextlib

from clippy.keras2 import tf
from experiments.findings.runs import run_row
from experiments.studies.rows import reported

Event, Summary = tf.compat.v1.Event, tf.compat.v1.Summary
VERSION = "brain.Event:2"  # what the first event of a file says

with contextlib.suppress(ImportError):  # it defines the messages of hparams, which need it
    from tensorboard.plugins.hparams import api, api_pb2, summary


def has_hparams():
    """Whether hparams can be written: whether the package TensorBoard is there."""
    return "api" in globals()


def tag(column):
    """A column of the curves or of the telemetry as TensorBoard groups it, by what is measured.

    `click/auc` becomes `auc/click`; `loss/click` and `dead/hidden_0` have that order already.
    """
    first, slash, last = column.partition("/")
    return f"{last}/{first}" if slash and first not in ("loss", "dead") else column


def scalars(curves, telemetry):
    """What a run shows: dict from step, ascending, to dict from tag to number, finite or not.

    `loss` is the mean since the last evaluation, as in the curves; `loss/total` is that of the
    step, which telemetry alone has. The telemetry may be None.
    """
    found, frames = {}, [curves]
    if telemetry is not None:
        frames.append(telemetry.rename(columns={"loss": "loss/total"}))
    for frame in frames:
        for row in frame.to_dict("records"):
            step = int(row.pop("step"))
            found.setdefault(step, {}).update({tag(name): row[name] for name in row})
    return dict(sorted(found.items()))


def events(record, curves, telemetry, ended_s):
    """The events of one run, in the order of their steps: list of Event.

    The telemetry may be None. The run ended `ended_s` seconds after the start of 1970; its steps
    are laid evenly over its wall time.
    """
    wall_s = record.provenance["wall_s"]
    started_s = ended_s - wall_s
    found = [Event(wall_time=started_s, file_version=VERSION)]
    if has_hparams():
        found.append(Event(wall_time=started_s, summary=_session(record, started_s, ended_s)))
    for step, numbers in scalars(curves, telemetry).items():
        values = [Summary.Value(tag=name, simple_value=x) for name, x in numbers.items()]
        wall_time = started_s + wall_s * step / max(1, record.steps)
        found.append(Event(wall_time=wall_time, step=step, summary=Summary(value=values)))
    return found


def hparams(record):
    """What sets one run apart from another: dict from name to text or number."""
    row = run_row(record)
    return {
        "model": row["model"],
        "method": row["method"],
        "threshold": row["threshold"] or "",
        "learning_rate": row["rate"],
        "run_seed": row["seed"],
    }


def experiment(record):
    """The events that name the columns of the page of hparams by a RunRecord; `has_hparams`."""
    metrics = [
        api.Metric(tag(column), display_name=f"{name.upper()} ({column.split('/')[0]})")
        for name, column in reported(record.config).items()
        if column
    ]
    page = api.hparams_config_pb([api.HParam(name) for name in hparams(record)], metrics)
    return [Event(file_version=VERSION), Event(summary=_ours(page))]


def _session(record, started_s, ended_s):
    """What a run's row on the page of hparams says."""
    found = summary.session_start_pb(hparams(record), start_time_secs=started_s)
    diverged = record.status == "diverged"
    status = api_pb2.STATUS_FAILURE if diverged else api_pb2.STATUS_SUCCESS
    found.MergeFrom(summary.session_end_pb(status, end_time_secs=ended_s))
    return _ours(found)


def _ours(message):
    """A Summary of TensorBoard, which has its own class of that name, as TensorFlow's."""
    return Summary.FromString(message.SerializeToString())
