"""Files of word vectors as word2vec, GloVe and fastText write them: text or binary, plain or compressed by gzip.

Text: a line a word, `word v1 v2 … vn`; word2vec and fastText put `words dimensions` in the first line. Binary
(word2vec's `-binary 1`): the same first line, then for each word its bytes, a space, and the vector as little-endian
float32, with or without a line feed after it. Source: `word2vec.c`, SaveVectors, in https://code.google.com/p/word2vec.
Pickled objects (gensim's `KeyedVectors.save`) are not read: unpickling runs code.
"""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zoo.errors import IntegrityError, NoSpace, UnsafeFile
from zoo.plugin import Checkpoint

__all__ = ["word_file", "write_table"]

SUFFIXES = (".bin", ".gz", ".txt", ".vec")
LONGEST_WORD = 10_000  # bytes; more than that is another format
LONGEST_LINE = 1 << 20
MOST_DIMENSIONS = 10_000
Row = tuple[str, npt.NDArray[np.float32]]


def word_file(checkpoint: Checkpoint) -> Path | None:
    """The file of word vectors, None where there is a NumPy table already."""
    if named := checkpoint.card.config.get("vectors"):
        return checkpoint.file(str(named)) if not any(checkpoint.path.glob("*.npy")) else None
    if any(checkpoint.path.glob("*.npy")):
        return None
    found = [path for path in sorted(checkpoint.path.iterdir()) if path.suffix in SUFFIXES]
    return found[0] if len(found) == 1 else None


def write_table(path: Path, target: Path, model: str) -> None:
    """Write a file of word vectors as `vectors.npy` (words, dimensions), float32, and `words.parquet`.

    Args:
        path: the file.
        target: a folder, which is made.
        model: whose it is, for messages.

    Raises:
        UnsafeFile: it holds pickled objects.
        IntegrityError: it is no such file, is cut short, or its rows differ in length.
        NoSpace: the table does not fit onto the disk.
    """
    with _Reader(path, model) as reader:
        target.mkdir()
        needed = reader.words * reader.dimensions * 4
        if needed > (free := shutil.disk_usage(target).free):
            raise NoSpace(f"{model}: its table needs {needed / 1e6:.0f} MB, {free / 1e6:.0f} MB are free")
        shape = (reader.words, reader.dimensions)
        matrix = np.lib.format.open_memmap(target / "vectors.npy", mode="w+", dtype=np.float32, shape=shape)
        words: list[str] = []
        for word, vector in reader.rows():
            if len(words) == reader.words:
                raise reader.wrong(f"it holds more than the {reader.words} words that it states")
            matrix[len(words)] = vector
            words.append(word)
        if len(words) != reader.words:
            raise reader.wrong(f"it is cut short: {len(words)} of {reader.words} words")
        matrix.flush()
    pq.write_table(pa.table({"word": words}), target / "words.parquet")


class _Reader:
    """An opened file of word vectors: how many there are, and its rows."""

    def __init__(self, path: Path, model: str) -> None:
        self.path = path
        self.model = model
        self.file = self._open()
        try:
            self.binary, self.header, self.words, self.dimensions = self._form()
        except BaseException:
            self.file.close()
            raise

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def wrong(self, why: str) -> IntegrityError:
        """The error that says what is wrong with the file."""
        return IntegrityError(
            f"{self.model}: {self.path.name} is no sound file of word vectors: {why}",
            f"Remove and pull it again: `zoo rm {self.model}`, `zoo pull {self.model}`.",
        )

    def rows(self) -> Iterator[Row]:
        """Each word with its vector, in the order of the file."""
        self._rewind()
        try:
            yield from self._binary_rows() if self.binary else self._text_rows()
        except (EOFError, OSError, zlib.error) as error:
            raise self.wrong(str(error)) from error

    def _open(self) -> BinaryIO:
        with self.path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        return gzip.open(self.path) if compressed else self.path.open("rb")  # type: ignore[return-value]

    def _form(self) -> tuple[bool, bool, int, int]:
        """Is it binary, has it a first line with its size, how many words, how many dimensions?"""
        try:
            first = self._line()
            if first[:1] == b"\x80":
                raise UnsafeFile(f"{self.model}: {self.path.name} holds pickled objects, which the zoo never loads")
            fields = first.split()
            if len(fields) != 2:
                return False, False, self._lines(), self._dimensions(first)
            words, dimensions = (int(field) for field in fields)
        except (EOFError, OSError, ValueError, zlib.error) as error:
            raise self.wrong(str(error)) from error
        if words < 1 or not 1 <= dimensions <= MOST_DIMENSIONS:
            raise self.wrong(f"it states {words} words of {dimensions} dimensions")
        return not self._is_text(dimensions), True, words, dimensions

    def _line(self) -> bytes:
        line = self.file.readline(LONGEST_LINE)
        if not line:
            raise EOFError("it is empty")
        return line

    def _dimensions(self, line: bytes) -> int:
        count = len(line.split()) - 1
        if not 1 <= count <= MOST_DIMENSIONS or _numbers(line, count) is None:
            raise ValueError("its first line is neither a size nor a word with its vector")
        return count

    def _lines(self) -> int:
        return 1 + sum(1 for line in self.file if line.strip())

    def _is_text(self, dimensions: int) -> bool:
        return _numbers(self.file.readline(LONGEST_LINE), dimensions) is not None

    def _rewind(self) -> None:
        self.file.seek(0)
        if self.header:
            self.file.readline(LONGEST_LINE)

    def _text_rows(self) -> Iterator[Row]:
        while line := self.file.readline(LONGEST_LINE):
            if not line.strip():
                continue
            vector = _numbers(line, self.dimensions)
            if vector is None:
                raise self.wrong(f"a line does not hold a word and {self.dimensions} numbers")
            word = line.rstrip(b"\r\n ").rsplit(b" ", self.dimensions)[0]
            yield word.decode(errors="replace"), vector

    def _binary_rows(self) -> Iterator[Row]:
        size = 4 * self.dimensions
        for _ in range(self.words):
            word = self._word()
            block = self.file.read(size)
            if len(block) != size:
                raise EOFError("it ends within a vector")
            yield word, np.frombuffer(block, dtype="<f4")

    def _word(self) -> str:
        made = bytearray()
        while (byte := self.file.read(1)) != b" ":
            if not byte or len(made) > LONGEST_WORD:
                raise EOFError("it ends within a word" if not byte else "a word has no end")
            if byte != b"\n" or made:  # some writers end each vector with a line feed
                made += byte
        return made.decode(errors="replace")


def _numbers(line: bytes, count: int) -> npt.NDArray[np.float32] | None:
    """The last `count` fields of a line as numbers, None where they are none."""
    fields = line.rstrip(b"\r\n ").rsplit(b" ", count)
    if len(fields) != count + 1:
        return None
    try:
        made: npt.NDArray[np.float32] = np.array(fields[1:], dtype="S").astype(np.float32)
    except ValueError:
        return None
    return made
