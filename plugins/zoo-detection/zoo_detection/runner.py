"""The runner of object detection for SSD modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL.Image import Image
from torch import Tensor
from torchvision.ops import batched_nms

from zoo.plugin import Checkpoint, option
from zoo.tasks import Box
from zoo_detection.labels import columns
from zoo_detection.ssd import decode_boxes, make_anchors
from zoo_detection.tiling import TiledDetection, TileOptions, View

__all__ = ["Detect", "DetectOptions", "Picture", "resize"]


@dataclass(frozen=True, kw_only=True)
class DetectOptions(TileOptions):
    """Options of `Detect`."""

    threshold: float = option(0.3, "lowest score that a box may have, 0 to 1")
    iou: float | None = option(0.6, "boxes of one class that overlap more than this are one object, 0 to 1")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One prepared picture: pixels (3, size, size) in [-1, 1], and what they show."""

    pixels: Tensor
    view: View


class Detect(TiledDetection):
    """Boxes with a class and a score, in pixels of the original picture.

    The picture is squeezed to the model's square (300 pixels a side), as in training; every size and shape will do.
    Scores are sigmoids: one place can hold several classes. Boxes are clipped to the picture, then thinned out class
    by class (non-maximum suppression), in the order of TensorFlow's graph.
    """

    Options = DetectOptions
    batch = 8

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        config = checkpoint.card.config
        kinds = columns(config)
        self._size = int(config.get("image_size", 300))
        self._columns = torch.tensor(sorted(kinds))
        self._kinds = [kinds[number] for number in sorted(kinds)]
        self._anchors = make_anchors()

    def example(self, image: Image, view: View, options: DetectOptions) -> Picture:
        """One picture or tile."""
        pixels = torch.from_numpy(resize(image, self._size)).permute(2, 0, 1) / 127.5 - 1
        return Picture(pixels=pixels, view=view)

    def collate(self, examples: Sequence[Picture]) -> Tensor:
        """Pixels (batch, 3, size, size)."""
        return torch.stack([example.pixels for example in examples])

    def forward(self, module: Any, batch: Tensor, options: DetectOptions) -> tuple[Tensor, Tensor]:
        """Corners (batch, anchors, 4) in fractions of the picture, and scores (batch, anchors, labels), float32."""
        codes, logits = module(batch)
        corners = decode_boxes(codes.float(), self._anchors.to(codes.device))
        return corners.clamp(0, 1), logits[..., self._columns.to(logits.device)].float().sigmoid()

    def found(
        self, outputs: tuple[Tensor, Tensor], examples: Sequence[Picture], options: DetectOptions
    ) -> Sequence[Sequence[Box]]:
        """The boxes of each picture, best first."""
        return [
            self._select(corners, scores, example.view, options)
            for corners, scores, example in zip(*outputs, examples, strict=True)
        ]

    def _select(self, corners: Tensor, scores: Tensor, view: View, options: DetectOptions) -> list[Box]:
        solid = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
        anchor, kind = ((scores >= options.threshold) & solid[:, None]).nonzero(as_tuple=True)
        found = scores[anchor, kind]
        kept = batched_nms(corners[anchor], found, kind, 1.0 if options.iou is None else options.iou)[
            : options.max_objects
        ]
        size = corners.new_tensor([view.width, view.height] * 2)
        rows = zip(kind[kept].tolist(), found[kept].tolist(), (corners[anchor[kept]] * size).tolist(), strict=True)
        return [
            Box(self._kinds[k][0], score, (box[0], box[1], box[2], box[3]), self._kinds[k][1]) for k, score, box in rows
        ]


def resize(image: Image, size: int) -> npt.NDArray[np.float32]:
    """A picture as (size, size, 3) floats in 0..255, by TensorFlow 1's bilinear resize.

    That one (`tf.image.resize_bilinear`, neither aligned corners nor half-pixel centres) takes the source position
    `i * source / size` and does not smooth; the model was trained on its pictures, Pillow's would differ.
    """
    pixels = np.asarray(image)
    (top, bottom, dy), (left, right, dx) = (_positions(source, size) for source in pixels.shape[:2])
    dy, dx = dy[:, None, None], dx[None, :, None]
    upper = pixels[top][:, left] * (1 - dx) + pixels[top][:, right] * dx
    lower = pixels[bottom][:, left] * (1 - dx) + pixels[bottom][:, right] * dx
    return (upper * (1 - dy) + lower * dy).astype(np.float32)


def _positions(source: int, size: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    at = np.arange(size, dtype=np.float32) * np.float32(source / size)
    below = at.astype(np.intp)
    return below, np.minimum(below + 1, source - 1), at - below
