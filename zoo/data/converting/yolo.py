"""Writing YOLO's form: `data.yaml`, `images/train/` and `labels/train/`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.data.converting.coco import SHORT
from zoo.data.converting.placing import Names, is_anew, measured, place

if TYPE_CHECKING:
    from zoo.data.boxes import LabelledBox
    from zoo.data.raw import RawData

__all__ = ["write_yolo"]

_DIGITS = 9  # a thousandth of a pixel in a picture of a million


def write_yolo(raw: RawData, folder: Path, *, link: bool = False) -> None:
    """Write all pictures with a label file each, an empty one where there is no object.

    Boxes of groups (`LabelledBox.crowd`) are left out, for which the form has no word.
    """
    names = {part: Names() for part in raw.parts}
    numbers = {name: number for number, name in enumerate(raw.classes)}
    for part in raw.parts:
        (folder / "labels" / SHORT[part]).mkdir(parents=True)
    for placed in measured(raw):
        short, stem = SHORT[placed.part], names[placed.part].of(placed)
        place(placed.row.value, folder / "images" / short, stem, link=link, anew=is_anew(placed, ()))
        lines = [_line(numbers[box.label], box, placed.size) for box in placed.row.label if not box.crowd]
        (folder / "labels" / short / f"{stem}.txt").write_text("".join(lines), encoding="utf-8")
    (folder / "data.yaml").write_text(_described(list(raw.parts), raw.classes), encoding="utf-8")


def _line(number: int, box: LabelledBox, size: tuple[int, int]) -> str:
    (x1, y1, x2, y2), (width, height) = box.box, size
    shares = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
    return " ".join([str(number), *(f"{share:.{_DIGITS}f}".rstrip("0").rstrip(".") for share in shares)]) + "\n"


def _described(parts: Sequence[str], classes: Sequence[str]) -> str:
    import yaml  # type: ignore[import-untyped, unused-ignore]

    said = {SHORT[part] or "train": f"images/{SHORT[part]}".rstrip("/") for part in parts}
    text: str = yaml.safe_dump({**said, "names": dict(enumerate(classes))}, sort_keys=False, allow_unicode=True)
    return text
