"""What a configuration may have and is seldom meant: it is warned of and not refused."""


def doubts(config):
    """Sentences about a RunConfig, in a list; empty for most, and for a translation run."""
    if config.translates:
        return []
    trainer, days, found = config.trainer, config.stream.days - 1, []
    rows = getattr(config.stream, "examples_per_day", None)  # of a log only its files know
    if rows is not None and trainer.batch_size > trainer.window_days * rows:
        found.append(
            f"TrainerConfig.batch_size = {trainer.batch_size}: a window has only "
            f"{trainer.window_days * rows} examples, so each is drawn more than once a batch"
        )
    if trainer.warmup_days > days:
        found.append(
            f"TrainerConfig.warmup_days = {trainer.warmup_days}: the stream has only {days} "
            "training days, so the learning rate is never reached"
        )
    if trainer.evaluate_every_steps > config.steps:
        found.append(
            f"TrainerConfig.evaluate_every_steps = {trainer.evaluate_every_steps}: a run has only "
            f"{config.steps} steps, so it is evaluated once and no divergence is dated"
        )
    return [f"warning: {text}" for text in found]
