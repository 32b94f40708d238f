"""What was said beside what was heard, word by word, with the words that differ marked."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

__all__ = ["is_transcript", "said_and_heard"]

_MOST = 120  # words, or letters of a script without blanks, of each


def is_transcript(row: Mapping[str, Any]) -> bool:
    """Whether a row of `Evaluation.worst` is of a transcript."""
    return "substitutions" in row and isinstance(row.get("truth"), str) and isinstance(row.get("predicted"), str)


def said_and_heard(said: str, heard: str) -> dict[str, list[dict[str, Any]]]:
    """`said` and `heard`: rows `{word, right}` in order, as they are written; capitals and marks make no difference.

    The marks show one way to come from one text to the other, not always that of the fewest errors.
    """
    from zoo.evaluation.measures.wording import normalise

    first, second = _pieces(said), _pieces(heard)
    keys = [[normalise(piece) for piece in pieces] for pieces in (first, second)]
    blocks = SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_matching_blocks()
    right = (set[int](), set[int]())
    for block in blocks:
        right[0].update(range(block.a, block.a + block.size))
        right[1].update(range(block.b, block.b + block.size))
    return {"said": _marked(first, keys[0], right[0]), "heard": _marked(second, keys[1], right[1])}


def _marked(words: list[str], keys: list[str], right: set[int]) -> list[dict[str, Any]]:
    pairs = enumerate(zip(words, keys, strict=True))
    return [{"word": word, "right": place in right or not key} for place, (word, key) in pairs]


def _pieces(text: str) -> list[str]:
    """The words of a text, or its letters where words have no blanks between them; its beginning."""
    from zoo.evaluation.measures.wording import unspaced

    return (list("".join(text.split())) if 2 * unspaced(text) > len(text) else text.split())[:_MOST]
