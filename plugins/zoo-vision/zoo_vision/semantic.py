"""Semantic segmentation with torchvision's modules: which class each pixel belongs to."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch.nn.functional import interpolate
from torchvision.transforms import InterpolationMode, functional

from zoo.data import read_image
from zoo.plugin import NoOptions, Runner
from zoo.tasks import Segment, Segmentation
from zoo_vision.batching import by_shape
from zoo_vision.labels import label_names

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn

__all__ = ["BACKGROUNDS", "Scaled", "SemanticSegmentation", "normalised", "scaled"]

# What torchvision calls the class of everything else, and what new data calls it; it is no segment.
BACKGROUNDS = frozenset({"__background__", "background"})


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """A prepared picture: `pixels` (3, h, w) normalised, and the `size` (height, width) of the original."""

    pixels: Tensor
    size: tuple[int, int]


class SemanticSegmentation(Runner):
    """One segment for each class in the picture, the background left out.

    The picture is scaled to 520 pixels on its shorter side, as torchvision evaluates. The classes' probabilities are
    scaled back to the picture's size, and each pixel goes to the likeliest class. Masks are 0 or 1 and do not overlap;
    a segment's score is its class's mean probability inside. Only classes that win somewhere at the model's own
    resolution are scaled back, which keeps large pictures within memory.
    """

    Options = NoOptions
    batch: ClassVar[int] = 4

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the module's outputs."""
        return label_names(self.checkpoint.card.config)

    def prepare(self, value: Any, options: NoOptions) -> Sequence[Scaled]:
        """The picture scaled and normalised; raises `BadData` for what is no picture."""
        image = read_image(value)
        return [Scaled(pixels=scaled(image, self.checkpoint.card.config), size=(image.height, image.width))]

    def size(self, example: Scaled) -> int:
        """By height and width, so that equal shapes come together."""
        height, width = example.pixels.shape[-2:]
        return height * 100_000 + width

    def collate(self, examples: Sequence[Scaled]) -> list[Tensor]:
        """The pictures as they are: their shapes differ."""
        return [example.pixels for example in examples]

    def forward(self, module: nn.Module, batch: list[Tensor], options: NoOptions) -> list[Tensor]:
        """Probabilities (classes, h, w) of each picture, float32."""
        return by_shape(lambda pixels: module(pixels)["out"].float().softmax(1), batch)

    def finish(self, outputs: list[Tensor], examples: Sequence[Scaled], options: NoOptions) -> Sequence[Segmentation]:
        """The segments of each picture, the largest first."""
        return [self._segments(shares, example.size) for shares, example in zip(outputs, examples, strict=True)]

    def _segments(self, shares: Tensor, size: tuple[int, int]) -> Segmentation:
        classes = torch.unique(shares.argmax(0))
        large = interpolate(shares[classes][None], size, mode="bilinear", align_corners=False)[0]
        best, winner = large.max(0)
        found = []
        for place, index in enumerate(classes.tolist()):
            mask = winner == place
            if self.labels[index] not in BACKGROUNDS and mask.any():
                found.append(Segment(self.labels[index], float(best[mask].mean()), mask.float().cpu().numpy()))
        return Segmentation(tuple(sorted(found, key=lambda segment: -segment.mask.sum())))


def scaled(image: Image, config: Any) -> Tensor:
    """The steps of `torchvision.transforms._presets.SemanticSegmentation`, which is not public."""
    small = functional.resize(
        image, [config["resize_size"]], InterpolationMode(config["interpolation"]), antialias=True
    )
    return normalised(small, config)


def normalised(image: Image, config: Any) -> Tensor:
    """A picture's numbers (3, height, width), float32."""
    made: Tensor = functional.normalize(
        functional.convert_image_dtype(functional.pil_to_tensor(image), torch.float), config["mean"], config["std"]
    )
    return made
