"""Adagrad, Adam and SGD with any rule for Keras 2, as `clippy.methods` describes them."""

from clippy.base import ClippingOptimizer
from clippy.keras2 import keras, tf
from clippy.methods import SGD, Adagrad, Adam, Ruled
from clippy.steps import dense, fitting


class RuleOptimizer(Ruled, ClippingOptimizer):
    """An optimizer with one of RULES. Args: those of Ruled and of ClippingOptimizer."""

    def plain_update(self, grad, variable):
        """The update r_t, without the rate, of a step with a `grad` that is not taken."""
        grad = dense(fitting(grad, variable), variable)
        state = [tf.convert_to_tensor(slot) for slot in self.slots_of(variable)]
        weight = tf.convert_to_tensor(variable)
        return next(self._step(grad, weight, state, *self._rate_and_count(variable))).update


@keras.utils.register_keras_serializable("clippy")
class ClippedAdagrad(Adagrad, RuleOptimizer):
    __doc__ = Adagrad.__doc__


@keras.utils.register_keras_serializable("clippy")
class ClippedAdam(Adam, RuleOptimizer):
    __doc__ = Adam.__doc__


@keras.utils.register_keras_serializable("clippy")
class ClippedSGD(SGD, RuleOptimizer):
    __doc__ = SGD.__doc__
