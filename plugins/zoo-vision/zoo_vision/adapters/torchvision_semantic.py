"""Fine-tuning of torchvision's semantic segmenters: FCN, DeepLabV3, LR-ASPP."""

from __future__ import annotations

from typing import Any

from PIL import Image
from torch import Tensor, nn

from zoo_vision import torchvision_loader
from zoo_vision.adapters.semantic import SemanticTuner
from zoo_vision.blank import on_meta
from zoo_vision.semantic import normalised, scaled

__all__ = ["TorchvisionSemantic"]

# Of the auxiliary head's loss, as in torchvision's `references/segmentation/train.py`.
_AUXILIARY = 0.5


class TorchvisionSemantic(SemanticTuner):
    """Trained on squares of the size to which the runner scales the shorter side of a picture."""

    def side(self) -> tuple[int, int]:
        """See the base class."""
        pixels = self.checkpoint.card.config["resize_size"]
        return pixels, pixels

    def build(self, classes: int) -> nn.Module:
        """See the base class."""
        return on_meta(lambda: torchvision_loader.build(self.checkpoint.card, classes), computes=True)

    def evaluated(self, image: Image.Image) -> Tensor:
        """See the base class."""
        return scaled(image, self.checkpoint.card.config)

    def normalised(self, image: Image.Image) -> Tensor:
        """See the base class."""
        return normalised(image, self.checkpoint.card.config)

    def scores(self, module: Any, pixels: Tensor) -> list[tuple[float, Tensor]]:
        """See the base class; the auxiliary head's scores count half."""
        made = module(pixels)
        more = [(_AUXILIARY, made["aux"])] if "aux" in made else []
        return [(1.0, made["out"]), *more]
