"""Tables by data seed, on runs made by hand."""

import pandas as pd
import pytest
from scipy import stats

from experiments.findings import power, streams


def cases(case, data_seed, full, n=4):
    rows = {"case": case, "data_seed": data_seed, "label": ["full"] * full + ["micro"] * (n - full)}
    return pd.DataFrame(rows)


def cells(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]


def test_divergences_are_counted_by_data_seed_and_pooled():
    table3 = pd.concat([cases("clean", 11, 4), cases("clean", 13, 3), cases("no_dcn", 11, 0)])
    shown = cells(streams.divergence_ratios({"Table 3": table3, "Shocks": cases("on", 12, 1, 2)}))
    assert shown[0] == ["Study", "Case", "11", "12", "13", "All"]
    assert shown[2][:5] == ["Table 3", "clean", "4/4", "-", "3/4"]
    low, high = stats.binomtest(7, 8).proportion_ci(method="wilson")
    assert shown[2][5] == f"88% [{low:.0%}, {high:.0%}]"
    assert shown[3][:5] == ["Table 3", "no_dcn", "0/4", "-", "-"]
    assert shown[4][:5] == ["Shocks", "on", "-", "1/2", "-"]


def table2():
    rows = [  # data_seed, auc, label, rate, role, chosen
        (11, 0.70, "healthy", 2.0, "repeat", True),
        (11, 0.72, "micro", 2.0, "repeat", True),
        (11, 0.90, "healthy", 1.0, "repeat", False),
        (11, 0.90, "healthy", 2.0, "search", True),
        (12, 0.60, "healthy", 1.0, "repeat", True),
        (12, None, "full", 1.0, "repeat", True),
        (12, 0.70, "healthy", 1.0, "repeat", True),
    ]
    columns = ["data_seed", "auc", "label", "rate_multiple", "role", "chosen"]
    return pd.DataFrame(rows, columns=columns).assign(model="large", method="gc")


def test_the_chosen_repeats_have_a_mean_by_data_seed_and_over_them():
    (_, _, row) = cells(streams.best_aucs(table2()))
    interval = stats.t.interval(0.95, 1, 65.5, stats.sem([71.0, 60.0]))
    mean = "65.50 [{:.2f}, {:.2f}]".format(*interval)
    assert row == ["Large", "GC", "71.00 at 2x", "60.00 at 1x, 1/3 diverge", mean]


def test_one_data_seed_has_no_interval():
    (_, _, row) = cells(streams.best_aucs(table2().query("data_seed == 11")))
    assert row[2:] == ["71.00 at 2x", "71.00"]


def test_gaps_are_within_data_seeds_and_as_many_show_a_gap_of_a_size():
    rows = table2()
    clippy = [rows[rows["data_seed"] == seed].assign(method="clippy") for seed in (11, 12)]
    clippy[1]["auc"] = [0.66, 0.66, 0.66]
    third = rows.tail(1).assign(data_seed=13, method=["clippy"], auc=0.75)
    (_, _, row) = cells(streams.gaps(pd.concat([rows, *clippy, third])))
    assert row[:5] == ["Large", "GC", "+0.00", "+6.00", "-"]
    interval = stats.t.interval(0.95, 1, 3.0, stats.sem([0.0, 6.0]))
    assert row[5] == "+3.00 [{:+.2f}, {:+.2f}]".format(*interval)
    assert row[6] == f"{power.detectable_gap(6 / 2**0.5, 2):.2f}"
    (_, _, row) = cells(streams.gaps(pd.concat([rows.head(4), clippy[0]])))
    assert row[2:] == ["+0.00", "-", "-"]


def test_gaps_at_equal_budgets_are_to_the_best_other_of_each_data_seed():
    columns = ["model", "budget", "gc", "agc", "clippy"]
    first = pd.DataFrame([("large", 1, 70.0, 72.0, 73.0), ("large", 6, 74.0, 73.0, 73.0)])
    second = pd.DataFrame([("large", 1, 75.0, 72.0, 74.5)])
    tables = [table.set_axis(columns, axis=1) for table in (first, second)]
    head, _, one, six = cells(streams.budget_gaps(tables))
    assert head[2:] == ["GC", "AGC", "Clippy", "Clippy less the best other"]
    interval = stats.t.interval(0.95, 1, 0.25, stats.sem([1.0, -0.5]))
    gap = "+0.25 [{:+.2f}, {:+.2f}]".format(*interval)
    assert one == ["Large", "1", "72.50", "72.00", "73.75", gap]
    assert six == ["Large", "6", "74.00", "73.00", "73.00", "-1.00"]


@pytest.mark.parametrize("names", [["b", "a"], ["a"]])
def test_files_are_joined_in_their_order(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text(f"case\n{name}\n")
    assert streams.joined([tmp_path / name for name in names])["case"].tolist() == names
