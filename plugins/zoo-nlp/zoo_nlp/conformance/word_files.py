"""Files of word vectors, as GloVe writes them."""

from __future__ import annotations

from pathlib import Path

from zoo.cards import ModelCard

__all__ = ["glove"]

# Royal or not, man or woman, and two numbers of its own.
TABLE = {
    "king": (1.0, 1.0, 0.1, 0.0),
    "queen": (1.0, -1.0, 0.1, 0.1),
    "man": (0.0, 1.0, 0.2, 0.0),
    "woman": (0.0, -1.0, 0.1, 0.0),
    "well-known": (0.1, 0.0, 1.0, 0.3),
    "film": (0.0, 0.2, 0.3, 1.0),
}


def glove(folder: Path) -> ModelCard:
    """Six words of four numbers, a line each."""
    lines = (f"{word} {' '.join(map(str, vector))}" for word, vector in TABLE.items())
    (folder / "tiny.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ModelCard(
        id="tiny-glove",
        task="feature-extraction",
        tasks=("word-analogy",),
        library="zoo",
        loader="word-vectors",
        architecture="GloVe",
        config={"dimensions": 4, "vectors": "tiny.txt"},
    )
