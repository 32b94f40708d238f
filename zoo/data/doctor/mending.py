"""A mended copy of a data set: what cannot be used left out, labels and texts set right, nothing made up."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.boxes import LabelledBox
from zoo.data.doctor.checks.copies import repeated
from zoo.data.doctor.checks.labels import spellings
from zoo.data.doctor.checks.masks import wrong_sizes
from zoo.data.doctor.checks.pictures import PLAIN_MODES
from zoo.data.doctor.checks.texts import read_wrongly, without_controls
from zoo.data.doctor.checks.transcripts import silent
from zoo.data.doctor.findings import Diagnosis
from zoo.data.doctor.material import Entry, Material, counted
from zoo.data.doctor.redrawing import redraw
from zoo.data.doctor.writing import write_copy
from zoo.errors import BadData

if TYPE_CHECKING:
    from zoo.data import RawData, Row

__all__ = ["Mended", "fix", "mend"]

_LATER = {"test": 0, "validation": 1}


@dataclass(frozen=True, kw_only=True)
class Mended:
    """A mended copy: where it is, and what was changed, a line each."""

    path: Path
    changes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"path": str(self.path), "changes": list(self.changes)}


def fix(raw: RawData, diagnosis: Diagnosis, out: Path) -> Path:
    """Write a mended copy; see `mend`. Returns where it is."""
    return mend(raw, diagnosis, out).path


def mend(raw: RawData, diagnosis: Diagnosis, out: Path) -> Mended:
    """Write a copy without what the diagnosis calls fixable; the data itself is not touched.

    Left out: rows without a usable input or label, files that cannot be read, all but the first of equal rows, and rows
    that stand in a later part too; boxes without area, outside of their picture, repeated or of no category, and
    pictures with boxes whose place is not known. Set right: boxes that reach over the edge, the spelling of labels,
    texts that were read in a wrong encoding, control characters, files that are not UTF-8, pictures that are neither
    RGB nor grey. Labels are never made up. Pictures with boxes are written in COCO's form, whatever theirs was.

    Args:
        raw, diagnosis: as `read_raw` and `examine` gave them.
        out: a folder that does not exist, or is empty.

    Raises:
        BadData: `out` is taken or lies in the data, or nothing would be left.
    """
    changes: list[str] = []
    count = len(Material(raw, deep=False).entries)
    raw = redraw(raw, changes) if raw.kind == "boxes" else raw
    material = Material(raw, deep=diagnosis.deep)
    checks = {finding.check for finding in diagnosis.findings if finding.fixable}
    kept = _without_bad(material, changes)
    cleaned = Material(_cleaned(raw, kept, checks, changes), deep=False)
    made = _without_copies(cleaned, changes)
    if not made.parts.get("all", made.parts.get("train")):
        raise BadData(f"{raw.name}: nothing would be left", "Mend the data where it comes from.")
    odd = _odd_pictures(material) if "odd-modes" in checks else frozenset()
    path = write_copy(made, out, odd)
    if odd:
        changes.append(f"wrote {counted(len(odd), 'picture')} anew as RGB")
    left = sum(len(rows) for rows in made.parts.values())
    changes.append(f"kept {left:,} of {counted(count, 'row')}")
    return Mended(path=path, changes=tuple(changes))


def _without_bad(material: Material, changes: list[str]) -> list[Entry]:
    """The rows that can be used, those in another encoding too: they were read in the likeliest."""
    wrong = set(wrong_sizes(material)) | silent(material)
    sound = {entry.number for entry in material.sound} - wrong
    kept = [e for e in material.entries if e.number in sound or (e.row.check == "encoding" and e.row.value)]
    if lost := len(material.entries) - len(kept):
        changes.append(f"left out {counted(lost, 'row')} that cannot be used")
    return kept


def _cleaned(raw: RawData, kept: list[Entry], checks: set[str], changes: list[str]) -> RawData:
    right = spellings(Material(_with(raw, kept), deep=False)) if "label-spelling" in checks else {}
    texts, labels = 0, 0
    rows: list[tuple[str, Row]] = []
    for entry in kept:
        value = _clean(entry.row.value, checks)
        label = _respelt(entry.row.label, right)
        texts += value != entry.row.value if isinstance(value, str | tuple) else 0
        labels += label != entry.row.label if isinstance(label, str | tuple) else 0
        rows.append((entry.part, replace(entry.row, value=value, label=label, problem=None, check="")))
    if right and raw.kind == "boxes":
        raw = dataclasses.replace(raw, classes=tuple(dict.fromkeys(right.get(name, name) for name in raw.classes)))
    if right:
        changes.append(f"wrote the labels of {counted(labels, 'row')} as the others are written")
    if texts:
        changes.append(f"set right the characters of {counted(texts, 'text')}")
    if "encoding" in checks:
        changes.append("wrote all text as UTF-8")
    return dataclasses.replace(raw, parts=_parts(raw, rows), problems=())


def _with(raw: RawData, kept: Iterable[Entry]) -> RawData:
    return dataclasses.replace(raw, parts=_parts(raw, [(entry.part, entry.row) for entry in kept]))


def _parts(raw: RawData, rows: Iterable[tuple[str, Row]]) -> dict[str, tuple[Row, ...]]:
    made: dict[str, list[Row]] = {part: [] for part in raw.parts}
    for part, row in rows:
        made[part].append(row)
    return {part: tuple(found) for part, found in made.items() if found or part in {"all", "train"}}


def _clean(value: Any, checks: set[str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_clean(one, checks) for one in value)
    if not isinstance(value, str):
        return value
    if "control-characters" in checks:
        value = without_controls(value)
    return (read_wrongly(value) or value) if "mojibake" in checks else value


def _respelt(label: Any, right: dict[str, str]) -> Any:
    if isinstance(label, str):
        return right.get(label, label)
    if isinstance(label, tuple) and all(isinstance(one, LabelledBox) for one in label):
        return tuple(replace(one, label=right.get(one.label, one.label)) for one in label)
    if isinstance(label, tuple) and right:
        return tuple(sorted({right.get(one, one) for one in label}))
    return label


def _without_copies(material: Material, changes: list[str]) -> RawData:
    spare = {entry.number for group in material.same for entry in repeated(group)}
    leaked = {entry.number for group in material.same for entry in _earlier(group)} - spare
    if spare:
        changes.append(f"left out {counted(len(spare), 'row')} that repeat{'s' if len(spare) == 1 else ''} another")
    if leaked:
        changes.append(f"left out {counted(len(leaked), 'row')} to learn from that a later part has too")
    gone = spare | leaked
    return _with(material.raw, (entry for entry in material.entries if entry.number not in gone))


def _earlier(group: list[Entry]) -> Iterator[Entry]:
    """Those of a group that are learnt from before another of it is judged by."""
    last = min(_LATER.get(entry.part, 2) for entry in group)
    return (entry for entry in group if _LATER.get(entry.part, 2) > last)


def _odd_pictures(material: Material) -> frozenset[str]:
    """`Row.where` of the pictures that are neither RGB nor grey."""
    pictures = material.pictures
    return frozenset(e.row.where for e in material.sound if pictures[e.number].mode not in PLAIN_MODES)
