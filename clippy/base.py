"""What all optimizers here share: whom a rule treats, and the guard, around a step."""

from clippy.keras2 import keras, tf
from clippy.rules import RULES, check_choice, check_number
from clippy.scope import (
    SCOPES,
    check_patterns,
    distinct,
    is_treated,
    joint_factor,
    warn_of_unmatched,
)
from clippy.steps import Measure, compiled_step, dense, dense_step, fitting, is_large, sparse_step

LearningRateSchedule = keras.optimizers.schedules.LearningRateSchedule
SHARED = ("scope", "skip_nonfinite", "export_clipping_factors")  # of `arguments`, for all classes


class ClippingOptimizer(keras.optimizers.Optimizer):
    """Measures a step, shrinks it by the factor of a rule, guards it and takes it.

    A subclass defines `slots`, `arguments`, `_rule` and `_step`, which is a step as
    `clippy.algorithm1.adagrad` is one; its `state` has a tensor for each slot. Variables are
    float32 or float64; under the policy mixed_bfloat16 they are float32, and so is the state.

    Args:
      learning_rate: eta, a number >= 0, a schedule of tf_keras, or a scalar tf.Variable, which its
        owner assigns and each step reads. A scalar array is taken as its number, and a function
        without arguments as what it returns now, as Keras does. A bound uses the rate of its step.
      include, exclude: regular expressions, searched for in the names of variables (which end in
        ":0"). A variable with no match in `include`, unless that is None, or one in `exclude`
        takes the plain step. An expression without a match is warned of.
      scope: "local" gives each variable a factor; "global" gives all that are treated one (section
        4.3.2), by the norm of all joined, or the smallest of Clippy's factors.
      skip_nonfinite: a gradient whose L2 norm is not finite in its dtype leaves its variable and
        the state of it untouched, and is counted; False lets it through.
      export_clipping_factors: fill `clipping_factors`.
      jit_compile: compile the dense steps of large variables with XLA, on a CPU too.
      **kwargs: name (that of the class unless given), weight_decay, clipnorm, clipvalue,
        global_clipnorm, use_ema, ema_momentum and ema_overwrite_frequency, as in Keras. Weight
        decay comes before the step, is not bounded, and reaches skipped variables too. Clipping by
        norm comes before the rule and, unlike Keras', after repeated ids are summed.

    Attributes:
      clipping_factors: a scalar for each variable, in the order of `build`: the factor of its last
        step, the smallest of its units, 0 for a skipped one. Empty unless exported.

    Raises: ValueError naming the argument and the value received.
    """

    slots = {}  # name of a kind of state -> its initial value
    steps_from_old_state = False  # whether a step is made with the state of the step before
    rowwise = False  # whether a row without a gradient stays as it is, its state included
    arguments = ()  # names of the constructor's arguments that are kept as they are given
    thresholds = {}  # those of the rule by name
    _rule = None  # the Rule in use, None for plain steps
    _names, _state, _index_dict = (), {}, {}  # until `build`

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
        **kwargs,
    ):
        check_choice("scope", scope, SCOPES)
        rate = _checked_rate(learning_rate)
        # A decay of None and not of the base class's 0, which would pass over every row.
        kwargs = _plain({"name": type(self).__name__, "weight_decay": None, **kwargs})
        # The base class would compile nothing on a CPU, and sparse steps with all else on a GPU.
        super().__init__(jit_compile=False, **kwargs)
        self.include = None if include is None else check_patterns("include", include)
        self.exclude = check_patterns("exclude", exclude)
        self.scope = scope
        self.skip_nonfinite = skip_nonfinite
        self.export_clipping_factors = export_clipping_factors
        self.compile_steps = jit_compile
        self._skipped, self.clipping_factors = [], []
        self._programs = self._no_dependency({})
        self._joint_sigma = None  # of scope "global", while a step is taken
        # Keras would copy a variable's value and leave later ones unseen.
        assigned = isinstance(rate, tf.Variable)
        self._learning_rate = rate if assigned else self._build_learning_rate(rate)

    def step_of(self, variable, rows=False):
        """The generator function that steps a variable, or some rows of it."""
        return self._step

    def build(self, var_list):
        """Creates the state; a ValueError names a variable neither float32 nor float64.

        An expression in `include` or `exclude` that matches no variable is warned of.
        """
        super().build(var_list)
        if getattr(self, "_built", False):
            return
        for variable in var_list:
            dtype = stored_dtype(variable)
            if dtype not in (tf.float32, tf.float64):
                raise ValueError(
                    f"{variable.name} has dtype {dtype.name}: expected float32 or "
                    "float64; with the policy mixed_bfloat16 weights are float32"
                )
        names = [variable.name for variable in var_list]
        self._names = distinct(names)
        for argument in ("include", "exclude"):
            warn_of_unmatched(argument, getattr(self, argument) or (), names)
        # By the names they have here: the copy on a second device is "<name>/replica_1:0".
        self._matched = [is_treated(v.name, self.include, self.exclude) for v in var_list]
        self._state = {slot: [] for slot in self.slots}
        # The lists are those of the constructor: a checkpoint read before holds values for them.
        for variable in var_list:
            for slot, initial in self.slots.items():
                full = tf.fill(variable.shape, tf.constant(initial, stored_dtype(variable)))
                new = self.add_variable_from_reference(variable, slot, initial_value=full)
                self._state[slot].append(new)
            if self.skip_nonfinite:
                self._skipped.append(_scalar(variable, "skipped", tf.int64, 0))
            if self.export_clipping_factors:
                self.clipping_factors.append(self._new_factor(variable))
        self._built = True

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
        """Dict from the kind of state, as in `slots`, to a list of variables in `build`'s order.

        Empty before `build`, as are the factors and counts by name.
        """
        return dict(self._state)

    def named_clipping_factors(self):
        """Dict from a variable's name to its factor; a ValueError if they are not exported."""
        if not self.export_clipping_factors:
            raise ValueError("export_clipping_factors = False: expected True to keep the factors")
        return dict(zip(self._names, self.clipping_factors, strict=True))

    def skipped_steps(self):
        """Dict from a variable's name to its count of skips; a ValueError without the guard."""
        if not self.skip_nonfinite:
            raise ValueError("skip_nonfinite = False: expected True to count skipped steps")
        return dict(zip(self._names, self._skipped, strict=True))

    @tf.autograph.experimental.do_not_convert
    def apply_gradients(self, grads_and_vars, *args, **kwargs):
        """A step, as in Keras, of a list of pairs of a gradient and its variable.

        Raises, before anything is changed: InvalidArgumentError if a gradient has not the shape of
          its variable; KeyError if a variable is none of those that the optimizer was built with.
        """
        pairs = [(fitting(grad, variable), variable) for grad, variable in grads_and_vars]
        if getattr(self, "_built", False):
            for _, variable in pairs:
                self._index_of(variable)
        return super().apply_gradients(pairs, *args, **kwargs)

    def update_step(self, grad, variable):
        """One step of one variable: measured, guarded and taken."""
        dtype, treated = stored_dtype(variable), self._treats(variable)
        alone = treated and self._joint_sigma is None
        step = self._measured(grad, variable, alone)
        totals, finite = next(step)
        sigma = None
        if alone:
            rule = self._rule_of(variable)
            sigma = rule.finish(totals, **rule.given(self.thresholds, dtype))
        elif treated:
            sigma = tf.cast(self._joint_sigma, dtype)
        if finite is None:
            step.send(sigma)
        else:
            # A branch: choosing between values costs XLA half as much again as the step.
            tf.cond(finite, lambda: step.send(sigma), lambda: None)
        self._note(variable, finite, sigma)

    def _measured(self, grad, variable, looks):
        """A step as `clippy.steps` has them, which the rule looks at or only the guard."""
        step = compiled_step if self.compile_steps and is_large(variable) else dense_step
        if isinstance(grad, tf.IndexedSlices) and self.rowwise:
            step = sparse_step
        else:
            grad = dense(grad, variable)
        rule = self._rule_of(variable) if looks else None
        measure = Measure(rule, self.thresholds, self.skip_nonfinite)
        return step(self, variable, measure, grad, *self._rate_and_count(variable))

    def compiled(self, variable, name, function):
        """A function compiled by XLA, once for each variable and name."""
        key = id(variable), name
        if key not in self._programs:
            self._programs[key] = tf.function(function, jit_compile=True, autograph=False)
        return self._programs[key]

    def _note(self, variable, finite, sigma):
        """Keeps the factor and the count of skipped steps where they are asked for."""
        index = self._index_of(variable)
        if self.skip_nonfinite:
            self._skipped[index].assign_add(tf.cast(tf.logical_not(finite), tf.int64))
        if self.export_clipping_factors:
            kept = self.clipping_factors[index]
            factor = tf.ones([], kept.dtype) if sigma is None else tf.reduce_min(sigma)
            kept.assign(factor if finite is None else tf.where(finite, factor, 0))

    def _distributed_apply_gradients_fn(self, distribution, grads_and_vars, **kwargs):
        if self.scope == "global":
            # Its factor needs all gradients first, so that variables are measured twice where steps
            # are compiled. An aggregated gradient is the same on every device.
            measured = [
                next(self._measured(distribution.experimental_local_results(g)[0], v, True))
                for g, v in grads_and_vars
                if self._treats(v)
            ]
            self._joint_sigma = joint_factor(self._rule, self.thresholds, measured)
        try:
            return super()._distributed_apply_gradients_fn(distribution, grads_and_vars, **kwargs)
        finally:
            self._joint_sigma = None

    def _clip_gradients(self, grads):
        """Keras' clipping, after repeated ids have been summed."""
        if self.clipnorm or self.global_clipnorm or self.clipvalue:
            grads = self._deduplicate_sparse_grad(grads)
        return super()._clip_gradients(grads)

    def slots_of(self, variable):
        """The state of a variable, in the order of `slots`."""
        index = self._index_of(variable)
        return [slots[index] for slots in self._state.values()]

    def _rate_and_count(self, variable):
        """eta of this step in the dtype of a variable, and how many steps were taken before it."""
        return tf.cast(self.learning_rate, stored_dtype(variable)), self.iterations.read_value()

    def _treats(self, variable):
        return self._rule is not None and self._matched[self._index_of(variable)]

    def _rule_of(self, variable):
        """The rule for a variable that is treated."""
        return self._rule

    def _index_of(self, variable):
        """The place of a variable in the order of `build`."""
        index = self._index_dict.get(self._var_key(variable))
        if index is None:  # begins as Keras' own sentence, which only some steps reach
            raise KeyError(
                f"The optimizer cannot recognize variable {variable.name}: expected one of those "
                "in `optimizer.build(variables)`, or in its first step without that call"
            )
        return index

    def get_config(self):
        """Every argument of the constructor, as JSON can hold it; a variable as its value."""
        rate = self._serialize_hyperparameter(self._learning_rate)
        config = {
            **super().get_config(),
            **{name: getattr(self, name) for name in (*SHARED, *self.arguments)},
            "learning_rate": rate if isinstance(rate, dict) else float(rate),
            "include": self.include and list(self.include),
            "exclude": list(self.exclude),
            "jit_compile": self.compile_steps,
        }
        return _plain(config)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The optimizer of a `get_config`; a threshold at 0 goes on in a variable."""
        config = dict(config)
        if config.get("thresholds"):
            fine = RULES[config["rule"]].may_be_zero
            config["thresholds"] = {
                name: _zero(name) if value == 0 and name not in fine else value
                for name, value in config["thresholds"].items()
            }
        return super().from_config(config, custom_objects)


def stored_dtype(variable):
    """The dtype a variable is stored in; under a mixed policy `dtype` may be that of a cast."""
    return getattr(variable, "true_dtype", None) or variable.dtype


def _plain(arguments):
    """Arguments by name with NumPy's numbers as Python's, which JSON can hold."""
    return {k: v.item() if hasattr(v, "item") else v for k, v in arguments.items()}


def _checked_rate(rate):
    """A schedule or a scalar variable as it is, all else as a number >= 0."""
    if isinstance(rate, LearningRateSchedule) or (
        isinstance(rate, tf.Variable) and rate.shape == ()
    ):
        return rate
    try:
        number = rate() if callable(rate) else rate
        if getattr(number, "shape", None) == ():
            number = tf.get_static_value(tf.convert_to_tensor(number))
        check_number("learning_rate", number, zero=True)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"learning_rate = {rate!r}: expected a finite number >= 0, a scalar tf.Variable, a "
            "function without arguments or a schedule of tf_keras"
        ) from error
    return number


def _zero(name):
    return tf.Variable(0.0, name=name, dtype=keras.backend.floatx(), trainable=False)


def _scalar(variable, name, dtype, initial):
    """A scalar variable that lives where another one does."""
    strategy = tf.distribute.get_strategy()
    with strategy.extended.colocate_vars_with(variable):
        return tf.Variable(
            tf.constant(initial, dtype), name=f"{name}/{variable._shared_name}", trainable=False
        )
