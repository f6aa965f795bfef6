"""What all optimizers here share: whom a rule treats, how a step is measured, guarded and taken."""

import platform
import re

from clippy import blocks
from clippy.keras2 import keras, tf
from clippy.rules import check_number

SCOPES = ("local", "global")
LARGE = 1 << 16  # coordinates of a variable above which XLA's call costs less than it saves


class ClippingOptimizer(keras.optimizers.Optimizer):
    """Measures a step, shrinks it by the factor of a rule, guards it and takes it.

    A subclass defines `slots`, `_rule`, `_plan` and `_take`. Variables are float32 or float64;
    under the policy mixed_bfloat16 they are float32, and so is the state.

    Args:
      learning_rate: eta, a float > 0 or a Keras schedule; a bound uses the rate of its step.
      include: list of regular expressions, searched for in the names of variables (which end in
        ":0"); a variable without a match takes the plain step. None: every variable is treated.
      exclude: the same; a variable with a match takes the plain step.
      scope: "local" gives each variable a factor of its own, "global" one to all that are treated
        (section 4.3.2): norms are those of all these variables joined, and Clippy's factor is the
        smallest.
      skip_nonfinite: a gradient whose L2 norm is not finite in its dtype leaves its variable and
        the state of it untouched, and is counted; False lets it through.
      export_clipping_factors: keep the factor of every variable's last step.
      jit_compile: compile the dense steps of large variables with XLA, on a CPU too.
      name: name of the optimizer.
      **kwargs: weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum and
        ema_overwrite_frequency, as in Keras. Weight decay comes before the step, is no part of
        what is bounded, and reaches variables whose gradient is skipped too. Clipping by norm
        comes before the rule and, unlike Keras', after repeated ids are summed.

    Attributes:
      clipping_factors: list with a scalar variable for each variable given to `build`, in that
        order: the factor of its last step, the smallest of its units, 0 for a skipped one. Empty
        unless exported.

    Raises: ValueError naming the argument and the value received.
    """

    slots = {}  # name of a kind of state -> its initial value
    steps_from_old_state = False  # whether a step is made with the state of the step before
    rowwise = False  # whether a row without a gradient stays as it is, its state included

    def __init__(
        self,
        *,
        learning_rate,
        include=None,
        exclude=(),
        scope="local",
        skip_nonfinite=True,
        export_clipping_factors=False,
        jit_compile=True,
        name,
        **kwargs,
    ):
        if scope not in SCOPES:
            raise ValueError(f"scope = {scope!r}: allowed is {' or '.join(SCOPES)}")
        if not isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            check_number("learning_rate", learning_rate)
        # None and not the base class's 0, which would pass over every row of every variable.
        kwargs.setdefault("weight_decay", None)
        # The base class would compile nothing on a CPU, and sparse steps with all else on a GPU.
        super().__init__(name=name, jit_compile=False, **kwargs)
        self.include = None if include is None else _patterns("include", include)
        self.exclude = _patterns("exclude", exclude)
        self.scope = scope
        self.skip_nonfinite = skip_nonfinite
        self.export_clipping_factors = export_clipping_factors
        self.compile_steps = jit_compile
        self._skipped, self.clipping_factors = [], []
        self._programs = self._no_dependency({})
        self._joint_sigma = None  # of scope "global", while a step is taken
        self._learning_rate = self._build_learning_rate(learning_rate)

    def _rule(self):
        """The Rule in use, None for plain steps, and a dict of all its thresholds."""
        raise NotImplementedError

    # What follows is given a dense gradient, or the values of a sparse one with the rows of weight
    # and state that they belong to. `state` has a tensor for each of `slots`, `count` is the number
    # of steps taken before this one.

    def _plan(self, grad, weight, state, rate, count):
        """The step that a plain optimizer would take, as a StepView, and the state it would leave.

        The state is None if it cannot be known before the factor is.
        """
        raise NotImplementedError

    def _take(self, plan, state, count, sigma):
        """The new state, a list, and what to subtract from the weight; sigma None is no rule."""
        raise NotImplementedError

    def _take_rows(self, plan, state, count, sigma):
        """`_take` for the rows of a sparse gradient."""
        return self._take(plan, state, count, sigma)

    def build(self, var_list):
        """Creates the state of each variable.

        Raises: ValueError naming a variable that is neither float32 nor float64.
        """
        super().build(var_list)
        if getattr(self, "_built", False):
            return
        for variable in var_list:
            dtype = stored_dtype(variable)
            if dtype not in (tf.float32, tf.float64):
                raise ValueError(
                    f"{variable.name} has dtype {dtype.name}: allowed is float32 or "
                    "float64; with the policy mixed_bfloat16 weights are float32"
                )
        self._names = _distinct([variable.name for variable in var_list])
        # By the names they have here: the copy on a second device is "<name>/replica_1:0".
        self._matched = [self._is_matched(variable.name) for variable in var_list]
        self._state = {slot: [] for slot in self.slots}
        # The lists are those of the constructor: a checkpoint read before holds values for them.
        for variable in var_list:
            for slot, initial in self.slots.items():
                self._state[slot].append(self._new_slot(variable, slot, initial))
            if self.skip_nonfinite:
                self._skipped.append(_scalar(variable, "skipped", tf.int64, 0))
            if self.export_clipping_factors:
                self.clipping_factors.append(self._new_factor(variable))
        self._built = True

    def _new_slot(self, variable, name, initial):
        value = tf.fill(variable.shape, tf.constant(initial, stored_dtype(variable)))
        return self.add_variable_from_reference(variable, name, initial_value=value)

    def _new_factor(self, variable):
        # Not among `variables`, as the counts: what Keras' Adagrad and Adam have saved still fits.
        return _scalar(variable, "clipping_factor", stored_dtype(variable), 1)

    def _trackable_children(self, save_type="checkpoint", **kwargs):
        # Keras' own method keeps what it finds at its first call, which may come before `build`,
        # and only adds shards of variables, which have no factor of their own.
        plain = tf.__internal__.tracking.AutoTrackable
        return plain._trackable_children(self, save_type, **kwargs)

    @property
    def state(self):
        """What the optimizer remembers of each variable.

        Dict from the kind of state, as in `slots`, to a list of variables, in the order of those
        given to `build`.
        """
        return dict(self._state)

    def named_clipping_factors(self):
        """The factors of the last step: dict from the name of a variable to a scalar variable.

        Raises: ValueError if factors are not exported.
        """
        if not self.export_clipping_factors:
            raise ValueError("export_clipping_factors = False: True keeps the factors")
        return dict(zip(self._names, self.clipping_factors, strict=True))

    def skipped_steps(self):
        """How often the guard held a variable back: dict from its name to a scalar variable.

        Raises: ValueError if the guard is off.
        """
        if not self.skip_nonfinite:
            raise ValueError("skip_nonfinite = False: True counts skipped steps")
        return dict(zip(self._names, self._skipped, strict=True))

    def update_step(self, grad, variable):
        """One step of one variable."""
        sigma = None
        if self._joint_sigma is not None and self._treats(variable):
            sigma = tf.cast(self._joint_sigma, stored_dtype(variable))
        measured = self._treats(variable) and sigma is None
        sparse = isinstance(grad, tf.IndexedSlices) and self.rowwise
        step = self._sparse_step if sparse else self._dense_step
        totals, finite, take = step(grad, variable, measured)
        if measured:
            sigma = self._finish(totals, stored_dtype(variable))
        if finite is None:
            take(sigma)
        else:
            # A branch: choosing between values costs XLA half as much again as the step.
            tf.cond(finite, lambda: take(sigma), lambda: None)
        self._note(variable, finite, sigma)

    def _dense_step(self, grad, variable, measured):
        """Totals of the rule, whether the gradient is finite, and a function that takes the step.

        Args:
          measured: whether the rule looks at all.
        """
        slots, grad = self._slots_of(variable), tf.convert_to_tensor(grad)
        rate, count = self._rate_and_count(variable)

        def plan(grad, rate, count):
            return self._plan(grad, _value(variable), _values(slots), rate, count)

        def measure(grad, rate, count):
            def terms(grad, weight, *state):
                return self._terms(self._plan(grad, weight, state, rate, count)[0], measured)

            arrays = [grad, _value(variable), *_values(slots)]
            if variable.shape.rank < 2 or tf.config.list_logical_devices("GPU"):
                return self._reduced(terms(*arrays))
            return self._reduced(blocks.totals_of_columns(terms, arrays))

        def take(plan, count, sigma, writes=("state", "weight")):
            new, step = self._take(plan, _values(slots), count, sigma)
            if "state" in writes:
                for slot, value in zip(slots, new, strict=True):
                    slot.assign(value)
            if "weight" in writes:
                variable.assign_sub(step)

        if not self._compiles(variable):
            planned = plan(grad, rate, count)
            totals, finite = self._reduced(self._terms(planned[0], measured))
            return totals, finite, lambda sigma: take(planned, count, sigma)

        def program(*writes):
            def plan_and_take(grad, rate, count, sigma):
                take(plan(grad, rate, count), count, sigma, writes)

            return self._compiled(("take", *writes), variable, plan_and_take)

        totals, finite = [], None
        if measured or self.skip_nonfinite:
            # Apart from what writes the variable: XLA would copy it for the loop over its pieces.
            measure = self._compiled(("measure", measured), variable, measure)
            totals, finite = measure(grad, rate, count)
        # A step from the state as it was, written together with the state, has XLA copy both.
        programs = [program("state", "weight")]
        if self.steps_from_old_state:
            programs = [program("weight"), program("state")]

        def run(sigma):
            for part in programs:
                part(grad, rate, count, sigma)

        return totals, finite, run

    def _sparse_step(self, grad, variable, measured):
        """`_dense_step` in the rows of a sparse gradient alone; its ids have been made unique."""
        slots = self._slots_of(variable)
        rate, count = self._rate_and_count(variable)
        weight, *state = (tf.gather(array, grad.indices) for array in (variable, *slots))
        planned = self._plan(grad.values, weight, state, rate, count)
        rule, _ = self._rule()
        view = planned[0]
        if measured and rule.whole_weight:
            view = view._replace(param=_value(variable))
        totals, finite = self._reduced(self._terms(view, measured))

        def take(sigma):
            new, step = self._take_rows(planned, state, count, sigma)
            for slot, value in zip(slots, new, strict=True):
                slot.scatter_update(tf.IndexedSlices(value, grad.indices))
            variable.scatter_sub(tf.IndexedSlices(step, grad.indices))

        return totals, finite, take

    def _terms(self, view, measured):
        """What is to be totalled for the rule, if it looks, and for the guard: (kind, tensor)s."""
        found = []
        if measured:
            rule, thresholds = self._rule()
            found = [(rule.total, term) for term in rule.terms(view, **thresholds)]
        if self.skip_nonfinite:
            found.append(("sum", tf.square(view.grad)))
        return found

    def _reduced(self, found):
        """Totals of the rule's terms, and whether the gradient is finite, None without a guard."""
        finite = None
        if self.skip_nonfinite:
            *found, (_, squares) = found
            finite = tf.math.is_finite(tf.reduce_sum(squares))
        rule, _ = self._rule()
        return [rule.reduce(term) for _, term in found], finite

    def _finish(self, totals, dtype):
        rule, thresholds = self._rule()
        return rule.finish(totals, dtype=dtype, **thresholds)

    def _note(self, variable, finite, sigma):
        """Keeps the factor and the count of skipped steps where they are asked for."""
        index = self._index_dict[self._var_key(variable)]
        if self.skip_nonfinite:
            self._skipped[index].assign_add(tf.cast(tf.logical_not(finite), tf.int64))
        if self.export_clipping_factors:
            factor = self.clipping_factors[index]
            value = tf.ones([], factor.dtype) if sigma is None else tf.reduce_min(sigma)
            factor.assign(value if finite is None else tf.where(finite, value, 0))

    def _distributed_apply_gradients_fn(self, distribution, grads_and_vars, **kwargs):
        """Takes all steps. The factor of scope "global" needs all gradients first, aggregated."""
        if self.scope == "global":
            self._joint_sigma = self._joint(distribution, grads_and_vars)
        try:
            return super()._distributed_apply_gradients_fn(distribution, grads_and_vars, **kwargs)
        finally:
            self._joint_sigma = None

    def _joint(self, distribution, grads_and_vars):
        """The factor of all treated variables; those that the guard skips do not count."""

        rule, _ = self._rule()
        found = []
        for grad, variable in grads_and_vars:
            if self._treats(variable):
                # An aggregated gradient is the same on every device.
                first = distribution.experimental_local_results(grad)[0]
                found.append(self._totals_of(first, variable))
        if not found:
            return None
        wide = tf.float64 if any(part[0].dtype == tf.float64 for part in found) else tf.float32
        joined = [
            blocks.REDUCE[rule.total](tf.stack([tf.cast(total, wide) for total in totals]))
            for totals in zip(*found, strict=True)
        ]
        return self._finish(joined, wide)

    def _totals_of(self, grad, variable):
        """Totals of one variable before its step; neutral ones if its gradient is not finite."""
        sparse = isinstance(grad, tf.IndexedSlices) and self.rowwise
        step = self._sparse_step if sparse else self._dense_step
        totals, finite, _ = step(grad, variable, measured=True)
        if finite is None:
            return totals
        neutral = {"sum": 0, "min": 1}[self._rule()[0].total]
        return [tf.where(finite, total, tf.cast(neutral, total.dtype)) for total in totals]

    def _clip_gradients(self, grads):
        """Keras' clipping; a norm is that of a gradient whose repeated ids have been summed."""
        if self.clipnorm or self.global_clipnorm or self.clipvalue:
            grads = self._deduplicate_sparse_grad(grads)
        return super()._clip_gradients(grads)

    def _compiled(self, name, variable, function):
        """`function` compiled by XLA, once for each name and variable."""
        key = name, id(variable)
        if key not in self._programs:
            self._programs[key] = tf.function(function, jit_compile=True, autograph=False)
        return self._programs[key]

    def _compiles(self, array):
        """Whether XLA is used: on large variables, as its call costs more than a small step."""
        # tf_keras too knows this platform as one without XLA.
        lacks = platform.system() == "Darwin" and "arm" in platform.processor()
        size = array.shape.num_elements()  # None if the shape is not known
        return self.compile_steps and not lacks and size is not None and size > LARGE

    def _slots_of(self, variable):
        index = self._index_dict[self._var_key(variable)]
        return [slots[index] for slots in self._state.values()]

    def _rate_and_count(self, variable):
        return tf.cast(self.learning_rate, stored_dtype(variable)), self.iterations.read_value()

    def _treats(self, variable):
        rule, _ = self._rule()
        if rule is None:
            return False
        return self._matched[self._index_dict[self._var_key(variable)]]

    def _is_matched(self, name):
        included = self.include is None or _matches(self.include, name)
        return included and not _matches(self.exclude, name)

    def get_config(self):
        """Every argument of the constructor; JSON can hold it."""
        config = super().get_config()
        rate = self._serialize_hyperparameter(self._learning_rate)
        config.update(
            learning_rate=rate if isinstance(rate, dict) else float(rate),
            include=self.include and list(self.include),
            exclude=list(self.exclude),
            scope=self.scope,
            skip_nonfinite=self.skip_nonfinite,
            export_clipping_factors=self.export_clipping_factors,
            jit_compile=self.compile_steps,
        )
        return config


def _patterns(name, patterns):
    """A tuple of regular expressions; one string is taken for a mistake."""
    try:
        if isinstance(patterns, str):
            raise TypeError
        return tuple(re.compile(pattern).pattern for pattern in patterns)
    except (TypeError, re.error):
        allowed = "a list of regular expressions"
        raise ValueError(f"{name} = {patterns!r}: allowed is {allowed}") from None


def _matches(patterns, name):
    return any(re.search(pattern, name) for pattern in patterns)


def _distinct(names):
    """The names, those that occur again with their position behind them."""
    return [
        name if names.index(name) == position else f"{name}#{position}"
        for position, name in enumerate(names)
    ]


def stored_dtype(variable):
    """The dtype a variable is stored in; under a mixed policy `dtype` may be that of a cast."""
    return getattr(variable, "true_dtype", None) or variable.dtype


def _scalar(variable, name, dtype, initial):
    """A scalar variable that lives where another one does."""
    strategy = tf.distribute.get_strategy()
    with strategy.extended.colocate_vars_with(variable):
        return tf.Variable(
            tf.constant(initial, dtype), name=f"{name}/{variable._shared_name}", trainable=False
        )


def _value(variable):
    return tf.convert_to_tensor(variable)


def _values(variables):
    return [_value(variable) for variable in variables]
