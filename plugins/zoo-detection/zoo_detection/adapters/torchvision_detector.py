"""Fine-tuning of torchvision's detectors: Faster R-CNN, RetinaNet, FCOS, SSD, SSDlite, and Mask R-CNN's boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor

from zoo.plugin import Target, Trained
from zoo_detection.adapters.anatomy import grouped, head_last, hold_statistics, renewed, resized
from zoo_detection.adapters.keeping import keep_all, keep_head
from zoo_detection.adapters.tuner import BoxTuner, Scene
from zoo_detection.labels import columns

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["TorchvisionTuner"]

# Without the branch that boxes cannot teach these are another architecture, with the same names of tensors.
_BOXES_ONLY = MappingProxyType(
    {
        "keypointrcnn_resnet50_fpn": "fasterrcnn_resnet50_fpn",
        "maskrcnn_resnet50_fpn": "fasterrcnn_resnet50_fpn",
        "maskrcnn_resnet50_fpn_v2": "fasterrcnn_resnet50_fpn_v2",
    }
)
_BRANCHES = tuple(f"{what}_{part}" for what in ("mask", "keypoint") for part in ("roi_pool", "head", "predictor"))
_CLASSES = "head.classification_head"


class TorchvisionTuner(BoxTuner):
    """The module's own losses, summed; new layers for classes begin as the mean of the old ones.

    Boxes teach no masks and no joints: what becomes of Mask R-CNN and Keypoint R-CNN is a Faster R-CNN. Groups of
    objects are left out, as in torchvision's own training (`references/detection`): anchors on them are background.
    """

    rate: ClassVar[Mapping[str, float]] = {"head": 1e-3, "full": 1e-4}

    def pixels(self, image: Image) -> Tensor:
        """The picture (3, height, width) in 0..1; the module scales and normalises it."""
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """See the base class.

        Raises:
            UnknownTask: an architecture with other layers for classes than torchvision's detectors have.
        """
        count, old = 1 + len(target.labels), sorted(columns(self.checkpoint.card.config))
        if (heads := getattr(module, "roi_heads", None)) is not None:
            for name in _BRANCHES:
                setattr(heads, name, None)
        with torch.no_grad():
            for name in self._head(module):
                self._renew(module.get_submodule(name), count, old)
        classifier = getattr(getattr(module, "head", None), "classification_head", None)
        for name in ("num_classes", "num_columns"):
            if hasattr(classifier, name):
                setattr(classifier, name, count)
        made: nn.Module = module.requires_grad_(True)
        return made

    def batch(self, examples: Sequence[Scene], target: Target) -> dict[str, Any]:
        """Lists of each picture's `pixels`, `boxes` in pixels, and `classes` from 1; groups are left out."""
        scales = [torch.tensor([one.pixels.shape[2], one.pixels.shape[1]] * 2) for one in examples]
        return {
            "pixels": [one.pixels for one in examples],
            "boxes": [one.learnt[0] * scale for one, scale in zip(examples, scales, strict=True)],
            "classes": [one.learnt[1] + 1 for one in examples],
        }

    def loss(self, module: Any, batch: Mapping[str, Any], target: Target) -> tuple[Tensor, Tensor]:
        """The sum of the module's losses, and the same once for each picture (batch,)."""
        pictures = batch["pixels"]
        hold_statistics(module, len(pictures))
        truth = [
            {"boxes": boxes, "labels": classes} for boxes, classes in zip(batch["boxes"], batch["classes"], strict=True)
        ]
        with _telling_losses(module, pictures[0].device):
            losses: dict[str, Tensor] = module(pictures, truth)
        total = torch.stack(list(losses.values())).sum()
        return total, total.detach().expand(len(pictures))

    def layers(self, module: nn.Module) -> Sequence[Sequence[str]]:
        """See the base class; the head are the layers whose size depends on the classes."""
        return head_last(grouped(module), self._head(module))

    def save(self, module: nn.Module, target: Target, folder: Path, *, method: str) -> Trained:
        """See the base class; a base with a branch that is gone is stored whole, whatever the method."""
        config = {**target.config, "num_classes": 1 + len(target.labels)}  # torchvision counts the background
        smaller = _BOXES_ONLY.get(self.checkpoint.card.architecture)
        if smaller is None and method != "full":
            return keep_head(module, self._head(module), folder, config)
        made = keep_all(module, self.checkpoint, folder, config)
        if smaller is None:
            return made
        forgotten = {name: None for name in ("keypoints", "num_keypoints") if name in self.checkpoint.card.config}
        return Trained(
            files=made.files,
            drop=made.drop,
            config={**config, **forgotten},
            card={"architecture": smaller, "family": "faster_rcnn"},
        )

    def _head(self, module: nn.Module) -> list[str]:
        names = [name for name, part in module.named_modules() if isinstance(part, FastRCNNPredictor)]
        names += [name for name, _ in module.named_modules() if name == f"{_CLASSES}.cls_logits"]
        for name, part in module.named_modules():
            if name.startswith(f"{_CLASSES}.module_list.") and name.count(".") == 3:
                names.append(name if isinstance(part, nn.Conv2d) else f"{name}.{len(list(part.children())) - 1}")
        if not names:
            raise self.refusal(f"{self.checkpoint.card.architecture} has no layers for classes that can be replaced")
        return names

    def _renew(self, part: Any, count: int, old: Sequence[int]) -> None:
        if isinstance(part, FastRCNNPredictor):
            classes = part.cls_score.out_features
            for layer in (part.cls_score, part.bbox_pred):
                resized(layer, *(_rows(values, classes, 1, count, old) for values in (layer.weight, layer.bias)))
            return
        classes = self._columns()
        anchors = part.out_channels // classes
        resized(part, *(_rows(values, classes, anchors, count, old) for values in (part.weight, part.bias)))

    def _columns(self) -> int:
        return int(self.checkpoint.card.config["num_classes"])


def _rows(values: Tensor, classes: int, anchors: int, count: int, old: Sequence[int]) -> Tensor:
    """Rows for `count` classes, the background first, of a layer with rows by anchor, class, and number for a class."""
    parted = values.reshape(anchors, classes, -1, *values.shape[1:]).transpose(0, 1)
    made = renewed(parted[list(old)].mean(0), count, {0: parted[0]})
    return made.transpose(0, 1).reshape(-1, *values.shape[1:])


@contextmanager
def _telling_losses(module: nn.Module, device: torch.device) -> Iterator[None]:
    """Have a module in evaluation mode give its losses: it does so only where its parts are marked as training.

    The marks are put on these parts alone, so that normalisation stays as it is; what the parts draw at random comes
    from a generator of its own, so that the same weights have the same loss.
    """
    if module.training:
        yield
        return
    parts = [module, *(part for name in ("rpn", "roi_heads") if (part := getattr(module, name, None)) is not None)]
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        try:
            for part in parts:
                part.training = True
            yield
        finally:
            for part in parts:
                part.training = False
