"""Series out of tables and arrays: what is the time, what the numbers, and what is wrong with a line."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoo.data import Series, expand, read_series
from zoo.data.series import is_numbers
from zoo.data.series_times import following
from zoo.errors import BadData

HOURS = ("2020-01-01T00", "2020-01-01T01")
YEAR = ("2020-01", "2020-02")
MONTHS = b"month,tea\n2020-01-31,1\n2020-02-29,\n2020-03-31,3.5\n"


def plain(values) -> list:
    return [None if math.isnan(value) else value for value in np.asarray(values).tolist()]


@pytest.mark.parametrize(
    ("given", "values", "index", "names"),
    [
        ([1, 2.5, None], [1, 2.5, None], None, ()),
        (np.arange(3), [0, 1, 2], None, ()),
        (b"1\n2\n\n3\n", [1, 2, 3], None, ()),
        (b"1 2 3", [1, 2, 3], None, ()),
        (b"1,2,3\n", [1, 2, 3], None, ()),
        (MONTHS, [1, None, 3.5], ("2020-01-31", "2020-02-29", "2020-03-31"), ("tea",)),
        (b"# of a station\nday;x\n1;5\n2;NA\n", [5, None], ("1", "2"), ("x",)),
        (b"\xef\xbb\xbfYEAR\tspots\n1700\t5\n1701\t11\n", [5, 11], ("1700", "1701"), ("spots",)),
        (b'"when","load, kW"\n2020-01-01T00,1\n2020-01-01T01,2\n', [1, 2], HOURS, ("load, kW",)),
        (b"2020-01-01,4\n2020-01-02,5\n", [4, 5], ("2020-01-01", "2020-01-02"), ()),
        (b",v\n0,1\n1,2\n", [1, 2], ("0", "1"), ("v",)),
        (b"shop,v\nnorth,1\nnorth,2\n", [1, 2], None, ("v",)),
        (b"year,quarter,v\n2020,3,1\n2020,4,2\n2021,1,3\n", [1, 2, 3], None, ("v",)),
        (b"[1, null, 3]", [1, None, 3], None, ()),
        (b'[{"t": 1, "v": 2}, {"t": 2}]', [2, None], ("1", "2"), ("v",)),
        (b'{"t": 1, "v": 2}\n{"t": 2, "v": 3}\n', [2, 3], ("1", "2"), ("v",)),
        (b'{"time": ["2020-01", "2020-02"], "v": [1, 2]}', [1, 2], YEAR, ("v",)),
        ({"v": np.array([1.0, 2.0])}, [1, 2], None, ("v",)),
        (pd.Series([1.0, 2.0], name="x"), [1, 2], None, ("x",)),
        (pd.DataFrame({"v": [1, 2]}, index=pd.period_range("2020-01", periods=2, freq="M")), [1, 2], YEAR, ("v",)),
    ],
)  # fmt: skip
def test_forms(given, values, index, names) -> None:
    found = read_series(given)
    assert plain(found.values) == values
    assert found.names == names
    assert found.index == index
    assert len(found) == len(values)
    assert read_series(found) is found


def test_files(tmp_path: Path) -> None:
    pd.DataFrame({"time": pd.date_range("2020", periods=3, freq="h"), "v": [1.0, np.nan, 3]}).to_parquet(
        tmp_path / "a.parquet"
    )
    (tmp_path / "b.csv").write_bytes(MONTHS)
    (tmp_path / "c.json").write_text("[1, 2]")
    found = [read_series(item.value) for item in expand([tmp_path], "series")]
    assert [plain(one.values) for one in found] == [[1, None, 3], [1, None, 3.5], [1, 2]]
    assert found[0].next_index(1) == ("2020-01-01T03:00:00",)
    assert [item.value for item in expand([[1.0, 2.0]], "series")] == [[1.0, 2.0]]


def test_channels() -> None:
    table = b"day,a,b\n1,1,4\n2,2,5\n3,3,\n"
    both = read_series(table, column="b,a")
    assert both.values.shape == (3, 2)
    assert both.names == ("b", "a")
    assert plain(both.channels[1]) == [1, 2, 3]
    assert read_series(table, column="day").index is None
    assert read_series(np.zeros((5, 2))).channels.shape == (2, 5)
    assert read_series(b"1,4\n2,5\n", column="2").values.tolist() == [4, 5]


@pytest.mark.parametrize(
    ("given", "column", "error"),
    [
        (b"", None, "is empty"),
        (b"\n \n", None, "is empty"),
        (b"v\n", None, "'v' is no number"),
        (b"v\nNA\n\n-\n", None, "holds no numbers"),
        (b"t,v\n1,2\n2,x\n", None, "line 3: 'v': 'x' is no number"),
        (b"1\n2\n\nthree\n", None, "line 4: 'three' is no number"),
        (b"day;v\n1;1,5\n", None, "Write numbers with a point"),
        (b"a,b\n1,2\n", None, "several columns of numbers: a, b\nName one: --set column=a"),
        (b"a,b\nx,y\n", None, "no column of numbers"),
        (b"a,b\n1,2\n", "c", "no column 'c'\nIt has a, b"),
        (b"a,b\n1,2\n3\n", "a", "line 3: 1 cell, where the first line has 2"),
        (b"day,v\n2020-01-02,1\n2020-01-01,2\n", None, "line 3: the time '2020-01-01' does not come after"),
        (b"year,v\n2020,1\n2020,2\n", None, "line 3: the time '2020' does not come after '2020'"),
        (b"1\ninf\n", None, "line 2: a number is not finite"),
        (b"\xff\xfe1\x00", None, "not UTF-8"),
        (b"PAR1 and no more", None, "no sound Parquet file"),
        (b'{"a": 3}', None, "no table"),
        (b'{"a": [1, 2], "b": [1]}', None, "no table"),
        (b'[{"a": 1}, 2]', None, "holds no series"),
        (b"[" * 100_000, None, "not JSON"),
        (b'"' + b"x" * 200_000, None, "field larger than"),
        ("no-such-file.csv", None, "cannot read no-such-file.csv"),
        ([1.0, "x"], None, "no numbers"),
        ([], None, "holds no numbers"),
        ([1.0, float("inf")], None, "step 2 of the series"),
        (np.zeros((2, 2, 2)), None, "one or two dimensions"),
        (object(), None, "no numbers"),
    ],
)
def test_errors(given, column, error: str, tmp_path: Path) -> None:
    with pytest.raises(BadData) as caught:
        read_series(given, column=column)
    assert error in str(caught.value)
    if isinstance(given, bytes) and given.strip():
        (tmp_path / "my.csv").write_bytes(given)
        with pytest.raises(BadData):
            read_series(tmp_path / "my.csv", column=column)


@pytest.mark.parametrize(
    ("index", "then"),
    [
        (["1", "2", "3"], ["4", "5"]),
        (["0.5", "1.0"], ["1.5", "2"]),
        (["1958", "1963"], ["1968", "1973"]),
        (["2020-01-31", "2020-02-29", "2020-03-31"], ["2020-04-30", "2020-05-31"]),
        (["2019-11", "2019-12"], ["2020-01", "2020-02"]),
        (["2020-01-15", "2020-04-15"], ["2020-07-15", "2020-10-15"]),
        (["2020/02/27", "2020/02/28"], ["2020/02/29", "2020/03/01"]),
        (["20200227", "20200305"], ["20200312", "20200319"]),
        (["2020-01-01 23:00", "2020-01-01 23:30"], ["2020-01-02 00:00", "2020-01-02 00:30"]),
        (["2020-01-01T00:00:00Z", "2020-01-01T06:00:00Z"], ["2020-01-01T12:00:00Z", "2020-01-01T18:00:00Z"]),
        (["2020-01-01", "2020-01-02", "2020-01-04"], None),
        (["1", "2", "4"], None),
        (["May", "June"], None),
        (["2020-01-01", "soon"], None),
        (["2020-01-01T00:00:00Z", "2020-01-01T06:00:00"], None),
        (["9999-12-30", "9999-12-31"], None),
        (["2020-01-01"], None),
    ],
)
def test_times_go_on_as_they_came(index: list[str], then: list[str] | None) -> None:
    assert following(index, 2) == (tuple(then) if then else None)
    assert Series(values=np.zeros(len(index)), index=tuple(index)).next_index(2) == (tuple(then) if then else None)


def test_a_list_of_numbers_is_one_series() -> None:
    assert is_numbers([1, 2.0, None, np.float32(3)])
    assert not is_numbers([])
    assert not is_numbers([[1, 2]])
    assert not is_numbers(["a.csv"])
