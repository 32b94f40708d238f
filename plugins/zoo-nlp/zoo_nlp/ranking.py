"""The runner that says how well texts answer a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from zoo.errors import UnsupportedFormat
from zoo.plugin import Checkpoint, Runner, option
from zoo.tasks import Similarity
from zoo_nlp.texts import Encoded, Tokens, check_text, pad, text_and_others

__all__ = ["TextRanking"]


@dataclass(frozen=True, kw_only=True)
class RankingOptions:
    """Options of the ranking runner."""

    truncate: bool = option(True, "cut texts that are too long for the model; otherwise they are an error")


class TextRanking(Runner):
    """Scores in [0, 1] of texts for a query, in their order, by a cross-encoder that reads each pair.

    An input is `(query, text)`, `(query, [texts])` or `{"source_sentence": query, "sentences": [texts]}`. One output
    goes through a sigmoid, as sentence-transformers' `CrossEncoder` does; of two outputs the second is taken.
    """

    Options = RankingOptions
    batch = 32

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokens = Tokens(checkpoint)

    def prepare(self, value: Any, options: RankingOptions) -> Sequence[Encoded]:
        """One pair for each text."""
        query, texts = text_and_others(value)
        check_text(query)
        return [self.tokens.pair(query, check_text(text), truncate=options.truncate) for text in texts]

    def size(self, example: Encoded) -> int:
        """Number of tokens."""
        return len(example.ids)

    def collate(self, examples: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        """Padded token ids with their mask."""
        return pad(examples, self.tokens.pad_id)

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: RankingOptions) -> torch.Tensor:
        """Scores (batch,)."""
        logits: torch.Tensor = module(**batch).logits.float()
        if logits.shape[1] == 1:
            return logits[:, 0].sigmoid()
        if logits.shape[1] == 2:
            return logits.softmax(1)[:, 1]
        raise UnsupportedFormat(f"{self.checkpoint.card.id} gives {logits.shape[1]} scores for a pair, not one")

    def finish(
        self, outputs: torch.Tensor, examples: Sequence[Encoded], options: RankingOptions
    ) -> Sequence[Similarity]:
        """One score for each pair."""
        return [Similarity((score,)) for score in outputs.tolist()]

    def merge(self, results: Sequence[Similarity], options: RankingOptions) -> Similarity:
        """The scores of all texts of one query."""
        return Similarity(tuple(score for result in results for score in result.scores))
