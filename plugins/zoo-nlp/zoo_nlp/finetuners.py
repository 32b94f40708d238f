"""How text models are adapted: a linear head on the pooled text vectors of an unchanged encoder."""

from __future__ import annotations

import torch

from zoo.plugin import Checkpoint, FineTuner, Head, Target
from zoo_nlp.pooling import Pooling, encoder_of
from zoo_nlp.transformers_loader import POOLED_LINEAR

__all__ = ["TextClassifier"]


class TextClassifier(FineTuner):
    """Text classification from the same vectors that the model gives for feature extraction."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.pooling = Pooling.read(checkpoint)

    def features(self, module: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Pooled text vectors (batch, dimensions), scaled to length 1 where the checkpoint says so."""
        return self.pooling(encoder_of(module)(**batch).last_hidden_state, batch["attention_mask"])

    def head(self, weight: torch.Tensor, bias: torch.Tensor, target: Target) -> Head:
        """The head as `PooledClassifier` names its parts."""
        return Head(
            tensors={"head.weight": weight, "head.bias": bias},
            config={"head": POOLED_LINEAR, **target.config},
        )
