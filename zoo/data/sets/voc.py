"""Pascal VOC's XML: one file a picture, corners counted from 1, the last pixel included.

Everingham & Winn, "The PASCAL Visual Object Classes Challenge 2012 Development Kit" (the top left pixel is (1, 1));
turned into corners as Detectron2's `pascal_voc.py` does: x1 and y1 are one less, x2 and y2 stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from zoo.data.boxes import LabelledBox
from zoo.data.raw import Problem
from zoo.data.sets.drawn import malformed
from zoo.data.sets.found import Record, Table, part_named
from zoo.data.sets.lookup import Lookup, is_there, pictures_in, shown_path
from zoo.data.sets.values import Unusable

__all__ = ["find_voc", "read_voc"]

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_LISTS = Path("ImageSets") / "Main"
_LEARNT = "trainval"  # VOC's own word for what is learnt from where it is not divided
_NEVER = (b"<!DOCTYPE", b"<!ENTITY")


@dataclass(frozen=True, kw_only=True)
class _Annotation:
    """What one file says."""

    filename: str = ""
    width: int | None = None
    height: int | None = None
    boxes: tuple[LabelledBox, ...] = ()


def find_voc(folder: Path) -> Path | None:
    """The folder of annotations: `Annotations`, or the folder itself where XML files lie; None where there are none."""
    for inside in (folder / "Annotations", folder / "annotations", folder):
        if inside.is_dir() and any(inside.glob("*.xml")):
            return inside
    return None


def read_voc(folder: Path, root: Path) -> dict[str, list[Table]]:
    """The pictures of a folder in VOC's form, by part: as `ImageSets/Main` lists them, else `all`."""
    drawn = find_voc(folder) or folder
    lists = _lists(folder)
    if not lists:
        return {"all": [_table(drawn, folder, root, sorted(path.stem for path in drawn.glob("*.xml")), ())]}
    listed = {part: _stems(path, drawn) for part, path in lists.items()}
    known = {stem for stems in listed.values() for stem in stems}
    left = sum(path.stem not in known for path in drawn.glob("*.xml"))
    notes = (f"pictures that are in no list of {_LISTS.as_posix()} are left aside: {left:,}",) if left else ()
    return {part: [_table(drawn, folder, root, stems, notes)] for part, stems in listed.items()}


def _lists(folder: Path) -> dict[str, Path]:
    """The list of each part; `trainval` where what is learnt from is not divided."""
    found = {part_named(path.stem): path for path in sorted((folder / _LISTS).glob("*.txt"))}
    parts = {part: path for part, path in found.items() if part is not None}
    whole = folder / _LISTS / f"{_LEARNT}.txt"
    return parts if "train" in parts or not whole.is_file() else {"train": whole, **parts}


def _stems(path: Path, drawn: Path) -> list[str]:
    """The pictures of a list; a name may have blanks in it, or a number behind it."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    return [line if is_there(drawn / f"{line}.xml") else line.split()[0] for line in lines if line]


def _table(drawn: Path, folder: Path, root: Path, stems: Sequence[str], notes: tuple[str, ...]) -> Table:
    lookup = Lookup([folder / "JPEGImages", folder / "images", drawn, folder])
    records = [_record(drawn / f"{stem}.xml", lookup, root) for stem in stems]
    known = {record.cells["input"] for record in records}
    loose = [path for path in pictures_in(drawn) if path not in known] if drawn == folder else []
    if loose:
        notes = (*notes, f"pictures without an annotation are left aside: {len(loose):,}")
    labels = {one.label for record in records for one in record.cells["objects"] or ()}
    return Table(
        names=("input", "objects", "width", "height"),
        records=records,
        problems=_twice(stems),
        classes=tuple(sorted(labels - {""})),
        notes=notes,
    )


def _twice(stems: Iterable[str]) -> tuple[Problem, ...]:
    seen: set[str] = set()
    again = [stem for stem in stems if stem in seen or seen.add(stem)]  # type: ignore[func-returns-value]
    said = f"a list of pictures names {', '.join(again[:3])} twice"
    return (Problem(check="file", text=said, remedy="Name each picture once."),) if again else ()


def _record(path: Path, lookup: Lookup, root: Path) -> Record:
    """The picture of one annotation, by the name in it or by the annotation's own."""
    problem, check, said = None, "", _Annotation()
    try:
        said = _read(path)
    except Unusable as error:
        problem, check = str(error), error.check
        said = error.rest or said
    picture = lookup.find(said.filename) or lookup.find_stem(path.stem)
    return Record(
        where=shown_path(picture or path, root),
        cells={
            "input": picture or said.filename or f"{path.stem}.jpg",
            "objects": None if check in {"label", "annotation"} else said.boxes,
            "width": said.width,
            "height": said.height,
        },
        base=path.parent,
        problem=problem,
        check=check,
    )


def _read(path: Path) -> _Annotation:
    """One file; raises `Unusable`."""
    if not is_there(path):
        raise Unusable("label", "has no annotation")
    tree = _parsed(path)
    size = tree.find("size")
    made = _Annotation(
        filename=(tree.findtext("filename") or "").strip(),
        width=_whole(size.findtext("width")) if size is not None else None,
        height=_whole(size.findtext("height")) if size is not None else None,
        boxes=tuple(map(_box, tree.iterfind("object"))),
    )
    lacking = next((n for n, one in enumerate(tree.iterfind("object"), 1) if _four(one) is None), None)
    if lacking is not None:
        name = made.boxes[lacking - 1].label or "no name"
        raise Unusable("box", f"has box {lacking} ({name}), which has not four numbers in its bndbox", made)
    return made


def _parsed(path: Path) -> ElementTree.Element:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unusable("annotation", f"has an annotation that cannot be read: {error.strerror or error}") from error
    # Entities can blow up, and a document type is their only way in; no annotation needs one. Without NUL bytes what
    # is searched is the same in UTF-8 and UTF-16.
    if any(one in content.replace(b"\0", b"").upper() for one in _NEVER):
        raise Unusable("annotation", "has an annotation with a document type, which is never read")
    try:
        tree = ElementTree.fromstring(content)  # noqa: S314  (no document type, so no entities)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Unusable("annotation", f"has an annotation that is broken XML: {error}") from error
    if tree.tag != "annotation":
        raise Unusable("annotation", f"has XML that is not VOC's: it is <{tree.tag[:40]}>, not <annotation>")
    return tree


def _whole(text: str | None) -> int | None:
    try:
        return int(float(text or "")) or None
    except (ValueError, OverflowError):
        return None


def _box(one: ElementTree.Element) -> LabelledBox:
    label = (one.findtext("name") or "").strip()
    four = _four(one)
    if four is None:
        return malformed(label)
    x1, y1, x2, y2 = four
    return LabelledBox(label, (x1 - 1, y1 - 1, x2, y2), (one.findtext("difficult") or "").strip() == "1")


def _four(one: ElementTree.Element) -> tuple[float, float, float, float] | None:
    try:
        x1, y1, x2, y2 = (float(one.findtext(f"bndbox/{name}") or "") for name in _CORNERS)
    except ValueError:
        return None
    return (x1, y1, x2, y2)
