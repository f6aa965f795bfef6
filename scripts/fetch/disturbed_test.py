"""The days that stand out are those that were made to."""

import numpy as np
import pandas as pd

from scripts.fetch.disturbed import disturbed


def test_days_that_stand_out_are_found():
    # Means of 41 days whose median is 2 and whose median absolute deviation is 1.
    usual = [1, 3, 1.5, 2.5, 2, 3, 1, 0.5, 3.5, 2] * 4 + [2]
    means = dict(zip(map(str, range(41)), usual, strict=True))
    means |= {"high": 2 + 1.4826 * 6.1, "low": 2 - 1.4826 * 6.1, "near": 2 + 1.4826 * 5.9}
    days = {
        name: pd.DataFrame({"late": [mean - 1, mean + 1, np.nan], "calm": [0.0, 1.0, 5.0]})
        for name, mean in means.items()
    }
    spread = np.median(np.abs(np.array(list(means.values())) - 2))
    assert (np.median(list(means.values())), spread) == (2, 1)
    days["40"].loc[0, "calm"] = 7
    for place in range(39):
        days[str(place)].loc[0, "calm"] = 0.3 * (place % 3)
    assert disturbed(days, {"late": 6.0, "calm": 6.0}) == ["40", "high", "low"]
    assert disturbed(days, {"late": 6.0}) == ["high", "low"]
