"""The shape of a model: its parameters, without TensorFlow."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A shared-bottom ranking model (Figure 2, Table 1).

    Args:
      name: how tables and run ids call it.
      paper_width: units of each shared hidden layer at the paper's size (Table 1).
      depth: number of shared hidden layers (Table 1).
      paper_cross_layers: full-rank DCN-v2 layers on the input at the paper's size, followed by
        layer normalization; 0 for none.
      width_divisor: a profile divides `paper_width` by this; at least 1 unit is left.
      cross_divisor: a profile divides `paper_cross_layers` by this; at least 1 layer is left, if
        there was one.
      embedding_width: units of each categorical feature's embedding.
      tasks: names of the tasks the model learns, or None for all.
      task_weights: weight of a task's loss by its name; 1 for a task not named. A task that the
        model does not learn may have one too.
      dense_kept: indices of the dense features the model sees, or None for all.
      categorical_kept: indices of the categorical features it sees, or None for all.
    """

    name: str
    paper_width: int
    depth: int
    paper_cross_layers: int
    width_divisor: int
    cross_divisor: int
    embedding_width: int
    tasks: tuple[str, ...] | None = None
    task_weights: dict[str, float] = dataclasses.field(default_factory=dict)
    dense_kept: tuple[int, ...] | None = None
    categorical_kept: tuple[int, ...] | None = None

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name.isidentifier():
            _fail("name", self.name, "a word of letters, digits and underscores")
        least = {"paper_width": 1, "depth": 1, "paper_cross_layers": 0}
        least |= {"width_divisor": 1, "cross_divisor": 1, "embedding_width": 1}
        for field, limit in least.items():
            value = getattr(self, field)
            if type(value) is not int or value < limit:
                _fail(field, value, f"a whole number of at least {limit}")
        for field, kind in {"tasks": str, "dense_kept": int, "categorical_kept": int}.items():
            self._check_subset(field, kind)
        if not isinstance(self.task_weights, dict):
            _fail("task_weights", self.task_weights, "a dict from task to weight")
        for weight in self.task_weights.values():
            if type(weight) not in (int, float) or not 0 < weight < float("inf"):
                _fail("task_weights", self.task_weights, "finite weights above 0")

    def _check_subset(self, field, kind):
        value = getattr(self, field)
        if value is None:
            return
        words = "names" if kind is str else "indices of at least 0"
        right = (
            isinstance(value, (tuple, list))
            and value
            and all(type(item) is kind and (kind is str or item >= 0) for item in value)
            and len(set(value)) == len(value)
        )
        if not right:
            _fail(field, value, f"None or a list of {words} without repeats, not empty")
        object.__setattr__(self, field, tuple(value))

    def check_inputs(self, tasks, dense_features, categorical_features):
        """Raises ValueError if the config names a task or a feature that is not there."""
        for field in ("tasks", "task_weights"):
            for name in getattr(self, field) or ():
                if name not in tasks:
                    _fail(field, name, f"one of {', '.join(tasks)}")
        counts = {"dense_kept": dense_features, "categorical_kept": categorical_features}
        for field, count in counts.items():
            kept = getattr(self, field)
            if kept is not None and max(kept) >= count:
                _fail(field, kept, f"indices below {count}")

    @property
    def width(self):
        """Units of each shared hidden layer at this profile's size."""
        return max(1, self.paper_width // self.width_divisor)

    @property
    def cross_layers(self):
        """Number of cross layers at this profile's size.

        Small profiles have fewer than Table 1: its four layers do not learn in a few hundred steps,
        and a run of that length is what 2 cores can repeat.
        """
        return min(self.paper_cross_layers, max(1, self.paper_cross_layers // self.cross_divisor))


def _fail(field, value, expected):
    raise ValueError(f"ModelConfig.{field} = {value!r}: expected {expected}")
