"""The page: complete, reproducible, offline, and deaf to hostile names."""

import base64
import gzip
import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser

import pytest

from experiments.errors import BadInput
from experiments.findings.report.material import gather
from experiments.findings.report.page import render
from experiments.findings.report.testing import HOSTILE, LONG, fill, options

VOID = {"meta", "input", "img", "br", "link"}


class Page(HTMLParser):
    """What a test asks of a page: elements in order, ids, scripts, text."""

    def __init__(self, text):
        super().__init__()
        self.text, self.elements, self.open, self.texts = text, [], [], []
        self.feed(text)
        self.ids = [attributes["id"] for _, attributes, _ in self.elements if "id" in attributes]
        self.words = " ".join(data.strip() for _, data in self.texts if len(data) < 400)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), list(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def runs(self):
        """What is packed for the script of the runs."""
        (packed,) = re.findall('id="runs-data">([^<]+)<', self.text)
        return json.loads(gzip.decompress(base64.b64decode(packed)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def page(folder):
    return Page(render(gather(options(folder.parent))))


def test_the_page_is_small_and_whole_and_loads_nothing_from_anywhere(page):
    assert len(page.text.encode()) < 3e6
    assert page.open == [] and page.text.count("<html") == page.text.count("</html>") == 1
    for tag, attributes, _ in page.elements:
        for name in ("src", "srcset", "href", "action", "data", "poster", "background"):
            value = attributes.get(name, "")
            assert not re.match(r"\s*(\w+:)?//|\s*https?:", value), (tag, value)
            assert name == "href" or not value or value.startswith("data:"), (tag, value)
        assert tag not in ("link", "iframe", "object", "embed", "base"), tag
    styles = [data for tag, data in page.texts if tag == "style"]
    assert styles and not any("url(" in style or "@import" in style for style in styles)
    (policy,) = (a["content"] for t, a, _ in page.elements if "http-equiv" in a)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy.split(";")[1] and "http" not in policy


def test_the_first_sections_are_summary_table_2_and_scorecard_and_studies_are_folded(page):
    sections = [attributes["id"] for tag, attributes, _ in page.elements if tag == "section"]
    assert sections[:3] == ["summary", "table2", "scorecard"]
    inside = {a.get("id"): above for tag, a, above in page.elements if tag in ("table", "figure")}
    folded = {name for name, above in inside.items() if "details" in above}
    assert {"table-mine", "study_mine", "table-table2-rates"} <= folded
    assert not folded & {"table-table2", "claims", "figure1"}
    (words,) = [text for tag, text in page.texts if tag == "p" and text.startswith("Of 26 rec")]
    assert words.count(". ") == 4 and "Untreated training" in words


def test_links_lead_to_files_and_places_that_exist(folder, page):
    links = [a["href"] for tag, a, _ in page.elements if tag == "a"]
    assert "figures/figure2.png" in links and "table2.tex" in links
    for link in links:
        assert link[1:] in page.ids if link.startswith("#") else (folder / link).is_file(), link


def test_a_hostile_name_is_text_everywhere(page):
    assert HOSTILE not in page.text
    shown = [data for tag, data in page.texts if HOSTILE in data and tag != "script"]
    assert len(shown) >= 3  # the case, the title of its study, the reason of a claim
    assert not any("onerror" in attributes for _, attributes, _ in page.elements)
    runs = page.runs()
    assert f"mine: {HOSTILE}" in [study for run in runs["runs"] for study in run["studies"]]
    assert HOSTILE in runs["common"]["provenance"]["machine"]


def test_headings_descend_and_elements_are_named(page):
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []
    tags = [tag for tag, _, _ in page.elements]
    assert [tags.count(landmark) for landmark in ("header", "nav", "main")] == [1, 1, 1]
    assert tags.count("caption") == tags.count("table") > 8
    labels = {a.get("for") for tag, a, _ in page.elements if tag == "label"}
    for tag, attributes, above in page.elements:
        if tag in ("input", "select"):
            assert attributes.get("id") in labels or "label" in above, attributes
        assert tag != "th" or attributes.get("scope") in ("col", "row")
        assert tag != "img" or attributes["alt"]
        for name in ("aria-labelledby", "for"):
            assert attributes.get(name, page.ids[0]) in page.ids, attributes


def test_tables_stand_beside_the_papers_figures_and_what_is_missing_is_said(page):
    assert "71.73 ± 0.00" in page.words.replace("  ", " ")  # AGC on Small in the paper
    assert "1.11M" in page.words and "7.5M" in page.words
    assert LONG in page.words and "NA" in page.words.split()
    assert "84.00" in page.words  # the Bayes-optimal AUC
    missing = "There is no {}.csv in this folder: make {} PROFILE=smoke"
    assert missing.format("table3", "reproduce-table3") in page.words
    assert missing.format("detector", "detector") in page.words
    assert "There is no table2.csv" not in page.words
    assert "Table 2, equal budgets" in page.words and "table2_budgets.csv" in page.text
    assert "Table 2, when untreated runs diverge" in page.words and "4/4" not in page.words


def test_a_run_is_embedded_once_and_what_runs_share_is_not_repeated(folder, page):
    runs = page.runs()
    assert len(runs["runs"]) == 26
    run = next(run for run in runs["runs"] if run["method"] == "naive")
    record = json.loads((folder / "runs" / f"{run['id']}.json").read_text())
    config = runs["common"]["config"] | run["config"]
    assert config["trainer.batch_size"] == record["config"]["trainer"]["batch_size"]
    assert config["run_seed"] == record["config"]["run_seed"]
    assert (config["method.rule"], config["method.thresholds"]) == ("naive", {})
    assert "method.thresholds.lam" in run["config"]["-"]
    assert "stream.days" not in run["config"]
    assert (run["multiple"], run["label"], run["studies"]) == (1, "full", ["table2: repeat"])
    assert run["curves"]["worst"][1] is None  # inf has no place in JSON
    assert runs["steps"][run["curves"]["at"]][-1] == record["steps"]


def test_the_doctors_words_are_shown_where_they_are(folder, tmp_path):
    folder = shutil.copytree(folder, tmp_path / "smoke")
    run_id = min(path.stem for path in (folder / "runs").glob("*.json"))
    (folder / "runs" / f"{run_id}.doctor.txt").write_text(HOSTILE)
    words = {run_id: run.words for run_id, run in gather(options(tmp_path)).runs.items()}
    assert words == dict.fromkeys(words, "") | {run_id: HOSTILE}
    (folder / "runs" / f"{run_id}.doctor.txt").write_bytes(b"caf\xe9")
    with pytest.raises(BadInput, match=f"{run_id}.doctor.txt: not a text in UTF-8: expected"):
        gather(options(tmp_path))


def test_an_empty_folder_says_of_every_section_what_is_missing(tmp_path):
    (tmp_path / "smoke").mkdir(parents=True)
    text = render(gather(options(tmp_path)))
    assert text.count('<p class="missing">') == 8 + 1  # sections and tables, and noscript


def test_a_name_that_looks_like_something_else_is_a_text(tmp_path):
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke" / "own.csv").write_text("case,against,auc\n1,,0.5\nNA,1,0.25\nTrue,1,\n")
    table = gather(options(tmp_path)).tables["own"]
    assert table["case"].tolist() == ["1", "NA", "True"]
    assert table["against"].fillna("").tolist() == ["", "1", "1"]
    assert table["auc"].fillna(0).tolist() == [0.5, 0.25, 0]


DAMAGED = {
    "claims.json": ("{", "claims.json: not JSON"),
    "table2.csv": ("model,method\nsmall,gc\n", "table2.csv: no column 'metric'"),
    "figures/figure1.csv": ("", "figure1.csv: not a table"),
    "runs/small-gc-1.json": ("{}", "small-gc-1.json: not a record"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_in_one_line(tmp_path, name):
    path, (content, said) = tmp_path / "smoke" / name, DAMAGED[name]
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(BadInput, match=said) as refused:
        gather(options(tmp_path))
    assert "\n" not in str(refused.value)
