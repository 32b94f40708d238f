"""Fine-tuning of torchvision's classifiers."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from zoo.plugin import Target
from zoo_vision import torchvision_loader
from zoo_vision.adapters.timm_classifier import CardPictures
from zoo_vision.blank import on_meta
from zoo_vision.bodies import last_layer

__all__ = ["TorchvisionClassifier"]


class TorchvisionClassifier(CardPictures):
    """Fine-tuning of torchvision's modules; where the head has several layers, only the last one is new."""

    def classifier(self, module: Any) -> tuple[str, Any]:
        """The last layer; SqueezeNet's is a convolution with more behind it, and refused."""
        return last_layer(module)

    def build(self, num_classes: int) -> nn.Module:
        """See the base class."""
        card = self.checkpoint.card
        card = card.replace(config={**card.config, **self._build()})
        return on_meta(lambda: torchvision_loader.build(card, num_classes), computes=True)  # RegNet's widths

    def config(self, target: Target) -> dict[str, Any]:
        """See the base class; Inception's second classifier, which only training uses, is left out."""
        return {**target.config, **self._build()}

    def placed(self, module: Any, name: str, layer: nn.Module) -> nn.Module:
        """See the base class."""
        if getattr(module, "AuxLogits", None) is not None:
            module.AuxLogits, module.aux_logits = None, False
        return super().placed(module, name, layer)

    def logits(self, module: Any, pixels: Tensor) -> Tensor:
        """See the base class."""
        made: Tensor = module(pixels)
        return made

    def _build(self) -> dict[str, Any]:
        card = self.checkpoint.card
        if card.architecture != "inception_v3":
            return {}
        return {"build": {**card.config.get("build", {}), "aux_logits": False}}
