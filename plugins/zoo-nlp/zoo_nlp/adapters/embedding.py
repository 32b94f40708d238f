"""Sentence embeddings: texts that belong together are drawn together, or put in the order of their likeness."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.nn import functional

from zoo.errors import UnsupportedFormat
from zoo.plugin import Checkpoint, Target, Trained, read_object
from zoo.tasks import TargetKind
from zoo_nlp.adapters.base import TextFineTuner, inputs_of, trained
from zoo_nlp.adapters.files import save_whole
from zoo_nlp.heads import Headed, without_pooler
from zoo_nlp.pooling import Pooling
from zoo_nlp.texts import Encoded, check_text, pad

__all__ = ["SentenceEmbedder"]

SCALE = 20.0  # of cosines, in both losses, as sentence-transformers has it: a temperature of 0.05

Pair = tuple[tuple[str, Encoded], tuple[str, Encoded]]


class SentenceEmbedder(TextFineTuner):
    """Vectors of texts, pooled as the checkpoint's files say.

    Pairs of texts that belong together: each first text is to find its second among all second texts of the batch
    (InfoNCE: van den Oord et al., arXiv:1807.03748; as in sentence-transformers' `MultipleNegativesRankingLoss`). Texts
    that occur twice in a batch do not compete with themselves. Larger batches are harder, and teach more.

    Pairs with a number that says how alike they are, of whatever scale: of two pairs in a batch the one with the higher
    number is to have the higher cosine (CoSENT, as in sentence-transformers' `CoSENTLoss`).
    """

    kinds: ClassVar[tuple[TargetKind, ...]] = ("pairs", "scored")

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.pooling = Pooling.read(checkpoint)

    def trainable(self, module: Any, target: Target) -> torch.nn.Module:
        """The body; raises `UnsupportedFormat` for one with a decoder, which no vector needs."""
        body = module.encoder if isinstance(module, Headed) else module.base_model
        stated = read_object(self.checkpoint, "config.json").get("is_encoder_decoder")
        if getattr(body, "decoder", None) is not None or (stated and isinstance(module, Headed)):
            raise UnsupportedFormat(
                f"{self.checkpoint.card.id} has a decoder; only models without one learn sentence vectors",
                "Choose an encoder, all-MiniLM-L6-v2 for example.",
            )
        made: torch.nn.Module = trained(without_pooler(body))
        return made

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> tuple[Pair, Any]:
        """The tokens of both texts, and the number that says how alike they are."""
        first, second = ((check_text(text), self.tokens.encode(text)) for text in value)
        return (first, second), label

    def batch(self, examples: Sequence[tuple[Pair, Any]], target: Target) -> dict[str, Any]:
        """Tokens of all first, then all second texts; `labels`: numbers (batch,), or texts by place (batch, 2)."""
        firsts, seconds = zip(*(pair for pair, _ in examples), strict=True)
        if target.kind == "scored":
            labels = torch.tensor([float(label) for _, label in examples])
        else:
            labels = torch.tensor([_first_places(text for text, _ in side) for side in (firsts, seconds)]).T
        return {"labels": labels, **pad([encoded for _, encoded in (*firsts, *seconds)], self.tokens.pad_id)}

    def loss(self, module: Any, batch: Mapping[str, Any], target: Target) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss; for pairs vectors (batch, 2, dimensions) of length 1, for scored ones cosines (batch, 1)."""
        hidden = module(**inputs_of(batch)).last_hidden_state
        vectors = functional.normalize(self.pooling(hidden, batch["attention_mask"]), dim=1)
        first, second = vectors.chunk(2)
        if target.kind == "scored":
            cosines = (first * second).sum(1)
            return _order_loss(cosines, batch["labels"]), cosines[:, None]
        return _pairs_loss(first, second, batch["labels"]), torch.stack([first, second], dim=1)

    def save(self, module: Any, target: Target, folder: Path, *, method: str) -> Trained:
        """With `full` the body's weights; see `FineTuner.save`."""
        return save_whole(module, self.checkpoint, folder, method=method)


def _first_places(texts: Iterable[str]) -> list[int]:
    """For each text the place where it stands first."""
    seen: dict[str, int] = {}
    return [seen.setdefault(text, place) for place, text in enumerate(texts)]


def _pairs_loss(first: torch.Tensor, second: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of each first text's own second one, among those of all pairs that share no text with it."""
    same = (texts[:, None] == texts[None]).any(2).fill_diagonal_(False)
    scores = (SCALE * first @ second.T).masked_fill(same, -torch.inf)
    return functional.cross_entropy(scores, torch.arange(len(scores), device=scores.device))


def _order_loss(cosines: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """log(1 + sum exp(20 (lower - higher))), over any two pairs: the cosine of the one labelled lower, and higher."""
    ahead = SCALE * (cosines[:, None] - cosines[None])
    ahead = ahead[labels[:, None] < labels[None]]
    return torch.cat([ahead.new_zeros(1) + 0 * cosines.sum(), ahead]).logsumexp(0)
