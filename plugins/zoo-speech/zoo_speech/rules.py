"""Which token may follow in Whisper's writing: symbols never, timestamps in pairs and never back in time.

The rules of openai/whisper (`decoding.py`: `SuppressTokens`, `SuppressBlank`, `ApplyTimestampRules`), for all rows of a
batch at once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from zoo_speech.spans import Plan

__all__ = ["Rules"]

_LATEST_START = 50  # timestamps: speech begins within the first second
_NEVER = -torch.inf


class Rules:
    """The rules of one plan, for logits on one device."""

    def __init__(self, plan: Plan, device: torch.device) -> None:
        tokens = plan.tokens
        self._stamps = plan.timestamps
        self._first, self._end = tokens.first_timestamp, tokens.end
        unsaid = [*tokens.suppress, *([tokens.no_timestamps] if plan.timestamps else [])]
        self._unsaid = torch.tensor(unsaid, dtype=torch.long, device=device)
        self._unsaid_first = torch.tensor(tokens.suppress_first, dtype=torch.long, device=device)

    def apply(self, said: Tensor, logits: Tensor) -> None:
        """Take away, in place, the logits (rows, vocabulary) of what cannot follow what is said (rows, n)."""
        logits.index_fill_(1, self._unsaid, _NEVER)
        if not said.shape[1]:
            logits.index_fill_(1, self._unsaid_first, _NEVER)
        if not self._stamps:
            return
        if said.shape[1]:
            self._follow(said, logits)
        else:
            logits[:, : self._first] = _NEVER
            logits[:, self._first + _LATEST_START + 1 :] = _NEVER

    def _follow(self, said: Tensor, logits: Tensor) -> None:
        text, times = logits[:, : self._first], logits[:, self._first :]
        stamp = said >= self._first
        opened = stamp[:, -1] & (stamp[:, -2] if said.shape[1] > 1 else stamp[:, -1])
        closed = stamp[:, -1] & ~opened
        latest = (stamp * torch.arange(1, said.shape[1] + 1, device=said.device)).argmax(1, keepdim=True)
        lowest = said.gather(1, latest)[:, 0] - self._first + ~closed  # a time is said again only to open what follows
        lowest = lowest.where(stamp.any(1), 0).masked_fill(opened, times.shape[1])
        places = torch.arange(times.shape[1], device=said.device)
        times.masked_fill_(places < lowest[:, None], _NEVER)
        text[:, : self._end].masked_fill_(closed[:, None], _NEVER)
        # A timestamp, where all of them together are likelier than any one word.
        text.masked_fill_((times.logsumexp(-1) > text.amax(-1))[:, None], _NEVER)
