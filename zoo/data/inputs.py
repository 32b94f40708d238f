"""From what the user gives to single inputs: paths, folders, globs, lists, lines and pairs."""

from __future__ import annotations

import contextlib
import glob
import itertools
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.data.films import frame_name, is_film, read_film
from zoo.data.images import IMAGE_SUFFIXES
from zoo.data.series import SERIES_SUFFIXES
from zoo.errors import BadData

__all__ = ["Item", "expand"]

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64", ".gsm")
_SUFFIXES = {"image": IMAGE_SUFFIXES, "audio": AUDIO_SUFFIXES, "series": SERIES_SUFFIXES}


@dataclass(frozen=True)
class Item:
    """One input: the `name` that stands for it in results, and its value."""

    name: str
    value: Any


def expand(values: Iterable[Any], kind: str, *, every: int = 1) -> Iterator[Item]:
    """Single inputs of a task's kind (`image`, `audio`, `text`, `pair`, `series`) from what was given.

    Strings are paths, folders (searched to the bottom, sorted) or globs for pictures, recordings and series, the text
    itself for texts, and JSON or two texts with a tab between them for pairs. Other values are inputs as they are. A
    folder or glob without a fitting file, or a malformed pair, is an input whose value is the `BadData` that says so:
    it fails in its turn and does not keep the others from going on. An `Item` is an input with a name of its own.

    A film, named or found by a glob that ends as films do, is as many pictures as it has frames, or each `every`th of
    them, read as they are taken (`zoo.data.read_film`).
    """
    for value in values:
        if isinstance(value, Item):
            yield value
            continue
        try:
            yield from _expanded(value, kind, every)
        except BadData as error:
            yield Item(str(value), error)


def _expanded(value: Any, kind: str, every: int) -> Iterator[Item]:
    if kind == "image" and is_film(value) and not _is(Path(value).expanduser(), "is_dir"):
        for path in _films(str(value)):
            yield from (Item(frame_name(path, frame), frame.picture) for frame in read_film(path, every=every))
    elif kind in _SUFFIXES and isinstance(value, str | Path):
        yield from _files(value, _SUFFIXES[kind], kind)
    elif kind == "pair" and isinstance(value, str):
        yield Item(value, _pair(value))
    else:
        yield Item(value if isinstance(value, str) else type(value).__name__, value)


def _files(value: str | Path, suffixes: tuple[str, ...], kind: str) -> Iterator[Item]:
    text = str(value)
    if text.startswith(("http://", "https://")):
        yield Item(text, text)
        return
    if not text.strip():
        raise BadData("the name of an input is empty", "Give a file, a folder or a glob.")
    path = Path(value).expanduser()
    if _is(path, "is_dir"):
        yield from _folder(path, suffixes, kind)
    elif glob.has_magic(text) and not _is(path, "exists"):
        matches = glob.glob(str(path), recursive=True)  # noqa: PTH207  (Path.glob takes no absolute pattern)
        found = sorted(p for p in matches if p.lower().endswith(suffixes))
        if not found:
            raise BadData(f"nothing fits {text}", f"It should name files such as *{suffixes[0]}.")
        yield from (Item(p, Path(p)) for p in found)
    else:
        yield Item(text, path)


def _films(text: str) -> list[str]:
    """The film of this name, else those that a glob finds."""
    if not glob.has_magic(text) or _is(Path(text).expanduser(), "exists"):
        return [text]
    found = sorted(glob.glob(str(Path(text).expanduser()), recursive=True))  # noqa: PTH207
    if not found:
        raise BadData(f"nothing fits {text}", "It should name films.")
    return found


def _is(path: Path, question: str) -> bool:
    """`path.is_dir()` or `path.exists()`, False for names that the file system cannot even ask for."""
    try:
        return bool(getattr(path, question)())
    except (OSError, ValueError):
        return False


def _folder(path: Path, suffixes: tuple[str, ...], kind: str) -> Iterator[Item]:
    found = map(Path, _walk(str(path), suffixes))
    first = next(found, None)
    if first is None:
        raise BadData(f"folder {path} holds no {kind} file", f"It should hold files such as *{suffixes[0]}.")
    yield from (Item(str(p), p) for p in itertools.chain([first], found))


def _walk(folder: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """The fitting files below a folder, sorted as `Path`s are; only one folder's names are in memory at a time."""
    files, folders = [], set()
    with contextlib.suppress(PermissionError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.add(entry.name)
            elif os.path.splitext(entry.name)[1].lower() in suffixes and entry.is_file():  # noqa: PTH122  (by the million)
                files.append(entry.name)
    for name in sorted(itertools.chain(files, folders)):
        path = os.path.join(folder, name)  # noqa: PTH118
        if name in folders:
            yield from _walk(path, suffixes)
        else:
            yield path


def _pair(text: str) -> Any:
    if text.lstrip().startswith(("{", "[")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadData(f"not a JSON pair: {error}", 'Write {"source_sentence": "…", "sentences": ["…"]}.') from error
    first, tab, second = text.partition("\t")
    if not tab:
        raise BadData(
            "a pair needs two texts",
            'Put a tab between them, or write {"source_sentence": "…", "sentences": ["…"]}.',
        )
    return first, [second]
