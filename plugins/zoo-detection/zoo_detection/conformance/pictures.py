"""Tiny R-CNNs of torchvision: Faster R-CNN for boxes, Mask R-CNN, Keypoint R-CNN.

The loader builds by torchvision's names, under which there is no small one: those with masks and joints have 44 million
weights and more. So small ones are registered under names of their own, as torchvision's builders are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_detection.conformance.numbers import calm, fill

__all__ = ["make_boxes", "make_joints", "make_masks"]

_BOXES, _MASKS, _JOINTS = (f"zoo_tiny_{kind}rcnn" for kind in ("faster", "mask", "keypoint"))
_WIDE = 16
_POINTS = 17  # of a person


def make_boxes(folder: Path) -> ModelCard:
    """A Faster R-CNN of three layers."""
    _register(_BOXES, _faster_rcnn)
    return _made(folder, _BOXES, "object-detection", num_classes=3, labels=["ant", "bee"])


def make_masks(folder: Path) -> ModelCard:
    """A Mask R-CNN of three layers."""
    _register(_MASKS, _mask_rcnn)
    return _made(folder, _MASKS, "image-segmentation", num_classes=3, labels=["ant", "bee"])


def make_joints(folder: Path) -> ModelCard:
    """A Keypoint R-CNN of three layers."""
    _register(_JOINTS, _keypoint_rcnn)
    return _made(
        folder,
        _JOINTS,
        "keypoint-detection",
        num_classes=2,
        labels=["no person", "person"],
        num_keypoints=_POINTS,
        keypoints="coco-keypoints",
    )


def _made(folder: Path, architecture: str, task: str, **config: Any) -> ModelCard:
    from safetensors.torch import save_file
    from torchvision.models import get_model

    counts = {name: number for name, number in config.items() if name.startswith("num_")}
    module = fill(get_model(architecture, weights=None, **counts), gain=2.0)
    calm(module, "roi_heads.box_predictor.bbox_pred", "rpn.head.bbox_pred")
    calm(module, "roi_heads.box_predictor.cls_score", by=0.5)
    save_file(module.state_dict(), folder / "model.safetensors", {"format": "pt"})
    return ModelCard(
        id=architecture.removeprefix("zoo_").replace("_", "-"),
        task=task,
        library="torchvision",
        loader="torchvision-detection",
        architecture=architecture,
        config=config,
    )


def _register(name: str, build: Callable[..., Any]) -> None:
    from torchvision.models import list_models
    from torchvision.models._api import register_model

    if name not in list_models():

        @register_model(name)
        def builder(*, weights: None = None, **given: Any) -> Any:
            return build(**given)


def _faster_rcnn(num_classes: int) -> Any:
    from torchvision.models.detection import FasterRCNN

    return _rcnn(FasterRCNN, num_classes)


def _mask_rcnn(num_classes: int) -> Any:
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor

    parts = {"mask_head": MaskRCNNHeads(_WIDE, (_WIDE,), 1), "mask_predictor": MaskRCNNPredictor(_WIDE, 8, num_classes)}
    return _rcnn(MaskRCNN, num_classes, mask_roi_pool=_pool(14), **parts)


def _keypoint_rcnn(num_classes: int, num_keypoints: int) -> Any:
    from torchvision.models.detection import KeypointRCNN
    from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor

    parts = {
        "keypoint_head": KeypointRCNNHeads(_WIDE, (_WIDE,)),
        "keypoint_predictor": KeypointRCNNPredictor(_WIDE, num_keypoints),
    }
    return _rcnn(KeypointRCNN, num_classes, keypoint_roi_pool=_pool(14), **parts)


def _rcnn(kind: Any, classes: int, **parts: Any) -> Any:
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead

    return kind(
        _body(),
        rpn_anchor_generator=AnchorGenerator(((32,),), ((1.0,),)),
        box_roi_pool=_pool(7),
        box_head=TwoMLPHead(_WIDE * 49, 32),
        box_predictor=FastRCNNPredictor(32, classes),
        rpn_post_nms_top_n_test=20,
        min_size=96,
        max_size=160,
        **parts,
    )


def _body() -> Any:
    """Three layers, each of which halves the picture."""
    from torch import nn

    wide = (3, 8, _WIDE, _WIDE)
    layers = [nn.Conv2d(old, new, 3, 2, 1) for old, new in itertools.pairwise(wide)]
    body: Any = nn.Sequential(*(nn.Sequential(layer, nn.ReLU()) for layer in layers))
    body.out_channels = _WIDE
    return body


def _pool(size: int) -> Any:
    from torchvision.ops import MultiScaleRoIAlign

    return MultiScaleRoIAlign(["0"], size, 2)
