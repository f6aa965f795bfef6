"""Table 1: non-embedding parameters of the models at the paper's size, beside the paper's."""

import pandas as pd

from experiments.findings.names import MODEL_NAMES, latex_table, markdown_table
from experiments.findings.published import TABLE1
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.record import Store
from experiments.studies.settings import run_config

COLUMNS = ("model", "nonembedding_parameters", "paper_parameters", "shared_bottom")
HEADER = ("Model", "Non-embedding parameters", "Paper", "Difference, %", "Shared bottom")
# Small of the paper would take an input near 14,000 wide, the other two one near 1,620.
REASON = (
    "Small cannot match: 7.5M parameters in 512 x 2 layers take an input near 14,000 wide, "
    "and the two Large models one near 1,620. The input here is {width:,} wide, so that the "
    "Large models match."
)


def table_frame():
    """(the rows of table1.csv, one a model; the width of the input, in numbers)."""
    rows = []
    for name, (theirs, bottom) in TABLE1.items():
        config, model = built("paper", name)
        rows.append((name, model.non_embedding_parameters(), int(theirs), bottom))
    stream = config.stream
    categorical = stream.categorical_features * config.model.embedding_width
    return pd.DataFrame(rows, columns=COLUMNS), stream.dense_features + categorical


def built(profile, name):
    """(RunConfig, RankingModel) of a model of a profile, for its layers and their sizes alone."""
    from experiments.training.program import build_model  # late: it imports TensorFlow

    # Rate and seeds do not enter these; embeddings neither, so their table can be tiny.
    config = run_config(profile, name, "naive", learning_rate=1.0, data_seed=1, run_seed=0)
    return config, build_model(config, vocabulary_size=2)


def write(folder):
    """Writes table1.{csv,md,tex} into a results folder that can be written; returns the text."""
    frame, width = table_frame()
    root = Store(folder).root
    text = f"{markdown_table(HEADER, shown(frame))}\n{REASON.format(width=width)}\n"
    tex = latex_table("lrrrl", HEADER, [shown(frame)])
    tex = tex.replace("->", r"$\to$").replace(" x ", r" $\times$ ")
    csv = frame.to_csv(index=False, lineterminator="\n")
    for ending, content in {"csv": csv, "md": text, "tex": tex}.items():
        write_whole(root / f"table1.{ending}", content.encode())
    return text


def shown(frame):
    """Yields the cells of one row a model, as text, in the order of HEADER."""
    for row in frame.itertuples():
        ours, theirs = row.nonembedding_parameters, row.paper_parameters
        millions = f"{ours / 1e6:.2f}M", f"{theirs / 1e6:.1f}M"
        difference = f"{100 * (ours / theirs - 1):+.2f}"
        yield MODEL_NAMES[row.model], *millions, difference, row.shared_bottom
