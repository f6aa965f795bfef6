"""The optimizer of the paper's authors, argument for argument and number for number, mended.

Source: `ClippyAdagrad` and `shrink_by_references` of tensorflow-recommenders 0.7.7.
"""

from clippy.authors import PAPER, Authors
from clippy.base import ClippingOptimizer, stored_dtype
from clippy.keras2 import keras, tf
from clippy.rules import check_number, ratio_up_to_1
from clippy.updates import bound_of


def shrink_by_references(tensor, references, relative_factors, absolute_factor):
    """Shrinks a tensor until no coordinate is larger than what its references allow.

    The references broadcast against the tensor. Each has a relative factor, a float >= 0 as the
    absolute one.

    Returns: (tensor * scale, scale). scale is the largest number in [0, 1] with |tensor| * scale <=
      sum over j of relative_factors[j] * |references[j]|, plus absolute_factor, at every
      coordinate; a scalar, above 0 if absolute_factor is.
    Raises: ValueError if a factor is bad or there are not as many as references.
    """
    for factor in relative_factors:
        check_number("relative_factors", factor, zero=True)
    check_number("absolute_factor", absolute_factor, zero=True)
    if len(references) != len(relative_factors):
        raise ValueError(
            f"relative_factors has {len(relative_factors)} values: expected one for each of the "
            f"{len(references)} references"
        )
    tensor = tf.convert_to_tensor(tensor)
    bound = bound_of(references, relative_factors, absolute_factor, tensor.dtype)
    scale = tf.minimum(tf.reduce_min(ratio_up_to_1(bound, tf.abs(tensor))), 1.0)
    return tensor * scale, scale


@keras.utils.register_keras_serializable("clippy")
class ClippyAdagrad(Authors, ClippingOptimizer):
    __doc__ = Authors.__doc__

    @property
    def _accumulators(self):  # the tests of that class, and scripts, read them by this name
        return self._state.get("accumulator", [])

    def _new_factor(self, variable):
        # Among `variables`, each behind its accumulator, so that what that class has saved fits.
        value = tf.ones([], stored_dtype(variable))
        return self.add_variable_from_reference(variable, "clipping_factor", initial_value=value)


def paper_clippy(learning_rate, **kwargs):
    """ClippyAdagrad with the paper's lambda_rel = 0.5 and lambda_abs = 1e-2 (5.1.3)."""
    return ClippyAdagrad(learning_rate, **{**PAPER, **kwargs})
