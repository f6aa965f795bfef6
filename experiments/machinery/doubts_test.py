"""What is warned of, and that the project's own configurations are not."""

import pytest

from experiments.machinery.doubts import doubts
from experiments.machinery.gin_files import CONFIGS
from experiments.machinery.workers.testing import InProcess, Opened
from experiments.studies.settings import run_config, stream_class
from experiments.studies.testing import smoke

PROFILES = [path.stem for path in (CONFIGS / "profiles").glob("*.gin")]
SYNTHETIC = [name for name in PROFILES if stream_class(name) == "StreamConfig"]


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("batch_size", 1_000_000, "a window has only 6144 examples"),
        ("warmup_days", 50, "the stream has only 7 training days, so the learning rate is never"),
        ("evaluate_every_steps", 43, "a run has only 42 steps, so it is evaluated once"),
    ],
)
def test_what_is_seldom_meant_is_warned_of(name, value, said):
    values = {"TrainerConfig.batch_size": 6144, "TrainerConfig.warmup_days": 7}
    values |= {"TrainerConfig.evaluate_every_steps": 42}
    assert doubts(smoke(values=values)) == []
    (text,) = doubts(smoke(values=values | {f"TrainerConfig.{name}": value}))
    assert text.startswith(f"warning: TrainerConfig.{name} = {value}: {said}")


@pytest.mark.parametrize("profile", SYNTHETIC)
def test_profiles_are_not(profile):
    seeds = {"data_seed": 1, "run_seed": 0}
    assert doubts(run_config(profile, "small", "gc", learning_rate=0.1, **seeds)) == []


def test_a_translation_run_is_not():
    how = {"learning_rate": 3.0, "data_seed": 11, "run_seed": 0}
    assert doubts(run_config("smoke_translation", "transformer", "naive", **how)) == []


def test_a_study_says_it_once(tmp_path, day_cache):
    opened = Opened(tmp_path)
    study = opened.study(InProcess(opened.store, day_cache))
    runs = [smoke(seed=seed, values={"TrainerConfig.warmup_days": 8}) for seed in (0, 1)]
    study.execute(runs[:1])
    study.execute(runs)
    assert " ".join(opened.text.getvalue().split()).count("warning: ") == 1
