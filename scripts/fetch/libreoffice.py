"""The help of LibreOffice 7.4.7 in English and German: sentence pairs of two Debian packages.

The packages libreoffice-help-en-us and libreoffice-help-de have the same HTML files, whose
paragraphs have the same ids. A pair is a paragraph in both. MPL-2.0.
"""

import hashlib
import html
import re
import shutil
import subprocess

from experiments.errors import BadInput
from experiments.machinery.records.files import write_whole
from scripts.fetch.archives import Package

VERSION = "4:7.4.7-1+deb12u14"
PACKAGES = {
    "en-US": Package(
        "libreoffice-help-en-us",
        VERSION,
        "8faa840285734d6cfe1ed25537b48f07e74bd6412e3917bf8e5f8a653f7b3712",
    ),
    "de": Package(
        "libreoffice-help-de",
        VERSION,
        "00490b63c509ac96f7f212d6a6e40452d3e0d1f97ccf4b824dd5ec4c01e8277f",
    ),
}
HELP = "usr/share/libreoffice/help"
WORDS = range(3, 41)  # ours: shorter ones are names of menus, longer ones are lists
PARAGRAPH = re.compile(r'<(p|h\d)\b[^>]*\bid="((?:par|hd)_id[^"]*)"[^>]*>(.*?)</\1>', re.S)
TAG = re.compile(r"<[^>]*>")
INSTEAD = (
    "a folder of two aligned text files, as CorpusConfig.path beside CorpusConfig.digest = None "
    "(data/README.md)"
)


def leave(folder):
    """Leaves english.txt, german.txt and files.txt in a folder; a line that says what is there.

    Raises: BadInput where apt or a package is missing, or a package has another hash.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise BadInput(f"{tool} is not installed: expected Debian's, or {INSTEAD}")
    roots = {}
    for language, package in PACKAGES.items():
        archive = download(package, folder / f"archive-{language}")
        roots[language] = folder / f"unpacked-{language}"
        unpacked = _run(["dpkg-deb", "-x", archive, roots[language]])
        if unpacked.returncode:
            raise BadInput(f"{archive.name}: cannot be unpacked ({_said(unpacked)}): expected room")
    found = pairs(*(root / HELP / language for language, root in roots.items()))
    for name, lines in zip(("files", "english", "german"), zip(*found, strict=True), strict=True):
        write_whole(folder / f"{name}.txt", "".join(f"{line}\n" for line in lines).encode())
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    return f"{len(found):,} pairs of {len({file for file, *_ in found}):,} files"


def download(package, folder):
    """Downloads a Package by apt-get into a folder of its own, as apt is configured: its path."""
    folder.mkdir()
    done = _run(["apt-get", "download", f"{package.name}={package.version}"], cwd=folder)
    archives = list(folder.glob("*.deb"))
    if done.returncode or len(archives) != 1:
        raise BadInput(
            f"{package.name} {package.version}: apt-get cannot download it ({_said(done)}): "
            "expected apt-get update to find it, snapshot.debian.org as a source of apt, which "
            f"keeps this version, or {INSTEAD}"
        )
    got = hashlib.sha256(archives[0].read_bytes()).hexdigest()
    if got != package.sha256:
        where = f"{package.name} {package.version}"
        raise BadInput(f"{where}: the package has the SHA-256 {got}: expected {package.sha256}")
    return archives[0]


def pairs(english, german):
    """The pairs of two folders of HTML files: list of (file, English, German), in their order.

    Kept are paragraphs of the same file and id that differ, have 3 to 40 words in both languages,
    and are no pair already. Raises: BadInput if there is none.
    """
    found = {}
    for path in sorted(english.rglob("*.html")):
        file = path.relative_to(english)
        if not (german / file).is_file():
            continue
        theirs = _paragraphs(german / file)
        for name, text in _paragraphs(path).items():
            pair = text, theirs.get(name, text)
            if pair[0] != pair[1] and all(len(side.split()) in WORDS for side in pair):
                found.setdefault(pair, file.as_posix())  # the first file that has it
    if not found:
        raise BadInput(f"{english}: no pair: expected the files of the pinned packages")
    return [(file, *pair) for pair, file in found.items()]


def _paragraphs(path):
    """The text of each paragraph with an id: dict."""
    text = path.read_text(encoding="utf-8")
    found = {}
    for _, name, inside in PARAGRAPH.findall(text):
        found.setdefault(name, " ".join(html.unescape(TAG.sub("", inside)).split()))
    return found


def _run(words, **how):
    return subprocess.run(words, capture_output=True, text=True, **how)


def _said(done):
    """The last line that a program wrote to standard error."""
    return (done.stderr.strip().splitlines() or ["no reason"])[-1]
