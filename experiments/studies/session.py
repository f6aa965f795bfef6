"""What every command over studies shares: folders, workers, display, and the rate called 1x."""

import contextlib
import dataclasses
import io
from typing import NamedTuple

from rich.console import Console

from experiments.machinery.records.files import check_folder
from experiments.machinery.records.record import Store, results_folder
from experiments.machinery.workers.cluster import check_address, connected
from experiments.machinery.workers.progress import Display
from experiments.machinery.workers.study import Study
from experiments.studies import calibration
from experiments.studies.cases import run_cases
from experiments.studies.figure7 import run_figure7
from experiments.studies.known import calibration_config
from experiments.studies.registry import divergence_config
from experiments.studies.settings import check_data_seed, outlook, stream_class
from experiments.studies.table2 import run_table2
from experiments.training.config import DEFAULT_DATA_SEED
from experiments.training.divergence import DivergenceConfig
from experiments.training.tensorflow_setup import load_tensorflow


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What a person says on the command line.

    `results` and `cache` are the folders of all results and of the generated days.
    """

    profile: str
    data_seed: int | None  # None for the default
    results: str
    cache: str
    workers: int  # processes of this machine
    cluster: str | None = None  # address of the Dask scheduler whose workers take their place

    def __post_init__(self):
        if self.cluster is not None:
            check_address(self.cluster)
        if self.data_seed is None:
            object.__setattr__(self, "data_seed", DEFAULT_DATA_SEED)
        check_data_seed(stream_class(self.profile), self.data_seed)

    def store(self, data_seed, writable=True):
        """The records of one data seed of the profile."""
        return Store(results_folder(self.results, self.profile, data_seed), writable)


class Session(NamedTuple):
    """A study about to run, with all it needs."""

    profile: str
    data_seed: int
    study: Study
    display: Display
    divergence: DivergenceConfig
    found: calibration.Calibration | None  # None where rates are absolute

    @property
    def folder(self):
        """Where the artefacts go."""
        return self.study.store.root

    def run_table2(self, table):
        """run_table2 of a Table2Config: runs what is missing."""
        return run_table2(table, self)

    def run_cases(self, config):
        """run_cases of a CasesConfig: runs what is missing."""
        return run_cases(config, self)

    def run_figure7(self, config):
        """run_figure7 of a Figure7Config: runs what is missing."""
        return run_figure7(config, self)


@contextlib.contextmanager
def opened(options, console=None):
    """A session on workers; it calibrates first if the profile has no calibration yet.

    `console` is the rich Console of its display, by default one on standard error.
    Raises: BadInput, RunsCrashed.
    """
    edge = calibration_config()
    with _on_workers(options, console) as (plain, study_of):
        # The calibration is of the profile, whichever data seed is judged: one for all of them.
        own = options.data_seed == DEFAULT_DATA_SEED
        display, divergence = plain.display, plain.divergence
        with contextlib.nullcontext(plain.study) if own else study_of(DEFAULT_DATA_SEED) as design:
            configs, found = calibration.planned(edge, options.profile, design, divergence)
            if found is None:
                left = outlook(design, [(config, None) for config in configs])
                display.begin(f"Calibration of profile {options.profile}, at most", *left)
            found = calibration.calibrate(edge, options.profile, design, divergence)
        display.base_rate = found.base_rate
        yield plain._replace(found=found)


@contextlib.contextmanager
def uncalibrated(options):
    """A session on workers for a study whose rates are absolute. Raises: BadInput, RunsCrashed."""
    with _on_workers(options) as (session, _):
        yield session


@contextlib.contextmanager
def _on_workers(options, console=None):
    """(an uncalibrated session, function from a data seed to its Study) on one set of workers."""
    divergence = divergence_config()
    cluster = connected(options.cluster, options.results) if options.cluster else None
    with cluster or contextlib.nullcontext() as connection:
        check_folder(options.cache, "cache folder")
        workers = options.workers if connection is None else connection.workers()
        display = Display(divergence, workers, console)

        def study_of(seed):
            return Study.open(options.store(seed), options.cache, workers, display, connection)

        with study_of(options.data_seed) as study:
            # What every RunConfig needs, while the workers start and before anything is on screen.
            load_tensorflow()
            with display:
                where = options.profile, options.data_seed, study, display, divergence
                yield Session(*where, None), study_of


def recorded_uncalibrated(options, writable=False):
    """A session that reads records of a study whose rates are absolute, and runs nothing.

    `writable` is as of Store.
    """
    divergence = divergence_config()
    display = Display(divergence, options.workers, Console(file=io.StringIO()))
    study = Study(options.store(options.data_seed, writable), None, display)
    return Session(options.profile, options.data_seed, study, display, divergence, None)


def recorded(options):
    """A session that reads records and runs nothing, or None where the calibration is missing.

    Its `run_table2` and `run_cases` raise NotRecorded where a run is missing.
    """
    edge, store = calibration_config(), options.store(DEFAULT_DATA_SEED)
    session = recorded_uncalibrated(options, writable=True)
    design = Study(store, None, session.display)
    _, found = calibration.planned(edge, options.profile, design, session.divergence)
    return None if found is None else session._replace(found=found)
