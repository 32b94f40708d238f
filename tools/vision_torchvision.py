"""Rows of the vision plugin's table of torchvision: one for each set of weights, from torchvision's own records.

Left out: quantised weights (their files pickle packed integers for one CPU back end, which are no plain tensors), and
optical flow (RAFT; the zoo has no task whose result is a flow field).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from vision_counting import Counted, count, in_processes
from vision_naming import POPULAR, TITLES, aliases_of
from zoo_vision.blank import on_meta

if TYPE_CHECKING:
    from torch import nn

__all__ = ["label_files", "released", "torchvision_rows"]

KINDS = ("classification", "detection", "segmentation", "video")
# torchvision's names of data sets and scores, and ours.
SETS = {
    "COCO-val2017": "coco-val2017",
    "COCO-val2017-VOC-labels": "coco-val2017-voc-labels",
    "ImageNet-1K": "imagenet-1k",
    "Kinetics-400": "kinetics-400",
}
SCORES = {
    "acc@1": "top1",
    "acc@5": "top5",
    "box_map": "map",
    "kp_map": "keypoint_map",
    "mask_map": "mask_map",
    "miou": "miou",
    "pixel_acc": "pixel_accuracy",
}
LABELS = {91: "coco", 21: "pascal-voc", 400: "kinetics-400", 1000: "imagenet-1k"}
# Builders whose documentation names the papers of two versions: the first is not theirs.
SECOND_PAPER = {"mvit_v2_s"}
_ARXIV = re.compile(r"arxiv\.org/abs/(\d{4}\.\d{4,5})")
_CLIPS = re.compile(r"frame_rate=([\d.]+)`, `clips_per_video=(\d+)`, and `clip_len=(\d+)")


def torchvision_rows(taken: set[str]) -> Iterator[dict[str, Any]]:
    """One compact row per set of weights; `taken` are architectures that timm has too, whose names stay timm's."""
    found = [
        (kind, architecture, weights.name)
        for kind in KINDS
        for architecture in _architectures(kind)
        for weights in _weights(architecture)
        if weights.name != "IMAGENET1K_FEATURES"  # no classifier in the file: torchvision calls it unusable
    ]
    for item, counted in zip(found, in_processes(count_torchvision, found, "torchvision"), strict=True):
        kind, architecture, name = item
        yield torchvision_row(kind, architecture, _weights(architecture)[name], counted, taken)


def _architectures(kind: str) -> list[str]:
    from torchvision import models

    return list(models.list_models(module=models if kind == "classification" else getattr(models, kind)))


def _weights(architecture: str) -> Any:
    from torchvision import models

    return models.get_model_weights(architecture)


def released(architecture: str, weights: Any) -> nn.Module:
    """The module that torchvision makes for these weights, without downloading or filling them in."""
    from torch.nn import Module
    from torchvision.models import get_model
    from torchvision.models._api import WeightsEnum

    with patch.object(WeightsEnum, "get_state_dict", return_value={}), patch.object(Module, "load_state_dict"):
        made: nn.Module = get_model(architecture, weights=weights, progress=False)
    return made


def count_torchvision(item: tuple[str, str, str]) -> Counted:
    """Of one set of weights at its own input size; what detectors compute depends on what is in the picture."""
    kind, architecture, name = item
    weights = _weights(architecture)[name]
    return count(lambda: released(architecture, weights), shape_of(kind, weights), computes=True)


def shape_of(kind: str, weights: Any) -> tuple[int, ...] | None:
    """One input without the batch: a picture as it is cropped, a square for segmenters, a clip; None for detectors."""
    if kind == "detection":
        return None
    preset = weights.transforms()
    if kind == "segmentation":
        return 3, preset.resize_size[0], preset.resize_size[0]
    height, width = (preset.crop_size * 2)[:2]
    return (3, clips_of(weights)["clip_len"], height, width) if kind == "video" else (3, height, width)


def torchvision_row(kind: str, architecture: str, weights: Any, counted: Counted, taken: set[str]) -> dict[str, Any]:
    """The facts of one set of weights, as `zoo_vision.cards` reads them."""
    meta = weights.meta
    if counted.parameters != meta["num_params"]:
        raise ValueError(f"{architecture}: {counted.parameters} parameters, torchvision says {meta['num_params']}")
    row = {
        "kind": kind,
        "architecture": architecture,
        "weights": weights.name,
        "family": _family(architecture),
        "parameters": counted.parameters,
        "size": counted.size,
        "config": config_of(kind, architecture, weights),
        "url": weights.url,
        "metrics": [
            [SCORES[name], value, SETS[dataset]]
            for dataset, scores in meta["_metrics"].items()
            for name, value in scores.items()
        ],
        "gflops": meta["_ops"],
        "mebibytes": meta["_file_size"],
        "recipe": meta["recipe"],
    }
    row |= {"uncounted": counted.reason} if counted.reason else {}
    row |= {"macs": counted.macs} if counted.macs is not None else {}
    row |= {"title": TITLES[architecture]} if kind != "classification" else {}
    row |= {"licence": "CC-BY-NC-4.0"} if "SWAG" in weights.name else {}
    return row | _paper(architecture) | _names(architecture, weights, taken)


def _names(architecture: str, weights: Any, taken: set[str]) -> dict[str, Any]:
    if weights != type(weights).DEFAULT:
        return {}
    made: dict[str, Any] = {"default": True}
    if names := aliases_of("torchvision", architecture, bare=architecture not in taken):
        made["aliases"] = names
    return made | ({"popular": True} if architecture in POPULAR["torchvision"] else {})


def _family(architecture: str) -> str:
    from torchvision import models

    *_, package, module = models.get_model_builder(architecture).__module__.split(".")
    return f"video_{module}" if package == "video" and module in {"resnet", "swin_transformer"} else str(module)


def _paper(architecture: str) -> dict[str, str]:
    """The paper that the builder's documentation names first."""
    from torchvision import models

    found = _ARXIV.findall(inspect.getdoc(models.get_model_builder(architecture)) or "")
    return {"paper": f"arXiv:{found[architecture in SECOND_PAPER]}"} if found else {}


def config_of(kind: str, architecture: str, weights: Any) -> dict[str, Any]:
    """Preprocessing as `weights.transforms()` does it, and what the builder must be told."""
    categories = weights.meta["categories"]
    made: dict[str, Any] = {"num_classes": len(categories)}
    made["labels"] = LABELS.get(len(categories)) or list(categories)
    if kind == "detection":
        return made | _detector(architecture, weights)
    preset = weights.transforms()
    resize = list(preset.resize_size)
    made |= {"mean": list(preset.mean), "std": list(preset.std), "interpolation": preset.interpolation.value}
    made["resize_size"] = resize if kind == "video" else resize[0]
    if kind == "segmentation":
        module: Any = on_meta(lambda: released(architecture, weights), computes=True)
        return made | ({"build": {"aux_loss": True}} if getattr(module, "aux_classifier", None) is not None else {})
    made["crop_size"] = list(preset.crop_size) if kind == "video" else preset.crop_size[0]
    return made | (clips_of(weights) if kind == "video" else _built(architecture, weights))


def _built(architecture: str, weights: Any) -> dict[str, Any]:
    family = _family(architecture)
    if family in {"googlenet", "inception"}:
        return {"build": {"transform_input": True}}
    if family == "vision_transformer":
        return {"build": {"image_size": weights.meta["min_size"][0]}}
    return {"build": {"input_size": list(weights.meta["min_size"])}} if family == "maxvit" else {}


def _detector(architecture: str, weights: Any) -> dict[str, Any]:
    """Sizes to which pictures are scaled, and the frozen normalisation that comes with some weights only."""
    from torchvision.ops import FrozenBatchNorm2d

    module: Any = on_meta(lambda: released(architecture, weights), computes=True)
    frozen = {layer.eps for layer in module.modules() if isinstance(layer, FrozenBatchNorm2d)}
    if len(frozen) > 1:
        raise ValueError(f"{architecture}: frozen layers with several epsilons: {frozen}")
    made: dict[str, Any] = {"min_size": module.transform.min_size[0], "max_size": module.transform.max_size}
    if names := weights.meta.get("keypoint_names"):
        made |= {"keypoints": "coco-keypoints", "num_keypoints": len(names)}
    return made | ({"frozen_norm_eps": frozen.pop()} if frozen else {})


def clips_of(weights: Any) -> dict[str, Any]:
    """How films are cut into clips, as the record's text says that the accuracy was estimated."""
    rate, clips, length = _CLIPS.search(weights.meta["_docs"]).groups()  # type: ignore[union-attr]
    fewest = min(weights.meta.get("min_temporal_size", int(length)), int(length))
    return {"clip_len": int(length), "clips": int(clips), "frame_rate": float(rate), "min_frames": fewest}


def label_files() -> dict[str, bytes]:
    """torchvision's names of classes and keypoints, one a line."""
    from torchvision import models

    found = {
        "imagenet-1k": models.ResNet50_Weights.DEFAULT.meta["categories"],
        "coco": models.detection.FasterRCNN_ResNet50_FPN_Weights.DEFAULT.meta["categories"],
        "coco-keypoints": models.detection.KeypointRCNN_ResNet50_FPN_Weights.DEFAULT.meta["keypoint_names"],
        "kinetics-400": models.video.R3D_18_Weights.DEFAULT.meta["categories"],
        "pascal-voc": models.segmentation.FCN_ResNet50_Weights.DEFAULT.meta["categories"],
    }
    for kind in KINDS:
        for architecture in _architectures(kind):
            for weights in _weights(architecture):
                categories = weights.meta["categories"]
                if (
                    categories
                    and len(categories) in LABELS
                    and list(categories) != list(found[LABELS[len(categories)]])
                ):
                    raise ValueError(f"{weights} has other labels than {LABELS[len(categories)]}")
    return {f"{name}.txt": "".join(f"{label}\n" for label in labels).encode() for name, labels in found.items()}
