"""The pages show what is committed, not what was typed by hand."""

import math
import re

import pandas as pd
import pytest

from scripts import readme
from scripts.command import ROOT


def test_the_pages_hold_what_is_committed():
    for path, texts in readme.blocks().items():
        text = path.read_text()
        assert readme.updated(text, texts, path.name) == text, path.name


def test_a_cell_of_the_short_table_is_over_data_seeds_with_the_papers_beside_it():
    rows = [  # of two data seeds
        ("small", "naive", "auc", 50.5, 5, 4, 1.0, math.nan),
        ("small", "gc", "auc", 71.0, 5, 0, 2.0, 71.68),
        ("small", "clippy", "auc", 72.125, 5, 0, 2.0, 71.79),
        ("small", "clippy", "rmse", 1.5, 5, 0, 2.0, 1.06),
        ("small", "naive", "auc", 60.5, 3, 0, 2.0, math.nan),
        ("small", "gc", "auc", 70.5, 3, 0, 1.0, 71.68),
        ("small", "clippy", "auc", 73.125, 3, 0, 2.0, 71.79),
    ]
    columns = ["model", "method", "metric", "mean", "n", "diverged", "rate_multiple", "paper_mean"]
    header, _, row = readme.short_table2(pd.DataFrame(rows, columns=columns)).splitlines()
    assert header == "| AUC | Naive | GC | Clippy |"
    said = "4 of 8 diverge [diverges] | 70.75 at 1x or 2x [71.68] | 72.62 at 2x [71.79]"
    assert row == f"| Small | {said} |"


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
        with pytest.raises(ValueError, match="marks of one once and in order"):
            readme.updated(text, {"one": "| a |\n"})
    with pytest.raises(ValueError, match="page.md: one has marks: expected one of two"):
        readme.updated(block + block.replace("one", "two"), {"two": ""}, "page.md")


@pytest.mark.parametrize("page", ["README.md", "clippy/README.md"])
def test_the_code_of_the_pages_runs(page):
    from clippy.keras2 import keras, tf

    model = keras.Sequential([keras.layers.Dense(1, input_shape=(3,))])
    data = tf.data.Dataset.from_tensors((tf.ones([4, 3]), tf.ones([4, 1])))
    names = {"data": data}
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    before = model.get_weights()[0]
    for block in blocks:  # in order, as a person would type them
        if "keras3" in block:
            import keras as keras3

            layers = [keras3.layers.Input((3,)), keras3.layers.Dense(1)]
            names["model"] = keras3.Sequential(layers)
        elif "load_model" in block:  # of a file that clippy/moving_test.py has
            continue
        else:
            names["model"] = model
        exec(block, names)
    assert blocks
    assert (model.get_weights()[0] != before).all()
