"""Fine-tuning of timm's modules."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from timm.models import group_parameters
from torch import Tensor, nn

from zoo.plugin import Target
from zoo_vision import timm_loader
from zoo_vision.adapters.augmenting import Box, resampling
from zoo_vision.adapters.classifiers import PictureClassifier
from zoo_vision.blank import on_meta
from zoo_vision.preprocess import finish_for, transform_for

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CardPictures", "TimmClassifier"]


class CardPictures(PictureClassifier):
    """Classifiers whose cards say how pictures are prepared: timm's and torchvision's."""

    @functools.cached_property
    def transform(self) -> Callable[[Image], Tensor]:
        """The card's evaluation transform."""
        return transform_for(self.checkpoint.card.config)

    @functools.cached_property
    def finishing(self) -> Callable[[Image], Tensor]:
        """Its last steps, from a picture of the network's size to numbers."""
        return finish_for(self.checkpoint.card.config)

    def evaluated(self, image: Image) -> Tensor:
        """See the base class."""
        return self.transform(image)

    def cropped(self, image: Image, box: Box) -> Image:
        """See the base class."""
        config = self.checkpoint.card.config
        height, width = config["input_size"][-2:] if "input_size" in config else [config["crop_size"]] * 2
        return image.resize((width, height), resampling(config["interpolation"]), box=box)

    def normalised(self, image: Image) -> Tensor:
        """See the base class."""
        return self.finishing(image)


class TimmClassifier(CardPictures):
    """Fine-tuning of timm's modules; those without a classifier of their own (DINOv2, …) get one."""

    def classifier(self, module: Any) -> tuple[str, Any]:
        """What timm's `get_classifier()` returns, or the only linear layer in it, with its name in the module."""
        layer = module.get_classifier()
        inner = layer.modules() if isinstance(layer, nn.Module) else ()
        linear = [part for part in inner if isinstance(part, nn.Linear | nn.Conv2d)]
        layer = linear[0] if len(linear) == 1 else layer
        return next((name for name, other in module.named_modules() if other is layer), ""), layer

    def replaceable(self, layer: Any) -> bool:
        """See the base class; a convolution over one pooled pixel is a linear layer too."""
        pixel = isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) and layer.bias is not None
        return pixel or super().replaceable(layer)

    def build(self, num_classes: int) -> nn.Module:
        """See the base class."""
        return on_meta(lambda: timm_loader.build(self.checkpoint.card, num_classes))

    def placed(self, module: Any, name: str, layer: nn.Module) -> nn.Module:
        """See the base class; timm's modules know how many classes they have."""
        made = super().placed(module, name, layer)
        module.num_classes = layer.get_parameter("weight").shape[0]
        return made

    def groups(self, module: Any) -> Sequence[Sequence[str]]:
        """timm's own groups, block by block, where the architecture has them."""
        if not hasattr(module, "group_matcher"):
            return super().groups(module)
        found: Mapping[int, list[str]] = group_parameters(module, module.group_matcher(coarse=False))
        return [found[number] for number in sorted(found)]

    def whole(self, target: Target) -> dict[str, Any]:
        """The names in the new file are timm's own."""
        return {"names": None} if "names" in self.checkpoint.card.config else {}
