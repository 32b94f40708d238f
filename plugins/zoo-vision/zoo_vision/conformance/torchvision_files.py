"""State dicts of torchvision's own networks, as safetensors files: a classifier, a segmenter and one for films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_vision.conformance.pictures import fill

__all__ = ["lraspp", "mc3", "shufflenet"]

LABELS = ("ant", "bee", "cat")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def shufflenet(folder: Path) -> ModelCard:
    """ShuffleNet, of 0.3 million parameters but for its last layer."""
    config = {"resize_size": 64, "crop_size": 64, "interpolation": "bilinear", "mean": MEAN, "std": STD}
    return _network(folder, "shufflenet_v2_x0_5", ("image-classification", "image-feature-extraction"), config)


def lraspp(folder: Path) -> ModelCard:
    """LR-ASPP on MobileNetV3, of 3.2 million parameters."""
    labels = ("__background__", "dot", "line")
    config = {"resize_size": 64, "interpolation": "bilinear", "mean": MEAN, "std": STD, "labels": labels}
    return _network(folder, "lraspp_mobilenet_v3_large", ("image-segmentation",), config)


def mc3(folder: Path) -> ModelCard:
    """A network of convolutions over space and, at first, time; in half precision, as it has 11 million parameters."""
    clip = {"clip_len": 4, "clips": 2, "min_frames": 1, "frame_rate": 15}
    config = {"resize_size": [40, 40], "crop_size": [32, 32], "interpolation": "bilinear", "mean": MEAN, "std": STD}
    return _network(folder, "mc3_18", ("video-classification",), {**config, **clip}, shape=(4, 32, 32), half=True)


def _network(
    folder: Path,
    architecture: str,
    tasks: tuple[str, ...],
    config: dict[str, Any],
    *,
    shape: tuple[int, ...] = (64, 64),
    half: bool = False,
) -> ModelCard:
    """The architecture with random weights, for three classes."""
    from safetensors.torch import save_file
    from torchvision import models

    more = {"weights_backbone": None} if "segmentation" in tasks[0] else {}
    module = models.get_model(architecture, weights=None, num_classes=len(LABELS), **more)
    fill(module, shape)
    tensors = module.state_dict()
    if half:
        tensors = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    save_file(tensors, folder / "model.safetensors")
    return ModelCard(
        id=f"tiny-{architecture.replace('_', '-')}",
        task=tasks[0],
        tasks=tasks[1:],
        library="torchvision",
        loader="torchvision",
        architecture=architecture,
        config=_plain({"num_classes": len(LABELS), "labels": LABELS, **config}),
    )


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in config.items()}
