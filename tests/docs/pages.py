"""The pages of the documentation, read: their code blocks, and what each page needs to be run.

<!-- needs: mobilenetv2_100; pictures: cat cup; index -->     models, pictures, the package index
<!-- not run: it would install packages -->                   before a block that must not be run
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = ("console", "bash", "python")
# Shown and not run: data, output, and settings files.
SHOWN = ("text", "json", "csv", "toml", "ini")

_FENCE = re.compile(r"^```(?P<language>\S*)\s*$")
_NOT_RUN = re.compile(r"^<!-- not run:(?P<reason>.*?)-->\s*$")
_NEEDS = re.compile(r"<!-- needs:(?P<needs>.*?)-->", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: where it begins, what it is, its lines, and why it is not run, if so."""

    page: str
    line: int
    language: str
    lines: tuple[str, ...]
    not_run: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page with what its blocks need to be there."""

    name: str
    text: str
    blocks: tuple[Block, ...]
    models: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    index: bool = False

    @property
    def runnable(self) -> list[Block]:
        """The blocks that are run."""
        return [block for block in self.blocks if block.language in RUN and block.not_run is None]


def page_files() -> list[Path]:
    """README and every page under docs, sorted."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def read_page(path: Path) -> Page:
    """A page as this module sees it."""
    name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    models, pictures, index = _needs(text)
    return Page(name=name, text=text, blocks=tuple(_blocks(name, text)), models=models, pictures=pictures, index=index)


def _needs(text: str) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    models: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    index = False
    found = _NEEDS.search(text)
    for part in found["needs"].split(";") if found else ():
        key, colon, rest = part.strip().partition(":")
        if colon and key == "pictures":
            pictures = tuple(rest.split())
        elif part.strip() == "index":
            index = True
        else:
            models = tuple(part.split())
    return models, pictures, index


def _blocks(name: str, text: str) -> Iterator[Block]:
    lines = iter(enumerate(text.splitlines(), 1))
    reason: str | None = None
    for number, line in lines:
        if marker := _NOT_RUN.match(line):
            reason = marker["reason"].strip()
        elif fence := _FENCE.match(line):
            inside = []
            for _, inner in lines:
                if inner.strip() == "```":
                    break
                inside.append(inner)
            yield Block(page=name, line=number, language=fence["language"], lines=tuple(inside), not_run=reason)
            reason = None
        elif line.strip():
            reason = None
