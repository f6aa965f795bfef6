"""A recorded run trained once more, for its curvature at some of its steps."""

from experiments.machinery.records.curvature_store import CurvatureStore
from experiments.machinery.records.record import curves_file
from experiments.training.curvature import Curvature
from experiments.training.hessian import Hessian
from experiments.training.observer import OnRow
from experiments.training.program import tensors
from experiments.training.trainer import window_of

KEPT_MODELS = 4  # ours: a study has few models, and a trace of a product takes seconds


class Gauge:
    """Measures runs by a Runner one after the other, and keeps what is traced for their models."""

    def __init__(self, runner, root):
        self._runner, self._store = runner, CurvatureStore(root)
        self._hessians = {}

    def measure(self, config, how, on_row=lambda row: None):
        """Writes the curvature of a run as a CurvatureConfig asks, beside its record.

        The run is trained for its record first, if that is missing, and once more for this, so that
        nothing of it can depend on what is measured. Whether both had the same curves, bit for bit,
        the sidecar says. The probe is the first batch of rows of the last day of the stream: no run
        has trained on it, no shock hits it, and it is the same for all runs of a data seed.

        Args: as of Runner.run.
        """
        self._runner.run(config)
        days = self._runner.days(config)
        window, rows = window_of(config, days), days.day(config.stream.days - 1)
        curvature = Curvature(
            how,
            config,
            self._hessian(config),
            lambda step: tensors(window.batch(step, days.day)),
            tensors(rows[: config.trainer.batch_size]),
        )
        outcome = self._runner.outcome(config, [curvature, OnRow(on_row)])
        self._store.write(
            config.run_id,
            curvature.frame(),
            config=how,
            curves_sha256=curves_file(outcome.curves)[1],
        )

    def _hessian(self, config):
        key = config.trace_key[:2]  # of shapes and model; the method is not in it
        if key not in self._hessians:
            if len(self._hessians) == KEPT_MODELS:
                del self._hessians[next(iter(self._hessians))]
            self._hessians[key] = Hessian(config)
        return self._hessians[key]
