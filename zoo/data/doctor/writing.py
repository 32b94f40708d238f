"""Writing a data set in the form in which it came: folders as folders, tables as tables, boxes as COCO has them."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from zoo.data.converting.coco import write_coco
from zoo.data.doctor.spelling import plain_label
from zoo.data.images import read_image
from zoo.errors import BadData
from zoo.tasks import TASKS

if TYPE_CHECKING:
    from zoo.data import RawData, Row

__all__ = ["write_copy"]

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_CLASS_LISTS = ("classes.txt", "labels.txt")
_ENDINGS = (
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF8", ".gif"),
    (b"\x93NUMPY", ".npy"),
    (b"RIFF", ".wav"),
    (b"fLaC", ".flac"),
    (b"OggS", ".ogg"),
)


def write_copy(raw: RawData, out: Path, odd: Collection[str] = ()) -> Path:
    """Write all rows below `out`, which appears only when it is whole; returns what to read it from.

    Args:
        raw: the rows to be written.
        out: a folder that does not exist, or is empty.
        odd: `Row.where` of the pictures that are to be written anew as RGB.

    Raises:
        BadData: `out` is taken, lies in the data, or cannot be written.
    """
    out = out.absolute()
    _check_free(raw, out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".mended-") as folder:
            made = Path(folder) / "copy"
            made.mkdir()
            _write(raw, made, frozenset(odd))
            if out.is_dir():
                out.rmdir()
            made.rename(out)
    except OSError as error:
        raise BadData(f"{out} cannot be written: {error.strerror or error}", "Name another folder by --out.") from error
    files = [path for path in out.iterdir() if not path.name.startswith(".")]
    return files[0] if len(files) == 1 and files[0].is_file() else out


def _check_free(raw: RawData, out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadData(f"{out} is there already", "Name a folder that is new or empty with --out.")
    source = raw.recipe.get("source")
    if source and Path(str(source)).is_dir() and out.resolve().is_relative_to(Path(str(source)).resolve()):
        raise BadData(f"{out} lies in the data itself", "Name a folder outside of it with --out.")


def _write(raw: RawData, folder: Path, odd: frozenset[str]) -> None:
    rows = [row for found in raw.parts.values() for row in found]
    if raw.kind == "boxes":
        write_coco(raw, folder, odd=odd)
    elif TASKS[raw.task].input == "text":
        _write_texts(raw, folder)
    elif raw.kind != "transcript" and all(isinstance(row.value, Path) and _root(row) is not None for row in rows):
        _write_folders(raw, rows, folder, odd)
    else:
        _write_listed(raw, folder, odd)


def _write_texts(raw: RawData, folder: Path) -> None:
    """One table; one of each part where no column says the part."""
    suffix = Path(str(raw.recipe.get("source", ""))).suffix.lower()
    flat = suffix in _SEPARATORS and (raw.kind not in {"multi", "tags"} or "," in raw.columns.get("label", ""))
    suffix = suffix if flat else ".jsonl"
    if "split" in raw.columns or list(raw.parts) == ["all"]:
        cells = [_cells(raw, row, part, row.value, row.label) for part, rows in raw.parts.items() for row in rows]
        _write_table(folder / f"{raw.name}{suffix}", cells)
        return
    for part, rows in raw.parts.items():
        _write_table(folder / f"{part}{suffix}", [_cells(raw, row, part, row.value, row.label) for row in rows])


def _cells(raw: RawData, row: Row, part: str, value: Any, label: Any) -> dict[str, Any]:
    """A row's cells under the names that the columns had."""
    text, second, named = _names(raw)
    cells: dict[str, Any] = {}
    if raw.kind in {"pairs", "scored"}:
        cells[text], cells[second] = value
    else:
        cells[text] = list(value) if isinstance(value, tuple) else value
    if "," in named and raw.kind == "multi":
        cells |= {name: int(name in label) for name in named.split(",")}
    elif raw.kind not in {"pairs", "text"}:
        cells[named] = list(label) if isinstance(label, tuple) else label
    if "split" in raw.columns and part != "all":
        cells[raw.columns["split"]] = part
    return {**cells, **{name: _plain(cell) for name, cell in row.columns.items() if name not in cells}}


def _names(raw: RawData) -> tuple[str, str, str]:
    """Names of the columns of the input, of the second text, and of the label (the mask)."""
    usual = {
        "tags": ("tokens", "", "tags"),
        "pairs": ("text1", "text2", ""),
        "scored": ("text1", "text2", "score"),
        "mask": ("text", "", "mask"),
        "transcript": ("file_name", "", "text"),
    }
    text, second, label = usual.get(raw.kind, ("text", "", "label"))
    if TASKS[raw.task].input != "text":
        text = "file_name"
    columns = raw.columns
    named = columns.get("mask" if raw.kind == "mask" else "label", label)
    return columns.get("text", text), columns.get("second", second), named


def _plain(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, str | int | float | bool | list | dict) else str(cell)


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        if path.suffix not in _SEPARATORS:
            file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
            return
        table = csv.DictWriter(file, names, delimiter=_SEPARATORS[path.suffix], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _write_folders(raw: RawData, rows: Sequence[Row], folder: Path, odd: frozenset[str]) -> None:
    """Files where they were, but for classes that are spelt otherwise now."""
    for row in rows:
        root, where = _root(row), PurePosixPath(row.where)
        if isinstance(row.label, str):
            where = _below(where, row.label)
        _copy(row.value, folder / where, row.where in odd)
        if isinstance(row.label, Path) and root is not None:
            inside = row.label.relative_to(root) if row.label.is_relative_to(root) else Path("masks") / row.label.name
            _copy(row.label, folder / inside, False)
    root = _root(rows[0])
    if raw.kind == "mask" and root is not None:
        for path in (path for name in _CLASS_LISTS for path in root.rglob(name)):
            _copy(path, folder / path.relative_to(root), False)


def _below(where: PurePosixPath, label: str) -> PurePosixPath:
    """The path with the folder of the class named as the label is."""
    parts = list(where.parts)
    at = next((i for i, name in enumerate(parts[:-1]) if plain_label(name) == plain_label(label)), None)
    if at is not None:
        parts[at] = label
    return PurePosixPath(*parts)


def _root(row: Row) -> Path | None:
    """The folder that `where` starts at; None where it is no path."""
    names = PurePosixPath(row.where).parts
    path = Path(row.value)
    return path.parents[len(names) - 1] if path.parts[-len(names) :] == names else None


def _write_listed(raw: RawData, folder: Path, odd: frozenset[str]) -> None:
    """Files by number, and a table of them for each part, as the `datasets` library's `imagefolder` has it."""
    named = _names(raw)[2]
    for part, rows in raw.parts.items():
        inside = folder if part == "all" or "split" in raw.columns else folder / part
        cells = []
        for number, row in enumerate(rows, 1):
            path = _stored(row.value, inside / "files" / f"{part}-{number:06}", row.where in odd)
            label = row.label
            made = _cells(raw, row, part, path.relative_to(inside).as_posix(), None if raw.kind == "mask" else label)
            if raw.kind == "mask":
                made[named] = (
                    _stored(label, inside / "masks" / f"{part}-{number:06}", False).relative_to(inside).as_posix()
                )
            cells.append(made)
        table = inside / "metadata.jsonl"
        if table.exists():  # the parts of one table, told apart by a column
            cells = [*map(json.loads, table.read_text(encoding="utf-8").splitlines()), *cells]
        _write_table(table, cells)


def _stored(value: Any, target: Path, anew: bool) -> Path:
    """Write an encoded input, a picture or an array as a file; returns where, with its ending."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(value, Path) or (isinstance(value, bytes) and not anew):
        ending = value.suffix if isinstance(value, Path) else _ending(value)
        path = target.with_name(target.name + ending)
        if isinstance(value, bytes):
            path.write_bytes(value)
            return path
        return _copy(value, path, anew)
    path = target.with_name(f"{target.name}.png")
    if not anew and getattr(value, "ndim", 3) == 2 and not hasattr(value, "save"):  # a mask's indices
        return _array(value, target)
    read_image(value).save(path)
    return path


def _array(value: Any, target: Path) -> Path:
    import numpy as np

    path = target.with_name(f"{target.name}.npy")
    np.save(path, np.asarray(value))
    return path


def _ending(content: bytes) -> str:
    return next((ending for beginning, ending in _ENDINGS if content.startswith(beginning)), ".bin")


def _copy(source: Path, target: Path, anew: bool) -> Path:
    """Copy a file to a free name; returns it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target = target.with_suffix(".png") if anew else target
    free, number = target, 2
    while free.exists():
        free, number = target.with_name(f"{target.stem}-{number}{target.suffix}"), number + 1
    if anew:
        read_image(source).save(free)
    else:
        shutil.copyfile(source, free)
    return free
