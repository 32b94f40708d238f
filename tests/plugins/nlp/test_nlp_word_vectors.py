"""Word vectors on a small table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from zoo_nlp.word_vectors import WordAnalogy, WordEmbedding, WordVectorsLoader

from zoo.cards import ModelCard
from zoo.errors import BadData, BadOption, IntegrityError, UnsafeFile, WeightsMismatch
from zoo.models.context import Context
from zoo.plugin import Checkpoint

# Royal or not, man or woman, and something of its own.
TABLE = {
    "king": (1, 1, 0.1),
    "queen": (1, -1, 0.1),
    "man": (0, 1, 0.2),
    "woman": (0, -1, 0.1),
    "well-known": (0, 0, 1),
    "nothing": (0, 0, 0),
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    folder = tmp_path / "vectors"
    folder.mkdir()
    np.save(folder / "v.npy", np.array(list(TABLE.values()), dtype=np.float32))
    pq.write_table(pa.table({"word": list(TABLE)}), folder / "w.parquet")
    card = ModelCard(
        id="small", task="word-analogy", library="zoo", loader="word-vectors", architecture="GloVe"
    ).check()
    return Checkpoint(card=card, path=folder, revision="0" * 64)


def test_the_table_is_mapped(checkpoint: Checkpoint, context: Context) -> None:
    made = WordVectorsLoader().load(checkpoint, context)
    assert isinstance(made.matrix, np.memmap)
    assert made.to("cpu") is made
    assert made.nbytes >= 6 * 3 * 4
    assert made.lookup("Queen") == pytest.approx([1, -1, 0.1])
    assert [word for word, _ in made.nearest(made.lookup("king"), 2)] == ["king", "man"]
    assert len(made.nearest(made.lookup("king"), 100, exclude=[0])) == 5
    assert made.nearest(made.lookup("king"), 1, exclude=range(6)) == []


def test_vectors_of_words(checkpoint: Checkpoint, context: Context, run: Any) -> None:
    module = WordVectorsLoader().load(checkpoint, context)
    results = run(module, WordEmbedding(checkpoint), ["woman", "king", " KING "], batch=2)
    assert [r.vector.tolist() for r in results] == [pytest.approx(TABLE[w]) for w in ("woman", "king", "king")]


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("king - man + woman", "queen"),
        ("- man + woman + king", "queen"),
        ("+ king - man + woman", "queen"),
        ("King", "man"),
        ("well-known", "man"),
    ],
)
def test_analogies(checkpoint: Checkpoint, context: Context, run: Any, text: str, best: str) -> None:
    module = WordVectorsLoader().load(checkpoint, context)
    (result,) = run(module, WordAnalogy(checkpoint), [text], k=3)
    assert result.labels[0].label == best
    assert len(result.labels) == 3
    scores = [label.score for label in result.labels]
    assert scores == sorted(scores, reverse=True)


def test_a_sum_that_cancels_out_has_no_direction(checkpoint: Checkpoint, context: Context, run: Any) -> None:
    module = WordVectorsLoader().load(checkpoint, context)
    (result,) = run(module, WordAnalogy(checkpoint), ["king - king"])
    assert {label.score for label in result.labels} == {0.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quen", "Similar: queen"),
        ("king queen", "neither a word nor a sum"),
        ("king - ", "know the word|neither"),
        ("king + - man", "know the word|neither"),
        ("", "empty"),
        ("zzz", "single word"),
        (4, "a text is needed"),
    ],
)
def test_analogies_say_what_they_need(checkpoint: Checkpoint, text: Any, message: str) -> None:
    runner = WordAnalogy(checkpoint)
    with pytest.raises(BadData, match=message):
        runner.prepare(text, runner.Options())


def test_a_sentence_is_no_word(checkpoint: Checkpoint) -> None:
    runner = WordEmbedding(checkpoint)
    with pytest.raises(BadData, match="a text of 2 words"):
        runner.prepare("the king", runner.Options())


def test_options(checkpoint: Checkpoint) -> None:
    with pytest.raises(BadOption):
        WordAnalogy.Options(k=0)


def test_pickled_objects_are_refused(checkpoint: Checkpoint, context: Context, tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    class Payload:
        def __reduce__(self) -> Any:
            return Path.touch, (canary,)

    np.save(checkpoint.path / "v.npy", np.array([Payload()] * 6, dtype=object), allow_pickle=True)
    with pytest.raises(UnsafeFile, match="pickled"):
        WordVectorsLoader().load(checkpoint, context)
    assert not canary.exists()


@pytest.mark.parametrize("content", [b"", b"junk", b"\x93NUMPY\x01\x00\x10\x00{'descr': 'x'   "])
def test_broken_arrays(checkpoint: Checkpoint, context: Context, content: bytes) -> None:
    (checkpoint.path / "v.npy").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"v\.npy"):
        WordVectorsLoader().load(checkpoint, context)


@pytest.mark.parametrize("array", [np.zeros(6, np.float32), np.zeros((6, 3), np.int64)])
def test_arrays_that_are_no_table_of_floats(checkpoint: Checkpoint, context: Context, array: Any) -> None:
    np.save(checkpoint.path / "v.npy", array)
    with pytest.raises(IntegrityError, match="no table of floats"):
        WordVectorsLoader().load(checkpoint, context)


def test_words_must_match(checkpoint: Checkpoint, context: Context) -> None:
    pq.write_table(pa.table({"word": ["a", "b"]}), checkpoint.path / "w.parquet")
    with pytest.raises(WeightsMismatch, match="2 words for 6 vectors"):
        WordVectorsLoader().load(checkpoint, context)
    pq.write_table(pa.table({"word": [1, 2]}), checkpoint.path / "w.parquet")
    with pytest.raises(IntegrityError, match="does not hold words"):
        WordVectorsLoader().load(checkpoint, context)
    (checkpoint.path / "w.parquet").write_bytes(b"PAR1junk")
    with pytest.raises(IntegrityError, match="not sound Parquet"):
        WordVectorsLoader().load(checkpoint, context)
