"""The README shows the committed table, not one typed by hand."""

import re

import pytest

from scripts import readme
from scripts.command import ROOT


def test_the_readme_holds_what_is_committed():
    text = readme.README.read_text()
    assert readme.updated(text, readme.blocks()) == text


def test_a_block_is_replaced_between_its_own_marks():
    def page(one, two):
        return (
            f"# Title\n<!-- one: written by `make readme` -->\n{one}<!-- end of one -->\nwords\n"
            f"<!-- two: written by `make readme` -->\n{two}<!-- end of two -->\n"
        )

    texts = {"one": "| a |\n", "two": "\\1 | b |\n"}
    assert readme.updated(page("old\nold\n", ""), texts) == page(texts["one"], texts["two"])


def test_a_readme_without_marks_is_refused():
    opening, closing = "<!-- one: written by `make readme` -->\n", "<!-- end of one -->\n"
    block = opening + closing
    for text in ("# Title\n", closing + opening, opening, block + block):
        with pytest.raises(ValueError, match="marks of one"):
            readme.updated(text, {"one": "| a |\n"})


def test_the_code_of_the_readme_runs():
    from clippy.keras2 import keras, tf

    model = keras.Sequential([keras.layers.Dense(1, input_shape=(3,))])
    data = tf.data.Dataset.from_tensors((tf.ones([4, 3]), tf.ones([4, 1])))
    names = {"model": model, "data": data}
    before = model.get_weights()[0]
    blocks = re.findall(r"```python\n(.*?)```", readme.README.read_text(), re.DOTALL)
    for block in blocks:
        exec(block, names)  # in order, as a person would type them
    assert len(blocks) == 2
    assert (model.get_weights()[0] != before).all()
    assert names["optimizer"].get_config()["exclude"] == ["embedding"]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_paths_and_make_targets_that_are_named_exist(document):
    text = (ROOT / document).read_text()
    paths = re.findall(r"`((?:clippy|configs|data|experiments|models|scripts)/[\w./]*)`", text)
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?:^|`)make ([a-z0-9-]+)", text, re.MULTILINE))
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.M)] == []
