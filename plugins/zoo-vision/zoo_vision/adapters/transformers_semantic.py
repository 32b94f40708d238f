"""Fine-tuning of transformers' semantic segmenters: SegFormer, UPerNet, …"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor, nn

from zoo.plugin import Target, Trained
from zoo_vision.adapters.semantic import SemanticTuner
from zoo_vision.adapters.transformers_parts import blank, keep_pretrained, relabelled
from zoo_vision.transformers_runners import TransformersSemantic

__all__ = ["TransformersSemanticTuner"]


class TransformersSemanticTuner(SemanticTuner):
    """Whatever has a class for semantic segmentation; models with masks of their own are refused by the runner."""

    methods = ("head", "lora", "full")

    @functools.cached_property
    def runner(self) -> TransformersSemantic:
        """The task's runner, for its image processor."""
        return TransformersSemantic(self.checkpoint)

    @functools.cached_property
    def _side(self) -> tuple[int, int]:
        height, width = self.evaluated(Image.new("RGB", (512, 512))).shape[1:]
        return height, width

    def side(self) -> tuple[int, int]:
        """The size to which the processor brings a square picture."""
        return self._side

    def build(self, classes: int) -> nn.Module:
        """See the base class."""
        return blank(self.checkpoint, "image-segmentation", tuple(f"class {i}" for i in range(classes)))

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """See the base class."""
        made: nn.Module = relabelled(super().trainable(module, target), target)
        return made

    def evaluated(self, image: Image.Image) -> Tensor:
        """See the base class."""
        return self.runner.prepare(image, None)[0].values

    def normalised(self, image: Image.Image) -> Tensor:
        """See the base class."""
        return self.evaluated(image)

    def scores(self, module: Any, pixels: Tensor) -> list[tuple[float, Tensor]]:
        """See the base class."""
        return [(1.0, module(pixel_values=pixels).logits)]

    def save(self, module: nn.Module, target: Target, folder: Path, *, method: str) -> Trained:
        """See the base class."""
        if method == "full":
            return keep_pretrained(module, self.checkpoint, target, folder)
        return super().save(module, target, folder, method=method)
