"""The optimizer of the paper's authors, whichever Keras it is for: arguments, state and step.

Source: `ClippyAdagrad` of tensorflow-recommenders 0.7.7.
"""

from clippy.clipping import Clipping
from clippy.rules import check_number
from clippy.updates import ClippyOfAuthors, adagrad_of_authors

# The arguments with which that class is Algorithm 1 with the paper's thresholds (5.1.3).
PAPER = {
    "variable_relative_threshold": 0.5,
    "absolute_threshold": 1e-2,
    "epsilon": 0.0,
    "use_standard_accumulator_update": True,
}


class Authors(Clipping):
    """Adagrad with Clippy, with the arguments of tensorflow-recommenders' class and its numbers.

    No weight w moves by more than |w| * variable_relative_threshold
    + accumulator_relative_threshold / sqrt(G) + absolute_threshold in a step. The defaults are
    those of that class and not the paper's: `paper_clippy` gives Algorithm 1.

    Args: those of Clipping and of the optimizer of its Keras, and
      initial_accumulator_value: G_0, >= 0.
      variable_relative_threshold: lambda_rel, >= 0, without unit.
      accumulator_relative_threshold: >= 0; tightens the bound as G grows.
      absolute_threshold: lambda_abs, >= 0, in units of the weight.
      epsilon: added to G below the root, >= 0, and above 0 if G_0 is 0.
      clip_accumulator_update: G grows by the square of the clipped gradient.
      use_standard_accumulator_update: G grows before the step, as in Algorithm 1, line 6; without
        it the step is made with the G of the step before.

    Deviation: a gradient that is not finite is left out and counted; there the variable turns NaN.
    """

    rowwise = True
    arguments = (
        "initial_accumulator_value",
        "variable_relative_threshold",
        "accumulator_relative_threshold",
        "absolute_threshold",
        "epsilon",
        "clip_accumulator_update",
        "use_standard_accumulator_update",
    )

    def __init__(
        self,
        learning_rate=0.001,
        initial_accumulator_value=0.1,
        variable_relative_threshold=0.1,
        accumulator_relative_threshold=0.0,
        absolute_threshold=1e-7,
        epsilon=1e-7,
        export_clipping_factors=False,
        clip_accumulator_update=False,
        use_standard_accumulator_update=False,
        name="ClippyAdagrad",
        **kwargs,
    ):
        super().__init__(
            learning_rate=learning_rate,
            export_clipping_factors=export_clipping_factors,
            name=name,
            **kwargs,
        )
        self.initial_accumulator_value = initial_accumulator_value
        self.variable_relative_threshold = variable_relative_threshold
        self.accumulator_relative_threshold = accumulator_relative_threshold
        self.absolute_threshold = absolute_threshold
        self.epsilon = epsilon
        self.clip_accumulator_update = clip_accumulator_update
        self.use_standard_accumulator_update = use_standard_accumulator_update
        for key in self.arguments[:5]:
            check_number(key, getattr(self, key), zero=True)
        if not initial_accumulator_value + epsilon:
            raise ValueError(f"epsilon = {epsilon!r}: expected > 0 where G starts at 0")
        if clip_accumulator_update and use_standard_accumulator_update:
            raise ValueError(
                "clip_accumulator_update = True: expected False with "
                "use_standard_accumulator_update = True, whose G grows before a factor is known"
            )

    @property
    def slots(self):
        return {"accumulator": self.initial_accumulator_value}

    @property
    def steps_from_old_state(self):
        return not self.use_standard_accumulator_update

    @property
    def _rule(self):
        factors = self.variable_relative_threshold, self.accumulator_relative_threshold
        return ClippyOfAuthors(factors, self.absolute_threshold)

    def _step(self, g, w, state, eta, count):
        flags = self.clip_accumulator_update, self.use_standard_accumulator_update
        return adagrad_of_authors(g, w, state, eta, count, self.epsilon, *flags)
