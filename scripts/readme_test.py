"""The pages show what is committed, not what was typed by hand."""

import re

import pandas as pd
import pytest

from scripts import readme
from scripts.command import ROOT


def test_the_pages_hold_what_is_committed():
    for path, texts in readme.blocks().items():
        text = path.read_text()
        assert readme.updated(text, texts, path.name) == text, path.name


def test_table_2_is_cut_in_three_and_nothing_is_lost():
    text = (readme.RESULTS / "table2.md").read_text()
    table, rates, notes = readme.table2_parts(text)
    assert f"{table}{readme.RATES}{rates}\n{notes}" == text
    assert table.startswith("| Model | Metric")
    assert rates.startswith("| Model | Method | Rate")
    assert notes.startswith("Cells: ")


def test_the_key_cases_are_rows_of_the_studies():
    lines = readme.explained(readme.RESULTS).splitlines()
    (row,) = [line for line in lines if "| agc_per_layer_2x |" in line]
    table = pd.read_csv(readme.RESULTS / "why_agc.csv").set_index("case")
    found = table.loc["agc_per_layer_2x"]
    assert row.startswith("| `why_agc` | agc_per_layer_2x | Large+DCN | 2x | 0/5 |")
    for value in (found["auc_mean"], found["auc_gap"], found["auc_gap_low"], found["auc_gap_high"]):
        assert f"{value:.2f}" in row
    assert len(lines) == 2 + sum(map(len, readme.KEY_CASES.values()))


def test_a_study_without_key_cases_is_refused(tmp_path):
    (tmp_path / "why_not.csv").write_text("case\n")
    with pytest.raises(ValueError, match="KEY_CASES: nothing of why_not"):
        readme.explained(tmp_path)


def test_the_scales_are_shown_once_they_are_measured(tmp_path):
    assert readme.scale({}, tmp_path) == "Not measured yet.\n"
    (tmp_path / "bench_scale.md").write_text("| Of | slope |\n")
    bench = {
        "study_parallel_efficiency": {"ratio": 0.914, "n": 7},
        "help_vs_bare_python": {"median_s": 0.318},
    }
    shown = readme.scale(bench, tmp_path)
    assert shown.startswith("| Of | slope |\n\nA study of 7 runs")
    assert "91 % of its time" in shown
    assert "answers in 0.32 s.\n" in shown


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
    with pytest.raises(ValueError, match="page.md: one has marks: allowed is one of two"):
        readme.updated(block + block.replace("one", "two"), {"two": ""}, "page.md")


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
    found = r"^{0}:|^FIGURES := .*\b{0}\b"
    missing = [name for name in targets if not re.search(found.format(name), makefile, re.M)]
    assert missing == []
