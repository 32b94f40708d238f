"""What segmentation has in common: a picture and its mask varied together, and a loss that masks padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate, pad

from zoo.data import read_image
from zoo.errors import BadData, UnknownTask
from zoo.plugin import FineTuner, Target
from zoo.tasks import TargetKind
from zoo_vision.adapters.anatomy import grouped, head_last, hold_statistics, low_rank_places
from zoo_vision.adapters.augmenting import Box, drawn_box, mirrored, recoloured
from zoo_vision.adapters.reading import IGNORED, read_classes

if TYPE_CHECKING:
    import random

__all__ = ["MaskTuner", "Painted", "confusion", "dice_loss"]

# A prepared picture (3, height, width), and the number of each pixel's class (height, width), 255 for none.
Painted = tuple[Tensor, Tensor]


class MaskTuner(FineTuner):
    """A class for each pixel.

    In training, picture and mask are cropped (35 to 100 % of them) and mirrored together, and the picture is slightly
    recoloured. Pictures of different sizes come into one batch with a margin that counts for nothing. Outputs are
    confusion matrices: pixels by true class (row) and predicted class (column), at the network's resolution.
    """

    kinds: ClassVar[tuple[TargetKind, ...]] = ("mask",)
    methods: ClassVar[tuple[str, ...]] = ("head", "full")
    rate: ClassVar[Mapping[str, float]] = {"head": 1e-3, "lora": 5e-4, "full": 3e-4}

    def side(self) -> tuple[int, int]:
        """Height and width in which the network is trained."""
        raise TypeError(f"{type(self).__name__} does not define side()")

    def evaluated(self, image: Image.Image) -> Tensor:
        """The picture (3, height, width) as the task's runner prepares it."""
        raise TypeError(f"{type(self).__name__} does not define evaluated()")

    def normalised(self, image: Image.Image) -> Tensor:
        """A picture of the network's size as numbers (3, height, width)."""
        raise TypeError(f"{type(self).__name__} does not define normalised()")

    def scores(self, module: Any, pixels: Tensor) -> list[tuple[float, Tensor]]:
        """Scores (batch, classes, h, w) with their weights in the loss; the first are the answer."""
        raise TypeError(f"{type(self).__name__} does not define scores()")

    def head_names(self, module: nn.Module) -> Sequence[str]:
        """The layers that make scores of classes."""
        raise TypeError(f"{type(self).__name__} does not define head_names()")

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> Painted:
        """See the base class.

        Raises:
            BadData: no picture, no mask, or a mask of another size or with classes that the target does not have.
        """
        image = read_image(value)
        mask = read_classes(label, len(target.labels))
        if mask.size != image.size:
            raise BadData(f"a picture of {_size(image)} pixels has a mask of {_size(mask)}", "Make them of one size.")
        if draw is None:
            pixels = self.evaluated(image)
            return pixels, _numbers(mask.resize((pixels.shape[2], pixels.shape[1]), Image.Resampling.NEAREST))
        return self.varied(image, mask, draw)

    def varied(self, image: Image.Image, mask: Image.Image, draw: random.Random) -> Painted:
        """Picture and mask cropped and mirrored together at random, the picture recoloured."""
        size = self.side()[::-1]
        box: Box = drawn_box(draw, image.size)
        image = image.resize(size, Image.Resampling.BICUBIC, box=box)
        mask = mask.resize(size, Image.Resampling.NEAREST, box=box)
        if mirrored(draw):
            image, mask = (one.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for one in (image, mask))
        return self.normalised(recoloured(image, draw)), _numbers(mask)

    def batch(self, examples: Sequence[Painted], target: Target) -> dict[str, Tensor]:
        """`pixels` (batch, 3, height, width) and `labels` (batch, height, width), smaller ones with a margin."""
        height = max(pixels.shape[1] for pixels, _ in examples)
        width = max(pixels.shape[2] for pixels, _ in examples)

        def filled(one: Tensor, value: float) -> Tensor:
            return pad(one, (0, width - one.shape[-1], 0, height - one.shape[-2]), value=value)

        return {
            "pixels": torch.stack([filled(pixels, 0.0) for pixels, _ in examples]),
            "labels": torch.stack([filled(mask, IGNORED) for _, mask in examples]),
        }

    def loss(self, module: Any, batch: Mapping[str, Tensor], target: Target) -> tuple[Tensor, Tensor]:
        """The weighted losses of all scores, and the confusion matrix of each picture (batch, classes, classes)."""
        labels = batch["labels"]
        hold_statistics(module, len(labels))
        weighted = self.scores(module, batch["pixels"])
        total = sum(weight * self.measure(enlarged(scores, labels), labels) for weight, scores in weighted)
        best = enlarged(weighted[0][1].detach(), labels)
        return torch.as_tensor(total), confusion(self.decided(best), labels, len(target.labels))

    def measure(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy over the pixels that have a class."""
        counted = (labels != IGNORED).sum().clamp(min=1)
        return cross_entropy(scores, labels, ignore_index=IGNORED, reduction="sum") / counted

    def decided(self, scores: Tensor) -> Tensor:
        """The number of each pixel's class (batch, height, width)."""
        return scores.argmax(1)

    def layers(self, module: nn.Module) -> Sequence[Sequence[str]]:
        """See the base class; the head are the layers that make scores of classes."""
        return head_last(module, grouped(module), self.head_names(module))

    def lora(self, module: nn.Module) -> Sequence[str]:
        """The linear layers of the attention; empty for networks of convolutions."""
        first = next(module.parameters())
        pixels = self.evaluated(Image.new("RGB", (64, 64)))[None].to(first.device, first.dtype)
        return low_rank_places(module, lambda: self.scores(module, pixels), self.head_names(module))

    def refusal(self, why: str) -> UnknownTask:
        """The error for what this architecture cannot learn."""
        return UnknownTask(
            f"{self.checkpoint.card.id}: {why}",
            "Choose another model: `zoo search task:image-segmentation tag:semantic-segmentation`.",
        )


def enlarged(scores: Tensor, labels: Tensor) -> Tensor:
    """Scores at the size of the labels, float32."""
    made = scores.float()
    if made.shape[-2:] != labels.shape[-2:]:
        made = interpolate(made, size=labels.shape[-2:], mode="bilinear", align_corners=False)
    return made


def confusion(decided: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Pixels by true class (row) and predicted class (column) of each picture, (batch, classes, classes)."""
    rows = []
    for found, wanted in zip(decided, labels, strict=True):
        counted = wanted != IGNORED
        pairs = wanted[counted] * classes + found[counted]
        rows.append(torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes))
    return torch.stack(rows)


def dice_loss(shares: Tensor, truth: Tensor, counted: Tensor) -> Tensor:
    """One minus the overlap of each picture's object with the truth, the mean over pictures.

    Milletari et al., "V-Net" (arXiv:1606.04797), with one pixel added above and below, so that pictures without an
    object count.

    Args:
        shares: probabilities (batch, height, width).
        truth: 0 and 1.
        counted: 0 where nothing is known.
    """
    shares, truth = (shares * counted).flatten(1), (truth * counted).flatten(1)
    both = 2 * (shares * truth).sum(1) + 1
    return (1 - both / (shares.sum(1) + truth.sum(1) + 1)).mean()


def _numbers(mask: Image.Image) -> Tensor:
    import numpy as np

    return torch.from_numpy(np.array(mask, dtype=np.int64))


def _size(image: Image.Image) -> str:
    return f"{image.width} x {image.height}"
