"""The Keras 2 optimizer that clips: one factor for each variable or all, guard, state, config."""

from clippy.clipping import Clipping, plain
from clippy.keras2 import keras, tf
from clippy.rules import RULES, check_number
from clippy.scope import joint_factor
from clippy.steps import fitting, measured, take

LearningRateSchedule = keras.optimizers.schedules.LearningRateSchedule


class ClippingOptimizer(Clipping, keras.optimizers.Optimizer):
    """A Keras optimizer that scales each step by a factor, as `clippy.clipping` says.

    A gradient is a dense tensor or IndexedSlices, whose repeated ids are summed. Variables are
    float32 or float64; under the policy mixed_bfloat16 they are float32, and so is the state.

    Args: those of Clipping, for which the names of variables end in ":0", and
      learning_rate: eta, a number >= 0, a schedule of tf_keras, or a scalar tf.Variable, which its
        owner assigns and each step reads. A scalar array is taken as its number, and a function
        without arguments as what it returns now, as Keras does. A bound uses the rate of its step.
      jit_compile: steps of large variables with dense gradients run in programs of XLA's, which
        need a fourth of the time. False leaves all to what compiles the training step.
      **kwargs: those of keras.optimizers.Optimizer.

    Raises: ValueError naming the first bad argument and its value.
    """

    _index_dict = {}  # until `build`
    _name_of = staticmethod(lambda variable: variable.name)

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
        rate = _checked_rate(learning_rate)
        # A decay of None and not of the base class's 0, which would pass over every row.
        kwargs = plain({"name": type(self).__name__, "weight_decay": None, **kwargs})
        # The base class would compile nothing on a CPU, and sparse steps with all else on a GPU.
        super().__init__(jit_compile=False, **kwargs)
        self._take_options(include, exclude, scope, skip_nonfinite, export_clipping_factors)
        self.compile_steps = bool(jit_compile)
        self.programs = self._no_dependency({})  # of `clippy.steps`
        # Keras would copy a variable's value and leave later ones unseen.
        assigned = isinstance(rate, tf.Variable)
        self._learning_rate = rate if assigned else self._build_learning_rate(rate)

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
        self._take_names(var_list)
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
        take(self, grad, variable, stored_dtype(variable), *self._rate_and_count(variable))

    def _distributed_apply_gradients_fn(self, distribution, grads_and_vars, **kwargs):
        if self.scope == "global":
            # Its factor needs all gradients first, so that variables are measured twice where steps
            # are compiled. An aggregated gradient is the same on every device.
            first = distribution.experimental_local_results
            found = [
                next(measured(self, first(g)[0], v, True, *self._rate_and_count(v)))
                for g, v in grads_and_vars
                if self.treats(v)
            ]
            self.joint_sigma = joint_factor(self._rule, self.thresholds, found)
        try:
            return super()._distributed_apply_gradients_fn(distribution, grads_and_vars, **kwargs)
        finally:
            self.joint_sigma = None

    def _clip_gradients(self, grads):
        """Keras' clipping, after repeated ids have been summed."""
        if self.clipnorm or self.global_clipnorm or self.clipvalue:
            grads = self._deduplicate_sparse_grad(grads)
        return super()._clip_gradients(grads)

    def _rate_and_count(self, variable):
        """eta of this step in the dtype of a variable, and how many steps were taken before it."""
        return tf.cast(self.learning_rate, stored_dtype(variable)), self.iterations.read_value()

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
        rate = self._serialize_hyperparameter(self._learning_rate)
        rate = rate if isinstance(rate, dict) else float(rate)
        own = {"learning_rate": rate, "jit_compile": self.compile_steps}
        return {**super().get_config(), **own}

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
