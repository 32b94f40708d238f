"""Runners that turn texts into vectors and compare them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from zoo.plugin import Checkpoint, Runner, option
from zoo.tasks import Embedding, Similarity
from zoo_nlp.heads import encoder_of
from zoo_nlp.pooling import Pooling
from zoo_nlp.texts import Encoded, Tokens, check_text, pad, text_and_others

__all__ = ["SentenceEmbedding", "SentenceSimilarity"]


@dataclass(frozen=True, kw_only=True)
class EmbeddingOptions:
    """Options of the embedding runners."""

    truncate: bool = option(True, "cut texts that are too long for the model; otherwise they are an error")


class SentenceEmbedding(Runner):
    """One vector for each text: token vectors, pooled as the checkpoint's sentence-transformers files say."""

    Options = EmbeddingOptions
    batch = 32

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokens = Tokens(checkpoint)
        self.pooling = Pooling.read(checkpoint)

    def prepare(self, value: Any, options: EmbeddingOptions) -> Sequence[Encoded]:
        """The text as tokens."""
        return [self.tokens.encode(check_text(value), truncate=options.truncate)]

    def size(self, example: Encoded) -> int:
        """Number of tokens."""
        return len(example.ids)

    def collate(self, examples: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        """Padded token ids with their mask."""
        return pad(examples, self.tokens.pad_id)

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: EmbeddingOptions) -> torch.Tensor:
        """Vectors (batch, dimensions)."""
        return self.pooling(encoder_of(module)(**batch).last_hidden_state, batch["attention_mask"])

    def finish(
        self, outputs: torch.Tensor, examples: Sequence[Encoded], options: EmbeddingOptions
    ) -> Sequence[Embedding]:
        """One `Embedding` for each text."""
        return [Embedding(vector) for vector in outputs.cpu().numpy()]


class SentenceSimilarity(SentenceEmbedding):
    """Cosine similarity of a text to others.

    An input is `(text, other)`, `(text, [others])` or `{"source_sentence": text, "sentences": [others]}`.
    """

    def prepare(self, value: Any, options: EmbeddingOptions) -> Sequence[Encoded]:
        """The tokens of the text, then those of the others."""
        first, others = text_and_others(value)
        return [super(SentenceSimilarity, self).prepare(text, options)[0] for text in (first, *others)]

    def merge(self, results: Sequence[Embedding], options: EmbeddingOptions) -> Similarity:
        """The similarities of the first text to each of the others, in their order."""
        first, *others = results
        return Similarity(tuple(first.similarity(other) for other in others))
