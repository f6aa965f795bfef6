"""`make claims`: from records on disk to the scorecard. Nothing is run here."""

import dataclasses
import functools
import json

import pandas as pd

from experiments.errors import BadInput, NotDefined
from experiments.findings import claims, curvature, dynamics
from experiments.findings.claims.translation import DECIDING
from experiments.findings.make import runs_of
from experiments.machinery.gin_files import has_file, named_file
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.record import results_folder, seeds_on_disk
from experiments.machinery.workers.study import NotRecorded
from experiments.studies import figure7, known, session
from experiments.studies.cases import check_cases
from experiments.studies.configs import DESIGN_SEEDS
from experiments.training.config import DEFAULT_DATA_SEED

SWEPT = {"warmup": "warmup_days", "window": "window_days"}  # what a study's x axis is


class Evidence:
    """What decides the claims, read from the records once.

    `repeats` is the number of run seeds looked for, or None for the studies' own.
    """

    def __init__(self, options, repeats=None):
        self._options = options
        self.runs = functools.cache(
            lambda seed: recorded_runs(dataclasses.replace(options, data_seed=seed), repeats)
        )

    @functools.cached_property
    def pooled(self):
        """The claims over all evaluation data seeds on disk, as claims.evaluate_pooled."""
        frames = [self.runs(seed) for seed in data_seeds_on_disk(self._options)]
        return claims.evaluate_pooled(pd.concat(frames, ignore_index=True))


def write_claims(options, evidence):
    """Writes claims.{json,md} of one data seed, and claims_pooled.json over all that judge.

    The latter is in the folder of the default data seed. Returns claims.md as text.
    """
    found, pooled = claims.evaluate(evidence.runs(options.data_seed)), evidence.pooled
    folder, home = (options.store(seed).root for seed in (options.data_seed, DEFAULT_DATA_SEED))
    text = claims.markdown(found, pooled)
    write_whole(folder / "claims.json", _strict(found))
    write_whole(folder / "claims.md", text.encode())
    write_whole(home / "claims_pooled.json", _strict(pooled))
    return text


def data_seeds_on_disk(options):
    """Data seeds of the profile on disk, without those on which the stream was chosen."""
    least, most = DESIGN_SEEDS
    seeds = seeds_on_disk(options.results, options.profile)
    return [seed for seed in seeds if not least <= seed <= most]


def recorded_runs(options, repeats=None):
    """The runs of every study whose records are complete, for one data seed.

    Returns: DataFrame with the columns that claims.evaluate reads; empty without any.
    """
    frames = [*_ranking_runs(options, repeats), *_translation_runs(options, repeats)]
    if not frames:
        return pd.DataFrame(columns=claims.COLUMNS)
    return pd.concat(frames, ignore_index=True).reindex(columns=claims.COLUMNS)


def _ranking_runs(options, repeats):
    """Yields the runs of each study of ranking runs whose records are complete."""
    opened = session.recorded(options)
    if opened is None:
        return
    configs = {"table2": known.table2_config(repeats), **known.deciding(repeats)}
    configs |= {name: known.study_config(name) for name in (dynamics.STUDY, curvature.STUDY)}
    for name, config in configs.items():
        try:
            runs = opened.run_table2(config)[0] if name == "table2" else _runs(name, config, opened)
        except (NotRecorded, NotDefined):
            continue
        if name != "table2":
            runs = runs.assign(role="repeat", chosen=False)
        if name in SWEPT:
            runs = runs.assign(x=runs[SWEPT[name]])
        yield runs.assign(study=name)


def _translation_runs(options, repeats):
    """Yields the paper's runs of Figure 7 if they are recorded; a corpus has no data seed."""
    profile = figure7.profile_of(options.profile)
    if options.data_seed != DEFAULT_DATA_SEED or not has_file("profiles", profile):
        return
    if not (results_folder(options.results, profile, DEFAULT_DATA_SEED) / "runs").is_dir():
        return
    opened = session.recorded_uncalibrated(dataclasses.replace(options, profile=profile))
    config = known.figure7_config(repeats)
    arms = {name: arm for name, arm in config.optimizers.items() if name in DECIDING}
    try:
        runs = opened.run_figure7(dataclasses.replace(config, optimizers=arms))
    except NotRecorded:
        return
    yield runs.assign(
        study=figure7.NAME,
        role="repeat",  # the grid decides where a run diverges, the repeats how it ends
        chosen=runs["role"] == "repeat",
        case=runs["optimizer"],
        method=runs["optimizer"],
        model="transformer",
        rate_multiple=runs["rate"],
        x=runs["warmup"],
    )


def _runs(name, config, opened):
    """The runs of a study of cases. Raises: NotRecorded; NotDefined for a stream that lacks it."""
    try:
        check_cases(config, opened.profile, named_file("studies", name))
    except BadInput as error:
        raise NotDefined(str(error)) from error
    runs = runs_of(opened, name, config)
    if name == dynamics.STUDY:
        return dynamics.measured_rows(runs, opened.study.store, opened.divergence, config.telemetry)
    return runs


def _strict(found):
    return (json.dumps(found, allow_nan=False, indent=1) + "\n").encode()
