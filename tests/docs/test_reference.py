"""The committed reference pages are those that the code gives, and they are complete."""

from __future__ import annotations

import re

import pytest

import zoo
from tests.docs.pages import ROOT
from tools.reference import FOLDER, pages


@pytest.fixture(scope="module")
def fresh() -> dict[str, str]:
    return pages()


def test_pages_are_up_to_date(fresh: dict[str, str]) -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = [name for name in sorted(fresh | committed) if fresh.get(name) != committed.get(name)]
    assert not stale, "run `make docs`"


def test_the_same_code_gives_the_same_pages(fresh: dict[str, str]) -> None:
    assert pages() == fresh


def test_nothing_depends_on_the_terminal(fresh: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert pages()["cli.md"] == fresh["cli.md"]


def test_every_command_is_there(fresh: dict[str, str]) -> None:
    from zoo.cli.app import COMMANDS, GROUPS

    assert {f"zoo {name}" for name in (*COMMANDS, *GROUPS)} <= set(
        re.findall(r"^## (.+)$", fresh["cli.md"], re.MULTILINE)
    )


def test_every_public_name_is_there(fresh: dict[str, str]) -> None:
    named = set(re.findall(r"^### zoo\.(\w+)$", fresh["python.md"], re.MULTILINE))
    assert named == set(zoo.__all__) - {"__version__"}


def test_every_variable_of_the_zoo_is_there(fresh: dict[str, str]) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "zoo").rglob("*.py")]
    used = {name for text in sources for name in re.findall(r"\bZOO_[A-Z]+(?:_[A-Z]+)*\b", text)}
    assert used == set(re.findall(r"ZOO_[A-Z_]+", fresh["settings.md"]))


def test_every_error_is_there(fresh: dict[str, str]) -> None:
    from zoo import errors

    named = set(re.findall(r"- `(\w+)`", fresh["errors.md"]))
    assert named == {name for name in errors.__all__ if name != "nearest"}
