"""Whisper's decoding: from log-mel windows to timed tokens, greedily, with a key-value cache.

After "Robust Speech Recognition via Large-Scale Weak Supervision" (arXiv 2212.04356, section 4.5) and the reference
code of openai/whisper (`transcribe.py`, `decoding.py`), at temperature 0 and without text of earlier windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

from zoo_speech.rules import Rules
from zoo_speech.spans import FRAMES_A_SECOND, Plan, Span, Spoken, split_spans
from zoo_speech.tokens import Tokens
from zoo_speech.words import add_words

__all__ = ["FRAMES_A_SECOND", "decode_windows", "language_probabilities"]

_MOST_TOKENS = 224  # half the decoder's context, as in the reference code
_NO_SPEECH = 0.6
# Mean log-probability a token. The reference code has -1 and tries other temperatures besides; at temperature 0 alone,
# noise was "heard" with up to -0.9.
_UNSURE = -0.5
_REST = 50  # frames: half a second left is not decoded again
# Tokens a second. Of a sentence that is said again and again Whisper writes one, and that it lasts as long as all of
# them; who speaks says 2.5 to 6 tokens a second.
_TOO_FEW = 1.7


class _Part(NamedTuple):
    """Of which window, from which frame and before which one; `alone` without what follows."""

    row: int
    begin: int
    end: int
    alone: bool = False


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


def decode_windows(
    module: Any, features: Tensor, frames: Sequence[int], plan: Plan, places: Sequence[Sequence[int]] = ()
) -> list[Spoken]:
    """What is said in each window.

    Where the model stops early, at a timestamp, the rest of the window is decoded again from there. Where it writes too
    little for several stretches of speech together, each of them is decoded on its own.

    Args:
        module: transformers' `WhisperForConditionalGeneration`.
        features: log-mel windows (windows, mels, 3000).
        frames: how many of each window's frames are sound; the others are padding.
        plan: language, task, timestamps, words.
        places: at which frames the stretches of speech begin that each window is packed of; none where it is not.
    """
    made = [Spoken() for _ in frames]
    parts = [_Part(row, 0, length) for row, length in enumerate(frames)]
    encoded = None
    while parts:
        steps = _Steps(module, torch.stack([_cut(features[part.row], part) for part in parts]))
        encoded = steps.encoded if encoded is None else encoded
        parts = _heard(steps, parts, made, plan)
    for row, starts in enumerate(places):
        _hear_again(module, features[row], [*starts, frames[row]], made[row], plan)
    if plan.words and encoded is not None:
        add_words(module, encoded, made, frames, plan)
    return made


def _heard(steps: _Steps, parts: Sequence[_Part], made: Sequence[Spoken], plan: Plan) -> list[_Part]:
    """Add to what is said in each window what is said in its part; what remains to be heard of the parts."""
    names = {number: code for code, number in plan.tokens.languages.items()}
    rest = []
    for (row, begin, end, _), item in zip(parts, _decode(steps, plan), strict=True):
        spans, advance = split_spans(item.tokens, plan, end - begin)
        if item.is_speech:
            made[row].spans += [Span(s.start + begin, s.end + begin, s.tokens) for s in spans]
            made[row].language = made[row].language or names.get(item.language or -1, "en")
        if advance and end - begin - advance > _REST:
            rest.append(_Part(row, begin + advance, end))
    return rest


def _hear_again(module: Any, window: Tensor, bounds: Sequence[int], spoken: Spoken, plan: Plan) -> None:
    """Replace the spans that say too little for the stretches that they go over by what is said in each of those."""
    spans = []
    for span in spoken.spans:
        inside = [pair for pair in pairwise(bounds) if span.start < sum(pair) / 2 < span.end]
        few = _TOO_FEW * sum(end - begin for begin, end in inside) / FRAMES_A_SECOND
        alone = Spoken()
        if len(inside) > 1 and _said(plan, [span]) < few:
            parts = [_Part(0, begin, end, alone=True) for begin, end in inside]
            _heard(_Steps(module, torch.stack([_cut(window, part) for part in parts])), parts, [alone], plan)
        spans += alone.spans if _said(plan, alone.spans) > _said(plan, [span]) else [span]
    spoken.spans = spans


def _said(plan: Plan, spans: Sequence[Span]) -> int:
    return sum(token < plan.tokens.end for span in spans for token in span.tokens)


def language_probabilities(module: Any, features: Tensor, tokens: Tokens) -> Tensor:
    """How likely each language is, by the model's own language tokens, in the order of `tokens.languages`.

    Args:
        module: transformers' `WhisperForConditionalGeneration`.
        features: log-mel windows (windows, mels, 3000).
        tokens: the vocabulary of a multilingual model.

    Returns:
        Probabilities (windows, languages), float32, that sum to 1.
    """
    steps = _Steps(module, features)
    logits = steps.feed(torch.full((len(features), 1), tokens.start, device=features.device))
    return logits[:, list(tokens.languages.values())].softmax(-1)


def _cut(window: Tensor, part: _Part) -> Tensor:
    """The frames of a part, filled up with the window's own silence."""
    sound = window[:, part.begin : part.end if part.alone else None]
    return torch.nn.functional.pad(sound, (0, window.shape[1] - sound.shape[1]), value=float(window.min()))


def _decode(steps: _Steps, plan: Plan) -> list[_Heard]:
    """One pass over windows."""
    tokens, rows = plan.tokens, len(steps.encoded)
    logits = steps.feed(torch.full((rows, 1), tokens.start, device=steps.encoded.device))
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
        # What a layer makes of one window stays in a CPU's cache; an accelerator wants all at once.
        each = 1 if features.device.type == "cpu" else len(features)
        made = [module.model.encoder(part).last_hidden_state for part in features.split(each)]
        self.encoded: Tensor = made[0] if len(made) == 1 else torch.cat(made)
        self._heard = self.encoded
        self._cache: Any = None
        self.fed = 0
        self.limit = int(module.config.max_target_positions)

    def feed(self, ids: Tensor) -> Tensor:
        """Logits (rows, vocabulary), float32, of what follows after the tokens (rows, n) and all fed before."""
        made = self._module(
            encoder_outputs=BaseModelOutput(last_hidden_state=self._heard),
            decoder_input_ids=ids,
            past_key_values=self._cache,
            use_cache=True,
        )
        self._cache = made.past_key_values
        self.fed += ids.shape[1]
        logits: Tensor = made.logits[:, -1].float()
        return logits

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only."""
        self._cache.batch_select_indices(rows)
        self._heard = self._heard[rows]


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
    end, rows = plan.tokens.end, len(logits)
    rules = Rules(plan, logits.device)
    made: list[tuple[tuple[int, ...], float]] = [((), 0.0)] * rows
    going = list(range(rows))
    said = torch.zeros(rows, 0, dtype=torch.long, device=logits.device)
    total = logits.new_zeros(rows)
    ended = torch.zeros(rows, dtype=torch.bool, device=logits.device)
    last = min(_MOST_TOKENS, steps.limit - steps.fed) - 1
    for number in range(last + 1):
        rules.apply(said, logits)
        best, chosen = logits.max(-1)
        total += (best - logits.logsumexp(-1)).masked_fill(ended, 0)
        said = torch.cat([said, chosen.masked_fill(ended, end)[:, None]], 1)
        ended |= chosen == end
        open_rows = (~ended).nonzero()[:, 0]
        if number == last or len(open_rows) <= len(going) // 2:  # those that have ended cost as much as the others
            for row, tokens, value in zip(going, said.tolist(), total.tolist(), strict=True):
                made[row] = _until(tokens, end), value
            if number == last or not len(open_rows):
                break
            steps.keep(open_rows)
            going = [going[at] for at in open_rows.tolist()]
            said, total, ended = said[open_rows], total[open_rows], ended[open_rows]
        logits = steps.feed(said[:, -1:])
    return [tokens for tokens, _ in made], [value / (len(tokens) + 1) for tokens, value in made]


def _until(row: list[int], end: int) -> tuple[int, ...]:
    return tuple(row[: row.index(end)] if end in row else row)
