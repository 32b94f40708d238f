"""Whisper's decoding: from log-mel windows to timed tokens, greedily, with a key-value cache.

After "Robust Speech Recognition via Large-Scale Weak Supervision" (arXiv 2212.04356, section 4.5) and the reference
code of openai/whisper (`transcribe.py`, `decoding.py`), at temperature 0 and without text of earlier windows. The
rules for timestamp tokens are transformers' own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from transformers.generation.logits_process import WhisperTimeStampLogitsProcessor

from zoo_speech.tokens import Tokens

__all__ = ["FRAMES", "FRAMES_A_SECOND", "Plan", "Span", "Spoken", "decode_windows", "split_spans"]

FRAMES = 3000  # of a window of 30 s
FRAMES_A_SECOND = 100
_FRAMES_A_TIMESTAMP = 2
_MOST_TOKENS = 224  # half the decoder's context, as in the reference code
_LATEST_START = 50  # timestamps: speech begins within the first second
_NO_SPEECH = 0.6
# Mean log-probability a token. The reference code has -1 and tries other temperatures besides; at temperature 0 alone,
# noise was "heard" with up to -0.9.
_UNSURE = -0.5
_REST = 50  # frames: half a second left is not decoded again


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do: `language` is a token, or None to detect it (or for an English-only model)."""

    tokens: Tokens
    language: int | None = None
    translate: bool = False
    timestamps: bool = True


@dataclass(frozen=True)
class Span:
    """Tokens said from `start` to `end`, in frames of the window."""

    start: int
    end: int
    tokens: tuple[int, ...]


@dataclass(kw_only=True)
class Spoken:
    """What was said in one window; `language` is None when nothing was."""

    spans: list[Span] = field(default_factory=list)
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """One row of one pass: its tokens, its language token, how sure the model is, and that there is speech."""

    tokens: tuple[int, ...]
    language: int | None
    confidence: float
    no_speech: float

    @property
    def is_speech(self) -> bool:
        """The paper's test: no speech where the model says so and is not sure of its words."""
        return self.no_speech <= _NO_SPEECH or self.confidence >= _UNSURE


def decode_windows(module: Any, features: Tensor, frames: Sequence[int], plan: Plan) -> list[Spoken]:
    """What is said in each window.

    Where the model stops early, at a timestamp, the rest of the window is decoded again from there.

    Args:
        module: transformers' `WhisperForConditionalGeneration`.
        features: log-mel windows (windows, mels, 3000).
        frames: how many of each window's frames are sound; the others are padding.
        plan: language, task, timestamps.
    """
    made = [Spoken() for _ in frames]
    begins = dict.fromkeys(range(len(frames)), 0)
    names = {number: code for code, number in plan.tokens.languages.items()}
    while begins:
        parts = torch.stack([_shifted(features[row], begin) for row, begin in begins.items()])
        heard = _decode(module, parts, plan)
        rest: dict[int, int] = {}
        for (row, begin), item in zip(begins.items(), heard, strict=True):
            spans, advance = split_spans(item.tokens, plan, frames[row] - begin)
            if item.is_speech:
                made[row].spans += [Span(s.start + begin, s.end + begin, s.tokens) for s in spans]
                made[row].language = made[row].language or names.get(item.language or -1, "en")
            if advance and frames[row] - begin - advance > _REST:
                rest[row] = begin + advance
        begins = rest
    return made


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


def _shifted(window: Tensor, begin: int) -> Tensor:
    """The window from a frame on, filled up with its own silence."""
    if not begin:
        return window
    return torch.nn.functional.pad(window[:, begin:], (0, begin), value=float(window.min()))


def _decode(module: Any, features: Tensor, plan: Plan) -> list[_Heard]:
    """One pass over windows (rows, mels, 3000)."""
    tokens, rows = plan.tokens, len(features)
    steps = _Steps(module, features)
    logits = steps.feed(torch.full((rows, 1), tokens.start, device=features.device))
    no_speech = logits.softmax(-1)[:, tokens.no_speech].tolist()
    prompt = _prompt(logits, plan)
    if prompt.shape[1]:
        logits = steps.feed(prompt)
    said, confidence = _greedy(steps, logits, plan)
    spoken = prompt[:, 0].tolist() if tokens.languages else [None] * rows
    return [
        _Heard(tokens=row, language=language, confidence=sure, no_speech=silent)
        for row, language, sure, silent in zip(said, spoken, confidence, no_speech, strict=True)
    ]


class _Steps:
    """The decoder, fed a few tokens at a time."""

    def __init__(self, module: Any, features: Tensor) -> None:
        self._module = module
        self._encoded = module.model.encoder(features)
        self._cache: Any = None
        self.fed = 0
        self.limit = int(module.config.max_target_positions)

    def feed(self, ids: Tensor) -> Tensor:
        """Logits (rows, vocabulary), float32, of what follows after the tokens (rows, n) and all fed before."""
        made = self._module(
            encoder_outputs=self._encoded, decoder_input_ids=ids, past_key_values=self._cache, use_cache=True
        )
        self._cache = made.past_key_values
        self.fed += ids.shape[1]
        logits: Tensor = made.logits[:, -1].float()
        return logits


def _prompt(logits: Tensor, plan: Plan) -> Tensor:
    """What follows the start token (rows, n): language and task for a multilingual model, then `no timestamps`."""
    tokens = plan.tokens
    made = torch.zeros(len(logits), 0, dtype=torch.long, device=logits.device)
    if tokens.languages:
        known = torch.tensor(sorted(tokens.languages.values()), device=logits.device)
        likeliest = known[logits[:, known].argmax(-1)]
        language = likeliest if plan.language is None else torch.full_like(likeliest, plan.language)
        task = torch.full_like(language, tokens.translate if plan.translate else tokens.transcribe)
        made = torch.stack([language, task], 1)
    return made if plan.timestamps else torch.nn.functional.pad(made, (0, 1), value=tokens.no_timestamps)


def _greedy(steps: _Steps, logits: Tensor, plan: Plan) -> tuple[list[tuple[int, ...]], list[float]]:
    """The likeliest token at each step until all rows have ended, and the mean log-probability of each row's."""
    tokens, rows = plan.tokens, len(logits)
    rules = _rules(plan)
    said = torch.zeros(rows, 0, dtype=torch.long, device=logits.device)
    total = logits.new_zeros(rows)
    ended = torch.zeros(rows, dtype=torch.bool, device=logits.device)
    for number in range(min(_MOST_TOKENS, steps.limit - steps.fed)):
        if number:
            logits = steps.feed(said[:, -1:])
        logits[:, list(tokens.suppress)] = -torch.inf
        if not number:
            logits[:, list(tokens.suppress_first)] = -torch.inf
        if rules:
            logits = rules(said, logits)
        best, chosen = logits.log_softmax(-1).max(-1)
        total += best.masked_fill(ended, 0)
        said = torch.cat([said, chosen.masked_fill(ended, tokens.end)[:, None]], 1)
        ended |= chosen == tokens.end
        if ended.all():
            break
    cut = [_until(row, tokens.end) for row in said.tolist()]
    return cut, [value / (len(row) + 1) for value, row in zip(total.tolist(), cut, strict=True)]


def _rules(plan: Plan) -> Any:
    if not plan.timestamps:
        return None
    settings = SimpleNamespace(
        no_timestamps_token_id=plan.tokens.no_timestamps,
        eos_token_id=plan.tokens.end,
        max_initial_timestamp_index=_LATEST_START,
    )
    return WhisperTimeStampLogitsProcessor(settings, begin_index=0)


def _until(row: list[int], end: int) -> tuple[int, ...]:
    return tuple(row[: row.index(end)] if end in row else row)
