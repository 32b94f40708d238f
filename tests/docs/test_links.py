"""Every link inside the documentation leads somewhere: the file is there, and so is the heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, page_files

OTHERS = [ROOT / "CHANGELOG.md", *sorted((ROOT / "plugins").glob("*/README.md"))]
FILES = [*page_files(), *OTHERS]

_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+\s+(?P<text>.+?)\s*$", re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them; the second of one name gets `-1`."""
    made: dict[str, int] = {}
    found = set()
    for heading in _HEADING.finditer(_FENCED.sub("", path.read_text(encoding="utf-8"))):
        words = re.sub(r"[^\w\- ]", "", heading["text"].lower()).replace(" ", "-")
        number = made.get(words, 0)
        made[words] = number + 1
        found.add(f"{words}-{number}" if number else words)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links(path: Path) -> None:
    text = _CODE.sub("", _FENCED.sub("", path.read_text(encoding="utf-8")))
    wrong = []
    for match in _LINK.finditer(text):
        target, _, anchor = match["target"].partition("#")
        if target.startswith(("https://", "mailto:")):
            continue
        there = (path.parent / target).resolve() if target else path
        if not there.exists() or not there.is_relative_to(ROOT):
            wrong.append(f"{match['target']}: no such file")
        elif anchor and anchor not in anchors(there):
            wrong.append(f"{match['target']}: no such heading")
    assert not wrong


def test_every_page_is_reached_from_the_index() -> None:
    """A page that nothing links to is never read."""
    reached, todo = set(), [ROOT / "docs/index.md"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        for match in _LINK.finditer(_FENCED.sub("", page.read_text(encoding="utf-8"))):
            target = (page.parent / match["target"].partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_relative_to(ROOT / "docs") and target.exists():
                todo.append(target)
    assert sorted(set((ROOT / "docs").rglob("*.md")) - reached) == []
