"""Markdown of texts that others wrote: nothing in them is taken for markup."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

__all__ = ["code", "inline", "plain", "table"]


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the cells are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(value: Any) -> str:
    """A text as itself in Markdown: names and labels come from strangers."""
    words = " ".join(html.escape(str(value), quote=False).split())
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", words)


def inline(value: str) -> str:
    """A text inside backticks, of which it can have none itself, nor what ends a cell."""
    return " ".join(value.split()).replace("`", "'").replace("|", "¦")


def code(text: str, language: str) -> str:
    """A block of code, with a fence that the code does not hold."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"
