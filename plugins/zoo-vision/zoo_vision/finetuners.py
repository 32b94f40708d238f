"""New linear classifiers on the features of timm's and torchvision's modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from zoo.errors import UnknownTask
from zoo.plugin import FineTuner, Head, Target
from zoo_vision import timm_loader, torchvision_loader
from zoo_vision.blank import on_meta
from zoo_vision.bodies import last_layer, without

if TYPE_CHECKING:
    from typing import Any

__all__ = ["TimmClassifier", "TorchvisionClassifier"]


class LinearClassifier(FineTuner):
    """What both libraries share: features are the input of the last layer, which a new one replaces."""

    computes = False

    def features(self, module: nn.Module, batch: torch.Tensor) -> torch.Tensor:
        """What the classifier sees (batch, dimensions); raises `UnknownTask` as `head` does."""
        name, layer = self.classifier(module)
        if not self.replaceable(layer) and not isinstance(layer, nn.Identity):
            raise self.refusal()
        made: torch.Tensor = without(module, name)(batch) if self.replaceable(layer) else module(batch)
        if made.ndim != 2:
            raise self.refusal()
        return made

    def head(self, weight: torch.Tensor, bias: torch.Tensor, target: Target) -> Head:
        """The classifier's tensors under the names that the library gives them.

        Raises:
            UnknownTask: the architecture does not end in one linear layer with a bias.
        """
        name, layer = self.classifier(on_meta(lambda: self.build(len(target.labels)), computes=self.computes))
        if not self.replaceable(layer) or layer.weight.shape[:2] != weight.shape:
            raise self.refusal()
        tensors = {f"{name}.weight": weight.reshape(layer.weight.shape).contiguous(), f"{name}.bias": bias.contiguous()}
        return Head(tensors=tensors, config=target.config)

    def replaceable(self, layer: Any) -> bool:
        """Whether this is a linear layer with a bias."""
        return isinstance(layer, nn.Linear) and layer.bias is not None

    def refusal(self) -> UnknownTask:
        """The error for architectures that end otherwise."""
        card = self.checkpoint.card
        return UnknownTask(
            f"{card.id}: {card.architecture} does not end in one linear layer, which is what can be replaced",
            "Fine-tune another model, such as `mobilenetv2_100`.",
        )

    def classifier(self, module: Any) -> tuple[str, Any]:
        """Name and module of the last layer."""
        raise TypeError(f"{type(self).__name__} does not define classifier()")

    def build(self, num_classes: int) -> nn.Module:
        """The architecture with another number of classes."""
        raise TypeError(f"{type(self).__name__} does not define build()")


class TimmClassifier(LinearClassifier):
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
        return timm_loader.build(self.checkpoint.card, num_classes)


class TorchvisionClassifier(LinearClassifier):
    """Fine-tuning of torchvision's modules; where the head has several layers, only the last one is new."""

    computes = True  # RegNet's widths, of tensors

    def classifier(self, module: Any) -> tuple[str, Any]:
        """The last layer; SqueezeNet's is a convolution with more behind it, and refused."""
        return last_layer(module)

    def build(self, num_classes: int) -> nn.Module:
        """See the base class."""
        return torchvision_loader.build(self.checkpoint.card, num_classes)
