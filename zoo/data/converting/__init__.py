"""`convert`: labelled boxes from one form of files to another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from zoo.data.boxes import fault_of
from zoo.data.converting.coco import write_coco
from zoo.data.converting.placing import measured
from zoo.data.converting.voc import write_voc
from zoo.data.converting.yolo import write_yolo
from zoo.data.labelled import sound
from zoo.data.raw import Columns, RawData
from zoo.data.sets import read_raw
from zoo.errors import BadData, BadOption, UnknownTask, nearest
from zoo.tasks import LEARNT

__all__ = ["BoxForm", "Converted", "convert"]

BoxForm = Literal["coco", "yolo", "voc"]
_WHOLE = 1e-3  # pixels that a whole number may be off by, when it was a share of the picture


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What was written.

    Attributes:
        path: the new folder.
        to: its form.
        counts: pictures of each part; `all` where no parts were given.
        boxes: how many were written.
        classes: in their order.
        notes: what could not be taken over, a sentence each.
    """

    path: Path
    to: BoxForm
    counts: Mapping[str, int]
    boxes: int
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "path": str(self.path),
            "to": self.to,
            "counts": dict(self.counts),
            "boxes": self.boxes,
            "classes": list(self.classes),
            "notes": list(self.notes),
        }


def convert(
    source: Any,
    dest: str | Path,
    *,
    to: BoxForm,
    task: str = "object-detection",
    link: bool = False,
    columns: Columns | None = None,
    cache: Path | None = None,
    offline: bool = False,
) -> Converted:
    """Write labelled pictures anew in the form of COCO, YOLO or Pascal VOC.

    The folder is there whole or not at all. What each form has no place for is said in `Converted.notes`: YOLO has
    neither groups nor areas; VOC has whole pixels, no areas, and no classes without an object. All else stays: between
    COCO and YOLO boxes differ by less than a thousandth of a pixel.

    Args:
        source: as of `read_labelled`.
        dest: the folder to be made.
        to: `coco`, `yolo` or `voc`.
        task: `object-detection`; nothing else has these forms.
        link: whether to link files (hard) where the file system can, and not to copy them.
        columns, cache, offline: as of `read_labelled`.

    Raises:
        BadOption: no such form, or a task without boxes.
        BadData: the data has a fault, which `zoo data doctor` names; `dest` is there already, lies in the data or
            cannot be written.
    """
    _check(to, task)
    out = Path(dest).expanduser().absolute()
    raw = sound(read_raw(source, task, columns=columns, cache=cache, offline=offline))
    _check_free(raw, out)
    _check_boxes(raw)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".converted-") as folder:
            made = Path(folder) / "made"
            made.mkdir()
            _write(raw, made, to, link=link)
            made.rename(out)
    except OSError as error:
        raise BadData(f"{out} cannot be written: {error.strerror or error}", "Name another folder.") from error
    labels = [box for rows in raw.parts.values() for row in rows for box in row.label]
    groups = sum(box.crowd for box in labels)
    return Converted(
        path=out,
        to=to,
        counts={part: len(rows) for part, rows in raw.parts.items()},
        boxes=len(labels) - (groups if to == "yolo" else 0),
        classes=raw.classes,
        notes=(*raw.notes, *_lost(raw, to, groups)),
    )


def _check(to: str, task: str) -> None:
    if to not in get_args(BoxForm):
        near = ", ".join(nearest(to, get_args(BoxForm)) or get_args(BoxForm))
        raise BadOption(f"there is no form {to!r} of labelled boxes", f"One of: {near}.")
    if "boxes" not in LEARNT.get(task, ()):
        boxed = [name for name, kinds in LEARNT.items() if "boxes" in kinds]
        if task not in LEARNT:
            raise UnknownTask(f"{task!r} cannot be learnt here", f"Boxes are of: {', '.join(boxed)}.")
        raise BadOption(f"{task} has no boxes to convert", f"Boxes are of: {', '.join(boxed)}.")


def _check_free(raw: RawData, out: Path) -> None:
    if out.exists() or out.is_symlink():
        raise BadData(f"{out} is there already", "Name a folder that is not.")
    source = raw.recipe.get("source")
    if source and Path(str(source)).is_dir() and out.resolve().is_relative_to(Path(str(source)).resolve()):
        raise BadData(f"{out} lies in the data itself", "Name a folder outside of it.")


def _check_boxes(raw: RawData) -> None:
    """No box may lie outside of its picture; little over the edge it may."""
    for placed in measured(raw):
        for number, box in enumerate(placed.row.label, 1):
            fault = fault_of(box, placed.size, raw.classes)
            if fault is not None and fault[0] != "edge":
                said = f"{placed.row.where} has box {number} ({box.label}), which {fault[1]}"
                raise BadData(said, "`zoo data doctor` names all such boxes, and mends what is safe with --fix.")


def _write(raw: RawData, folder: Path, to: BoxForm, *, link: bool) -> None:
    if to == "coco":
        write_coco(raw, folder, link=link)
    elif to == "yolo":
        write_yolo(raw, folder, link=link)
    else:
        write_voc(raw, folder, link=link)


def _lost(raw: RawData, to: BoxForm, groups: int) -> Iterator[str]:
    if to == "yolo" and groups:
        yield f"boxes of groups are left out, for which YOLO's form has no word: {groups:,}"
    used = {box.label for rows in raw.parts.values() for row in rows for box in row.label}
    if to == "voc" and (unused := [name for name in raw.classes if name not in used]):
        some = ", ".join(unused[:5]) + (", …" if len(unused) > 5 else "")
        yield f"classes without an object have no place in VOC's form: {some}"
    boxes = (box.box for rows in raw.parts.values() for row in rows for box in row.label)
    odd = sum(any(abs(value - round(value)) > _WHOLE for value in box) for box in boxes)
    if to == "voc" and odd:
        yield f"boxes were rounded to whole pixels, as VOC's form has them: {odd:,}"
