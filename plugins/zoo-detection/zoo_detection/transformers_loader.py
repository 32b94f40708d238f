"""The loader `transformers-detection`: object detectors in the form of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from zoo.plugin import PretrainedLoader

__all__ = ["TransformersDetectionLoader"]


class TransformersDetectionLoader(PretrainedLoader):
    """Builds object detectors by the class of transformers that the card names."""

    heads: ClassVar[Mapping[str, str]] = {
        "object-detection": "AutoModelForObjectDetection",
        "zero-shot-object-detection": "AutoModelForZeroShotObjectDetection",
    }
