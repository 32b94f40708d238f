"""Recordings with what is said in them: a text beside each, LibriSpeech's lists, Common Voice's `clips` folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from zoo.data.inputs import AUDIO_SUFFIXES
from zoo.data.raw import Problem
from zoo.data.sets.decoding import decode
from zoo.data.sets.found import Record, Table
from zoo.errors import BadData

__all__ = ["below_clips", "read_transcribed"]

_LIST = ".trans.txt"
_CLIPS = "clips"
_LOOKED = 20  # rows


def read_transcribed(path: Path, root: Path) -> Table | None:
    """Recordings below a folder with their transcripts; None where there is no transcript at all.

    A transcript is a text file of the recording's name beside it (`clip.wav`, `clip.txt`), or a line of a list in the
    same folder whose name ends with `.trans.txt`, the recording's name before it (Panayotov et al., "LibriSpeech",
    2015).
    """
    listed = {key: text for file in _below(path, (".txt",)) if file.name.endswith(_LIST) for key, text in _lines(file)}
    records = [_record(file, root, listed) for file in _below(path, AUDIO_SUFFIXES)]
    if not any(record.cells["text"] for record in records):
        return None
    left = [f"{(folder / name).relative_to(root)} has a transcript and no recording" for folder, name in listed]
    problems = tuple(Problem(check="file", text=said, remedy="Remove the line, or add it.") for said in left)
    return Table(names=("input", "text"), records=records, problems=problems)


def _below(folder: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file():
            yield path


def _lines(file: Path) -> Iterator[tuple[tuple[Path, str], str]]:
    for line in decode(file)[0].splitlines():
        name, _, text = line.strip().partition(" ")
        if name:
            yield (file.parent, name), text.strip()


def _record(file: Path, root: Path, listed: dict[tuple[Path, str], str]) -> Record:
    """A recording with its transcript, which is taken off the list."""
    text, problem, check = listed.pop((file.parent, file.stem), None), None, ""
    beside = file.with_suffix(".txt")
    if text is None and beside.is_file():
        text, problem, check = _read(beside)
    if text is None:
        problem, check = "has no transcript of its name beside it", "label"
    cells = {"input": file, "text": text}
    return Record(where=file.relative_to(root).as_posix(), cells=cells, problem=problem, check=check)


def _read(file: Path) -> tuple[str, str | None, str]:
    """A file's text on one line, and what is wrong with it."""
    try:
        text, problems = decode(file)
    except BadData:
        return "", None, ""  # empty, or no text: a row without a transcript
    wrong = f"has a transcript that was {problems[0].text.partition(' was ')[2]}" if problems else None
    return " ".join(text.split()), wrong, "encoding" if problems else ""


def below_clips(table: Table, folder: Path) -> Table:
    """A table whose recordings lie in the folder `clips` beside it, and are named without that (Common Voice).

    Any other table as it is.
    """
    clips = folder / _CLIPS
    if not clips.is_dir():
        return table
    cells = [cell for record in table.records[:_LOOKED] for cell in record.cells.values() if _names_sound(cell)]
    if not any((clips / cell).is_file() and not (folder / cell).is_file() for cell in cells):
        return table
    return replace(table, records=[replace(record, base=clips) for record in table.records])


def _names_sound(cell: object) -> bool:
    return isinstance(cell, str) and cell.lower().endswith(AUDIO_SUFFIXES) and len(cell) < 256
