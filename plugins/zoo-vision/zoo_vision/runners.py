"""Classification and embedding of pictures with timm's and torchvision's modules."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from zoo.data import read_image
from zoo.errors import BadCard, BadOption
from zoo.plugin import NoOptions, Runner, option
from zoo.tasks import Classification, Embedding, Label
from zoo_vision.bodies import pooled_features
from zoo_vision.labels import label_names
from zoo_vision.preprocess import transform_for

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import nn

__all__ = [
    "ClassificationOptions",
    "ImageClassification",
    "ImageEmbedding",
    "PictureRunner",
    "probabilities",
    "ranked",
    "several",
]


class PictureRunner(Runner):
    """Pictures in: any that `zoo.data.read_image` reads, through the card's evaluation transform."""

    @functools.cached_property
    def transform(self) -> Callable[[Image], torch.Tensor]:
        """From an RGB picture to a float32 tensor (3, height, width)."""
        return transform_for(self.checkpoint.card.config)

    def prepare(self, value: Any, options: Any) -> Sequence[torch.Tensor]:
        """One tensor (3, height, width); raises `BadData` for what is no picture."""
        return [self.transform(read_image(value))]

    def collate(self, examples: Sequence[torch.Tensor]) -> torch.Tensor:
        """A float32 tensor (batch, 3, height, width)."""
        return torch.stack(list(examples))


@dataclass(frozen=True, kw_only=True)
class ClassificationOptions:
    """Options of image classification."""

    top_k: int = option(5, "how many labels to give, best first")

    def __post_init__(self) -> None:
        if self.top_k < 1:
            raise BadOption(f"top_k must be at least 1, not {self.top_k}")


def several(config: Mapping[str, Any]) -> bool:
    """Whether the labels of a card do not exclude each other."""
    return config.get("problem_type") == "multi_label_classification"


def probabilities(scores: torch.Tensor, each: bool) -> torch.Tensor:
    """Of a classifier's scores (batch, classes), float32: each label's own, or one class of all."""
    return scores.float().sigmoid() if each else scores.float().softmax(-1)


def ranked(shares: torch.Tensor, names: Sequence[str], top_k: int) -> list[Classification]:
    """The `top_k` likeliest labels of each row of probabilities (batch, classes), all where it has fewer."""
    scores, indices = (found.tolist() for found in shares.cpu().topk(min(top_k, shares.shape[-1])))
    return [
        Classification(tuple(Label(names[i], s) for i, s in zip(best, row, strict=True)))
        for best, row in zip(indices, scores, strict=True)
    ]


class ImageClassification(PictureRunner):
    """The likeliest labels of a picture, by softmax over the classifier's scores.

    Where a picture may have several labels (`problem_type` on the card), each one's own probability, of all labels.
    """

    Options = ClassificationOptions

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the module's outputs."""
        return label_names(self.checkpoint.card.config)

    def forward(self, module: nn.Module, batch: torch.Tensor, options: ClassificationOptions) -> torch.Tensor:
        """Probabilities (batch, classes), float32."""
        return probabilities(module(batch), several(self.checkpoint.card.config))

    def finish(
        self, outputs: torch.Tensor, examples: Sequence[torch.Tensor], options: ClassificationOptions
    ) -> Sequence[Classification]:
        """The `top_k` labels of each picture, best first."""
        classes, card = outputs.shape[-1], self.checkpoint.card
        if classes != len(self.labels):
            raise BadCard(f"{card.id} has {classes} classes and {len(self.labels)} labels")
        return ranked(outputs, self.labels, classes if several(card.config) else options.top_k)


class ImageEmbedding(PictureRunner):
    """A picture's pooled features before the classifier."""

    Options = NoOptions

    def forward(self, module: nn.Module, batch: torch.Tensor, options: NoOptions) -> torch.Tensor:
        """Features (batch, dimensions), float32."""
        return pooled_features(module, batch).float()

    def finish(
        self, outputs: torch.Tensor, examples: Sequence[torch.Tensor], options: NoOptions
    ) -> Sequence[Embedding]:
        """One vector a picture."""
        return [Embedding(vector) for vector in outputs.cpu().numpy()]
