"""Sentence pairs of packages: apt and dpkg are programs of the test, which unpack tar files."""

import hashlib
import re
import tarfile

import pytest

from data.translation import corpus
from experiments.errors import BadInput
from scripts.fetch import libreoffice
from scripts.fetch.testing import fetched, wrong

PAGE = """<html><body><h1 id="hd_id1" dir="auto">{0} the first &amp; best page</h1>
<p id="par_id2" class="paragraph">Choose <span class="emph">{0} - Open</span> now.</p>
<p id="par_id3">Same in both languages here</p><p id="par_id4">Too short</p>
<p class="embedded">{0} no id of its own</p><p id="{1}">{0} only on this side</p>
<p id="par_id5">{0} {2}</p>
<p id="par_id6">{0} stands on
  two lines</p></body></html>"""
LONG = "word " * 40


def pages(language):
    """The files of a package: dict from name to text."""
    word = {"en-US": "English", "de": "Deutsch"}[language]
    page = PAGE.format(word, f"par_id_{language}", LONG)
    found = {"text/b.html": page, "text/a/c.html": page.replace("first", "second")}
    return found | {f"text/{language}.html": page.replace("first", "third")}


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """A folder whose archives `apt-get download` finds, which pins their hashes."""
    home, tools = tmp_path / "mirror", tmp_path / "tools"
    tools.mkdir()
    programs = {
        "apt-get": f"name=${{2%%=*}}\n[ -e {home}/$name.deb ] && cp {home}/$name.deb . && exit\n"
        'echo "E: Unable to locate package $name" >&2\nexit 100',
        "dpkg-deb": "mkdir -p $3 && tar -xf $2 -C $3",
    }
    for name, text in programs.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    home.mkdir()
    pinned = {}
    for language, package in libreoffice.PACKAGES.items():
        root = tmp_path / language / libreoffice.HELP / language
        for name, text in pages(language).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        path = home / f"{package.name}.deb"
        with tarfile.open(path, "w") as archive:
            archive.add(tmp_path / language, arcname=".")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        pinned[language] = package._replace(sha256=sha256)
    monkeypatch.setattr(libreoffice, "PACKAGES", pinned)
    return home


def test_pairs_are_paragraphs_of_the_same_file_and_id(apt, tmp_path, capfd):
    folder = tmp_path / "corpora" / "libreoffice"
    assert fetched(tmp_path, capfd, "libreoffice") == f"{folder}: 4 pairs of 2 files\n"
    lines = {path.stem: path.read_text().splitlines() for path in sorted(folder.iterdir())}
    first = "text/a/c.html"
    assert lines == {
        # The second paragraph of the other file is the same pair again.
        "files": [first, first, first, "text/b.html"],
        "english": [
            "English the second & best page",
            "Choose English - Open now.",
            "English stands on two lines",
            "English the first & best page",
        ],
        "german": [
            "Deutsch the second & best page",
            "Choose Deutsch - Open now.",
            "Deutsch stands on two lines",
            "Deutsch the first & best page",
        ],
    }
    assert corpus.digest(str(folder))
    for archive in apt.iterdir():
        archive.unlink()
    assert "is there already" in fetched(tmp_path, capfd, "libreoffice")


def test_another_hash_is_refused(apt, tmp_path, capfd):
    german = apt / "libreoffice-help-de.deb"
    expected = libreoffice.PACKAGES["de"].sha256
    german.write_bytes(german.read_bytes() + b"x")
    got = hashlib.sha256(german.read_bytes()).hexdigest()
    error = wrong(tmp_path, capfd, "libreoffice")
    assert re.search(rf"libreoffice-help-de 4:7\S+: .* SHA-256 {got}: expected {expected}", error)


def test_a_missing_package_is_said(apt, tmp_path, capfd):
    (apt / "libreoffice-help-en-us.deb").unlink()
    error = wrong(tmp_path, capfd, "libreoffice")
    said = r"cannot download it \(E: Unable to locate package libreoffice-help-en-us\): expected"
    assert re.search(said, error)
    assert "snapshot.debian.org as a source of apt, which keeps this version, or a folder" in error
    assert "CorpusConfig.path beside CorpusConfig.digest = None (data/README.md)" in error


@pytest.mark.parametrize("tool", ["apt-get", "dpkg-deb"])
def test_where_there_is_no_apt_one_line_says_what_to_do(apt, tmp_path, capfd, monkeypatch, tool):
    (tmp_path / "tools" / tool).unlink()
    monkeypatch.setenv("PATH", str(tmp_path / "tools"))
    error = wrong(tmp_path, capfd, "libreoffice")
    assert f"{tool} is not installed: expected Debian's, or a folder of two aligned" in error


def test_packages_without_a_pair_are_refused(tmp_path):
    with pytest.raises(BadInput, match="no pair: expected the files of the pinned packages"):
        libreoffice.pairs(tmp_path, tmp_path)
