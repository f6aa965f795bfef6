"""The page: one self-contained HTML file that asks the network for nothing."""

import base64
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
from experiments.findings.report.scorecard import scorecard

TEMPLATE = pathlib.Path(__file__).resolve().parent / "template"
SCRIPTS = ("base.js", "theme.js", "plots.js", "claims.js", "run.js", "runs.js")  # in this order


def render(material):
    """The page as text: the same material gives the same text.

    Args:
      material: Material.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = figures.interactive(material)
    specs = {figure.stem: figure.spec for figure in shown if figure.spec}
    scripts = [get_plotlyjs(), _script()]
    context = {
        "material": material,
        "scorecard": scorecard(material),
        "paper_tables": tables.paper_tables(material),
        "studies": tables.studies(material),
        "detector": tables.detector(material),
        "figures": [(figure, _files(material, figure)) for figure in shown],
        "pictures": {name: _data_uri(image) for name, image in material.pictures.items()},
        "boxes": _boxes(material),
        "produced": produced(material),
        "runs_json": Markup(embedded(embedded_runs(material))),
        "figures_json": Markup(embedded(specs)),
        "style": Markup((TEMPLATE / "style.css").read_text()),
        "scripts": [Markup(script) for script in scripts],
        # Only these two scripts may run, so that a name that slipped through could do nothing.
        "policy": " ".join(f"'sha256-{_digest(script)}'" for script in scripts),
    }
    return environment.get_template("page.html").render(context)


def embedded(value):
    """JSON that may stand inside a <script> element, whatever the texts in it say.

    Args:
      value: what json.dumps takes, without NaN.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=True)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _script():
    parts = [(TEMPLATE / name).read_text() for name in SCRIPTS]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _digest(script):
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _data_uri(image):
    return "data:image/png;base64," + base64.b64encode(image).decode()


def _files(material, figure):
    return material.links(f"figures/{figure.stem}", ("png", "pdf", "csv"))


def _boxes(material):
    """Figure 2 in words: the texts of each level of the model, from the inputs up."""
    rows = material.figures.get("figure2", pd.DataFrame(columns=["level", "text"]))
    return [
        [text.replace("\n", " ") for text in level["text"]] for _, level in rows.groupby("level")
    ]
