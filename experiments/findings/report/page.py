"""The page: one self-contained HTML file that asks the network for nothing."""

import base64
import gzip
import hashlib
import json
import pathlib

import jinja2
import pandas as pd
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from experiments.findings.report import figures, tables
from experiments.findings.report.produced import produced
from experiments.findings.report.runs import embedded_runs
from experiments.findings.report.summary import summary

TEMPLATE = pathlib.Path(__file__).resolve().parent / "template"
# In this order: from plots.js on they wait for what is unpacked.
SCRIPTS = ("base.js", "theme.js", "claims.js", "plots.js", "run.js", "runs.js")


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
    own = "\n".join((TEMPLATE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    plotly, own = get_plotlyjs(), f'(async () => {{\n"use strict";\n{own}}})();\n'
    digests = [_base64(hashlib.sha256(script.encode()).digest()) for script in (plotly, own)]
    scorecard = tables.scorecard(material)
    context = {
        "material": material,
        "summary": summary(material, scorecard),
        "scorecard": scorecard,
        "paper_tables": tables.paper_tables(material),
        "studies": tables.studies(material),
        "figures": shown,
        "drawing": _base64(material.drawing) if material.drawing else "",
        "boxes": [list(texts) for _, texts in levels],  # Figure 2 in words, from the inputs up
        "produced": produced(material),
        "packed": {
            "plotly": _packed(plotly),
            "figures-data": _packed(_json(specs)),
            "runs-data": _packed(_json(embedded_runs(material))),
        },
        "style": Markup((TEMPLATE / "style.css").read_text(encoding="utf-8")),
        "script": Markup(own),
        # Only these two scripts may run, so that a name that slipped through could do nothing.
        "policy": " ".join(f"'sha256-{digest}'" for digest in digests),
    }
    return environment.get_template("page.html").render(context)


def _json(value):
    return json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _packed(text):
    """A text that base.js unpacks: a third of its size, and the same bytes each time."""
    return _base64(gzip.compress(text.encode(), mtime=0))


def _base64(content):
    return base64.b64encode(content).decode()
