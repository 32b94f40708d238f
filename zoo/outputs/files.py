"""The two kinds of result files: JSON lines, and Parquet, whose records are JSON lines until the end."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.errors import BadInput, ResourceError
from zoo.outputs import tables
from zoo.outputs.faults import writing
from zoo.outputs.journal import Journal
from zoo.outputs.origin import read_state
from zoo.outputs.records import Done, Maker, from_row, read_line
from zoo.outputs.skipped import skipped_file

__all__ = ["JsonLines", "Parquet", "check_path", "opened"]


class JsonLines:
    """Records in a `.jsonl` file, one a line, each there as soon as it is made.

    Args:
        path: the file.
        maker: who makes its records.
        fresh: begin again with nothing.
    """

    def __init__(self, path: Path, maker: Maker, fresh: bool) -> None:
        self._maker = maker
        self.journal = Journal(path)
        if fresh:
            self.journal.cut(0)

    @staticmethod
    def parts(path: Path) -> list[Path]:
        """The files that are there of this result file."""
        return [path] if path.exists() and path.stat().st_size else []

    def done(self) -> Iterator[Done]:
        """What is in the file, in order."""
        return self._maker.done(self.journal.lines(), self.journal.path)

    def finish(self) -> None:
        """Every input was used."""

    def close(self) -> None:
        """Let others write the file."""
        self.journal.close()


class Parquet:
    """Records in a `.parquet` file, which is there when all inputs were used.

    Until then they are lines of `NAME.parquet.part-N.jsonl`, where N is how many rows the table had before: a part of
    another number is in the table already, when the end came between writing the table and deleting the part.

    Args:
        path: the file.
        maker: who makes its records.
        fresh: begin again with nothing.
    """

    def __init__(self, path: Path, maker: Maker, fresh: bool) -> None:
        self.path = path
        self._maker = maker
        self._rows = 0 if fresh or not path.exists() else tables.count_rows(path)
        self.journal = Journal(self._part(self._rows))
        if fresh:
            self._clear()

    def _part(self, rows: int) -> Path:
        return self.path.with_name(f"{self.path.name}.part-{rows}.jsonl")

    @staticmethod
    def parts(path: Path) -> list[Path]:
        """The files that are there of this result file."""
        lead = f"{path.name}.part-"
        beside = sorted(p for p in path.parent.iterdir() if p.name.startswith(lead) and p.suffix == ".jsonl")
        return [p for p in (path, *beside) if p.exists()]

    def _clear(self) -> None:
        """Drop the table and all parts; one that another process is writing is refused."""
        for part in self.parts(self.path):
            if part not in {self.path, self.journal.path}:
                other = Journal(part)
                other.remove()
                other.close()
        with writing(self.path):
            self.path.unlink(missing_ok=True)
        self.journal.cut(0)

    def done(self) -> Iterator[Done]:
        """What is in the table and the part, in order."""
        lines = self._maker.done(self.journal.lines(), self.journal.path)
        if not self._rows:
            return lines
        return itertools.chain(map(from_row, tables.read_rows(self.path, ["input", "error"])), lines)

    def finish(self) -> None:
        """Write the table, with what was in it before, and delete the parts."""
        if self.journal.size or not self.path.exists():
            tables.write_table(self.path, self._all_rows)
        for part in self.parts(self.path):
            if part != self.path:
                part.unlink()

    def _all_rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        if self._rows:
            for row in tables.read_rows(self.path):
                yield len(str(row)), row
        for number, (_, line) in enumerate(self.journal.lines(), 1):
            yield len(line), tables.flat(read_line(line, number, self.journal.path))

    def close(self) -> None:
        """Let others write the file."""
        self.journal.close()


KINDS: dict[str, type[JsonLines] | type[Parquet]] = {".jsonl": JsonLines, ".parquet": Parquet}


def check_path(path: Path, *, resume: bool = True) -> bool:
    """Whether there is something to go on with; needs no model. A folder that is missing is made.

    Raises:
        BadInput: the name has another ending, is that of a folder, or a file that was not made by the zoo.
        ResourceError: the folder cannot be made, the file not written.
        MissingDependency: pyarrow is needed.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise BadInput(
            f"results are nested and cannot be written as {path.suffix or 'a file without an ending'}: {path}",
            f"Name a file that ends in {' or '.join(KINDS)}.",
        )
    if kind is Parquet:
        tables.need_pyarrow()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.exists()
    except OSError as error:
        raise ResourceError(f"{path} cannot be written: {error.strerror}", "Name another file.") from error
    if there and not path.is_file():
        raise BadInput(f"{path} is {'a folder' if path.is_dir() else 'no file'}", "Name a file to write into.")
    if not os.access(path.parent, os.W_OK | os.X_OK) or (there and not os.access(path, os.W_OK)):
        raise ResourceError(f"{path} cannot be written: permission denied", "Name a file that you may write to.")
    begun = resume and bool(kind.parts(path) or skipped_file(path).exists())
    if begun:
        read_state(path)
    return begun


def opened(path: Path, maker: Maker, *, fresh: bool) -> JsonLines | Parquet:
    """The result file of this name, open, with what is in it or `fresh`."""
    return KINDS[path.suffix.lower()](path, maker, fresh)
