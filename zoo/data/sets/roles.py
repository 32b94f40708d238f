"""Which column is which: named by the person, or found by usual names and by what the cells hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.data.images import IMAGE_SUFFIXES
from zoo.data.inputs import AUDIO_SUFFIXES
from zoo.data.raw import Columns, Problem
from zoo.data.sets.found import Found, Record, part_named
from zoo.data.sets.values import is_empty
from zoo.errors import nearest
from zoo.tasks import TASKS, TargetKind

__all__ = ["FLAGS", "Roles", "find_roles"]

_TEXT = ("text", "sentence", "review", "content", "document", "body", "message", "comment", "tweet", "utterance")
_FILE = ("file_name", "filename", "path", "file", "input")
_INPUTS = {
    "image": ("image", "img", "picture", "photo", "image_path", "image_file", *_FILE),
    "audio": (
        "audio",
        "recording",
        "sound",
        "clip",
        "audio_path",
        "audio_file",
        "audio_filepath",
        "wav",
        "wav_filename",
        *_FILE,
    ),
    "text": (*_TEXT, "input"),
}
_TRANSCRIPTS = (
    "text",
    "transcript",
    "transcription",
    "sentence",
    "normalized_text",
    "normalised_text",
    "raw_transcription",
    "raw_text",
    "utterance",
)
_WORDS = ("tokens", "words")
_TAGS = ("tags", "ner_tags", "labels", "label", "pos_tags", "chunk_tags")
_LABELS = ("label", "labels", "category", "class", "target", "sentiment", "intent", "topic")
_NUMBERS = ("label", "score", "target", "rating", "value", "stars", "y", "labels")
_SCORES = ("score", "similarity", "similarity_score", "label", "labels")
_MASKS = ("mask", "masks", "mask_path", "annotation", "segmentation", "segmentation_mask", "label", "labels")
_OBJECTS = ("objects", "boxes", "annotations", "annotation", "labels", "label", "target")
_PARTS = ("split", "part", "subset", "partition", "set")
_PAIRS = (
    ("anchor", "positive"),
    ("sentence1", "sentence2"),
    ("sentence_1", "sentence_2"),
    ("sentence_a", "sentence_b"),
    ("text1", "text2"),
    ("text_1", "text_2"),
    ("text_a", "text_b"),
    ("query", "passage"),
    ("query", "document"),
    ("question", "answer"),
    ("question1", "question2"),
    ("premise", "hypothesis"),
)
FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The chosen columns: by role, those whose 0 and 1 are labels, and what is missing or odd."""

    chosen: dict[str, str]
    flags: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def used(self) -> set[str]:
        """All columns that have a role."""
        return {*self.chosen.values(), *self.flags}


def find_roles(found: Found, task: str, kind: TargetKind | None, columns: Columns) -> Roles:
    """The columns of a data set for a task; one that is needed and not there is a problem."""
    finder = _Finder(found, columns)
    if task == "feature-extraction":
        finder.pair()
        if kind != "pairs":
            finder.one("label", columns.label, _SCORES, needed=kind == "scored")
    elif task == "token-classification":
        finder.one("text", columns.text, _WORDS)
        finder.one("label", columns.label, _TAGS)
    else:
        medium = TASKS[task].input
        finder.one("text", columns.text, _INPUTS[medium], guess=_by_suffix(found, medium))
        if task == "image-segmentation":
            finder.one("mask", columns.mask or columns.label, _MASKS)
        elif task == "object-detection":
            finder.one("label", columns.label, _OBJECTS, spoken="objects")
        elif task == "automatic-speech-recognition":
            finder.one("label", columns.label, _TRANSCRIPTS, spoken="transcript")
        elif task.endswith("-classification"):
            finder.label(kind)
    finder.part()
    return Roles(chosen=finder.chosen, flags=finder.flags, problems=tuple(finder.problems))


class _Finder:
    def __init__(self, found: Found, columns: Columns) -> None:
        self._found = found
        self._columns = columns
        self._folded = {_fold(name): name for name in reversed(found.names)}
        self.chosen: dict[str, str] = {}
        self.flags: tuple[str, ...] = ()
        self.problems: list[Problem] = []

    def one(
        self,
        role: str,
        given: str | None,
        usual: Sequence[str],
        *,
        needed: bool = True,
        guess: str | None = None,
        spoken: str | None = None,
    ) -> None:
        """The column of a role: the given, the first usual, or the guessed one; `spoken` is what a person calls it."""
        if given is not None:
            if self._named(role, given):
                self.chosen[role] = given
            return
        free = {fold: name for fold, name in self._folded.items() if name not in self.chosen.values()}
        chosen = next((free[name] for name in usual if name in free), guess)
        if chosen is not None:
            self.chosen[role] = chosen
        elif needed:
            self._missing(role, usual, spoken)

    def pair(self) -> None:
        """Both texts of a pair: given, or two columns that usually go together."""
        if self._columns.text is not None or self._columns.second is not None:
            self.one("text", self._columns.text, [first for first, _ in _PAIRS])
            self.one("second", self._columns.second, [second for _, second in _PAIRS])
            return
        for first, second in _PAIRS:
            if first in self._folded and second in self._folded:
                self.chosen |= {"text": self._folded[first], "second": self._folded[second]}
                return
        self._missing("text", [first for first, _ in _PAIRS])
        self._missing("second", [second for _, second in _PAIRS])

    def label(self, kind: TargetKind | None) -> None:
        """The label's column; or several columns of 0 and 1, given or found."""
        given = self._columns.label
        if given is not None and given not in self._found.names and "," in given:
            names = [name.strip() for name in given.split(",") if name.strip()]
            self.flags = tuple(name for name in names if self._named("label", name))
            return
        usual = _NUMBERS if kind == "regression" else _LABELS
        if given is None and kind in {None, "multi"} and not any(name in self._folded for name in usual):
            flags = tuple(name for name in self._found.names if self._may_be_flag(name))
            if len(flags) > 1 or (flags and kind == "multi"):
                self.flags = flags
                return
        self.one("label", given, usual)

    def _may_be_flag(self, name: str) -> bool:
        if name in self.chosen.values() or _fold(name) in {"id", "index", *_PARTS}:
            return False
        cells = [record.cells.get(name) for record in self._found.records if record.problem is None]
        return bool(cells) and all(str(cell).strip().lower() in FLAGS for cell in cells)

    def part(self) -> None:
        """The column that says which part a row belongs to, where no parts are given otherwise."""
        given = self._columns.split
        if given is not None:
            self.one("split", given, ())
            return
        if set(self._found.parts) != {"all"}:
            return
        for name in _PARTS:
            column = self._folded.get(name)
            if column is not None and column not in self.chosen.values() and self._names_parts(column):
                self.chosen["split"] = column
                return

    def _names_parts(self, column: str) -> bool:
        cells = [record.cells.get(column) for record in self._found.records if record.problem is None]
        return bool(cells) and all(part_named(cell) for cell in cells)

    def _named(self, role: str, given: str) -> bool:
        if given in self._found.names:
            return True
        near = nearest(given, self._found.names) or self._found.names
        said = f"{self._found.name} has no column {given!r}"
        self.problems.append(Problem(check="column", text=said, remedy=f"Its columns: {', '.join(near)}."))
        return False

    def _missing(self, role: str, usual: Sequence[str], spoken: str | None = None) -> None:
        what = spoken or _SPOKEN.get(role, role)
        free = [name for name in self._found.names if name not in self.chosen.values()]
        near = next((self._folded[n] for word in usual for n in nearest(word, self._folded) if n), None)
        names = ", ".join(name or "''" for name in free) or "none is left"
        option = f"--{role}-column"
        hint = f"Perhaps {near!r}? " if near in free else ""
        self.problems.append(
            Problem(
                check="column",
                text=f"{self._found.name} has no {what} column",
                remedy=f"{hint}Name it: {option}, one of: {names}.",
            )
        )


_SPOKEN = {"second": "second text", "text": "text or input"}


def _fold(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def _by_suffix(found: Found, medium: str) -> str | None:
    """The column whose first cells are pictures, recordings, or names of such files."""
    if medium == "text":
        return None
    suffixes = IMAGE_SUFFIXES if medium == "image" else AUDIO_SUFFIXES
    return next((name for name in found.names if _is_media(list(_first(found.records, name)), suffixes)), None)


def _first(records: Sequence[Record], name: str) -> Iterator[Any]:
    for record in records[:20]:
        if not is_empty(record.cells.get(name)):
            yield record.cells[name]


def _is_media(cells: list[Any], suffixes: Sequence[str]) -> bool:
    return bool(cells) and all(
        isinstance(cell, dict | bytes)
        or hasattr(cell, "tobytes")
        or (isinstance(cell, str | Path) and str(cell).lower().endswith(tuple(suffixes)))
        for cell in cells
    )
