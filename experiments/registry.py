"""Everything gin may name. This module and gin_files.py are the only ones that know gin."""

import dataclasses

import gin

import data
from experiments.run.config import MethodConfig, RunConfig, TrainerConfig
from experiments.run.detector import DetectorConfig
from experiments.run.divergence import DivergenceConfig
from experiments.run.recorder import RecorderConfig
from experiments.run.telemetry import TelemetryConfig
from experiments.study.protocol import CalibrationConfig, CasesConfig, Table2Config
from models.config import ModelConfig

REGISTERED = (
    CalibrationConfig,
    CasesConfig,
    DetectorConfig,
    DivergenceConfig,
    MethodConfig,
    ModelConfig,
    RecorderConfig,
    Table2Config,
    TelemetryConfig,
    TrainerConfig,
    data.FeatureWalk,
    data.LabelNoise,
    data.LabelShocks,
    data.Shocks,
    data.StreamConfig,
    data.Teacher,
    data.TeacherDrift,
    data.VocabularyChurn,
)

CLASSES = {kind.__name__: kind for kind in REGISTERED}
NAMES = ("run", *CLASSES)

for _class in REGISTERED:
    gin.register(_class)


@gin.configurable
def run(stream, model, method, trainer, learning_rate, data_seed, run_seed):
    """One run; see RunConfig for the parameters."""
    return RunConfig(
        stream=stream,
        model=model,
        method=method,
        trainer=trainer,
        learning_rate=learning_rate,
        data_seed=data_seed,
        run_seed=run_seed,
    )


def parameters(name):
    """Names of the parameters of `run` or of a registered class."""
    kind = RunConfig if name == "run" else CLASSES[name]
    return [field.name for field in dataclasses.fields(kind)]
