"""Labelled data: folders of pictures and tables of texts, and their splits."""

from __future__ import annotations

import hashlib
import logging
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.cards import digest
from zoo.data.images import IMAGE_SUFFIXES
from zoo.errors import BadData, BadOption, nearest

__all__ = ["LabelledData", "Split", "read_labelled", "split_data"]

TABLES = {".csv": "csv", ".tsv": "csv", ".jsonl": "json", ".ndjson": "json", ".json": "json", ".parquet": "parquet"}
TEXT_NAMES = ("text", "sentence", "review", "content", "document", "body")
LABEL_NAMES = ("label", "labels", "category", "class", "target", "sentiment")
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "test": "test",
    "val": "test",
    "valid": "test",
    "validation": "test",
}


@dataclass(frozen=True, kw_only=True)
class Split:
    """Inputs with their labels, in order."""

    inputs: tuple[Any, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: Sequence[int]) -> Split:
        """The rows of these indices."""
        return Split(inputs=tuple(self.inputs[i] for i in rows), labels=tuple(self.labels[i] for i in rows))


@dataclass(frozen=True, kw_only=True)
class LabelledData:
    """A data set as read.

    Attributes:
        name: of the file or folder.
        train: what to learn from.
        test: what was given to be held out, or None when it is still to be split off.
        fingerprint: sha256 over all inputs and labels.
    """

    name: str
    train: Split
    test: Split | None
    fingerprint: str

    @property
    def classes(self) -> tuple[str, ...]:
        """The sorted labels of `train`."""
        return tuple(sorted(set(self.train.labels)))


def read_labelled(
    path: str | Path,
    kind: str,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    cache: Path | None = None,
) -> LabelledData:
    """Read a labelled data set.

    Args:
        path: for pictures, a folder with one sub-folder per class, optionally below `train/` and `test/`; for texts, a
            CSV, TSV, JSON-lines or Parquet file.
        kind: `image` or `text`.
        text_column, label_column: of a table; found by their usual names when not given.
        cache: folder for the `datasets` library's own cache.

    Raises:
        BadData: nothing there, fewer than two classes, empty or missing columns, unreadable.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise BadData(f"there is no data at {path}")
    if kind == "image":
        data = _read_folder(path)
    elif kind == "text":
        data = _read_table(path, text_column, label_column, cache)
    else:
        raise BadData(f"labelled {kind} data cannot be read", "Pictures and texts can.")
    return _check(data)


def _check(data: LabelledData) -> LabelledData:
    if len(data.classes) < 2:
        only = f"only {data.classes[0]!r}" if data.classes else "none"
        raise BadData(f"{data.name} needs at least two classes, it has {only}")
    rare = sorted(name for name, count in Counter(data.train.labels).items() if count < 2)
    if rare:
        raise BadData(
            f"{data.name}: fewer than two examples of {', '.join(rare[:5])}", "Add examples or drop the class."
        )
    if data.test and (unknown := sorted(set(data.test.labels) - set(data.classes))):
        raise BadData(f"{data.name}: the test part has labels that the training part lacks: {', '.join(unknown[:5])}")
    return data


def _read_folder(path: Path) -> LabelledData:
    if not path.is_dir():
        raise BadData(f"{path} is not a folder", "Give a folder with one sub-folder of pictures per class.")
    folders = {SPLIT_NAMES[p.name.lower()]: p for p in sorted(path.iterdir()) if _is_split(p)}
    train = _class_folders(folders.get("train", path))
    test = _class_folders(folders["test"]) if {"train", "test"} <= folders.keys() else None
    return LabelledData(name=path.name, train=train, test=test, fingerprint=_fingerprint(train, test))


def _is_split(path: Path) -> bool:
    return path.is_dir() and path.name.lower() in SPLIT_NAMES


def _class_folders(path: Path) -> Split:
    rows = [
        (file, folder.name)
        for folder in sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file()
    ]
    if not rows:
        raise BadData(
            f"{path} holds no pictures in sub-folders", "Put each class's pictures into a folder of its name."
        )
    return Split(inputs=tuple(r[0] for r in rows), labels=tuple(r[1] for r in rows))


def _fingerprint(*splits: Split | None) -> str:
    return digest([[[_content(v), label] for v, label in zip(s.inputs, s.labels, strict=True)] for s in splits if s])


def _content(value: Any) -> str:
    if isinstance(value, Path):
        with value.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return str(value)


def _read_table(path: Path, text: str | None, label: str | None, cache: Path | None) -> LabelledData:
    columns = _columns(path, cache)
    text = _pick(columns, text, TEXT_NAMES, "text", path)
    label = _pick(columns, label, LABEL_NAMES, "label", path)
    train = _rows(path, columns[text], columns[label])
    return LabelledData(name=path.stem, train=train, test=None, fingerprint=_fingerprint(train))


def _columns(path: Path, cache: Path | None) -> dict[str, list[Any]]:
    """The table's columns by name, read by the `datasets` library."""
    kind = TABLES.get(path.suffix.lower())
    if kind is None or not path.is_file():
        raise BadData(f"{path} is not a table that can be read", f"Give a file that ends with {', '.join(TABLES)}.")
    if not path.stat().st_size:
        raise BadData(f"{path} is empty")
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError
    from datasets.utils.logging import disable_progress_bar

    disable_progress_bar()
    options: dict[str, Any] = {"keep_default_na": False} if kind == "csv" else {}  # the text "NA" is a text
    if path.suffix.lower() == ".tsv":
        options["sep"] = "\t"
    try:
        with _silent("datasets"):
            table = load_dataset(
                kind, data_files=str(path), split="train", cache_dir=str(cache) if cache else None, **options
            )
    except (DatasetsError, ValueError, OSError, KeyError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise BadData(f"{path} cannot be read as {kind}: {reason}", "Is it UTF-8, with one row per line?") from error
    return {name: table[name][:] for name in table.column_names}


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """Keep a library from logging what is raised as one clear error anyway."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _pick(columns: dict[str, list[Any]], given: str | None, usual: Sequence[str], what: str, path: Path) -> str:
    if given is not None:
        if given in columns:
            return given
        near = ", ".join(nearest(given, columns) or columns)
        raise BadData(f"{path.name} has no column {given!r}", f"Its columns: {near}.")
    folded = {name.lower(): name for name in columns}
    for name in usual:
        if name in folded:
            return folded[name]
    raise BadData(f"{path.name} has no {what} column", f"Name it: --{what}-column, one of {', '.join(columns)}.")


def _rows(path: Path, texts: list[Any], labels: list[Any]) -> Split:
    broken = [i for i, (t, y) in enumerate(zip(texts, labels, strict=True)) if not _usable(t) or not _usable(y)]
    if broken:
        some = ", ".join(str(i + 1) for i in broken[:5])
        raise BadData(
            f"{path.name}: {len(broken)} rows have an empty text or label: rows {some}", "Fill or remove them."
        )
    return Split(inputs=tuple(str(t) for t in texts), labels=tuple(str(y) for y in labels))


def _usable(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value)) and bool(str(value).strip())


def split_data(data: LabelledData, *, test_size: float = 0.2, seed: int = 0, limit: int | None = None) -> LabelledData:
    """Hold out a stratified part where none was given, after an optional stratified cut to `limit` examples."""
    from sklearn.model_selection import train_test_split

    if not 0 < test_size < 1:
        raise BadOption(f"a held-out share of {test_size} makes no sense", "Give a number between 0 and 1.")
    train = data.train
    if limit is not None and limit < len(train):
        train = train.take(_stratified(train, limit, seed))
    if data.test is not None:
        return LabelledData(name=data.name, train=train, test=data.test, fingerprint=data.fingerprint)
    held = max(round(len(train) * test_size), len(set(train.labels)))
    if held > len(train) - len(set(train.labels)):
        raise BadData(f"{data.name}: {len(train)} examples are too few to hold some out", "Add examples to each class.")
    learn, test = train_test_split(range(len(train)), test_size=held, stratify=train.labels, random_state=seed)
    return LabelledData(
        name=data.name, train=train.take(sorted(learn)), test=train.take(sorted(test)), fingerprint=data.fingerprint
    )


def _stratified(split: Split, count: int, seed: int) -> list[int]:
    from sklearn.model_selection import train_test_split

    if count < 2 * len(set(split.labels)):
        raise BadOption(f"{count} examples are too few for {len(set(split.labels))} classes", "Raise --limit.")
    kept, _ = train_test_split(range(len(split)), train_size=count, stratify=split.labels, random_state=seed)
    return sorted(int(i) for i in kept)
