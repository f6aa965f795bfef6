"""The steps on days with a shock: a column of a frame, and the shading of a figure."""


def steps(config):
    """First and last step of each stretch of days with a shock of a RunConfig: list of pairs.

    The shock is of features or of labels. Steps count from 1, as in curves. The days stay in the
    batches for a window; these are the steps at which they are the newest.
    """
    training_days, per_day = config.stream.days - 1, config.trainer.steps_per_day
    days = set()
    for shock in config.stream.known_shocks.values():
        lasting = training_days if shock.duration_days is None else shock.duration_days
        for day in shock.days:
            days.update(range(day, min(day + lasting, training_days)))
    first = sorted(day for day in days if day - 1 not in days)
    last = sorted(day for day in days if day + 1 not in days)
    return [(a * per_day + 1, (b + 1) * per_day) for a, b in zip(first, last, strict=True)]


def text(stretches):
    """Stretches of steps as the text of a column: "49-60 109-120"."""
    return " ".join(f"{first}-{last}" for first, last in stretches)


def stretches(column):
    """What `text` was made of; what is empty may have been read as NaN."""
    pairs = (each.split("-") for each in column.split()) if isinstance(column, str) else ()
    return [(int(first), int(last)) for first, last in pairs]
