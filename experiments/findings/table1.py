"""Table 1: non-embedding parameters of the models at the paper's size, beside the paper's."""

import pandas as pd

from experiments.findings import published as paper
from experiments.findings.names import MODEL_NAMES, markdown_row
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.record import Store
from experiments.studies.grid import run_config

HEADER = ("Model", "Non-embedding parameters", "Paper", "Difference, %", "Shared bottom")
# Small of the paper would take an input near 14,000 wide, the other two one near 1,620.
REASON = (
    "Small cannot match: 7.5M parameters in 512 x 2 layers take an input near 14,000 wide, "
    "and the two Large models one near 1,620. The input here is {width:,} wide, so that the "
    "Large models match."
)


def table_frame():
    """One row a model: columns of table1.csv."""
    rows = []
    for name, (theirs, bottom) in paper.TABLE1.items():
        config, model = _built(name)
        rows.append(
            {
                "model": name,
                "nonembedding_parameters": model.non_embedding_parameters(),
                "paper_parameters": int(theirs),
                "shared_bottom": bottom,
            }
        )
    return pd.DataFrame(rows), _input_width(config)


def _built(name):
    # Rate and seeds do not enter the count; embeddings neither, so their table can be tiny.
    config = run_config("paper", name, "naive", learning_rate=1.0, data_seed=1, run_seed=0)
    from experiments.training.program import build_model  # late: it imports TensorFlow

    return config, build_model(config, vocabulary_size=2)


def _input_width(config):
    categorical = config.stream.categorical_features * config.model.embedding_width
    return config.stream.dense_features + categorical


def write(folder):
    """Writes table1.{csv,md,tex} into a results folder.

    Returns: the table as text.
    Raises: BadInput if the folder cannot be written.
    """
    frame, width = table_frame()
    root = Store(folder).root
    text = _markdown(frame) + "\n" + REASON.format(width=width) + "\n"
    parts = {
        "table1.csv": frame.to_csv(index=False, lineterminator="\n"),
        "table1.md": text,
        "table1.tex": _latex(frame),
    }
    for name, content in parts.items():
        write_whole(root / name, content.encode())
    return text


def shown(frame):
    """Yields the cells of one row a model, as text, in the order of HEADER."""
    for row in frame.itertuples():
        ours, theirs = row.nonembedding_parameters, row.paper_parameters
        difference = f"{100 * (ours / theirs - 1):+.2f}"
        yield (
            MODEL_NAMES[row.model],
            f"{ours / 1e6:.2f}M",
            f"{theirs / 1e6:.1f}M",
            difference,
            row.shared_bottom,
        )


def _markdown(frame):
    lines = [markdown_row(HEADER), markdown_row(["---"] * len(HEADER))]
    lines += [markdown_row(cells) for cells in shown(frame)]
    return "\n".join(lines) + "\n"


def _latex(frame):
    lines = [
        r"\begin{tabular}{lrrrl}",
        r"\hline",
        r"Model & Non-embedding parameters & Paper & Difference, \% & Shared bottom \\",
        r"\hline",
    ]
    for cells in shown(frame):
        bottom = cells[-1].replace("->", r"$\to$").replace(" x ", r" $\times$ ")
        lines.append(" & ".join([*cells[:-1], bottom]) + r" \\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}"]) + "\n"
