"""Fine-tuning of SSD MobileNet v2, whose base's weights are a TensorFlow graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from zoo.plugin import Checkpoint, Target, Trained
from zoo_detection.adapters.anatomy import hold_statistics, renewed, resized
from zoo_detection.adapters.keeping import keep_all, keep_head
from zoo_detection.adapters.multibox import Truth, multibox_loss
from zoo_detection.adapters.tuner import BoxTuner, Scene
from zoo_detection.runner import resize
from zoo_detection.ssd import make_anchors

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["SsdTuner"]

_HEAD = "scores"


class SsdTuner(BoxTuner):
    """New layers for classes on each of the six feature maps; the layers for boxes go on from those of the base.

    The loss is TensorFlow's for this model (`zoo_detection.adapters.multibox`). Anchors that lie mostly on a group of
    objects, or on an object of which a crop left little, count for nothing. Batch normalisation uses the base's
    statistics. There are no linear layers, so no low-rank adapters.
    """

    rate: ClassVar[Mapping[str, float]] = {"head": 1e-3, "full": 5e-4}

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self._size = int(checkpoint.card.config.get("image_size", 300))
        self._anchors = make_anchors()

    def pixels(self, image: Image) -> Tensor:
        """See the base class."""
        return torch.from_numpy(resize(image, self._size)).permute(2, 0, 1) / 127.5 - 1

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """See the base class.

        The background's scores go on from those of the base, and a new class begins as their opposite: whatever is no
        background. (On the coins of scikit-image half of all objects are found by that before anything is learnt.)
        """
        count = 1 + len(target.labels)

        def rows(values: Tensor) -> Tensor:
            background = values.reshape(-1, module.classes, *values.shape[1:])[:, 0]
            return renewed(-background, count, {0: background}).transpose(0, 1).flatten(0, 1)

        with torch.no_grad():
            for layer in module.scores:
                resized(layer, rows(layer.weight), rows(layer.bias))
        module.classes = count
        made: nn.Module = module.requires_grad_(True)
        return made

    def batch(self, examples: Sequence[Scene], target: Target) -> dict[str, Any]:
        """`pixels` (batch, 3, size, size), and lists of each picture's `boxes`, `classes` and `crowd`."""
        return {
            "pixels": torch.stack([one.pixels for one in examples]),
            "boxes": [one.boxes for one in examples],
            "classes": [one.classes for one in examples],
            "crowd": [one.crowd for one in examples],
        }

    def loss(self, module: Any, batch: Mapping[str, Any], target: Target) -> tuple[Tensor, Tensor]:
        """The MultiBox loss, and the logits (batch, anchors, 1 + classes)."""
        hold_statistics(module, len(batch["pixels"]))
        codes, logits = module(batch["pixels"])
        truths = [
            Truth(boxes=boxes, classes=classes, crowd=crowd)
            for boxes, classes, crowd in zip(batch["boxes"], batch["classes"], batch["crowd"], strict=True)
        ]
        anchors = self._anchors.to(codes.device)
        return multibox_loss(codes.float(), logits.float(), anchors, truths), logits.detach()

    def layers(self, module: Any) -> Sequence[Sequence[str]]:
        """From the stem to the extra feature maps, then the layers for boxes, then those for classes."""
        blocks = [[f"blocks.{number}"] for number in range(len(module.blocks))]
        return [["stem"], *blocks, ["last"], ["extras"], ["boxes"], [_HEAD]]

    def save(self, module: nn.Module, target: Target, folder: Path, *, method: str) -> Trained:
        """See the base class; with all weights the base's graph is not needed any more."""
        if method == "full":
            return keep_all(module, self.checkpoint, folder, {**target.config, "graph": None})
        return keep_head(module, [_HEAD], folder, target.config)
