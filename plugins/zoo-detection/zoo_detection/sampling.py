"""What one forward of this plugin's modules takes: pictures of the largest size that the model is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.plugin import meta_floats, pretrained_sample

if TYPE_CHECKING:
    from torch import nn

    from zoo.cards import ModelCard

__all__ = ["detector_sample", "square_sample"]

# The processor of most detectors scales to 800 pixels on the shorter side, and 1,333 at most on the longer.
_USUAL = (800, 1333)
_SQUARE = {"DFineForObjectDetection": (640, 640)}

_Sample = tuple[tuple[Any, ...], dict[str, Any]]


def square_sample(card: ModelCard, module: nn.Module, batch: int) -> _Sample:
    """Pictures (batch, 3, size, size) for the SSD."""
    side = int(card.config.get("image_size", 300))
    return (meta_floats(module, batch, 3, side, side),), {}


def detector_sample(card: ModelCard, module: Any, batch: int, length: int | None) -> _Sample | None:
    """Pictures for transformers' detectors, with a text where the module looks for what is named."""
    size = card.config.get("image_size")
    side = (int(size[-2]), int(size[-1])) if isinstance(size, list | tuple) else None
    if side is None and card.architecture == "DabDetrForObjectDetection":
        side = _USUAL
    return pretrained_sample(module, batch, length, side=side or _SQUARE.get(card.architecture))
