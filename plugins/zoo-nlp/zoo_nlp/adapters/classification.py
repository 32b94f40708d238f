"""Text classification: one class, several at once, or a number, from a pooled text vector."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.nn import functional

from zoo.plugin import Checkpoint, Head, Target, Trained
from zoo.tasks import TargetKind
from zoo_nlp.adapters.base import TextFineTuner, inputs_of, trained
from zoo_nlp.adapters.files import save_headed
from zoo_nlp.heads import POOLED_LINEAR, PooledClassifier, encoder_of
from zoo_nlp.pooling import Pooling
from zoo_nlp.texts import Encoded, check_text, pad

__all__ = ["TextClassifier"]

Example = tuple[Encoded, Any]


class TextClassifier(TextFineTuner):
    """Text classification from the same vectors that the model gives for feature extraction.

    Any encoder, the encoder of a model with a decoder too, or a model that writes on, of which the last token's vector
    is taken. Probed features are scaled to length 1 where the checkpoint says so; a head that learns together with its
    body stands on vectors of any length, which it learns faster from.
    """

    kinds: ClassVar[tuple[TargetKind, ...]] = ("single", "multi", "regression")
    methods: ClassVar[tuple[str, ...]] = ("probe", "head", "lora", "full")

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.pooling = Pooling.of_head(checkpoint)

    def features(self, module: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Pooled text vectors (batch, dimensions), scaled to length 1 where the checkpoint says so."""
        return self.pooling(encoder_of(module)(**batch).last_hidden_state, batch["attention_mask"])

    def head(self, weight: torch.Tensor, bias: torch.Tensor, target: Target) -> Head:
        """The head as `PooledClassifier` names its parts."""
        return Head(
            tensors={"head.weight": weight, "head.bias": bias},
            config={"head": POOLED_LINEAR, **target.config},
        )

    def trainable(self, module: Any, target: Target) -> torch.nn.Module:
        """A `PooledClassifier` on the module's body, with a new head."""
        return PooledClassifier(trained(encoder_of(module)), Pooling(mode=self.pooling.mode), len(target.labels))

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> Example:
        """The tokens, cut to what the model reads, and the label as `loss` takes it: index, flags, or number."""
        return self.tokens.encode(check_text(value)), _encoded(label, target)

    def batch(self, examples: Sequence[Example], target: Target) -> dict[str, Any]:
        """Padded tokens with their mask; `labels` (batch,) for classes, (batch, outputs) for flags and numbers."""
        kind = torch.long if target.kind == "single" else torch.float32
        labels = torch.tensor([label for _, label in examples], dtype=kind)
        return {"labels": labels, **pad([encoded for encoded, _ in examples], self.tokens.pad_id)}

    def loss(self, module: Any, batch: Mapping[str, Any], target: Target) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross-entropy of classes, binary cross-entropy of flags, squared error of numbers; and the logits."""
        logits = module(**inputs_of(batch)).logits.float()
        return _LOSSES[target.kind](logits, batch["labels"]), logits

    def save(self, module: Any, target: Target, folder: Path, *, method: str) -> Trained:
        """The head, and with `full` the encoder; see `FineTuner.save`."""
        config = {"head": POOLED_LINEAR, "pooling": module.pooling.mode, **target.config}
        return save_headed(module, self.checkpoint, folder, config, method=method)


_LOSSES: dict[str, Callable[..., torch.Tensor]] = {
    "single": functional.cross_entropy,
    "multi": functional.binary_cross_entropy_with_logits,
    "regression": functional.mse_loss,
}


def _encoded(label: Any, target: Target) -> Any:
    if target.kind == "regression":
        return [float(label)]
    places = _places(target.labels)
    if target.kind == "single":
        return places[label]
    chosen = {places[name] for name in label}
    return [float(place in chosen) for place in range(len(target.labels))]


@functools.lru_cache(maxsize=8)
def _places(labels: tuple[str, ...]) -> dict[str, int]:
    return {label: place for place, label in enumerate(labels)}
