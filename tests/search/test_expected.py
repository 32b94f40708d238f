"""The answers that people expect (`expected.py`), asked of the whole catalog; every failure says what came instead."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.search.expected import EXPECTED, Expected, anything
from zoo.catalog import hot

Row = dict[str, Any]


def fits(row: Row, pattern: str) -> bool:
    return fnmatch.fnmatchcase(row["id"], pattern)


def faults(expected: Expected, rows: Sequence[Row]) -> Iterator[str]:
    """What is wrong with the first five rows of an answer."""
    if not rows:
        yield "nothing was found"
        return
    if not any(fits(rows[0], pattern) for pattern in expected.first):
        yield f"first should be {' or '.join(expected.first)}"
    for pattern in expected.five:
        if not any(fits(row, pattern) for row in rows):
            yield f"{pattern} should be among the first five"
    for row in rows:
        if expected.every is not anything and not expected.every(row):
            yield f"{row['id']} ({row['task']}) should not be among the first five"


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.query)
def test_the_answer_is_what_people_expect(catalog: Path, expected: Expected) -> None:
    rows = hot.search(catalog, expected.query, limit=5).rows
    found = list(faults(expected, rows))
    shown = "".join(f"\n    {row['id']}" for row in rows)
    assert not found, "\n  ".join([f"zoo search {expected.query}", *found]) + f"\n  came instead:{shown}"


def test_wrong_answers_are_found() -> None:
    """The test above can fail: an answer in a wrong order, with a stranger or without anything is told apart."""
    right = Expected(query="x", first=("a",), five=("b*",), every=lambda row: row["task"] == "t")
    a, b, c = ({"id": name, "task": "t"} for name in ("a", "b1", "c"))
    assert list(faults(right, [a, b, c])) == []
    assert list(faults(right, [b, a])) == ["first should be a"]
    assert list(faults(right, [a, c])) == ["b* should be among the first five"]
    assert list(faults(right, [a, b, {**c, "task": "u"}])) == ["c (u) should not be among the first five"]
    assert list(faults(right, [])) == ["nothing was found"]


def test_there_are_at_least_twenty() -> None:
    assert len({expected.query for expected in EXPECTED}) >= 20
