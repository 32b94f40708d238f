"""Classification and embedding of pictures with timm's and torchvision's modules."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
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

__all__ = ["ClassificationOptions", "ImageClassification", "ImageEmbedding", "PictureRunner"]


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


class ImageClassification(PictureRunner):
    """The likeliest labels of a picture, by softmax over the classifier's scores."""

    Options = ClassificationOptions

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the module's outputs."""
        return label_names(self.checkpoint.card.config)

    def forward(self, module: nn.Module, batch: torch.Tensor, options: ClassificationOptions) -> torch.Tensor:
        """Probabilities (batch, classes), float32."""
        made: torch.Tensor = module(batch).float().softmax(-1)
        return made

    def finish(
        self, outputs: torch.Tensor, examples: Sequence[torch.Tensor], options: ClassificationOptions
    ) -> Sequence[Classification]:
        """The `top_k` labels of each picture."""
        classes = outputs.shape[-1]
        if classes != len(self.labels):
            raise BadCard(f"{self.checkpoint.card.id} has {classes} classes and {len(self.labels)} labels")
        scores, indices = (found.tolist() for found in outputs.cpu().topk(min(options.top_k, classes)))
        return [
            Classification(tuple(Label(self.labels[i], s) for i, s in zip(best, row, strict=True)))
            for best, row in zip(indices, scores, strict=True)
        ]


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
