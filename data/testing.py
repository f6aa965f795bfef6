"""A small stream for tests: every part of the drift is on, and no two sizes are alike."""

import dataclasses
import hashlib
import os
import pathlib
import subprocess
import sys

import data

ROOT = pathlib.Path(__file__).resolve().parent.parent

BASE = data.StreamConfig(
    days=8,
    examples_per_day=150,
    dense_features=7,
    categorical_features=3,
    vocabulary_size=10,
    zipf_exponent=1.2,
    heavy_feature_every=3,
    teacher=data.Teacher(
        hidden=4,
        pairs=5,
        linear_share=0.5,
        hidden_share=0.3,
        binary_signal=1.5,
        regression_signal=0.7,
    ),
    walk=data.FeatureWalk(mean_per_day=0.2, log_scale_per_day=0.1, log_scale_limit=1.5),
    shocks=data.Shocks(
        days=(2, 4), duration_days=1, feature_share=0.45, log_scale_low=1.5, log_scale_high=2.5
    ),
    teacher_drift=data.TeacherDrift(turn_per_day=0.5),
    churn=data.VocabularyChurn(share_per_day=0.4),
    label_noise=data.LabelNoise(degrees_of_freedom=2.0, scale=0.3, limit=5.0),
    label_shocks=data.LabelShocks(days=(3,), duration_days=1, log_scales=(0.0, 0.7, 2.0)),
)
PARTS = ("walk", "shocks", "teacher_drift", "churn", "label_noise", "label_shocks")
OFF = dict.fromkeys(PARTS)  # a stream without drift and noise


def config(**changes):
    return dataclasses.replace(BASE, **changes)


def digest(rows):
    return hashlib.sha256(rows.tobytes()).hexdigest()


def start(*lines, **variables):
    """A process that runs lines of Python, in which `data` and this `config` are imported."""
    code = "\n".join(["from data import *", "from data.testing import config, digest", *lines])
    pipes = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE)
    environment = os.environ | variables
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)
