"""Pictures with boxes in files: which form a folder or file has, and its parts."""

from __future__ import annotations

from pathlib import Path

from zoo.data.sets.coco import looks_like_coco, part_of_name, read_coco
from zoo.data.sets.found import Found, Table, part_named, put_together
from zoo.data.sets.voc import find_voc, read_voc
from zoo.data.sets.yolo import find_yaml, looks_like_yolo, read_yolo, read_yolo_yaml
from zoo.errors import BadData

__all__ = ["WANTED_BOXES", "read_annotated_file", "read_annotated_folder"]

WANTED_BOXES = (
    "Give COCO's JSON, a folder in the form of YOLO (`data.yaml`, `images/`, `labels/`) or of Pascal VOC "
    "(`Annotations/`, `JPEGImages/`), or a table with `image` and `objects`."
)
_Parts = dict[str, list[Table]]


def read_annotated_file(path: Path) -> Found | None:
    """The pictures of a JSON file in COCO's form or of YOLO's `data.yaml`; None for a file of another kind.

    Raises:
        BadData: it is of such a form, and broken.
    """
    suffix = path.suffix.lower()
    if suffix in {".yaml", ".yml"}:
        return _together(path, path.resolve().parent.name, read_yolo_yaml(path))
    if suffix == ".json" and (looks_like_coco(path) or not _is_table(path)):
        part = part_of_name(path.stem) or "all"
        return _together(path, path.stem, {part: [read_coco(path, path.resolve().parent)]})
    return None


def read_annotated_folder(path: Path) -> Found | None:
    """The pictures of a folder in the form of COCO, YOLO or Pascal VOC; None for a folder of another kind.

    Raises:
        BadData: it is of such a form, and broken.
    """
    root = path.resolve()
    parts = _coco(root) or _yolo(root) or _voc(root)
    if parts is None:
        return None
    if not any(table.records for tables in parts.values() for table in tables):
        raise BadData(f"{path} names no pictures", WANTED_BOXES)
    return _together(path, root.name, parts)


def _together(path: Path, name: str, parts: _Parts) -> Found:
    return put_together(name, str(path.resolve()), parts, fixed=True)


def _is_table(path: Path) -> bool:
    """Whether a JSON file may be rows with a picture and its objects each; broken ones are meant to be COCO's."""
    try:
        with path.open("rb") as file:
            start = file.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:
        return True
    return (
        start.startswith((b"[", b"{")) and b'"image_id"' not in start and (b'"objects"' in start or b'"boxes"' in start)
    )


def _part_folders(root: Path) -> dict[str, Path]:
    """`train/`, `valid/`, `test/`, those that there are."""
    named = {part_named(folder.name): folder for folder in sorted(root.iterdir()) if folder.is_dir()}
    return {part: folder for part, folder in named.items() if part is not None}


def _coco(root: Path) -> _Parts | None:
    """JSON files in the folder, in `annotations/`, or in the folders of parts."""
    folders = (root, *(root / name for name in ("annotations", "Annotations") if (root / name).is_dir()))
    parts: _Parts = {}
    for path in _chosen([path for folder in folders for path in sorted(folder.glob("*.json"))]):
        parts.setdefault(part_of_name(path.stem) or "all", []).append(read_coco(path, root))
    if not parts:
        for part, folder in _part_folders(root).items():
            found = _chosen(sorted(folder.glob("*.json")))
            if found:
                parts[part] = [read_coco(path, root) for path in found]
    if "all" in parts and len(parts) > 1:  # a file without a part's name beside such with one is learnt from
        parts["train"] = [*parts.pop("all"), *parts.get("train", ())]
    return parts or None


def _chosen(paths: list[Path]) -> list[Path]:
    """COCO's files; of several kinds of annotations only those of objects."""
    real = {path.resolve(): path for path in paths if looks_like_coco(path)}
    found = list(real.values())
    return [path for path in found if path.name.startswith("instances")] or found


def _yolo(root: Path) -> _Parts | None:
    described = find_yaml(root)
    if described is not None:
        return read_yolo_yaml(described)
    images = root / "images"
    parts = _part_folders(images) if images.is_dir() else {}
    if parts and (root / "labels").is_dir():
        return {part: _yolo_part(folder, root) for part, folder in parts.items()}
    parts = {part: folder for part, folder in _part_folders(root).items() if looks_like_yolo(folder) or _labels(folder)}
    if parts:
        return {part: read_yolo(folder, root, above=(root,)) for part, folder in parts.items()}
    return {"all": read_yolo(root, root)} if looks_like_yolo(root) else None


def _labels(folder: Path) -> bool:
    return (folder / "images").is_dir() and (folder / "labels").is_dir()


def _yolo_part(folder: Path, root: Path) -> list[Table]:
    return read_yolo(folder, root, above=(root, root / "labels"))


def _voc(root: Path) -> _Parts | None:
    """In the folder; in the one folder below it that has annotations (`VOC2012/`); or in the folders of parts."""
    if find_voc(root) is not None:
        return read_voc(root, root)
    parts = {part: folder for part, folder in _part_folders(root).items() if find_voc(folder) is not None}
    if parts:
        return {part: [t for of in read_voc(folder, root).values() for t in of] for part, folder in parts.items()}
    inside = [folder for folder in sorted(root.iterdir()) if (folder / "Annotations").is_dir()]
    if len(inside) == 1 and find_voc(inside[0]) is not None:
        return read_voc(inside[0], root)
    return None
