"""When the corpus of Figure 7 is fetched."""

import types

import pytest

from experiments.studies import figure7
from experiments.studies.known import figure7_config
from scripts import command, reproduce_figure7
from scripts.fetch import __main__ as fetching


@pytest.mark.parametrize(
    "profile, done, fetched",
    [
        ("laptop_translation", 70, ["libreoffice"]),
        ("laptop_translation", 71, []),
        ("smoke_translation", 0, []),
    ],
)
def test_the_corpus_is_fetched_if_a_run_needs_it(tmp_path, monkeypatch, profile, done, fetched):
    asked = []
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "say", lambda _: None)
    monkeypatch.setattr(fetching, "fetch", lambda name, cache: asked.append(name))
    monkeypatch.setattr(figure7, "plan_figure7", lambda *_: (71, done, 60.0))
    session = types.SimpleNamespace(profile=profile)
    reproduce_figure7.fetch_missing(figure7_config(), session)
    assert asked == fetched
