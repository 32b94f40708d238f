"""The words of what was said, with their times."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Tensor

from zoo_speech.aligning import token_times
from zoo_speech.spans import FRAMES_A_SECOND, Plan, Span, Spoken, Word
from zoo_speech.tokens import UNSPACED, Tokens

__all__ = ["add_words", "settled", "split_words"]

_BROKEN = "\ufffd"  # what a part of a letter is decoded as
# A word next to a pause may seem to last as long as the pause. As in the reference code: it lasts at most twice as long
# as most words do, which is 0.7 s at most; and a segment's own times hold where its words' differ by more than 0.5 s.
_USUAL = 70
_TIMES = 2
_APART = FRAMES_A_SECOND // 2


def add_words(module: Any, encoded: Tensor, spoken: Sequence[Spoken], frames: Sequence[int], plan: Plan) -> None:
    """Give the spans of each window their words.

    Args:
        module: transformers' `WhisperForConditionalGeneration`.
        encoded: what its encoder made of the windows (windows, steps, width).
        spoken: what was said in them.
        frames: how many of each window's frames are sound.
        plan: what was listened for.
    """
    tokens = plan.tokens
    prompts = [_prompt(tokens.languages.get(said.language or ""), plan) for said in spoken]
    most = int(module.config.max_target_positions) - max(map(len, prompts))
    texts = [[t for span in said.spans for t in span.tokens if t < tokens.end][:most] for said in spoken]
    rows = [row for row, text in enumerate(texts) if text]
    if not rows:
        return
    chosen = [[values[row] for row in rows] for values in (prompts, texts, frames)]
    times = token_times(module, encoded[rows], *chosen, heads=tokens.heads, end=tokens.end)
    for row, begins in zip(rows, times, strict=True):
        spaced = plan.translate or spoken[row].language not in UNSPACED
        spoken[row].spans = list(_worded(spoken[row].spans, begins, tokens, spaced=spaced))


def _prompt(language: int | None, plan: Plan) -> list[int]:
    tokens = plan.tokens
    task = tokens.translate if plan.translate else tokens.transcribe
    return [tokens.start, *([] if language is None else [language, task]), tokens.no_timestamps]


def _worded(spans: Sequence[Span], begins: Sequence[int], tokens: Tokens, *, spaced: bool) -> Iterator[Span]:
    """The spans with their words; those of which the model cannot take all tokens at once stay without."""
    first = 0
    for span in spans:
        part = [token for token in span.tokens if token < tokens.end]
        words = split_words(part, tokens.text, spaced=spaced) if first + len(part) < len(begins) else []
        yield settled(span, [Word(begins[first + start], begins[first + end], word) for word, start, end in words])
        first += len(part)


def settled(span: Span, words: list[Word]) -> Span:
    """The span with its words, none of them longer than is likely; both agree about the beginning and the end."""
    if not words:
        return span
    longest = _TIMES * min(_USUAL, int(statistics.median(word.end - word.start for word in words)))
    first = words[0]
    start = first.start
    if first.end - start > longest or (start < span.start - _APART and span.start < first.end):
        start = max(first.start, min(first.end, max(first.end - longest, span.start)))
    words[0] = Word(start, first.end, first.text)
    last = words[-1]
    end = last.end
    if end - last.start > longest or (end > span.end + _APART and span.end > last.start):
        end = min(last.end, max(last.start, min(last.start + longest, span.end)))
    words[-1] = Word(last.start, end, last.text)
    return Span(words[0].start, words[-1].end, span.tokens, tuple(words))


def split_words(
    tokens: Sequence[int], text: Callable[[tuple[int, ...]], str], *, spaced: bool
) -> list[tuple[str, int, int]]:
    """Words, each with its first token and the one behind its last, as places in `tokens`.

    A word goes with the punctuation that touches it, whose tokens do not count among its own.

    Args:
        tokens: of a text.
        text: what some of them say.
        spaced: whether spaces part words; if not, each letter is one.
    """
    made: list[tuple[str, int, int]] = []
    first = 0
    for last in range(1, len(tokens) + 1):
        part = text(tuple(tokens[first:last]))
        if _BROKEN in part and last < len(tokens):
            continue
        said = any(letter.isalnum() for letter in part)
        if made and not part.startswith(" ") and (spaced or not said):
            made[-1] = _longer(made[-1], part, first, last, said)
        else:
            made.append((part, first, last))
        first = last
    return [(word.strip(), start, end) for word, start, end in made if word.strip()]


def _longer(word: tuple[str, int, int], part: str, first: int, last: int, said: bool) -> tuple[str, int, int]:
    text, start, end = word
    before = any(letter.isalnum() for letter in text)
    return text + part, start if before or not said else first, last if said or not before else end
