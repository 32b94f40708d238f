"""Plain text files: texts to learn language from, and words with their tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from zoo.data.sets.decoding import decode
from zoo.data.sets.found import Record, Table
from zoo.errors import BadData

__all__ = ["TAGGED", "TEXTS", "read_tagged", "read_texts"]

TEXTS = (".txt", ".text", ".md")
TAGGED = (".conll", ".conll2003", ".bio", ".iob", ".iob2", ".txt", ".tsv")

_ASIDE = re.compile(r"-DOCSTART-|#\s*\w+\s*=|# id\b")


def read_texts(path: Path) -> Table:
    """One text a paragraph; where no line is blank, one a line.

    A paragraph's lines are kept as they are, for poems and code have a reason for theirs.
    """
    text, problems = decode(path)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    pieces = re.split(r"\n[^\S\n]*\n\s*?", lines)
    pieces = pieces if len(pieces) > 1 else lines.split("\n")
    kept = [piece.strip("\n").rstrip() for piece in pieces if piece.strip()]
    records = [Record(where=f"{path.name}:{number}", cells={"text": piece}) for number, piece in enumerate(kept, 1)]
    return Table(names=("text",), records=records, problems=problems)


def read_tagged(path: Path) -> Table:
    """CoNLL's form: a word and, as the line's last field, its tag; blank lines between sentences.

    Fields are told apart by tabs where there are any, else by spaces; comments (`# text = …`) and `-DOCSTART-` are
    left out. Tjong Kim Sang & De Meulder, "Introduction to the CoNLL-2003 shared task" (2003).
    """
    text, problems = decode(path)
    sentences = [_sentence(path, number, lines) for number, lines in enumerate(_blocks(text), 1)]
    if not sentences:
        raise BadData(f"{path} holds no sentences", "Write a word and its tag on each line.")
    return Table(names=("tokens", "tags"), records=sentences, problems=problems)


def _blocks(text: str) -> Iterator[list[list[str]]]:
    separator = "\t" if "\t" in text else None
    block: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if _ASIDE.match(line):
            continue
        if line.strip():
            block.append([field.strip() for field in line.strip("\r\n").split(separator)])
        elif block:
            yield block
            block = []


def _sentence(path: Path, number: int, lines: list[list[str]]) -> Record:
    short = sum(len(fields) < 2 or not fields[-1] for fields in lines)
    problem = f"has {short} of {len(lines)} words without a tag" if short else None
    return Record(
        where=f"{path.name}:{number}",
        cells={"tokens": [f[0] for f in lines], "tags": [f[-1] if len(f) > 1 else None for f in lines]},
        problem=problem,
        check="tags" if short else "",
    )
