"""What the pages say works: commands are commands, links lead somewhere, files are there."""

import pathlib
import re
import shutil
import sys

import pytest

from experiments.errors import BadInput
from experiments.machinery.gin_files import PARAMETERS
from experiments.studies.registry import resolve
from scripts import readme
from scripts.command import ROOT
from scripts.reference import reference
from scripts.testing import ended

ROOMS = ("clippy", "configs", "data", "experiments", "models", "scripts", "results")
PAGES = ("README.md", "CONTRIBUTING.md")
PAGES += tuple(f"{room}/README.md" for room in ROOMS if room != "models")
PAGES += ("results/regimes.md",)
NEEDED = ("clippy", "configs", "data", "experiments", "models", "scripts")

# Commands that a test cannot run, by how they begin, with the reason.
EXCEPTIONS = {
    "make tensorboard": "installs a package, and serves until Ctrl-C",
    "make readme": "writes the pages of the committed records, which are not copied",
    "make test": "runs these tests",
    "make test-slow": "runs these tests",
    "make setup": "installs the environment of the tests",
    "make setup-gpu": "installs gigabytes of libraries for a device that need not be there",
    "make setup-jax": "installs libraries that the other commands do not need",
    "make clean": "removes results that other tests read",
    "make clean-all": "removes the environment",
    "make lock": "resolves it anew",
    "make fetch": "downloads from the registry: scripts/fetch has the tests",
    "make chaos": "takes minutes: chaos_test does the same",
    "make search": "judges streams of the laptop profile; studies/search_test.py has a small one",
    "make plants": "its faults are of days that the stream of smoke has not: see planted_test",
    "make rescues": "replays what diverged in Table 2 of laptop: replay_test has one replay",
    "make study STUDY=configs/studies/flights.gin": "needs what make fetch downloads",
    "make study STUDY=configs/studies/regimes.gin": "trains 297 runs: cases_test resolves them",
    "make lint": "needs the files that are not copied",
    "make fmt": "formats the copy",
    "make reproduce-table2 CLUSTER=tcp://10.0.0.5:8786": "needs a cluster: see the tests of it",
}
# Other lists want the runs of commands that are slow.
FAST = ("make help", "make run CONFIG=configs/studies/one_large_dcn_clippy.gin", "make list")
# On smoke, from which nothing is to be concluded, there may be nothing to show.
NOTHING_TO_SHOW = dict.fromkeys(
    ("make figures", "make figure1", "make figure4", "make figure8", "make reproduce"),
    "no run seed has a healthy, a micro- and a fully diverged run",
)
OURS = ("make figure-labels", "make figure-onset", "make figure-curvature")
NOTHING_TO_SHOW |= dict.fromkeys(OURS, "data seed 11: no ")
NOTHING_TO_SHOW["make figure-regimes"] = "no study regimes: "
NOTHING_TO_SHOW["make detector"] = "no runs with telemetry"
# Commands of other pages have added runs since a scorecard was made.
NOTHING_TO_SHOW["make verify"] = "items differ or are missing"
# At this rate no number stays finite, on any processor.
PLANTED = """include 'configs/models/small.gin'
include 'configs/methods/naive.gin'
run.learning_rate = 1e9
"""


def fenced(page, language):
    """The fenced blocks of a page in one language, "" for commands."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S)
    return [text for kind, text in found if kind == language]


def commands():
    """Every command of the pages, once, without its comment: of blocks, then of text."""
    lines = [line for page in PAGES for text in fenced(page, "") for line in text.splitlines()]
    for page in PAGES:
        lines += re.findall(r"`(make [^`]*)`", (ROOT / page).read_text())
    lines = [re.sub(r"\s+#.*", "", line) for line in lines]
    return list(dict.fromkeys(line for line in lines if line.startswith("make ")))


def begins(command, listed):
    """Whether a command is one of some, as it stands or with more behind it."""
    return any(f"{command} ".startswith(f"{name} ") for name in listed)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout without results, with the files that the pages tell a person to write.

    Its `.venv` is the environment of the test by links, so that make has nothing to install.
    """
    copy = tmp_path_factory.mktemp("checkout")
    for name in NEEDED:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Makefile", copy)
    for page in PAGES:
        for text in [*fenced(page, "gin"), *fenced(page, "python")]:
            if text.startswith("# "):
                (copy / text.splitlines()[0].removeprefix("# ")).write_text(text)
    (copy / "planted.gin").write_text(PLANTED)
    (copy / ".venv").mkdir()
    for path in pathlib.Path(sys.prefix).iterdir():
        if path.name != ".installed":
            (copy / ".venv" / path.name).symlink_to(path)
    done = ended(".venv/bin/python", "make_log.py", cwd=copy)
    assert done.returncode == 0, done.stderr
    (copy / "requirements.lock").touch()
    (copy / ".venv" / ".installed").touch()
    return copy


def read_by(command):
    """The variables that the target of a command reads."""
    reads = re.findall(r"(?m)^([^:\n]*): reads = (.*)$", (ROOT / "Makefile").read_text())
    target = command.split()[1]
    named = " ".join(words for targets, words in reads if target in targets.split())
    figure = "$(STUDIES)" if target.startswith("figure") else ""
    return f"{named} {figure}".replace("$(STUDIES)", "PROFILE SEEDS").split()


def run(checkout, command):
    """What a command did at the smallest size, unless it names another."""
    given = {"PROFILE": "smoke", "SEEDS": "1"}
    given = {name: value for name, value in given.items() if name in read_by(command)}
    return ended("bash", "-c", command, cwd=checkout, TF_CPP_MIN_LOG_LEVEL="3", **given)


def with_names(checkout, command):
    """A command with runs in the place of each <id>, a planted divergence first; two repeats do."""
    runs = checkout / "results" / "smoke" / "runs"
    if "<id>" in command and not list(runs.glob("small-naive-*.telemetry.json")):
        done = run(checkout, "make run CONFIG=planted.gin TELEMETRY=1")
        assert done.returncode == 0, done.stderr
    planted = [path.name.split(".")[0] for path in runs.glob("small-naive-*.telemetry.json")]
    others = [path.name.split(".")[0] for path in runs.glob("*.csv.gz")]
    for run_id in dict.fromkeys([*planted, *others]):
        command = command.replace("<id>", run_id, 1)
    command = re.sub(r"\bSEEDS=\d+", "SEEDS=2", command)
    return command.replace("<file>", "configs/studies/one_large_dcn_clippy.gin")


def test_the_pages_have_commands():
    found = commands()
    assert len(found) > 20
    assert set(FAST) <= set(found)
    for listed in (*EXCEPTIONS, *NOTHING_TO_SHOW):
        assert any(begins(command, [listed]) for command in found), f"{listed}: on no page"


@pytest.mark.parametrize("command", commands())
def test_make_knows_a_command_and_its_variables(command):
    given = command.replace("<", "").replace(">", "").replace("..", "1")
    done = ended("bash", "-c", f"{given} --dry-run --old-file=.venv/.installed")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, marks=[] if command in FAST else pytest.mark.slow, id=command)
        for command in commands()
        if not begins(command, EXCEPTIONS)
    ],
)
def test_a_command_of_the_pages_does_what_they_say(checkout, command):
    done = run(checkout, with_names(checkout, command))
    said = next((text for name, text in NOTHING_TO_SHOW.items() if begins(command, [name])), None)
    if said is not None and done.returncode:
        assert said in done.stderr
        return
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()
    assert "Traceback" not in done.stderr


def test_the_mistake_of_the_tutorial_is_answered_as_it_says():
    (shown,) = fenced("configs/README.md", "text")
    files = ["configs/profiles/laptop.gin", "configs/studies/one_large_dcn_clippy.gin"]
    with pytest.raises(BadInput) as caught:
        resolve(files, ["learning_rat = 1"])
    assert shown == f"error: {caught.value}\n"


@pytest.mark.parametrize("page", [*PAGES, "configs/REFERENCE.md", "scripts/cluster/README.md"])
def test_links_lead_to_files_and_headings(page):
    def anchors(text):
        heads = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}

    path = ROOT / page
    words = re.sub(r"`[^`\n]*`", "", path.read_text())  # code may look like a link
    links = re.findall(r"\]\(([^)#]*)(#[^)]*)?\)", words)
    assert links
    for file, heading in links:
        if file.startswith("https://"):
            continue
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), file
        if heading:
            assert heading[1:] in anchors(target.read_text()), f"{file}{heading}"


@pytest.mark.parametrize("page", PAGES)
def test_paths_that_are_named_exist(page):
    paths = re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w./]*)`", (ROOT / page).read_text())
    made = ("results/smoke", "results/shop/", "results/laptop/clippy_bound.")
    made += tuple(text.splitlines()[0].removeprefix("# ") for text in fenced(page, "gin"))
    missing = [path for path in paths if not (ROOT / path).exists() and not path.startswith(made)]
    assert missing == []


def test_a_newcomer_reads_the_first_pages_in_one_go():
    assert (ROOT / "README.md").stat().st_size <= 9_000
    assert (ROOT / "CONTRIBUTING.md").stat().st_size <= 8_000


def test_every_part_of_the_paper_has_its_row():
    text = (ROOT / "experiments" / "README.md").read_text()
    parts = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    wanted = ["Algorithm 1", *(f"Eq. {n}" for n in range(1, 6)), *(f"Table {n}" for n in (1, 2, 3))]
    wanted += [f"Figure {n}" for n in range(1, 9)]
    sections = "2.1 2.2 3.1 3.2 4.1 4.2 4.3.1 4.3.2 4.3.3 5.1.1 5.1.2 5.1.3 5.2 5.3 A.1 A.2 B"
    wanted += [f"Section {name}" for name in sections.split()]
    named = "\n".join(parts)
    assert [part for part in wanted if not re.search(rf"{re.escape(part)}\b(?!\.\d)", named)] == []


def test_the_reference_is_what_the_code_says_and_has_every_parameter_with_what_binds_it():
    assert readme.REFERENCE.read_text() == reference(), "make readme writes it anew"
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", reference(), re.M | re.S))
    for name, parameters in PARAMETERS.items():
        for parameter in parameters:
            assert f"\n| `{parameter}` | " in sections[name], f"{name}.{parameter}"
    rows = {
        "TrainerConfig": "| `batch_size` | `int` | flights `512`, laptop `2048`, movielens `512`,",
        "StreamConfig": "| `walk` | `FeatureWalk \\| None` | `@FeatureWalk()` | the parts of the",
        "MethodConfig": "| `optimizer` | `str` | adam `'adam'`, adamw `'adamw'`, clippy_adam",
        "Macros": "| `THRESHOLD` | agc `0.01`, gc `0.1`, lamb `0.01` |",
    }
    for section, row in rows.items():
        assert row in sections[section]
