"""Salient object segmentation with U2-Net, prepared and finished as rembg does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from PIL import Image

from zoo.data import read_image
from zoo.plugin import NoOptions, Runner
from zoo.tasks import Segment, Segmentation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zoo_vision.onnx_loader import OnnxEngine

__all__ = ["SalientSegmentation", "normalised"]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A prepared picture: `array` (3, height, width) float32, and the `size` (width, height) of the original."""

    array: NDArray[np.float32]
    size: tuple[int, int]


class SalientSegmentation(Runner):
    """One segment: what stands out in the picture, or what the model was fine-tuned to find.

    The map is stretched to its whole range, so that something always stands out; a fine-tuned model's (`stretched` on
    its card is False) is taken as probabilities, since a picture may well hold nothing of what it looks for.
    Source: Qin et al., U2-Net, arXiv:2005.09007; steps of `rembg/session_base.py` and `session_simple.py`.
    """

    Options = NoOptions
    batch: ClassVar[int] = 1

    def prepare(self, value: Any, options: NoOptions) -> Sequence[Example]:
        """The picture squeezed to the graph's size, scaled by its brightest value, and normalised."""
        config = self.checkpoint.card.config
        image = read_image(value)
        height, width = config["input_size"][-2:]
        small = image.resize((width, height), Image.Resampling.LANCZOS)
        return [Example(array=normalised(small, config), size=image.size)]

    def collate(self, examples: Sequence[Example]) -> torch.Tensor:
        """A float32 tensor (batch, 3, height, width)."""
        return torch.stack([torch.from_numpy(example.array) for example in examples])

    def forward(self, module: OnnxEngine, batch: torch.Tensor, options: NoOptions) -> NDArray[np.float32]:
        """Saliency (batch, height, width) in [0, 1]; one at a time, as the graph's batch size is fixed."""
        arrays = batch.float().cpu().numpy()
        return np.concatenate([module.run(arrays[i : i + 1])[0][:, 0] for i in range(len(arrays))])

    def finish(
        self, outputs: NDArray[np.float32], examples: Sequence[Example], options: NoOptions
    ) -> Sequence[Segmentation]:
        """A mask of the original size; its score is the mean saliency inside it."""
        config = self.checkpoint.card.config
        label = config["labels"][-1]
        stretch = _stretched if config.get("stretched", True) else np.asarray
        return [
            _segmentation(label, map_, stretch(map_), example.size)
            for map_, example in zip(outputs, examples, strict=True)
        ]


def normalised(image: Image.Image, config: Mapping[str, Any]) -> NDArray[np.float32]:
    """A picture of the graph's size, scaled by its brightest value and normalised, (3, height, width)."""
    pixels = np.asarray(image, dtype=np.float64)
    # A picture that is black all over has nothing to divide by.
    pixels = (pixels / max(float(pixels.max()), 1.0) - config["mean"]) / config["std"]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)


def _stretched(saliency: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = float(saliency.min()), float(saliency.max())
    made: NDArray[np.float32] = (saliency - low) / (high - low) if high > low else np.zeros_like(saliency)
    return made


def _segmentation(
    label: str, saliency: NDArray[np.float32], shown: NDArray[np.float32], size: tuple[int, int]
) -> Segmentation:
    inside = saliency[shown >= 0.5]
    small = Image.fromarray((shown * 255).astype(np.uint8))
    mask = np.asarray(small.resize(size, Image.Resampling.LANCZOS), dtype=np.float32) / 255
    return Segmentation((Segment(label, float(inside.mean()) if inside.size else 0.0, mask),))
