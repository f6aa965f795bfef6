"""`make figures`: from records on disk to pictures. What is missing is trained first."""

import contextlib
import functools

from data import TASKS
from experiments.errors import BadInput, CannotWrite
from experiments.findings import dynamics
from experiments.findings.dynamics import CLASSIFICATION, REGRESSION
from experiments.findings.figures import figure1, figure2, figure3, figure4, figure5, figure6, style
from experiments.findings.make import write_study
from experiments.findings.names import MODEL_NAMES
from experiments.studies import known, session
from experiments.studies.grid import run_config

MODEL = "large_dcn"  # what the paper's Figures 1, 4, 5a, 6 and 8 are about
MODELS = ("small", "large", "large_dcn")  # of Figure 5b


def write_figures(options, number=None, repeats=None):
    """Writes results/<profile>/figures/figure<name>.{png,pdf,csv}.

    Args:
      options: session.Options.
      number: of a figure of the paper, or None for all that are built.
      repeats: run seeds of each setting of Table 2, or None for its own number.
    Returns: the paths of the pictures, as text.
    Raises: BadInput for a number that is not built, and, once everything else is written, for a
      figure whose runs do not show what it is about; RunsCrashed.
    """
    names = _names(number)
    folder = options.store(options.data_seed).root / "figures"
    lines, refused = [], []
    with Material.opened(options, repeats) as material:
        for name in names:
            try:
                frame, figure = MAKERS[name](material)
            except CannotWrite:
                raise
            except BadInput as error:
                refused.append(f"figure{name}: {error}")
                continue
            style.save(figure, frame, folder, f"figure{name}")
            lines.append(str(folder / f"figure{name}.png"))
    if refused:
        raise BadInput(refused[0])
    return "\n".join(lines)


def _names(number):
    numbers = sorted({int(name[0]) for name in MAKERS})
    if number is not None and number not in numbers:
        allowed = ", ".join(map(str, numbers))
        raise BadInput(f"FIGURE = {number!r}: allowed is one of {allowed}")
    return [name for name in MAKERS if number in (None, int(name[0]))]


class Material:
    """What figures are made of, each part read, or trained, when it is first asked for.

    Args:
      options: session.Options.
      open_session: function that gives the session.Session.
      repeats: run seeds of each setting of Table 2, or None for its own number. The study of
        divergences has numbers of its own: its cases need each other's run seeds.
    """

    def __init__(self, options, open_session, repeats=None):
        self.options, self._open, self._repeats = options, open_session, repeats

    @classmethod
    @contextlib.contextmanager
    def opened(cls, options, repeats=None):
        """The material, its session closed at the end."""
        with contextlib.ExitStack() as stack:
            yield cls(options, lambda: stack.enter_context(session.opened(options)), repeats)

    @functools.cached_property
    def session(self):
        return self._open()

    @functools.cached_property
    def repeats(self):
        """Repeats of Table 2, one row a run."""
        runs, _ = self.session.run_table2(known.table2_config(self._repeats))
        return runs[runs["role"] == "repeat"]

    @functools.cached_property
    def divergences(self):
        """The study of divergences with what its telemetry says, one row a run."""
        config = known.study_config(dynamics.STUDY)
        runs = self.session.run_cases(config)
        write_study(self.session.folder, dynamics.STUDY, config, runs, self.session.found)
        return dynamics.measured_rows(runs, self.store, self.session.divergence)

    @functools.cached_property
    def example(self):
        """The runs of Figures 1, 4 and 8.

        Raises: BadInput if there are none.
        """
        found = figure1.choose(self.divergences)
        if found is None:
            where = f"{self.options.profile}, data seed {self.options.data_seed}"
            raise BadInput(
                f"{where}: no run seed has a healthy, a micro- and a fully diverged run: "
                "allowed is a profile or a DATA_SEED that has one"
            )
        return found

    @property
    def store(self):
        return self.session.study.store

    @property
    def window_steps(self):
        """Training steps in one window of days of the example's severe run."""
        trainer = self.store.read(self.example.runs["severe"]["run_id"]).config["trainer"]
        return trainer["window_days"] * trainer["steps_per_day"]

    def curves(self, run_ids):
        """Dict from run id to curves."""
        return {run_id: self.store.curves(self.store.read(run_id)) for run_id in run_ids}

    def telemetry(self, run_ids):
        """Dict from run id to telemetry."""
        return {run_id: dynamics.telemetry_of(self.store, run_id) for run_id in run_ids}


def _figure1(material):
    example = material.example
    run_ids = [run["run_id"] for run in example.runs.values()]
    frame = figure1.frame(example, material.curves(run_ids))
    return frame, figure1.draw(frame)


def _figure2(material):
    # Rate and seeds do not enter the drawing; embeddings neither, so their table can be tiny.
    options = material.options
    config = run_config(options.profile, MODEL, "naive", learning_rate=1.0, data_seed=1, run_seed=0)
    from experiments.training.program import build_model  # late: it imports TensorFlow

    model = build_model(config, vocabulary_size=2)
    frame = figure2.frame(model, TASKS, config.stream.categorical_features)
    return frame, figure2.draw(frame, MODEL_NAMES)


def _figure3(material):
    del material
    frame = figure3.frame()
    return frame, figure3.draw(frame)


def _figure4a(material):
    run = material.example.runs["severe"]
    (curves,), (telemetry,) = (
        part([run["run_id"]]).values() for part in (material.curves, material.telemetry)
    )
    frame = figure4.moments_frame(run, curves, telemetry, material.window_steps)
    return frame, figure4.draw_moments(frame)


def _layer(layer, material):
    run = material.example.runs["severe"]
    telemetry = material.telemetry([run["run_id"]])[run["run_id"]]
    frame = figure4.layer_frame(run, telemetry, material.window_steps, layer)
    return frame, figure4.draw_layer(frame)


def _figure5a(material):
    runs = material.repeats
    runs = runs[runs["model"] == MODEL]
    methods = list(runs["method"].unique())
    frame = figure5.frame(runs, material.curves(runs["run_id"]), [MODEL], methods)
    return frame, figure5.draw_methods(frame)


def _figure5b(material):
    runs = material.repeats
    runs = runs[runs["model"].isin(MODELS) & runs["method"].isin(["gc", "clippy"])]
    frame = figure5.frame(runs, material.curves(runs["run_id"]), MODELS, ["gc", "clippy"])
    return frame, figure5.draw_models(frame)


def _figure6(material):
    runs = material.divergences
    runs = runs[runs["case"] == "clippy"]
    trainer = material.store.read(runs["run_id"].iloc[0]).config["trainer"]
    frame = figure6.frame(runs, material.telemetry(runs["run_id"]), trainer["steps_per_day"])
    return frame, figure6.draw(frame)


MAKERS = {  # by what follows the word Figure, in the order of the paper
    "1": _figure1,
    "2": _figure2,
    "3": _figure3,
    "4a": _figure4a,
    "4b": functools.partial(_layer, "top_hidden"),
    "5a": _figure5a,
    "5b": _figure5b,
    "6": _figure6,
    "8a": functools.partial(_layer, "bottom_hidden"),
    "8b": functools.partial(_layer, CLASSIFICATION),
    "8c": functools.partial(_layer, REGRESSION),
}
