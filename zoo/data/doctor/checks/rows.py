"""What cannot be used at all: the data set as a whole, and single rows."""

from __future__ import annotations

import functools
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import SHOWN, Entry, Material, clip, counted, shown
from zoo.data.images import IMAGE_SUFFIXES

__all__ = ["bad_rows", "problems", "sampled", "stray", "unreadable"]

# What is said of rows with each of the reader's marks: the check's name, what they are, and the remedy beside dropping.
_ROWS: dict[str, tuple[str, str, str]] = {
    "empty": ("empty-rows", "have no input", "Fill them in"),
    "label": ("bad-labels", "have no usable label", "Fill the labels in"),
    "fields": ("broken-rows", "have another form than the others", "Mend them"),
    "value": ("broken-rows", "have something else than what is meant", "Mend them"),
    "split": ("bad-parts", "name no part that is known", "Write train, validation or test"),
    "encoding": ("encoding", "are not UTF-8", "Save them as UTF-8"),
    "tags": ("tag-count", "have not one tag for each word", "Mend them"),
    "image-id": ("duplicate-image-ids", "share their image id with another", "Give each picture an id of its own"),
    "annotation": ("bad-annotations", "have annotations that cannot be read", "Write them anew"),
    "column": ("no-column", "have no input column", "Name the columns"),
}
_UNREAD = (
    ".heic",
    ".heif",
    ".svg",
    ".psd",
    ".raw",
    ".dng",
    ".cr2",
    ".nef",
    ".jxl",
    ".jp2",
    ".pdf",
    ".eps",
    ".m4a",
    ".wma",
    ".aac",
    ".mp4",
    ".zip",
)
_LISTS = {"classes.txt", "labels.txt", "metadata.csv", "metadata.jsonl", "metadata.parquet", "thumbs.db", "desktop.ini"}
# What a mended copy makes of the reader's problems with a whole file.
_MENDED = {
    "encoding": "--fix does so.",
    "classes": "--fix leaves it out.",
    "file": "--fix leaves it out.",
    "annotations": "--fix leaves them out.",
}


def problems(material: Material) -> Iterator[Finding]:
    """What the reader found wrong with the data set as a whole, or with a file."""
    for problem in material.raw.problems:
        mends = _MENDED.get(problem.check)
        yield Finding(
            check=problem.check,
            severity="blocking",
            text=problem.text,
            remedy=f"{problem.remedy} {mends or ''}".strip(),
            fixable=mends is not None,
        )


def bad_rows(material: Material) -> Iterator[Finding]:
    """Rows that the reader could not use, by what is wrong with them."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in material.entries:
        if entry.row.problem is not None and entry.row.check not in {"file", "box"}:
            groups[entry.row.check].append(entry)
    columns = any(problem.check == "column" for problem in material.raw.problems)
    for mark, entries in groups.items():
        if columns and len(entries) == len(material.entries):
            continue  # that is the missing column, which is told already
        check, lack, remedy = _ROWS.get(mark, ("bad-rows", "have something that cannot be used", "Mend them"))
        reasons = Counter(str(entry.row.problem) for entry in entries)
        said = clip(next(iter(reasons)), 120) if len(reasons) == 1 else lack
        yield Finding(
            check=check,
            severity="blocking",
            text=f"{_of(len(entries), len(material.entries), 'row')} {_agreeing(said, len(entries))}",
            remedy=f"{remedy}, or leave them out with --fix.",
            rows=shown(entries, (lambda entry: entry.row.problem) if len(reasons) > 1 else None),
            count=len(entries),
            fixable=True,
        )


def _of(some: int, total: int, what: str) -> str:
    return f"all {counted(total, what)}" if some == total > 1 else f"{counted(some, what)} of {total:,}"


def _agreeing(said: str, count: int) -> str:
    """`has …`, `is …` of one and `have …`, `are …` of several."""
    verb, _, rest = said.partition(" ")
    single, several = {"has": ("has", "have"), "have": ("has", "have"), "is": ("is", "are")}.get(verb, (verb, verb))
    return f"{single if count == 1 else several} {rest}"


def unreadable(material: Material) -> Iterator[Finding]:
    """Files that are not there, empty, cut, broken, or no pictures or recordings at all."""
    found = material.unreadable
    if not found:
        return
    what = {"image": "picture", "audio": "recording"}.get(material.medium, "file")
    entries = [entry for entry in material.entries if entry.number in found]
    yield Finding(
        check="unreadable",
        severity="blocking",
        text=f"{_of(len(entries), len(material.entries), what)} cannot be read",
        remedy="Mend or replace them, or leave them out with --fix.",
        rows=shown(entries, lambda entry: found[entry.number]),
        count=len(entries),
        fixable=True,
    )


def sampled(material: Material) -> Iterator[Finding]:
    """That not every file was decoded."""
    if material.deep and material.medium != "text" and len(material.sampled) < len(material.sound):
        yield Finding(
            check="sampled",
            severity="note",
            text=f"{len(material.sampled):,} of {len(material.sound):,} files were decoded, the others looked at",
        )


def stray(material: Material) -> Iterator[Finding]:
    """Files of a folder that are left aside, such as pictures of a form that is not read."""
    source = Path(str(material.raw.recipe.get("source") or os.devnull)).resolve()
    if not source.is_dir():
        return
    real = functools.cache(Path.resolve)  # of folders, of which there are few
    media = (path for entry in material.entries for path in (entry.row.value, entry.row.label))
    used = {real(path.parent) / path.name for path in media if isinstance(path, Path)}
    if not used:
        return
    names = [path.relative_to(source).as_posix() for path in _files(source) if path not in used]
    if material.kind == "boxes":  # all else may be annotations, of one form or another
        names = [name for name in names if name.lower().endswith((*IMAGE_SUFFIXES, *_UNREAD))]
    if material.kind == "transcript":  # what is said may stand in a file beside its recording
        names = [name for name in names if not name.lower().endswith(".txt")]
    if names:
        odd = [name for name in names if name.lower().endswith(_UNREAD)]
        yield Finding(
            check="stray-files",
            severity="warning" if odd else "note",
            text=f"{counted(len(names), 'file')} beside the examples {'is' if len(names) == 1 else 'are'} left aside"
            + (f", {len(odd):,} of them of a form that is not read" if odd else ""),
            remedy="Convert them, if they are examples." if odd else "",
            rows=tuple((odd or names)[:SHOWN]),
            count=len(names),
        )


def _files(folder: Path) -> Iterator[Path]:
    """Files that are not hidden, nor lists and tables of the data set itself; links to folders are not followed."""
    for inside, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in sorted(names):
            if not name.startswith(".") and name.lower() not in _LISTS:
                yield Path(inside) / name
