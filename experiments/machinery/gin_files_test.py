"""Gin files: those of the project resolve, those a person gets wrong are refused in one line."""

import os
import re
import subprocess
import sys

import pytest

from data.logs.testing import write_days
from experiments.errors import BadInput
from experiments.machinery.gin_files import CONFIGS, ROOT, given_file, named_file
from experiments.machinery.gin_text import split_bindings
from experiments.studies.registry import resolve
from experiments.studies.settings import stream_class
from experiments.training.config import DEFAULT_DATA_SEED

PARTS = {"profiles": "smoke", "models": "large_dcn", "methods": "clippy"}
BASE = [f"configs/{folder}/{name}.gin" for folder, name in PARTS.items()]
TWO_METHODS = "include 'configs/methods/gc.gin'\ninclude 'configs/methods/agc.gin'"
DRIFT = ("walk", "shocks", "teacher_drift", "churn", "label_noise")


def names(folder):
    return sorted(path.stem for path in (CONFIGS / folder).glob("*.gin"))


LOGS, SYNTHETIC, CORPORA = (
    [name for name in names("profiles") if stream_class(name) == kind]
    for kind in ("LogsConfig", "StreamConfig", "CorpusConfig")
)
TRANSLATION = ["transformer"]
RANKING = [name for name in names("models") if name not in TRANSLATION]


def refused(path, text):
    """The message with which a file of this text is refused."""
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        resolve([*BASE, path], ["learning_rate = 0.1"])
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def file(tmp_path):
    return tmp_path / "own.gin"


@pytest.mark.parametrize(
    "profile, model, method",
    [
        *((profile, model, "clippy") for profile in (*LOGS, *SYNTHETIC) for model in RANKING),
        *(("laptop", "large_dcn", method) for method in names("methods") if method != "clippy"),
    ],
)
def test_every_combination_resolves_without_dead_bindings(profile, model, method, tmp_path):
    files = map(named_file, PARTS, (profile, model, method))
    values = {"run.learning_rate": 0.1}
    if profile in LOGS:  # in the place of one that need not have been fetched
        values["LogsConfig.path"] = str(write_days(tmp_path, days=1))
    (config,) = resolve(list(files), values=values)
    assert (config.model.name, config.method.name) == (model, method)
    assert config.data_seed == DEFAULT_DATA_SEED
    assert config.stream.shown("binary") and config.stream.shown("regression")


@pytest.mark.parametrize("profile", CORPORA)
@pytest.mark.parametrize("model", TRANSLATION)
@pytest.mark.parametrize("method", names("methods"))
def test_every_translation_run_resolves_too(profile, model, method):
    files = map(named_file, PARTS, (profile, model, method))
    corpus = "data/translation/fixture"  # in the place of one that need not have been fetched
    values = {"run.learning_rate": 0.1, "CorpusConfig.path": corpus}
    (config,) = resolve(list(files), values=values)
    assert config.translates
    assert (config.model.name, config.method.name) == (model, method)


@pytest.mark.parametrize(
    "profile, model", [("smoke_translation", "small"), ("smoke", "transformer")]
)
def test_a_model_of_the_other_kind_of_run_is_refused(profile, model):
    files = map(named_file, PARTS, (profile, model, "clippy"))
    said = r"^[^\n]*(Model|Transformer)Config\.\w+ has no value[^\n]*$"
    with pytest.raises(BadInput, match=said):
        resolve(list(files), values={"run.learning_rate": 0.1})


def test_the_study_of_table_2_resolves():
    (table,) = resolve(["configs/studies/table2.gin"], (), ("Table2Config",))
    (calibration,) = resolve(["configs/studies/calibration.gin"], (), ("CalibrationConfig",))
    assert table.models == ("small", "large", "large_dcn")
    assert table.thresholds["agc"] == (1e-2, 1e-3, 1e-4)  # section 5.1.3
    assert len(calibration.data_seeds) == 5  # section A.1
    assert all(1000 <= seed <= 1009 for seed in calibration.data_seeds)
    assert len(table.search_seeds) == 2
    assert set(table.search_seeds).isdisjoint(range(table.repeats))


def test_a_later_file_and_the_command_line_override_and_values_are_bound_as_they_are(file):
    file.write_text("StreamConfig.days = 9\nrun.run_seed = 4\n")
    values = {"run.learning_rate": 0.1 + 0.2, "RELATIVE": 0.25, "Shocks.days": (3,)}
    (config,) = resolve([*BASE, file], ["run_seed = 5"], values=values)
    assert (config.learning_rate, config.run_seed, config.stream.days) == (0.1 + 0.2, 5, 9)
    assert (config.method.thresholds["rel"], config.stream.shocks.days) == (0.25, (3,))


MISTAKES = [
    ("StreamConfig.dayz = 3", r":1: StreamConfig.dayz is unknown: expected .*did you mean days\?"),
    ("run.model = @ModelConfg()", r":1: ModelConfg is unknown: .*did you mean ModelConfig\?"),
    (
        "# A comment.\nStreamConfig.shocks.days = (3,)",
        ":2: StreamConfig.shocks has no parts: expec",
    ),
    ("own/StreamConfig.days = 3", ":1: own/StreamConfig is unknown: expected one of"),
    ("StreamConfig.days = '40'", ":1: StreamConfig.days = '40': "),
    ("Shocks.days = (3, 99)", ":1: Shocks.days = 99: "),
    ("run.stream = 3", ":1: run.stream = 3: "),
    ("MethodConfig.thresholds = {'rel': 1.0}", ":1: MethodConfig.thresholds = .*'abs_'"),
    ("# A comment.\n\nTrainerConfig.window_days = 50", ":3: TrainerConfig.window_days = 50: "),
    ("THRESHOLD = 3", ":1: THRESHOLD has no effect"),
    ("run.run_seed = 1\nrun.run_seed = 2", r":2: run.run_seed is bound twice, first at .*:1"),
    ("StreamConfig.days = nan", r":1: not gin: .*expected name = value"),
    ("import os", r":1: import of os: expected bindings alone"),
    ("run.run_seed = 1\ninclude 'configs/base.gin'", "run_seed is bound twice"),
    (TWO_METHODS, "agc.gin:1: MethodConfig.name is bound twice, first at .*gc.gin:1"),
    ("run.model = %NOTHING", ":1: %NOTHING has no value"),
    ("include '{file}'", "{file}: includes itself"),
    ("StreamConfig.shocks = None\nShocks.days = (3,)", ":2: Shocks.days has no effect"),
    ("Shocks.days = (3,", "own.gin: a bracket or quote is open"),
    ("run.run_seed = %a/SEED", ":1: %a/SEED has no value: expected a file or SET that binds it"),
    ("run.run_seed = %gin.REQUIRED", ":1: run.run_seed has no value: expected a file or SET that"),
    ("run.run_seed = %SEED\nSEED = %gin.REQUIRED", ":2: SEED has no value: expected a file or SET"),
    ("run.run_seed = 1\ninclude 'no.gin'", ":2: include of no.gin: cannot be read: No such file"),
    (
        "CasesConfig.cases = {'a': {'x': 1, 'b': 2},\n 'b': {}, 'a': {}}",
        ":2: 'a' is twice in a dict: expected once",
    ),
    ("Teacher.binary_signal = 1e400", ":1: Teacher.binary_signal = inf: expected a finite number"),
]
COMMAND_LINE = [
    (["learning_rate = 1e999"], {}, "run.learning_rate = inf: "),
    (["learning_rate"], {}, "not gin: learning_rate: expected name = value"),
    (["run_seed = 3"], {"run.run_seed": 4}, "run.run_seed is bound twice"),
    (
        ["learning_rate = 0.1"],
        {"THRESHOLD": 4},
        "THRESHOLD has no effect: expected one of RELATIVE, ABSOLUTE$",
    ),
    (["rel = 0.3"], {}, "run.rel is unknown: expected one of stream, .*, RELATIVE, ABSOLUTE$"),
    (["absolute = 0.3"], {}, r"run.absolute is unknown: .* \(did you mean ABSOLUTE\?\)"),
]


@pytest.mark.parametrize("text, said", MISTAKES)
def test_a_mistake_is_said_with_file_and_line(file, text, said):
    text, said = (one.replace("{file}", str(file)) for one in (text, said))
    said = f"^{file}{said}" if said.startswith(":") else said
    assert re.search(said, refused(file, text))


@pytest.mark.parametrize("bindings, values, said", COMMAND_LINE)
def test_a_mistake_on_the_command_line_is_said(bindings, values, said):
    with pytest.raises(BadInput, match=f"command line: {said}"):
        resolve(BASE, bindings, values=values)


def test_a_missing_value_a_binary_file_and_a_path_for_a_name_are_named(file):
    with pytest.raises(BadInput, match="^configs/methods/clippy.gin: run.learning_rate has no val"):
        resolve(BASE)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="own.gin: cannot be read: not text in UTF-8: expected a"):
        resolve([file])
    with pytest.raises(BadInput, match="configs/profiles: no '../models/large'"):
        named_file("profiles", "../models/large")


def test_only_one_room_reads_gin():
    importers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("clippy", "data", "models", "experiments", "scripts")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^\s*(import gin|from gin)\b", path.read_text(), re.M)
    }
    assert importers == {f"experiments/machinery/{name}.py" for name in ("gin_files", "gin_text")}


@pytest.mark.parametrize("part", DRIFT)
@pytest.mark.parametrize("profile", SYNTHETIC)
def test_every_part_of_the_drift_is_switched_off_by_none(file, part, profile):
    file.write_text(f"StreamConfig.{part} = None\n")
    files = [f"configs/profiles/{profile}.gin", *BASE[1:], file]
    off = []
    for given in (files, files[:-1]):
        (config,) = resolve(given, ["learning_rate = 0.1"])
        off.append({name for name in DRIFT if getattr(config.stream, name) is None})
    assert off[0] == off[1] | {part}


def test_a_file_beside_the_one_that_includes_it_is_found_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "beside").mkdir()
    (tmp_path / "base.gin").write_text("run.learning_rate = 0.25\n")
    (tmp_path / "beside" / "seed.gin").write_text("include '../base.gin'\nrun.run_seed = 5\n")
    own = tmp_path / "own.gin"
    own.write_text("include 'beside/seed.gin'\ninclude 'base.gin'\n")
    for folder, name in ((ROOT, own), (tmp_path, "own.gin"), (tmp_path / "beside", "../own.gin")):
        monkeypatch.chdir(folder)
        (config,) = resolve([*BASE, name])
        assert (config.learning_rate, config.run_seed) == (0.25, 5)


def test_text_is_utf_8_whatever_the_locale(file):
    file.write_text("CasesConfig.title = 'Größe – β'\n", encoding="utf-8")
    code = f"from experiments.machinery.gin_files import bound; print(ascii(bound({str(file)!r})))"
    code = f"import experiments.studies.registry; {code}"
    ascii_only = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, cwd=ROOT, env=ascii_only, stdout=subprocess.PIPE)
    assert done.stdout.decode().strip() == ascii({"CasesConfig.title": "'Größe – β'"})


def test_a_mark_of_byte_order_is_no_letter(file):
    file.write_bytes(b"\xef\xbb\xbfrun.learning_rate = 0.25\r\n")
    assert resolve([*BASE, file])[0].learning_rate == 0.25


@pytest.mark.parametrize("given", ["warmup", "warmup.gin", "configs/studies/warmup.gin"])
def test_a_file_is_given_by_its_path_or_its_name(given):
    assert given_file("studies", given) == "configs/studies/warmup.gin"


def test_a_path_that_is_not_there_is_left_to_its_reader_and_a_name_is_refused(tmp_path):
    assert given_file("studies", "own.gin") == "own.gin"
    assert given_file("studies", "./warmup") == "./warmup"
    with pytest.raises(BadInput, match=r"configs/studies: no 'warmpu': .*did you mean warmup\?"):
        given_file("studies", "warmpu")


@pytest.mark.parametrize(
    "parts",
    [[], ["a=1", "b.c = 'x y'"], ["a=(1, 2)", "b={'c d': [3, 4]}"], ["a='b=1 c=2'"], ["no", "a=1"]],
)
def test_bindings_are_cut_outside_brackets_and_quotes(parts):
    assert split_bindings("  ".join(parts)) == parts
