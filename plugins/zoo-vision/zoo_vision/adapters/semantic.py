"""What the semantic segmenters of torchvision and transformers share: new layers that make scores of classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from zoo.plugin import Target, Trained
from zoo_vision.adapters.anatomy import class_layers, fresh
from zoo_vision.adapters.keeping import keep_all, keep_head
from zoo_vision.adapters.masks import MaskTuner

__all__ = ["SemanticTuner"]


class SemanticTuner(MaskTuner):
    """The layers in which modules for 2 and for 3 classes differ are made anew, beside heads for training only."""

    def build(self, classes: int) -> nn.Module:
        """The architecture with another number of classes, as the loader builds it, on the meta device."""
        raise TypeError(f"{type(self).__name__} does not define build()")

    def head_names(self, module: nn.Module) -> Sequence[str]:
        """See the base class."""
        return class_layers(self.build(2), self.build(3))

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """The module with new layers for the target's classes.

        Raises:
            UnknownTask: the architecture has other layers for its classes than convolutions and linear layers.
        """
        wanted = self.build(len(target.labels))
        for name in self.head_names(module):
            layer = wanted.get_submodule(name)
            if not isinstance(layer, nn.Conv2d | nn.Linear):
                raise self.refusal(f"its layer {name} for classes cannot be replaced")
            module.set_submodule(name, fresh(layer))
        made: nn.Module = module
        return made.requires_grad_(True)

    def save(self, module: nn.Module, target: Target, folder: Path, *, method: str) -> Trained:
        """See the base class."""
        if method == "full":
            return keep_all(module, self.checkpoint, folder, target.config)
        tensors = {
            f"{name}.{leaf}": tensor
            for name in self.head_names(module)
            for leaf, tensor in module.get_submodule(name).state_dict().items()
        }
        return keep_head(tensors, folder, target.config)
