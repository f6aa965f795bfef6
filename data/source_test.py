"""Which edits of the code change its digest."""

import shutil

import pytest

from data.source import ROOT, source_digest

RULES, WINDOW = "clippy/rules.py", "data/window.py"
MEANT = {
    "the formula of a rule": (RULES, "maximum(w_norm, floor)", "maximum(w_norm, 2 * floor)"),
    "a seventh task": ("data/tasks.py", "\n)\n", '\n    Task("saved", "binary"),\n)\n'),
    "the window": (WINDOW, "newest - self.window_days + 1", "newest - self.window_days"),
    "the trainer": ("experiments/training/config.py", "step + 1 >=", "step >="),
}
DESCRIBED = {
    "a docstring": (RULES, "section 4.3.1 has the table", "and 4.3.1 has the table"),
    "a comment": (WINDOW, "\n    def ", "\n    # Said in other words.\n    def "),
    "blank lines": (WINDOW, "\n\n\n", "\n\n\n\n\n"),
    "a test": ("data/window_test.py", "import", "import time\nimport"),
    "what no run executes": ("experiments/findings/statistics.py", "import", "import time"),
    "what is left out": ("experiments/errors.py", "import", "import time\nimport"),
}


def digest(root):
    source_digest.cache_clear()
    roots = ("experiments.training.trainer", "experiments.training.config")
    return source_digest(*roots, left_out=("experiments.errors",), root=root)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the code of the project."""
    root = tmp_path_factory.mktemp("tree")
    for room in ("clippy", "data", "models", "experiments"):
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    assert digest(root) == digest(ROOT)
    return root


def edited(root, path, before, after):
    """The digest while one text of a file is replaced by another, everywhere in it."""
    file, text = root / path, (root / path).read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    try:
        return digest(root)
    finally:
        file.write_text(text)


@pytest.mark.parametrize("edit", MEANT.values(), ids=MEANT)
def test_an_edit_of_what_a_run_executes_changes_the_digest(tree, edit):
    assert edited(tree, *edit) != digest(tree)


@pytest.mark.parametrize("edit", DESCRIBED.values(), ids=DESCRIBED)
def test_an_edit_of_words_or_of_what_no_run_executes_does_not(tree, edit):
    assert edited(tree, *edit) == digest(tree)
