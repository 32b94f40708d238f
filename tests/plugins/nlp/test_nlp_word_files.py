"""Files of word vectors in the formats of word2vec, GloVe and fastText."""

from __future__ import annotations

import gzip
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
from zoo_nlp.word_vectors import WordAnalogy, WordVectorsLoader

from zoo.cards import ModelCard
from zoo.errors import IntegrityError, UnsafeFile, ZooError
from zoo.models.context import Context
from zoo.plugin import Checkpoint

TABLE = {"king": (1, 1, 0.25), "queen": (1, -1, 0.25), "man": (0, 1, 0), "woman": (0, -1, 0), "émile": (0, 0, 1)}


def text(header: bool) -> bytes:
    lines = [f"{len(TABLE)} 3"] if header else []
    lines += [f"{word} {' '.join(map(str, vector))}" for word, vector in TABLE.items()]
    return "\n".join(lines).encode() + b"\n"


def binary(newline: bytes) -> bytes:
    rows = [word.encode() + b" " + struct.pack("<3f", *vector) + newline for word, vector in TABLE.items()]
    return b"5 3\n" + b"".join(rows)


def checkpoint(folder: Path, name: str, content: bytes) -> Checkpoint:
    folder.mkdir()
    (folder / name).write_bytes(content)
    card = ModelCard(id="small", task="word-analogy", library="zoo", loader="word-vectors", architecture="x").check()
    return Checkpoint(card=card, path=folder, revision="0" * 64)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("v.vec", text(header=True)),
        ("v.txt", text(header=False)),
        ("v.txt", text(header=False).rstrip()),
        ("v.bin", binary(b"")),
        ("v.bin", binary(b"\n")),
        ("v.gz", gzip.compress(text(header=True))),
        ("v.gz", gzip.compress(binary(b""))),
    ],
    ids=["fasttext", "glove", "glove, no last line end", "word2vec", "word2vec.c", "text.gz", "binary.gz"],
)
def test_each_format_becomes_the_same_table(
    tmp_path: Path, context: Context, run: Any, name: str, content: bytes
) -> None:
    loader = WordVectorsLoader()
    made = loader.convert(checkpoint(tmp_path / "model", name, content), context)
    module = loader.load(made, context)
    assert {word: tuple(module.lookup(word).tolist()) for word in TABLE} == TABLE
    best = run(module, WordAnalogy(made), ["king - man + woman"])[0]
    assert best.labels[0].label == "queen"


def test_the_table_is_made_once(tmp_path: Path, context: Context) -> None:
    loader, given = WordVectorsLoader(), checkpoint(tmp_path / "model", "v.vec", text(header=True))
    first = loader.convert(given, context)
    (given.path / "v.vec").write_bytes(b"spoilt")
    assert loader.convert(given, context) == first
    assert loader.convert(first, context) == first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"5 3\nking 1 2 3\n", "1 of 5 words"),
        (b"1 3\nking 1 2 3\nqueen 1 2 3\n", "more than the 1 words"),
        (b"2 3\nking 1 2 3\nqueen 1 2\n", "3 numbers"),
        (b"2 3\nking 1 2 3\nqueen 1 2 x\n", "3 numbers"),
        (b"0 3\n", "0 words of 3 dimensions"),
        (b"9 99999999\n", "dimensions"),
        (b"<html>\n", "neither a size"),
        (binary(b"")[:-3], "ends within a vector"),
        (gzip.compress(text(header=True))[:40], "sound file"),
    ],
    ids=range(10),
)
def test_an_unsound_file_is_one_clear_error(tmp_path: Path, context: Context, content: bytes, message: str) -> None:
    given = checkpoint(tmp_path / "model", "v.bin", content)
    with pytest.raises(IntegrityError, match=message):
        WordVectorsLoader().convert(given, context)
    assert not list((context.cache("words")).iterdir())


def test_pickled_vectors_are_refused(tmp_path: Path, context: Context) -> None:
    given = checkpoint(tmp_path / "model", "v.bin", pickle.dumps(TABLE))
    with pytest.raises(UnsafeFile, match="pickled"):
        WordVectorsLoader().convert(given, context)


def test_random_bytes_are_never_a_traceback(tmp_path: Path, context: Context) -> None:
    import random

    dice = random.Random(0)
    for number in range(60):
        content = bytearray(binary(b"\n") if number % 2 else text(header=number % 3 == 0))
        for _ in range(3):
            content[dice.randrange(len(content))] = dice.randrange(256)
        given = checkpoint(tmp_path / f"model{number}", "v.bin", bytes(content))
        own = Context(device=context.device, dtype=context.dtype, cache=tmp_path / f"cache{number}", model="small")
        try:
            WordVectorsLoader().convert(given, own)
        except ZooError as error:
            assert error.cause
