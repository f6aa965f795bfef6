"""Table 1 from the models at the paper's size."""

import pandas as pd

from experiments.findings import table1

WIDTH = 680 + 60 * 16


def parameters(width, depth, cross_layers):
    """Counted layer by layer: kernels and biases, six heads, scale and shift of the norm."""
    cross = cross_layers * (WIDTH * WIDTH + WIDTH) + (2 * WIDTH if cross_layers else 0)
    hidden = WIDTH * width + width + (depth - 1) * (width * width + width)
    return cross + hidden + 6 * (width + 1)


def test_the_counts_are_those_of_the_formula_and_near_the_paper(tmp_path):
    text = table1.write(tmp_path)
    frame = pd.read_csv(tmp_path / "table1.csv").set_index("model")
    assert list(frame.columns) == ["nonembedding_parameters", "paper_parameters", "shared_bottom"]
    ours, theirs = frame["nonembedding_parameters"], frame["paper_parameters"]
    assert ours["small"] == parameters(512, 2, 0)
    assert ours["large"] == parameters(4096, 4, 0)
    assert ours["large_dcn"] == parameters(4096, 4, 4)
    assert theirs.to_dict() == {"small": 7_500_000, "large": 57_000_000, "large_dcn": 68_000_000}
    for name in ("large", "large_dcn"):
        assert abs(ours[name] / theirs[name] - 1) < 0.005
    assert "Small cannot match" in text
    assert (tmp_path / "table1.md").read_text() == text
    assert r"4096 $\times$ 4" in (tmp_path / "table1.tex").read_text()
