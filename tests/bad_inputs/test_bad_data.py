"""Broken data sets: each gets a verdict with cause and remedy from the command line, before any training starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.doctor.broken import BROKEN, Broken
from tests.tiny_fixtures import Cli
from zoo.data.doctor import diagnose
from zoo.errors import BadData
from zoo.tasks import LEARNT

pytestmark = pytest.mark.usefixtures("zoo_home")


@pytest.mark.parametrize("name", BROKEN)
def test_the_finding(cli: Cli, tmp_path: Path, name: str) -> None:
    case = BROKEN[name]
    path = case.make(tmp_path)
    outcome = cli("data", "doctor", path, "--task", case.task, *case.options, "--json")
    assert outcome.err == ""
    found = [finding for finding in outcome.json["findings"] if finding["check"] == case.check]
    assert found, outcome.json["findings"]
    finding = found[0]
    said = "\n".join([finding["text"], finding["remedy"], *finding["rows"]])
    assert [piece for piece in case.says if piece not in said] == [], said
    assert (finding["severity"], finding["fixable"]) == (case.severity, case.fixable)
    assert finding["remedy"]
    assert outcome.json["verdict"] == case.verdict
    assert outcome.code == (4 if case.verdict == "broken" else 0)


@pytest.mark.parametrize("name", BROKEN)
def test_the_report(cli: Cli, tmp_path: Path, name: str) -> None:
    case = BROKEN[name]
    outcome = cli("data", "doctor", case.make(tmp_path), "--task", case.task, *case.options)
    first, *rest = outcome.out.splitlines()
    assert f": {case.verdict}: " in first
    assert any(line.startswith(f"{case.severity:<8}  {case.check}: ") for line in rest)
    assert outcome.err == ""
    assert all(c.isprintable() or c == "\n" for c in outcome.out)


@pytest.mark.parametrize("name", [name for name, case in BROKEN.items() if case.verdict == "broken"])
def test_nothing_is_learnt_from_it(tmp_path: Path, name: str) -> None:
    case = BROKEN[name]
    _, found = diagnose(case.make(tmp_path), case.task, **_asked(case))
    with pytest.raises(BadData) as error:
        found.raise_if_broken()
    assert "\n" not in error.value.cause
    assert error.value.remedy
    assert any(finding.text in error.value.cause for finding in found.blocking)


def _asked(case: Broken) -> dict[str, object]:
    from zoo.data import Columns

    given = dict(zip(case.options[::2], case.options[1::2], strict=True))
    return {"kind": given.get("--kind"), "columns": Columns(label=given.get("--label-column"))}


def test_there_are_thirty_of_every_kind() -> None:
    assert len(BROKEN) >= 30
    assert {case.task for case in BROKEN.values()} <= set(LEARNT)
