"""Numbers and texts inside a script."""

import json

import numpy as np
import pytest

from experiments.findings.report.numbers import embedded, short, shorts


@pytest.mark.parametrize(
    "value, expected",
    [(0.123456789, 0.123457), (1234567.0, 1234570), (-2.0, -2), (1e-9, 1e-9), (np.float64(0), 0)],
)
def test_a_number_keeps_six_digits(value, expected):
    found = short(value)
    assert found == expected and json.loads(json.dumps(found)) == expected


def test_whole_numbers_are_written_without_a_point():
    assert json.dumps(shorts([468.0, 0.5, 3.0])) == "[468, 0.5, 3]"


@pytest.mark.parametrize("value", [None, np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_null(value):
    assert short(value) is None


def test_a_text_cannot_end_the_script_it_stands_in():
    text = "</script><!-- & \u2028 'quoted' \"twice\""
    found = embedded({"name": text})
    assert not set("<>&\u2028") & set(found)
    assert json.loads(found) == {"name": text}


def test_nan_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded([float("nan")])
