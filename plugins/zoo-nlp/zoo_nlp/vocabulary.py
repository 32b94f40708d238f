"""The words of a table of word vectors."""

from __future__ import annotations

import functools
from pathlib import Path

import pyarrow
import pyarrow.parquet

from zoo.errors import BadData, IntegrityError, nearest
from zoo.plugin import Checkpoint

__all__ = ["Vocabulary", "data_file"]


def data_file(checkpoint: Checkpoint, role: str, suffix: str) -> Path:
    """The file that the card's config names for a role, else the only one with this suffix."""
    if named := checkpoint.card.config.get(role):
        return checkpoint.file(str(named))
    found = sorted(checkpoint.path.glob(f"*{suffix}"))
    if len(found) != 1:
        raise IntegrityError(f"{checkpoint.card.id}: {len(found)} {suffix} files, and no card that says which to take")
    return found[0]


class Vocabulary:
    """Words in the order of their vectors, and the way back.

    Args:
        words: their names, without repeats.
        model: whose they are, for messages.
    """

    def __init__(self, words: pyarrow.ChunkedArray, model: str) -> None:
        self.words = words
        self.model = model

    @classmethod
    def read(cls, checkpoint: Checkpoint) -> Vocabulary:
        """The first column of the checkpoint's Parquet file, which must hold strings."""
        path = data_file(checkpoint, "words", ".parquet")
        try:
            words = pyarrow.parquet.read_table(path).column(0)
        except (pyarrow.ArrowException, OSError, IndexError) as error:
            raise IntegrityError(f"{checkpoint.card.id}: {path.name} is not sound Parquet: {error}") from error
        if not (pyarrow.types.is_string(words.type) or pyarrow.types.is_large_string(words.type)):
            raise IntegrityError(f"{checkpoint.card.id}: {path.name} does not hold words but {words.type}")
        return cls(words, checkpoint.card.id)

    def __len__(self) -> int:
        return len(self.words)

    @property
    def nbytes(self) -> int:
        """Bytes of the words in memory."""
        return int(self.words.nbytes)

    def word(self, index: int) -> str:
        """The word of a row."""
        return str(self.words[index].as_py())

    @functools.cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words.to_pylist())}

    def row(self, word: str) -> int:
        """The row of a word, as written or else in lower case.

        Raises:
            BadData: the word is unknown; names similar ones.
        """
        for form in (word, word.lower()):
            if (row := self._rows.get(form)) is not None:
                return row
        near = self._near(word.lower())
        raise BadData(
            f"{self.model} does not know the word {word!r}",
            f"Similar: {', '.join(near)}." if near else "Give a single word.",
        )

    def _near(self, word: str) -> tuple[str, ...]:
        """Similar words among those with the same first letter and about the same length."""
        alike = [w for w in self._rows if w[:1] == word[:1] and abs(len(w) - len(word)) <= 2]
        return nearest(word, alike)
