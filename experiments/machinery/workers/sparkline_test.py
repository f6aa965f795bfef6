"""A curve as a word: heights, what is undefined, how many letters."""

import math

import pytest

from experiments.machinery.workers.sparkline import BARS, sparkline


def test_the_bars_rise_with_the_values_from_the_least_to_the_greatest():
    assert sparkline([3, 4, 5, 6, 7, 8, 9, 10], 20) == BARS
    assert sparkline([10, 3], 20) == BARS[-1] + BARS[0]


def test_a_given_scale_cuts_off_what_is_beyond_it():
    assert sparkline([-9, 0.5, 0.75, 99], 9, low=0.5, high=1.0) == "▁▁▅█"


@pytest.mark.parametrize("hole", [None, math.nan, math.inf])
def test_what_is_undefined_is_marked_and_does_not_move_the_scale(hole):
    assert sparkline([1, hole, 2], 9) == "▁×█"


def test_of_more_values_than_letters_the_last_of_each_share_is_kept():
    assert sparkline([9, 1, 9, 2, 9, 9, 3], 3, low=1, high=3) == "▁▅█"
    assert sparkline(range(1000), 5)[-1] == BARS[-1]
    assert len(sparkline(range(1000), 5)) == 5


@pytest.mark.parametrize("values, said", [([], ""), ([None], "×"), ([4, 4, 4], "▁▁▁")])
def test_edges(values, said):
    assert sparkline(values, 8) == said
