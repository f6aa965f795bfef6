"""The page: one self-contained HTML file that asks the network for nothing."""

import base64
import hashlib
import pathlib

import jinja2
import pandas as pd
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from experiments.findings.report import figures, tables
from experiments.findings.report.produced import produced
from experiments.findings.report.runs import embedded_runs

TEMPLATE = pathlib.Path(__file__).resolve().parent / "template"
SCRIPTS = ("base.js", "theme.js", "plots.js", "claims.js", "run.js", "runs.js")  # in this order


def render(material):
    """The page of a Material as text: the same material gives the same text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = figures.interactive(material)
    rows = material.figures.get("figure2", pd.DataFrame(columns=["level", "text"], dtype=object))
    levels = rows["text"].str.replace("\n", " ").groupby(rows["level"])
    specs = {figure.stem: figure.spec for figure in shown if figure.spec}
    own = "\n".join((TEMPLATE / name).read_text() for name in SCRIPTS)
    scripts = [get_plotlyjs(), f'(() => {{\n"use strict";\n{own}}})();\n']
    digests = [_base64(hashlib.sha256(script.encode()).digest()) for script in scripts]
    context = {
        "material": material,
        "scorecard": tables.scorecard(material),
        "paper_tables": tables.paper_tables(material),
        "studies": tables.studies(material),
        "figures": shown,
        "drawing": _base64(material.drawing) if material.drawing else "",
        "boxes": [list(texts) for _, texts in levels],  # Figure 2 in words, from the inputs up
        "produced": produced(material),
        "runs_json": _embedded(embedded_runs(material)),
        "figures_json": _embedded(specs),
        "style": Markup((TEMPLATE / "style.css").read_text()),
        "scripts": [Markup(script) for script in scripts],
        # Only these two scripts may run, so that a name that slipped through could do nothing.
        "policy": " ".join(f"'sha256-{digest}'" for digest in digests),
    }
    return environment.get_template("page.html").render(context)


def _embedded(value):
    """JSON that may stand inside a <script> element, whatever the texts in it say; without NaN."""
    return htmlsafe_json_dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _base64(content):
    return base64.b64encode(content).decode()
