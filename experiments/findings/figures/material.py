"""What the figures stand on; each part is read, or trained, when it is first asked for."""

import functools

from experiments.errors import BadInput
from experiments.findings import dynamics
from experiments.findings.figures import figure1
from experiments.findings.make import write_study
from experiments.studies import known


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

    @functools.cached_property
    def session(self):
        return self._open()

    @property
    def store(self):
        return self.session.study.store

    @functools.cached_property
    def repeats(self):
        """Repeats of Table 2, one row a run."""
        runs, _ = self.session.run_table2(known.table2_config(self._repeats))
        return runs[runs["role"] == "repeat"]

    @functools.cached_property
    def divergences(self):
        """The study of divergences with what its telemetry says, one row a run."""
        config = known.study_config(dynamics.STUDY)
        runs = self.session.run_cases(config)
        write_study(self.session.folder, dynamics.STUDY, config, runs, self.session.found)
        return dynamics.measured_rows(runs, self.store, self.session.divergence)

    @functools.cached_property
    def example(self):
        """The runs that figure1.choose gives; BadInput if there are none."""
        found = figure1.choose(self.divergences)
        if found is None:
            where = f"{self.options.profile}, data seed {self.options.data_seed}"
            raise BadInput(
                f"{where}: no run seed has a healthy, a micro- and a fully diverged run: "
                "expected a profile or a DATA_SEED that has one"
            )
        return found

    def trainer(self, run_id):
        """The trainer's configuration of a run: dict."""
        return self.store.read(run_id).config["trainer"]

    def curves(self, runs):
        """Dict from run id to curves, of runs as rows with run_id."""
        return {run_id: self.store.curves(self.store.read(run_id)) for run_id in runs["run_id"]}

    def telemetry(self, run_id):
        """The telemetry of a run: DataFrame."""
        return dynamics.telemetry_of(self.store, run_id)
