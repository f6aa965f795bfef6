"""Registers everything that gin files may name; from here on they can be resolved."""

import data
from experiments.machinery.gin_files import register, resolve
from experiments.studies.configs import CalibrationConfig, CasesConfig, Table2Config
from experiments.studies.figure7_config import Figure7Config
from experiments.studies.plants_config import PlantsConfig
from experiments.studies.search_config import CriteriaConfig, SearchConfig
from experiments.training.config import MethodConfig, RunConfig, TrainerConfig
from experiments.training.curvature import CurvatureConfig
from experiments.training.detector import DetectorConfig
from experiments.training.divergence import DivergenceConfig
from experiments.training.flight_recorder import RecorderConfig
from experiments.training.schedule import ScheduleConfig
from experiments.training.telemetry import TelemetryConfig
from models.config import ModelConfig
from models.transformer_config import TransformerConfig

CLASSES = (
    CalibrationConfig,
    CasesConfig,
    CriteriaConfig,
    CurvatureConfig,
    DetectorConfig,
    DivergenceConfig,
    Figure7Config,
    MethodConfig,
    ModelConfig,
    PlantsConfig,
    RecorderConfig,
    ScheduleConfig,
    SearchConfig,
    Table2Config,
    TelemetryConfig,
    TrainerConfig,
    TransformerConfig,
    data.CorpusConfig,
    data.FeatureWalk,
    data.LabelNoise,
    data.LabelShocks,
    data.LogsConfig,
    data.Shocks,
    data.StreamConfig,
    data.Teacher,
    data.TeacherDrift,
    data.VocabularyChurn,
)


def telemetry_config():
    """The TelemetryConfig of configs/telemetry.gin."""
    return resolve(["configs/telemetry.gin"], wanted=("TelemetryConfig",))[0]


def divergence_config():
    """The DivergenceConfig of configs/divergence.gin."""
    return resolve(["configs/divergence.gin"], wanted=("DivergenceConfig",))[0]


register(RunConfig, "run")
for _kind in CLASSES:
    register(_kind, _kind.__name__)
