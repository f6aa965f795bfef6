"""A translation run: its schedule, identity, batches, metrics, labels, and the bits of a resume."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from data import open_days
from experiments.errors import BadInput
from experiments.machinery.records.checkpoint import CheckpointStore, Keeper
from experiments.machinery.records.record import Store
from experiments.machinery.workers.placement import Placement
from experiments.machinery.workers.runner import Runner
from experiments.studies.registry import divergence_config
from experiments.studies.settings import run_config
from experiments.studies.testing import smoke, with_part
from experiments.training.config import RunConfig
from experiments.training.divergence import label, never_learned
from experiments.training.observer import Observer
from experiments.training.trainer import seeds_of, train, window_of
from experiments.training.translation import SIDES, TranslationEvaluation, program_of


def translation(method="clippy", *, rate=3.0, seed=1, **values):
    """A RunConfig of the smoke_translation profile."""
    if method == "clippy":
        bound = {"RELATIVE": 1e-3, "ABSOLUTE": 0.1, "MethodConfig.embeddings": "treated"}
        values = bound | values
    seeds = {"data_seed": 11, "run_seed": seed}
    how = {"learning_rate": rate, "values": values}
    return run_config("smoke_translation", "transformer", method, **how, **seeds)


@pytest.fixture(scope="module")
def config():
    return translation()


@pytest.fixture(scope="module")
def days(config, tmp_path_factory):
    return open_days(tmp_path_factory.mktemp("cache"), config.stream, None)


@pytest.fixture(scope="module")
def program(config):
    return program_of(config)


@pytest.fixture(scope="module")
def evaluation(config, days):
    return TranslationEvaluation(days.day(1), config.stream, 16)


@pytest.fixture(scope="module")
def whole(config, program, days, evaluation):
    return train(config, program, days, evaluation).curves


def test_the_rate_rises_and_then_falls_with_the_root_of_the_step(config):
    trainer = dataclasses.replace(config.trainer, steps=400, warmup_share=0.04)
    run = dataclasses.replace(config, trainer=trainer)
    rates = [run.rate_at(step) for step in range(400)]
    assert run.steps == 400
    assert np.argmax(rates) == 15
    np.testing.assert_allclose(rates[15], 3.0 / 4)  # at step 16, the root of which is 4
    np.testing.assert_allclose(rates[3], rates[15] * 4 / 16)
    np.testing.assert_allclose(rates[399], 3.0 / 20)


def test_a_configuration_goes_through_its_record_and_its_parts_decide_the_run(config):
    assert RunConfig.from_dict(config.to_dict()) == config
    assert config.run_id.startswith("transformer-clippy-")
    others = [
        with_part(config, "model", width=12),
        with_part(config, "trainer", warmup_share=0.5),
        with_part(config, "stream", validation_share=0.3),
        with_part(config, "method", embeddings="plain"),
    ]
    assert len({run.run_id for run in [config, *others]}) == 5
    assert [run.trace_key == config.trace_key for run in others] == [False, True, True, False]
    assert "embeddings" not in others[-1].to_dict()["method"]


@pytest.mark.parametrize("part", ["model", "trainer"])
def test_parts_of_two_kinds_of_runs_are_refused(config, part):
    ranking = smoke()
    found = type(getattr(ranking, part)).__name__
    with pytest.raises(ValueError, match=rf"run.{part} = {found}: expected .* beside CorpusConfig"):
        dataclasses.replace(config, **{part: getattr(ranking, part)})
    with pytest.raises(ValueError, match=rf"run.{part} = .*: expected {found} beside StreamConfig"):
        dataclasses.replace(ranking, **{part: getattr(config, part)})


@pytest.mark.parametrize(
    "given", [{"MethodConfig.embeddings": "none"}, {"MethodConfig.optimizer": "adamv"}]
)
def test_an_unknown_word_is_one_line(given):
    ((name, value),) = given.items()
    with pytest.raises(BadInput, match=rf"{name} = '{value}': expected one of"):
        translation("naive", **given)


def test_a_translation_run_is_on_one_device_without_telemetry(config, tmp_path):
    Placement().check(config, None)
    for placed, telemetry in ((Placement(2), None), (Placement(), object())):
        with pytest.raises(BadInput, match="run.stream = CorpusConfig: expected one device"):
            placed.check(config, telemetry)
    with pytest.raises(BadInput, match=f"RUN = '{config.run_id}': a translation run"):
        Runner(Store(tmp_path), tmp_path).again(config, object())


def test_batches_are_as_long_as_their_longest_sentences(config, days, program):
    rows = window_of(config, days).batch(3)
    batch = program.tensors(rows)
    for side in SIDES:
        lengths = (rows[side] != 0).sum(axis=1)
        assert batch[side].shape == (16, lengths.max())
        assert (batch[side].numpy() == rows[side][:, : lengths.max()]).all()


def test_the_metrics_are_those_of_every_token(config, days, program, evaluation):
    """Pair by pair, without chunks and padding."""
    program.start(config, 5)
    wrong, entropies, targets = [], [], []
    for row in days.day(1):
        pair = {side: row[side][row[side] != 0][None] for side in SIDES}
        logits = program.model(pair).numpy()[0].astype(float)
        target = pair["target"][0]
        wrong += (logits.argmax(axis=1) != target).tolist()
        entropies += (
            np.log(np.exp(logits).sum(axis=1)) - logits[range(len(target)), target]
        ).tolist()
        targets += target.tolist()
    found = evaluation(program)
    shares = np.unique(targets, return_counts=True)[1] / len(targets)
    expected = {
        "translation/error_rate": np.mean(wrong),
        "translation/log_loss": np.mean(entropies),
        "translation/constant_error_rate": 1 - shares.max(),
        "translation/constant_log_loss": -(shares * np.log(shares)).sum(),
    }
    assert found == pytest.approx(expected, rel=1e-5)
    assert evaluation.optimal() == {}


def test_a_run_has_rows_and_learns(whole, config):
    assert whole["step"].tolist() == [4, 8, 12]
    assert whole["day"].tolist() == [0, 0, 0]
    assert whole["loss"].iloc[-1] < whole["loss"].iloc[0]
    np.testing.assert_allclose(whole["learning_rate"], [config.rate_at(s) for s in (3, 7, 11)])


def test_a_killed_run_goes_on_with_the_same_bits(config, days, evaluation, whole, tmp_path):
    class Kill(Observer):
        def after(self, run):
            if run.step == 7:
                raise KeyboardInterrupt

    store = CheckpointStore(tmp_path)
    keeper = Keeper(store, config.run_id, every_s=0, clock=itertools.count().__next__)
    with pytest.raises(KeyboardInterrupt):
        train(config, program_of(config), days, evaluation, [keeper, Kill()])
    again = Keeper(store, config.run_id)
    found = train(config, program_of(config), days, evaluation, [again]).curves
    assert 0 < again.resumed.snapshot.step <= 7
    pd.testing.assert_frame_equal(found, whole, check_exact=True)


def test_a_program_serves_runs_in_turn_with_the_same_bits(config, days, program, evaluation, whole):
    other = dataclasses.replace(config, learning_rate=0.3, run_seed=2)
    assert not train(other, program, days, evaluation).curves.equals(whole)
    found = train(config, program, days, evaluation).curves
    pd.testing.assert_frame_equal(found, whole, check_exact=True)


@pytest.mark.parametrize("embeddings, moves", [("plain", True), ("treated", False)])
def test_embeddings_are_treated_where_that_is_asked_for(days, evaluation, embeddings, moves):
    """A bound of nearly nothing stops what it treats, and that alone."""
    tight = {"RELATIVE": 0, "ABSOLUTE": 1e-12, "MethodConfig.embeddings": embeddings}
    run = translation(**tight)
    made, first = program_of(run), program_of(run)
    train(run, made, days, evaluation)
    first.start(run, seeds_of(run.run_seed)[0])
    pairs = zip(made.model.trainable_variables, first.model.trainable_variables, strict=True)
    for after, before in pairs:
        moved = np.abs(after.numpy() - before.numpy()).max() > 1e-6
        assert moved == (moves and "/embeddings" in after.name), after.name


def curves(errors, losses=None, worst=None):
    """Curves of a translation run with these error rates."""
    count = len(errors)
    losses = losses or [7.0 - k for k in range(count)]
    return pd.DataFrame(
        {
            "step": np.arange(1, count + 1) * 50,
            "loss": losses,
            "worst_loss": worst or losses,
            "translation/error_rate": errors,
            "translation/log_loss": losses,
            "translation/constant_error_rate": 0.94,
            "translation/constant_log_loss": 6.0,
        }
    )


@pytest.mark.parametrize(
    "found, kind, step",
    [
        (curves([0.90, 0.80, 0.70]), "healthy", None),
        (curves([0.90, 0.70, 0.86]), "full", 150),  # 0.24 above the constant answer, then 0.08
        (curves([0.90, 0.70, 0.81]), "healthy", None),  # 0.13: more than half of it is left
        (curves([0.80, 0.70, 0.94, 0.93]), "full", 150),
        (curves([0.94, 0.93, 0.93], worst=[8.5, 7.0, 6.5]), "untrained", 50),  # slow, not lost
        (curves([0.94, 0.93, 0.93], worst=[8.5, 12.1, 7.0]), "full", 50),  # twice 6.0 and more
        # It jumped and learns since, too little to be used.
        (curves([0.93, 0.92, 0.91], worst=[13.8, 7.0, 6.8]), "untrained", 50),
        (curves([0.94, 0.80, 0.70], worst=[40.0, 7.0, 6.5]), "healthy", None),  # it came back
        (curves([0.90, 0.80, 0.90], [7, 6, float("nan")]), "full", 150),
    ],
)
def test_a_translation_run_is_labelled_by_what_it_knows_above_a_constant_answer(found, kind, step):
    assert label(found, divergence_config()) == (kind, step)
    flat = found["translation/error_rate"].min() > 0.9
    assert never_learned(found, divergence_config()) == flat
