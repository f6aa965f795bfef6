"""How steep the loss is where a run trains: the measure of section 3.2, 2 / rate > alpha_*.

For gradient descent alpha_* is the largest eigenvalue of the Hessian H of the loss. A step of
Adagrad is w - rate * P^-1 g with P = diag(sqrt(G)), which is gradient descent in the coordinates
P^1/2 w, so that alpha_* is the largest eigenvalue of P^-1/2 H P^-1/2 (Cohen et al. 2022, "Adaptive
gradient methods at the edge of stability").
"""

import dataclasses
import functools
import json
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from data import checks
from experiments.training.observer import Observer

BATCHES = ("own", "probe")  # the batch of the step, and one that is the same at all steps
COLUMNS = ("largest", "applied")  # alpha_* of the step as Adagrad wants it, and as it is taken
START_SEED = 20230806  # ours: any number, so that the same run has the same first vector
NOT_FINITE, NOT_CONVERGED, NO_SOLUTION = "not finite", "not converged", "no solution"
# ours: measured on Large+DCN of the laptop profile with configs/studies/curvature.gin, to predict
# how long a run takes.
PRODUCTS, PRODUCT_STEPS = 7, 3.7  # products for an eigenvalue; steps in the time of a product


def _check_days(name, days):
    if not isinstance(days, (tuple, list)):
        checks.fail(name, days, "a list of days")
    for day in days:
        checks.whole(name, day, 0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CurvatureConfig(checks.Checked):
    """At which steps of a run curvature is measured, and how well.

    It decides no number of the run and no run id.

    Args:
      every_steps: a value each so many steps.
      days: days around whose first step there is a value at each step, as those of shocks. They are
        given, and not taken from the stream, so that a run without shocks is measured at the same
        steps.
      lead_steps: how many of these come before that first step.
      follow_steps: how many come from it on, itself included.
      vectors: vectors that Lanczos' method keeps, as `ncv` of scipy.sparse.linalg.eigsh.
      restarts: how often it may begin anew with these before a value counts as not converged.
      tolerance: residual of an eigenvector at which its eigenvalue counts, relative to the latter;
        the error of the eigenvalue is of the order of the square.
    """

    every_steps: checks.Count
    days: Annotated[tuple[int, ...], _check_days]
    lead_steps: checks.Index
    follow_steps: checks.Index
    vectors: Annotated[int, functools.partial(checks.whole, least=3)]
    restarts: checks.Count
    tolerance: checks.Share

    @property
    def measures(self):
        """What decides the rows, as plain dicts and numbers; part of a file of curvature."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    def takes(self, step, steps_per_day):
        """Whether a step, counted from 1, is measured."""
        lag = [step - 1 - day * steps_per_day for day in self.days]
        near = any(-self.lead_steps <= steps < self.follow_steps for steps in lag)
        return near or step % self.every_steps == 0

    def times(self, run):
        """How many times as long as its training a run of a RunConfig takes when it is measured."""
        per_day, factors = run.trainer.steps_per_day, 1 if run.method.rule == "naive" else 2
        taken = sum(self.takes(step, per_day) for step in range(1, run.steps + 1))
        return 1 + taken * len(BATCHES) * factors * PRODUCTS * PRODUCT_STEPS / run.steps


def check_curvature(method):
    """Raises: ValueError for a MethodConfig whose steps are not divided as Curvature takes it."""
    for field, expected in {"optimizer": "adagrad", "scope": "local"}.items():
        found = getattr(method, field)
        if found != expected:
            checks.fail(f"MethodConfig.{field}", found, f"{expected!r} where curvature is measured")


class Eigenvalue(NamedTuple):
    """The largest eigenvalue of a matrix, NaN for the reason `why`, which is "" otherwise.

    products: products with the matrix that it took.
    """

    value: float
    products: int
    why: str = ""


class _NotFinite(ArithmeticError):
    """A product with a number that is not finite."""


def largest_eigenvalue(product, start, config):
    """The largest eigenvalue, algebraically, of a symmetric matrix, by Lanczos' method.

    Args:
      product: function from a vector, float64 (n,), to the product of the matrix with it.
      start: the first vector (n,), not 0; it decides the digits beyond the tolerance.
      config: CurvatureConfig.
    Returns: Eigenvalue. Nothing is raised for a matrix that has no finite products, or for which
      the method does not converge.
    """
    from scipy.sparse import linalg  # late: few commands need it

    counted = 0

    def finite(vector):
        nonlocal counted
        counted += 1
        found = product(np.ravel(vector))
        if not np.isfinite(found).all():
            raise _NotFinite
        return found

    n = len(start)
    matrix = linalg.LinearOperator((n, n), finite, dtype=np.float64)
    look = {"k": 1, "which": "LA", "v0": start, "ncv": min(config.vectors, n)}
    look |= {"maxiter": config.restarts, "tol": config.tolerance}
    try:
        values = linalg.eigsh(matrix, return_eigenvectors=False, **look)
    except _NotFinite:
        return Eigenvalue(np.nan, counted, NOT_FINITE)
    except linalg.ArpackNoConvergence:
        return Eigenvalue(np.nan, counted, NOT_CONVERGED)
    except linalg.ArpackError as error:
        # A matrix of zeros, as that of a dead network, has no second vector.
        flat = not np.any(finite(start))
        found = (0.0, counted) if flat else (np.nan, counted, f"{NO_SOLUTION}: {error}")
        return Eigenvalue(*found)
    return Eigenvalue(float(values[0]), counted)


class Curvature(Observer):
    """The curvature at some steps of one run: of the loss before the step, as the step divides it.

    Weights are those before the step, accumulators those that the step divides by, so that a row
    is about the loss and the gradient of the same step in curves and telemetry.

    Args:
      config: CurvatureConfig.
      run: RunConfig of the run.
      hessian: hessian.Hessian of a model like the run's; the run's own is only read.
      batch_of: function from a step, counted from 0, to its batch as a dict of tensors.
      probe: a batch of the same shape.
    """

    def __init__(self, config, run, hessian, batch_of, probe):
        self._config, self._run, self._hessian = config, run, hessian
        self._batch_of, self._probe = batch_of, probe
        # The same at each step, so that no value depends on the others; the last eigenvector is no
        # quicker a start.
        self._start = np.random.default_rng(START_SEED).standard_normal(hessian.size)
        self._before, self._rows = None, []

    def before(self, run):
        if self._config.takes(run.step + 1, self._run.trainer.steps_per_day):
            self._before = run.program.snapshot(run.step).weights

    def after(self, run):
        if self._before is None:
            return
        own, accumulators = self._batch_of(run.step - 1), run.program.snapshot(run.step).state
        self._hessian.move(self._before)
        roots = self._hessian.roots(self._run.method, own, accumulators, run.rate)
        for name, batch in zip(BATCHES, (own, self._probe), strict=True):
            row = {"step": run.step, "day": run.day, "learning_rate": run.rate, "batch": name}
            row["loss"] = self._hessian.loss(batch)
            found = {column: self._largest(batch, root) for column, root in roots.items()}
            for column in COLUMNS:
                value, products, why = found.get(column, found["largest"])
                row |= {column: value, f"{column}_products": products, f"{column}_why": why}
            self._rows.append(row)
        self._before = None

    def _largest(self, batch, root):
        """The Eigenvalue of diag(root) H diag(root) on a batch."""

        def product(vector):
            return root * self._hessian.product(batch, root * vector)

        return largest_eigenvalue(product, self._start, self._config)

    def frame(self):
        """One row a measured step and batch: DataFrame.

        Its columns are step (counted from 1), day, learning_rate, batch (of BATCHES), loss (the
        training loss of the batch), the COLUMNS, the second with the factors of the run's method,
        and for both `<column>_products` and `<column>_why`, which says why there is NaN.
        """
        return pd.DataFrame(self._rows)
