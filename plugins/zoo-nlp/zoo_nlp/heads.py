"""Linear heads on encoders: what text models become when they are fine-tuned to classes, numbers or tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from zoo_nlp.pooling import Pooling

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = [
    "POOLED_LINEAR",
    "TOKEN_LINEAR",
    "Headed",
    "PooledClassifier",
    "TokenClassifier",
    "encoder_of",
    "headed",
    "without_pooler",
]

# What a card's `config` says under `head`.
POOLED_LINEAR = "pooled-linear"
TOKEN_LINEAR = "token-linear"  # noqa: S105 - the name of a head

DROPOUT = 0.1  # before the head, as BERT's own classifiers have it (Devlin et al. 2019, appendix A.3)


class Headed(nn.Module):
    """An encoder, dropout while it learns, and one linear layer.

    Args:
        encoder: a transformers model that gives `last_hidden_state`; its pooler is taken away, since nothing uses it.
        outputs: how many.
    """

    def __init__(self, encoder: Any, outputs: int) -> None:
        super().__init__()
        self.encoder = without_pooler(encoder)
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(encoder.config.hidden_size, outputs)

    def logits(self, vectors: torch.Tensor) -> torch.Tensor:
        """The head's outputs (…, outputs) for vectors (…, dimensions)."""
        made: torch.Tensor = self.head(self.dropout(vectors.to(self.head.weight.dtype)))
        return made


class PooledClassifier(Headed):
    """A text classifier: an encoder, pooling, and one linear layer.

    Args:
        encoder: as `Headed` takes it.
        pooling: from token vectors to a text vector.
        classes: how many.
    """

    def __init__(self, encoder: Any, pooling: Pooling, classes: int) -> None:
        super().__init__(encoder, classes)
        self.pooling = pooling

    def forward(self, **batch: torch.Tensor) -> Any:
        """Logits (batch, classes) as the attribute `logits`, as transformers' own classifiers give them."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        hidden = self.encoder(**batch).last_hidden_state
        return SequenceClassifierOutput(logits=self.logits(self.pooling(hidden, batch["attention_mask"])))


class TokenClassifier(Headed):
    """A classifier of each token: an encoder and one linear layer."""

    def forward(self, **batch: torch.Tensor) -> Any:
        """Logits (batch, tokens, labels) as the attribute `logits`, as transformers' own classifiers give them."""
        from transformers.modeling_outputs import TokenClassifierOutput

        return TokenClassifierOutput(logits=self.logits(self.encoder(**batch).last_hidden_state))


def headed(card: ModelCard, encoder: Any, pooling: Pooling) -> Headed:
    """The module with the head that a card's `config` names, for as many outputs as the card has labels."""
    outputs = len(card.config.get("labels") or ())
    if card.config["head"] == TOKEN_LINEAR:
        return TokenClassifier(encoder, outputs)
    return PooledClassifier(encoder, pooling, outputs)


def without_pooler(encoder: Any) -> Any:
    """The encoder with nothing in the place of its pooler, which no task here uses; some call it without asking."""
    if "pooler" in encoder._modules:
        encoder.pooler = nn.Identity()
    return encoder


def encoder_of(module: Any) -> Any:
    """The part of a module that turns tokens into vectors: its body, and of a body with a decoder only the encoder."""
    if isinstance(module, Headed):
        return module.encoder
    body = module.base_model
    return body.get_encoder() if body.config.is_encoder_decoder else body
