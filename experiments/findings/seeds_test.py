"""What was made with SEEDS is known by name, until it is made without."""

import pytest

from experiments.errors import BadInput
from experiments.findings.seeds import FILE, remember, remembered


def test_the_last_number_is_known_and_none_is_forgotten(tmp_path):
    remember(tmp_path, ["table2"], None)
    assert remembered(tmp_path) == {} and list(tmp_path.iterdir()) == []
    remember(tmp_path, ["warmup", "window"], 5)
    remember(tmp_path, ["window"], 3)
    assert remembered(tmp_path) == {"warmup": 5, "window": 3}
    remember(tmp_path, ["warmup"], None)
    assert remembered(tmp_path) == {"window": 3}


@pytest.mark.parametrize("text", ["{", "[]", '{"table2": "5"}'])
def test_another_file_is_named(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(BadInput, match=rf"{FILE}: not the SEEDS of artefacts \(.*\): delete it"):
        remembered(tmp_path)
