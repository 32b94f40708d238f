"""The plot of characters."""

from __future__ import annotations

from zoo.cli.plotting import scatter


def test_points_stand_where_they_belong() -> None:
    lines = scatter([(1.0, 70.0), (10.0, 75.0), (100.0, 80.0)], "ABC", "1 MB", "100 MB", width=21)
    assert lines[0] == "80 │" + " " * 20 + "C"
    assert lines[11] == "70 │A"
    (middle,) = [line for line in lines if "B" in line and "MB" not in line]
    assert middle.index("B") - middle.index("│") - 1 == 10, "the x axis is logarithmic"
    assert lines[-1] == "    1 MB" + " " * 11 + "100 MB"


def test_points_on_each_other_and_alike() -> None:
    lines = scatter([(1.0, 70.0), (1.0, 70.0)], "AB", "1", "1", width=5)
    assert [line for line in lines if "+" in line] == ["70 │+"]
