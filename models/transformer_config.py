"""The shape of the translation model: its parameters, without TensorFlow."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """An encoder-decoder Transformer as `xformer_translate` of init2winit (section A.2).

    Args:
      name: how tables and run ids call it.
      layers: layers of the encoder, and as many of the decoder.
      width: units of an embedding and of the output of each layer; even, for the positions.
      heads: attention heads, which share the width.
      hidden_width: units of the hidden layer of each feed-forward block.
      dropout: share of the units that are dropped in training, in [0, 1).
      label_smoothing: share of a target that all tokens have in equal parts, in [0, 1).
    """

    name: str
    layers: int
    width: int
    heads: int
    hidden_width: int
    dropout: float
    label_smoothing: float

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name.isidentifier():
            _fail("name", self.name, "a word of letters, digits and underscores")
        for field in ("layers", "width", "heads", "hidden_width"):
            if type(getattr(self, field)) is not int or getattr(self, field) < 1:
                _fail(field, getattr(self, field), "a whole number of at least 1")
        if self.width < 4 or self.width % 2:
            _fail("width", self.width, "an even number of at least 4")
        if self.width % self.heads:
            _fail("heads", self.heads, f"a divisor of the width {self.width}")
        for field in ("dropout", "label_smoothing"):
            value = getattr(self, field)
            if type(value) not in (int, float) or not 0 <= value < 1:
                _fail(field, value, "a number of at least 0, below 1")
            object.__setattr__(self, field, float(value))


def _fail(field, value, expected):
    raise ValueError(f"TransformerConfig.{field} = {value!r}: expected {expected}")
