"""COCO's JSON: pictures, categories, and boxes as x, y, width, height.

https://cocodataset.org/#format-data; Lin et al., "Microsoft COCO: Common Objects in Context" (2014).
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.data.boxes import LabelledBox
from zoo.data.raw import Problem
from zoo.data.sets.decoding import decode
from zoo.data.sets.drawn import area_of, corners_of
from zoo.data.sets.found import Record, Table, part_of_stem
from zoo.data.sets.lookup import Lookup, shown_path
from zoo.errors import BadData

__all__ = ["looks_like_coco", "part_of_name", "read_coco"]

_LISTS = ("images", "annotations", "categories")
_FORM = 'COCO\'s form is {"images": […], "annotations": […], "categories": […]}.'
_ASIDE = ("annotations", "annotation", "labels", "json")  # folders beside whose own folder pictures lie
_ALIASES = {"train": ("train",), "validation": ("val", "valid", "validation", "dev"), "test": ("test",)}
_HEAD = 1 << 16


def looks_like_coco(path: Path) -> bool:
    """Whether a JSON file is meant to be COCO's: one object, with one of its lists near the beginning or end."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(max(path.stat().st_size - _HEAD, 0))
            ends = head + file.read(_HEAD)
    except OSError:
        return False
    started = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return started.startswith(b"{") and any(f'"{name}"'.encode() in ends for name in _LISTS)


def part_of_name(stem: str) -> str | None:
    """The part that a file is for: `instances_train2017`, `val`, `image_info_test-dev2017`."""
    return part_of_stem(re.sub(r"\d{4}\b", "", stem))


def read_coco(path: Path, root: Path) -> Table:
    """The pictures of a file with their boxes, categories in the order of their ids.

    Outlines are left aside, but where an object has nothing else: then its box is the one around it.

    Args:
        path: of the JSON file.
        root: the folder that rows are called from.

    Raises:
        BadData: it is not JSON, or not COCO's.
    """
    text, problems = decode(path)
    content = _parsed(path, text)
    names = _categories(path, content)
    images = [one for one in content["images"] if isinstance(one, dict)]
    reader = _Reader(path, root, names, images)
    drawn, lost = reader.by_image(content.get("annotations"))
    records = [reader.record(image, drawn) for image in images]
    if not records:
        raise BadData(f"{path} names no pictures", _FORM)
    return Table(
        names=("input", "objects", "image_id", "width", "height"),
        records=records,
        problems=(*problems, *lost),
        classes=tuple(dict.fromkeys(names.values())),
        notes=reader.notes,
    )


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text, object_hook=_lean)
    except (ValueError, RecursionError) as error:
        raise BadData(
            f"{path} is not JSON: {str(error).splitlines()[0]}", "Write it again, or fetch it again."
        ) from error
    if isinstance(content, list):
        results = content and isinstance(content[0], dict) and "image_id" in content[0]
        what = "holds results of a detector, not what is to be learnt" if results else "is a list"
        raise BadData(f"{path} is not COCO's form: it {what}", _FORM)
    if not isinstance(content, dict):
        raise BadData(f"{path} is not COCO's form: it is a {type(content).__name__}", _FORM)
    for name in _LISTS:
        optional = name == "annotations" and name not in content  # test parts, whose labels are kept secret
        if not optional and not isinstance(content.get(name), list):
            said = "is not a list" if name in content else "is missing"
            raise BadData(f"{path} is not COCO's form: {name!r} {said}", _FORM)
    return content


def _lean(entry: dict[str, Any]) -> dict[str, Any]:
    """An annotation without its outline, which is most of a file, where it has a box."""
    if entry.get("bbox") and "segmentation" in entry:
        entry["segmentation"] = bool(entry["segmentation"])
    return entry


def _categories(path: Path, content: Mapping[str, Any]) -> dict[Any, str]:
    """Names by id, in the order of the ids."""
    entries = content["categories"]
    good = all(
        isinstance(one, dict) and isinstance(one.get("id"), int | str) and isinstance(one.get("name"), int | str)
        for one in entries
    )
    if not good or not entries or not all(str(one["name"]).strip() for one in entries):
        said = "has a category without id or name" if entries else "has no categories"
        raise BadData(f"{path} {said}", 'Write {"id": 1, "name": "cat"} for each.')
    twice = [value for key in ("id", "name") for value, n in Counter(one[key] for one in entries).items() if n > 1]
    if twice:
        raise BadData(f"{path} has the category {twice[0]!r} twice", "Give each an id and a name of its own.")
    ordered = sorted(entries, key=lambda one: (isinstance(one["id"], str), one["id"]))
    return {one["id"]: str(one["name"]).strip() for one in ordered}


class _Reader:
    """Makes records of one file's pictures."""

    def __init__(self, path: Path, root: Path, names: Mapping[Any, str], images: Sequence[Mapping[str, Any]]) -> None:
        self._path = path
        self._root = root
        self._names = names
        self._lookup = Lookup(_folders(path))
        self._files: dict[Any, list[str]] = defaultdict(list)
        for image in images:
            self._files[_key(image.get("id"))].append(str(image.get("file_name")))
        self._outlines = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left aside."""
        if not self._outlines:
            return ()
        return (f"{self._path.name}: outlines are left aside, boxes are learnt: {self._outlines:,}",)

    def by_image(
        self, annotations: list[Any] | None
    ) -> tuple[dict[Any, list[LabelledBox]] | None, tuple[Problem, ...]]:
        """The boxes of each image's id; and the problem with annotations that belong to no picture."""
        if annotations is None:
            return None, ()
        drawn: dict[Any, list[LabelledBox]] = defaultdict(list)
        lost: Counter[str] = Counter()
        for one in annotations:
            image = _key(one.get("image_id")) if isinstance(one, dict) else None
            if image in self._files:
                drawn[image].append(self._box(one))
            else:
                lost[repr(one.get("image_id")) if isinstance(one, dict) else "none"] += 1
        return drawn, tuple(self._lost(lost))

    def _lost(self, lost: Counter[str]) -> Iterator[Problem]:
        if lost:
            some = ", ".join(list(lost)[:5]) + (", …" if len(lost) > 5 else "")
            said = f"{self._path.name}: {lost.total():,} annotations are of image ids that are not there: {some}"
            said = said.replace("1 annotations are", "1 annotation is") if lost.total() == 1 else said
            yield Problem(check="annotations", text=said, remedy="Add the pictures, or take the annotations out.")

    def _box(self, one: Mapping[str, Any]) -> LabelledBox:
        category = one.get("category_id")
        label = self._names.get(_key(category), f"category {category}")
        outline = one.get("segmentation")
        bbox = one.get("bbox") or _around(outline)
        self._outlines += outline is True
        return LabelledBox(label, corners_of(bbox), bool(one.get("iscrowd")), area_of(one.get("area")))

    def record(self, image: Mapping[str, Any], drawn: Mapping[Any, Sequence[LabelledBox]] | None) -> Record:
        """One picture."""
        name = str(image.get("file_name") or "")
        key = _key(image.get("id"))
        path = self._lookup.find(name)
        others = self._files[key]
        problem = None
        if len(others) > 1:
            what = "is listed twice" if len(set(others)) == 1 else "has an image id that another picture has too"
            problem = f"{what}: {image.get('id')!r}"
        return Record(
            where=shown_path(path, self._root) if path else name or f"{self._path.name}: image {image.get('id')!r}",
            cells={
                "input": path or name or None,
                "objects": None if drawn is None else tuple(drawn.get(key, ())),
                "image_id": image.get("id"),
                "width": image.get("width"),
                "height": image.get("height"),
            },
            base=self._path.parent,
            problem=problem,
            check="image-id" if problem else "",
        )


def _key(value: Any) -> Any:
    """An id as it can be looked up; others than numbers and texts are none."""
    return value if isinstance(value, int | float | str) else None


def _around(outline: Any) -> Any:
    """The box around polygons `[[x, y, x, y, …], …]`, as x, y, width, height; None where there are none."""
    if not isinstance(outline, list) or not all(isinstance(one, list) and len(one) >= 6 for one in outline):
        return None
    numbers = [[v for v in one if isinstance(v, int | float)] for one in outline]
    across, down = [v for one in numbers for v in one[::2]], [v for one in numbers for v in one[1::2]]
    if not across or not down:
        return None
    return [min(across), min(down), max(across) - min(across), max(down) - min(down)]


def _folders(path: Path) -> Iterable[Path]:
    """Where the pictures of a file may be: beside it, in `images/`, in a folder of the part's name."""
    part = part_of_name(path.stem)
    pieces = re.split(r"[_. ]+", path.stem)
    names = [*pieces, *(_ALIASES[part] if part else ())]
    bases = [path.parent]
    if path.parent.name.lower() in _ASIDE:
        bases.append(path.parent.parent)
    for base in bases:
        for inside in (base, base / "images", base / "JPEGImages"):
            yield inside
            yield from (inside / name for name in names if name)
