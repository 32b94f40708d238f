"""What is said in a window of sound: what to listen for, and tokens with their times."""

from __future__ import annotations

from dataclasses import dataclass, field

from zoo_speech.tokens import Tokens

__all__ = ["FRAMES", "FRAMES_A_SECOND", "Plan", "Span", "Spoken", "Word", "split_spans"]

FRAMES = 3000  # of a window of 30 s
FRAMES_A_SECOND = 100
_FRAMES_A_TIMESTAMP = 2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do: `language` is a token, or None to detect it (or for an English-only model); `words` are timed too."""

    tokens: Tokens
    language: int | None = None
    translate: bool = False
    timestamps: bool = True
    words: bool = False


@dataclass(frozen=True)
class Word:
    """A word said from `start` to `end`, in frames of the window."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Span:
    """Tokens said from `start` to `end`, in frames of the window; `words` where they are asked for."""

    start: int
    end: int
    tokens: tuple[int, ...]
    words: tuple[Word, ...] = ()


@dataclass(kw_only=True)
class Spoken:
    """What was said in one window; `language` is None when nothing was."""

    spans: list[Span] = field(default_factory=list)
    language: str | None = None


def split_spans(tokens: tuple[int, ...], plan: Plan, length: int) -> tuple[list[Span], int | None]:
    """Cut tokens at their timestamps.

    Returns:
        the spans, and at which frame to go on, None when the whole window was heard. A pair of timestamps that no
        closing one follows means that speech goes on: what comes after it is heard again.
    """
    first = plan.tokens.first_timestamp
    stamp = [token >= first for token in tokens]
    pairs = [at for at in range(1, len(tokens)) if stamp[at] and stamp[at - 1]]
    whole = stamp[-1:] == [True] and stamp[-2:-1] != [True]
    if not pairs or not plan.timestamps:
        times = [min((token - first) * _FRAMES_A_TIMESTAMP, length) for token in tokens if token >= first]
        start = times[0] if times else 0
        end = times[-1] if times and times[-1] > start else length
        return ([Span(start, end, tokens)] if tokens else []), None
    ends = [*pairs, len(tokens)] if whole else pairs
    spans, last = [], 0
    for end_at in ends:
        part = tokens[last:end_at]
        start, end = ((token - first) * _FRAMES_A_TIMESTAMP for token in (part[0], part[-1]))
        spans.append(Span(min(start, length), min(end, length), part))
        last = end_at
    return spans, None if whole else (tokens[last - 1] - first) * _FRAMES_A_TIMESTAMP
