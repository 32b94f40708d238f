"""What the domain of pictures is tried by: tiny models with random weights, in the forms in which real ones come.

Imported by the conformance kit only (`zoo plugin check zoo-vision`).
"""

from __future__ import annotations

from zoo.plugin import Case
from zoo_vision.conformance.onnx_graphs import u2net
from zoo_vision.conformance.pictures import films
from zoo_vision.conformance.timm_folders import timm_resnet, timm_vit
from zoo_vision.conformance.torchvision_files import lraspp, mc3, shufflenet
from zoo_vision.conformance.transformers_folders import clip, depth_anything, segformer, vit

__all__ = ["cases"]

LABELS = {"labels": "cat, dog, red car"}


def cases() -> list[Case]:
    """One case for each loader and task, and a second of timm's with attention, which takes low-rank adapters."""
    return [*_timm(), *_torchvision(), *_transformers(), Case(task="image-segmentation", make=u2net)]


def _timm() -> list[Case]:
    return [
        Case(task="image-classification", make=timm_resnet, golden="golden/timm-classification.json", tolerance=1e-2),
        Case(task="image-classification", make=timm_vit),
        Case(task="image-feature-extraction", make=timm_resnet),
    ]


def _torchvision() -> list[Case]:
    return [
        Case(task="image-classification", make=shufflenet),
        Case(task="image-feature-extraction", make=shufflenet),
        Case(task="image-segmentation", make=lraspp),
        Case(task="video-classification", make=mc3, inputs=films()),
    ]


def _transformers() -> list[Case]:
    return [
        Case(task="depth-estimation", make=depth_anything),
        Case(task="image-classification", make=vit),
        Case(task="image-feature-extraction", make=vit),
        Case(task="image-segmentation", make=segformer),
        Case(task="zero-shot-image-classification", make=clip, options=LABELS),
    ]
