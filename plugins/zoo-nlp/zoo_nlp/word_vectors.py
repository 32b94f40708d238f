"""Word vectors: a table in a memory-mapped NumPy file, words in a Parquet file, and their runners."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zoo.errors import BadData, BadOption, IntegrityError, UnsafeFile, WeightsMismatch
from zoo.plugin import Checkpoint, LoadContext, Loader, NoOptions, Runner, option
from zoo.tasks import Embedding, Label, Neighbours
from zoo_nlp.derived import derived
from zoo_nlp.texts import check_text
from zoo_nlp.vocabulary import Vocabulary, data_file
from zoo_nlp.word_files import word_file, write_table

__all__ = ["WordAnalogy", "WordEmbedding", "WordVectors", "WordVectorsLoader"]

Floats = npt.NDArray[np.floating[Any]]


class WordVectors:
    """A table of word vectors.

    Args:
        matrix: one row a word, (words, dimensions).
        vocabulary: the words, in the same order.
    """

    def __init__(self, matrix: Floats, vocabulary: Vocabulary) -> None:
        self.matrix = matrix
        self.vocabulary = vocabulary

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors, which are mapped from the file, and of the words."""
        return int(self.matrix.nbytes) + self.vocabulary.nbytes

    def to(self, device: Any) -> WordVectors:
        """Itself: vectors are looked up on the CPU, whatever the device."""
        return self

    def lookup(self, word: str) -> Floats:
        """The vector (dimensions,) of a word; `BadData` when it is unknown."""
        made: Floats = self.vectors([self.vocabulary.row(word)])[0]
        return made

    def vectors(self, rows: Sequence[int]) -> Floats:
        """The vectors (rows, dimensions) of rows, copied out of the file."""
        made: Floats = np.array(self.matrix[list(rows)])
        return made

    @functools.cached_property
    def _lengths(self) -> Floats:
        lengths = np.linalg.norm(self.matrix, axis=1)
        return np.where(lengths == 0, 1, lengths)

    def unit(self, row: int) -> Floats:
        """A row's vector, scaled to length 1."""
        made: Floats = self.matrix[row] / self._lengths[row]
        return made

    def nearest(self, vector: Floats, k: int = 10, exclude: Collection[int] = ()) -> list[tuple[str, float]]:
        """The `k` words of highest cosine similarity to a vector (dimensions,), best first, without some rows."""
        scores = self.matrix @ vector / self._lengths / (np.linalg.norm(vector) or 1)
        scores[list(exclude)] = -np.inf
        count = min(k, len(scores) - len(set(exclude)))
        best = np.argpartition(-scores, count - 1)[:count] if count > 0 else np.empty(0, int)
        best = best[np.argsort(-scores[best], kind="stable")]
        return [(self.vocabulary.word(int(row)), float(scores[row])) for row in best]


class WordVectorsLoader(Loader):
    """Maps the table; nothing is read until a word is looked up.

    A file in the format of word2vec, GloVe or fastText becomes such a table at the first load.
    """

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def convert(self, checkpoint: Checkpoint, context: LoadContext) -> Checkpoint:
        """The checkpoint with its words and vectors as a table; raises as `zoo_nlp.word_files.write_table`."""
        if (path := word_file(checkpoint)) is None:
            return checkpoint
        ready = derived(context.cache("words"), "table", lambda made: write_table(path, made, checkpoint.card.id))
        return Checkpoint(card=checkpoint.card, path=ready, revision=checkpoint.revision)

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> WordVectors:
        """The table.

        Raises:
            UnsafeFile: the array holds pickled Python objects.
            IntegrityError: it is not a NumPy file, or no table of floats.
            WeightsMismatch: there are more or fewer words than vectors.
        """
        path = data_file(checkpoint, "matrix", ".npy")
        try:
            matrix = np.lib.format.open_memmap(path, mode="r")  # reads the header only, and never a pickle
        except Exception as error:  # NumPy parses the header as Python text, which fails in the tokenizer's own ways
            if "Python objects" in str(error):
                raise UnsafeFile(f"{checkpoint.card.id}: {path.name} holds pickled Python objects") from error
            raise IntegrityError(f"{checkpoint.card.id}: {path.name} is not a sound NumPy file: {error}") from error
        if matrix.ndim != 2 or matrix.dtype.kind != "f":
            raise IntegrityError(
                f"{checkpoint.card.id}: {path.name} is no table of floats: {matrix.dtype}{matrix.shape}"
            )
        vocabulary = Vocabulary.read(checkpoint)
        if len(vocabulary) != len(matrix):
            raise WeightsMismatch(f"{checkpoint.card.id}: {len(vocabulary)} words for {len(matrix)} vectors")
        return WordVectors(matrix, vocabulary)


class WordEmbedding(Runner):
    """The vector of a word."""

    batch = 256

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.vocabulary = Vocabulary.read(checkpoint)

    def prepare(self, value: Any, options: NoOptions) -> Sequence[int]:
        """The word's row; `BadData` when it is unknown or several words."""
        words = check_text(value).split()
        if len(words) > 1:
            raise BadData(
                f"{self.checkpoint.card.id} has vectors of words, and this is a text of {len(words)} words",
                "Give one word at a time; for sentences take a sentence model such as all-MiniLM-L6-v2.",
            )
        return [self.vocabulary.row(words[0])]

    def collate(self, examples: Sequence[int]) -> list[int]:
        """The rows."""
        return list(examples)

    def forward(self, module: WordVectors, batch: list[int], options: NoOptions) -> Floats:
        """Their vectors (batch, dimensions)."""
        return module.vectors(batch)

    def finish(self, outputs: Floats, examples: Sequence[int], options: NoOptions) -> Sequence[Embedding]:
        """One `Embedding` for each word."""
        return [Embedding(vector) for vector in outputs]


@dataclass(frozen=True, kw_only=True)
class AnalogyOptions:
    """Options of the analogy runner."""

    k: int = option(10, "how many words to give, best first")

    def __post_init__(self) -> None:
        if self.k < 1:
            raise BadOption(f"k={self.k} is less than 1", "Give 1 or more.")


@dataclass(frozen=True)
class Sum:
    """Rows of words, each with its sign."""

    terms: tuple[tuple[int, int], ...]


class WordAnalogy(Runner):
    """Words nearest to a word (`king`) or to a sum (`king - man + woman`), without the words of the question.

    3CosAdd: the sum of unit vectors, compared by cosine (Mikolov, Yih and Zweig 2013, "Linguistic Regularities in
    Continuous Space Word Representations").
    """

    Options = AnalogyOptions
    batch = 16

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.vocabulary = Vocabulary.read(checkpoint)

    def prepare(self, value: Any, options: AnalogyOptions) -> Sequence[Sum]:
        """The rows of the words; `BadData` for an unknown word or another form."""
        text = check_text(value).strip()
        first, *rest = re.split(r"(?:^|\s+)([+-])\s+", text)
        words, signs = [first, *rest[1::2]], ["+", *rest[::2]]
        if not first and rest:
            words, signs = words[1:], signs[1:]
        if any(not word or len(word.split()) > 1 for word in words):
            raise BadData(
                f"{text!r} is neither a word nor a sum of words", "Write `king` or `king - man + woman`, with spaces."
            )
        return [Sum(tuple((1 if s == "+" else -1, self.vocabulary.row(w)) for s, w in zip(signs, words, strict=True)))]

    def collate(self, examples: Sequence[Sum]) -> list[Sum]:
        """The sums."""
        return list(examples)

    def forward(self, module: WordVectors, batch: list[Sum], options: AnalogyOptions) -> list[list[tuple[str, float]]]:
        """The nearest words of each sum."""
        found = []
        for query in batch:
            vector = np.sum([sign * module.unit(row) for sign, row in query.terms], axis=0)
            found.append(module.nearest(vector, options.k, {row for _, row in query.terms}))
        return found

    def finish(
        self, outputs: list[list[tuple[str, float]]], examples: Sequence[Sum], options: AnalogyOptions
    ) -> Sequence[Neighbours]:
        """One `Neighbours` for each sum."""
        return [Neighbours(tuple(Label(word, score) for word, score in found)) for found in outputs]
