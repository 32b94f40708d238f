"""A data set as the checks see it: its rows with what several checks want to know, each found out once."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zoo.data.contents import hashes_of
from zoo.data.doctor.boxed import Drawn, look_at_boxes
from zoo.data.doctor.contents import (
    Mask,
    Picture,
    Recording,
    look_at_all,
    look_at_mask,
    look_at_picture,
    look_at_recording,
    size_of,
)
from zoo.data.doctor.near import near_pictures, near_texts, plain
from zoo.data.doctor.spelling import MISSING
from zoo.data.sizes import upright_sizes
from zoo.tasks import TASKS

if TYPE_CHECKING:
    from zoo.data import RawData, Row

__all__ = ["DECODED", "SHOWN", "Entry", "Material", "clip", "counted", "share", "shown"]

SHOWN = 5  # rows that a finding names
DECODED = 5_000  # pictures or recordings that are decoded; of more, a sample of so many


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with its part of the data set and its number in the whole."""

    number: int
    part: str
    row: Row

    @property
    def texts(self) -> tuple[str, ...]:
        """The input's texts: one, or the words, or both of a pair; none for files."""
        value = self.row.value
        if isinstance(value, str):
            return (value,)
        return tuple(one for one in value if isinstance(one, str)) if isinstance(value, tuple | list) else ()

    @property
    def text(self) -> str:
        """The input as one text; empty where it has none."""
        return " ".join(self.texts)


class Material:
    """Rows, and what is known about them.

    Attributes:
        raw: as read.
        deep: whether to decode pictures and to look for near-duplicates.
        medium: what an input is: `text`, `image` or `audio`.
        hidden: parts whose labels are kept secret, as in benchmarks; they are left aside.
        entries: all other rows, parts in their order.
    """

    def __init__(self, raw: RawData, *, deep: bool) -> None:
        self.raw = raw
        self.deep = deep
        self.kind = raw.kind
        self.medium = TASKS[raw.task].input
        numbered = enumerate((part, row) for part, rows in raw.parts.items() for row in rows)
        every = [Entry(number, part, row) for number, (part, row) in numbered]
        self.hidden = tuple(part for part, rows in raw.parts.items() if part not in {"train", "all"} and _hidden(rows))
        self.entries = tuple(entry for entry in every if entry.part not in self.hidden)
        self._read = tuple(entry for entry in self.entries if entry.row.problem is None)

    @cached_property
    def sound(self) -> tuple[Entry, ...]:
        """The rows that can be used: read without a problem, and their files too."""
        bad: set[int] = self.unreadable.keys() | self.bad_masks.keys()
        bad |= {entry.number for entry in self.no_labels}
        return tuple(entry for entry in self._read if entry.number not in bad)

    @cached_property
    def no_labels(self) -> tuple[Entry, ...]:
        """Rows whose label is how programs write that there is none."""
        if self.kind != "single":
            return ()
        return tuple(entry for entry in self._read if str(entry.row.label).strip().lower() in MISSING)

    @cached_property
    def unreadable(self) -> dict[int, str]:
        """Why a row's file cannot be read, by number of row."""
        found = {
            e.number: str(e.row.problem) for e in self.entries if e.row.problem is not None and e.row.check == "file"
        }
        facts: dict[int, Picture | Recording] = {**self.pictures, **self.recordings}
        return found | {number: fact.problem for number, fact in facts.items() if fact.problem is not None}

    @cached_property
    def learnt(self) -> tuple[Entry, ...]:
        """The sound rows from which is learnt: the training part, or all where no parts were given."""
        return tuple(entry for entry in self.sound if entry.part in {"train", "all"})

    @cached_property
    def held(self) -> tuple[Entry, ...]:
        """The sound rows of a given test part."""
        return tuple(entry for entry in self.sound if entry.part == "test")

    @cached_property
    def classes(self) -> Counter[str]:
        """How many rows to learn from have each class (each tag, for words)."""
        return self.count_classes(self.learnt)

    def count_classes(self, entries: Iterable[Entry]) -> Counter[str]:
        """How many of the rows have each class."""
        found: Counter[str] = Counter()
        for entry in entries:
            found.update(self.labels_of(entry))
        return found

    def labels_of(self, entry: Entry) -> tuple[str, ...]:
        """The classes of a row, of boxes one for each object; none for numbers, pairs, texts and masks."""
        label = entry.row.label
        if self.kind == "single":
            return () if label is None else (str(label),)
        if self.kind == "boxes":
            return tuple(one.label for one in label or () if not one.crowd)
        if self.kind in {"multi", "tags"} and isinstance(label, tuple | list):
            return tuple(str(one) for one in label)
        return ()

    @cached_property
    def same(self) -> list[list[Entry]]:
        """Groups of sound rows whose inputs are equal."""
        groups: dict[Any, list[Entry]] = defaultdict(list)
        worth = self._worth_reading()
        for entry, key in zip(worth, self._keys(worth), strict=True):
            groups[key].append(entry)
        return [group for group in groups.values() if len(group) > 1]

    def _worth_reading(self) -> Sequence[Entry]:
        """Files of a size that no other file has need not be read to know that they are alone."""
        if self.medium == "text":
            return self.sound
        sizes = {entry.number: size_of(entry.row.value) for entry in self.sound}
        often = Counter(sizes.values())
        return [e for e in self.sound if sizes[e.number] is None or often[sizes[e.number]] > 1]

    def _keys(self, entries: Sequence[Entry]) -> Sequence[Any]:
        """Equal for equal inputs; capitals and spaces count only where each word has a tag."""
        if self.kind == "tags" or self.medium != "text":
            return hashes_of([entry.row.value for entry in entries])
        return [tuple(map(plain, entry.texts)) for entry in entries]

    @cached_property
    def near(self) -> list[list[Entry]]:
        """Groups of sound rows whose inputs are alike; each group of equal ones counts as its first."""
        copies = {entry.number for group in self.same for entry in group[1:]}
        single = [entry for entry in self.sound if entry.number not in copies]
        if not self.deep or self.medium == "audio":
            return []
        if self.medium == "text":
            return [[single[i] for i in group] for group in near_texts([plain(entry.text) for entry in single])]
        seen = [e for e in single if (p := self.pictures.get(e.number)) and p.small and not p.flat]
        known = [self.pictures[entry.number] for entry in seen]
        groups = near_pictures([picture.hash for picture in known], [picture.small for picture in known])
        return [[seen[i] for i in group] for group in groups]

    @cached_property
    def sampled(self) -> frozenset[int]:
        """Numbers of the rows whose contents are decoded: all, or a sample that is the same every time."""
        numbers = [entry.number for entry in self._read]
        if not self.deep:
            return frozenset()
        if len(numbers) <= DECODED:
            return frozenset(numbers)
        return frozenset(random.Random(0).sample(numbers, DECODED))  # noqa: S311  (not for secrets)

    @cached_property
    def pictures(self) -> dict[int, Picture]:
        """Facts about the pictures, by number of row."""
        return self._looked(look_at_picture) if self.medium == "image" else {}

    @cached_property
    def recordings(self) -> dict[int, Recording]:
        """Facts about the recordings, by number of row."""
        return self._looked(look_at_recording) if self.medium == "audio" else {}

    @cached_property
    def bad_masks(self) -> dict[int, str]:
        """Why a row's mask cannot be read, by number of row."""
        return {number: mask.problem for number, mask in self.masks.items() if mask.problem is not None}

    @cached_property
    def masks(self) -> dict[int, Mask]:
        """Facts about the masks, by number of row."""
        if self.kind != "mask":
            return {}
        facts = look_at_all(look_at_mask, [(entry.row.label, entry.number in self.sampled) for entry in self._read])
        return {entry.number: fact for entry, fact in zip(self._read, facts, strict=True)}

    @cached_property
    def upright(self) -> dict[int, tuple[int, int]]:
        """Width and height of the pictures that boxes are drawn in, turned upright, by number of row."""
        boxed = [entry for entry in self.entries if self.kind == "boxes" and entry.row.check in {"", "box"}]
        sizes = upright_sizes([entry.row.value for entry in boxed])
        return {entry.number: size for entry, size in zip(boxed, sizes, strict=True) if size is not None}

    @cached_property
    def drawn(self) -> tuple[Drawn, ...]:
        """Every box of the pictures that can be opened, with what is wrong with it."""
        classes = frozenset(self.raw.classes)
        boxed = (e for e in self.entries if e.number in self.upright and isinstance(e.row.label, tuple))
        return tuple(
            one for e in boxed for one in look_at_boxes(e.number, e.row.label, self.upright[e.number], classes)
        )

    def _looked(self, look: Any) -> dict[int, Any]:
        facts = look_at_all(look, [(entry.row.value, entry.number in self.sampled) for entry in self._read])
        return {entry.number: fact for entry, fact in zip(self._read, facts, strict=True)}


def _hidden(rows: Sequence[Row]) -> bool:
    return bool(rows) and all(row.label is None and row.check == "label" for row in rows)


def clip(text: str, length: int = 60) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(str(text).split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def shown(entries: Iterable[Entry], why: Any = None) -> tuple[str, ...]:
    """Some rows, as findings name them: where, and what `why(entry)` says, or how the text begins."""
    named = []
    for entry, _ in zip(entries, range(SHOWN), strict=False):
        said = why(entry) if why else (f'"{clip(entry.text)}"' if entry.text.strip() else "")
        named.append(f"{entry.row.where} {said}".strip())
    return tuple(named)


def counted(count: int, what: str, several: str | None = None) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{count:,} {what if count == 1 else several or f'{what}s'}"


def share(part: int, whole: int) -> str:
    """`12 %`; never 0 % for some, nor 100 % for not all."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 1:
        return "under 1 %"
    return "over 99 %" if 99 < percent < 100 else f"{percent:.0f} %"
