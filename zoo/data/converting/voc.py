"""Writing Pascal VOC's form: `Annotations/`, `JPEGImages/`, and the parts in `ImageSets/Main/`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from zoo.data.converting.coco import SHORT
from zoo.data.converting.placing import Names, Placed, is_anew, measured, place

if TYPE_CHECKING:
    from zoo.data.boxes import LabelledBox
    from zoo.data.raw import RawData

__all__ = ["write_voc"]


def write_voc(raw: RawData, folder: Path, *, link: bool = False) -> None:
    """Write all pictures with an XML file each; corners are whole pixels, counted from 1, as the form has them.

    Each side goes to the nearest whole pixel, and every box has at least one. Groups become `difficult`; given areas
    and classes without an object have no place in the form.
    """
    names = Names()
    stems: dict[str, list[str]] = defaultdict(list)
    (folder / "Annotations").mkdir()
    for placed in measured(raw):
        stem = names.of(placed)
        file = place(placed.row.value, folder / "JPEGImages", stem, link=link, anew=is_anew(placed, ()))
        tree = ElementTree.ElementTree(_annotation(placed, file))
        ElementTree.indent(tree)
        tree.write(folder / "Annotations" / f"{stem}.xml", encoding="utf-8", xml_declaration=True)
        stems[placed.part].append(stem)
    if list(stems) != ["all"]:
        lists = folder / "ImageSets" / "Main"
        lists.mkdir(parents=True)
        for part, of in stems.items():
            (lists / f"{SHORT[part]}.txt").write_text("".join(f"{stem}\n" for stem in of), encoding="utf-8")


def _annotation(placed: Placed, file: str) -> ElementTree.Element:
    made = ElementTree.Element("annotation")
    ElementTree.SubElement(made, "folder").text = "JPEGImages"
    ElementTree.SubElement(made, "filename").text = file
    size = ElementTree.SubElement(made, "size")
    for name, value in zip(("width", "height", "depth"), (*placed.size, 3), strict=True):
        ElementTree.SubElement(size, name).text = str(value)
    ElementTree.SubElement(made, "segmented").text = "0"
    for box in placed.row.label:
        made.append(_object(box))
    return made


def _object(box: LabelledBox) -> ElementTree.Element:
    made = ElementTree.Element("object")
    ElementTree.SubElement(made, "name").text = box.label
    ElementTree.SubElement(made, "pose").text = "Unspecified"
    ElementTree.SubElement(made, "truncated").text = "0"
    ElementTree.SubElement(made, "difficult").text = str(int(box.crowd))
    frame = ElementTree.SubElement(made, "bndbox")
    x1, y1, x2, y2 = (round(value) for value in box.box)
    corners = (x1 + 1, y1 + 1, max(x2, x1 + 1), max(y2, y1 + 1))
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True):
        ElementTree.SubElement(frame, name).text = str(value)
    return made
