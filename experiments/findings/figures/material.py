"""What the figures stand on; each part is read, or trained, when it is first asked for."""

import functools

from experiments.errors import BadInput, NotDefined
from experiments.findings import curvature, dynamics, regimes
from experiments.findings.figures import figure1, shocked
from experiments.findings.make import write_study
from experiments.findings.seeds import remember
from experiments.machinery.workers.study import NotRecorded
from experiments.studies import figure7, known
from experiments.studies.registry import divergence_config, telemetry_config
from experiments.studies.session import recorded, recorded_uncalibrated
from experiments.training.config import RunConfig

COMMANDS = {"table2": "reproduce-table2"}  # that train a study; make reproduce-table3 does others
OURS = (curvature.STUDY, regimes.STUDY)
COMMANDS |= {study: f"study STUDY=configs/studies/{study}.gin" for study in OURS}
COMMANDS[regimes.STUDY] += " DATA_SEED=1006"  # of design


class Material:
    """What figures are drawn from, by session.Options.

    Args:
      open_session: function that gives the session.Session. One that reads records alone gives the
        figures of what is recorded; one on workers trains what is missing.
      repeats: run seeds of each setting of Table 2, or None for its own number. The study of
        divergences has numbers of its own: its cases need each other's run seeds.
    """

    def __init__(self, options, open_session, repeats=None):
        self.options, self._open, self._repeats = options, open_session, repeats
        self.recorded = functools.cache(self._recorded)

    @functools.cached_property
    def session(self):
        return self._open()

    @functools.cached_property
    def store(self):
        return self.options.store(self.options.data_seed)

    @property
    def where(self):
        """What the runs are of, as text."""
        return f"{self.options.profile}, data seed {self.options.data_seed}"

    @property
    def thresholds(self):
        """The DivergenceConfig of the labels."""
        return divergence_config()

    @functools.cached_property
    def repeats(self):
        """Repeats of Table 2, one row a run."""
        runs, _ = self.session.run_table2(known.table2_config(self._repeats))
        return runs[runs["role"] == "repeat"]

    @functools.cached_property
    def translation(self):
        """The study of Figure 7 from records, one row a run. Raises: NotDefined on other runs."""
        profile = figure7.profile_of(self.options.profile)
        if profile != self.options.profile:
            raise NotDefined(f"it stands on the runs of {profile}: make figure7 draws it")
        opened = recorded_uncalibrated(self.options)
        return opened.run_figure7(known.figure7_config(self._repeats))

    @functools.cached_property
    def divergences(self):
        """The study of divergences with what its telemetry says, one row a run."""
        config = known.study_config(dynamics.STUDY)
        runs = self.session.run_cases(config)
        write_study(self.session.folder, dynamics.STUDY, config, runs, self.session.found)
        remember(self.session.folder, [dynamics.STUDY], None)
        return dynamics.measured_rows(runs, self.store, self.session.divergence, config.telemetry)

    @functools.cached_property
    def example(self):
        """The runs that figure1.choose gives; BadInput if there are none."""
        found = figure1.choose(self.divergences)
        if found is None:
            raise BadInput(
                f"{self.where}: no run seed has a healthy, a micro- and a fully diverged run: "
                "expected a profile or a DATA_SEED that has one"
            )
        return found

    @functools.cached_property
    def _reader(self):
        return recorded(self.options)

    @functools.cached_property
    def curvature(self):
        """The study of curvature with what was measured, one row a run. None is trained."""
        runs, detector = self.recorded(curvature.STUDY), telemetry_config().detector
        return curvature.measured_rows(runs, self.store, self.thresholds, detector)

    def steepness(self, run_id):
        """The curvature of a run times its rate, as of curvature.curvature_of."""
        return curvature.curvature_of(self.store, run_id)

    def _recorded(self, study):
        """The runs of the study table2, table3 or one beside it, one row a run. None is trained.

        Raises: NotDefined where a run is not recorded, so that all figures do without this one.
        """
        missing = "the runs of the calibration are not recorded"
        try:
            if self._reader is not None and study == "table2":
                return self._reader.run_table2(known.table2_config(self._repeats))[0]
            if self._reader is not None:
                return self._reader.run_cases(known.study_config(study, self._repeats))
        except NotRecorded as error:
            missing = str(error)
        command = COMMANDS.get(study, "reproduce-table3")
        expected = f"expected those of make {command}"
        raise NotDefined(f"{self.where}: no study {study}: {missing}: {expected}")

    def config(self, run_id):
        """The configuration of a run: dict."""
        return self.store.read(run_id).config

    def trainer(self, run_id):
        """The trainer's configuration of a run: dict."""
        return self.config(run_id)["trainer"]

    def shocked(self, run_id):
        """The steps of the shocks of a run, as of shocked.steps."""
        return shocked.steps(RunConfig.from_dict(self.config(run_id)))

    def curves(self, runs):
        """Dict from run id to curves, of runs as rows with run_id."""
        return {run_id: self.store.curves(self.store.read(run_id)) for run_id in runs["run_id"]}

    def telemetry(self, run_id):
        """The telemetry of a run: DataFrame."""
        return dynamics.telemetry_of(self.store, run_id)
