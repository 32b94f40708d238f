"""Objects, their masks and their joints, with torchvision's detectors."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from zoo.data import read_image
from zoo.errors import BadOption
from zoo.plugin import Runner, option
from zoo.tasks import Box, Detections, Keypoints, Pose, Segment, Segmentation
from zoo_vision.labels import keypoint_names, label_names

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["DetectionOptions", "InstanceSegmentation", "KeypointDetection", "ObjectDetection"]


@dataclass(frozen=True, kw_only=True)
class DetectionOptions:
    """Options of all of torchvision's detectors."""

    threshold: float = option(0.5, "lowest score that an object may have, 0 to 1")
    max_objects: int = option(100, "most objects in one picture")

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise BadOption(f"option threshold={self.threshold} is not between 0 and 1")
        if self.max_objects < 1:
            raise BadOption(f"option max_objects={self.max_objects} leaves nothing", "Give 1 or more.")


class _DetectorRunner(Runner):
    """Pictures of any size in; the module itself scales and normalises them, and gives pixels of the original back."""

    Options = DetectionOptions
    # Pictures of one batch are padded to a common size, which changes their scores a little: alone, each is itself.
    batch: ClassVar[int] = 1

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes; the first is the background."""
        return label_names(self.checkpoint.card.config)

    def prepare(self, value: Any, options: DetectionOptions) -> Sequence[Tensor]:
        """One tensor (3, height, width) of bytes; raises `BadData` for what is no picture."""
        return [torch.from_numpy(np.array(read_image(value))).permute(2, 0, 1).contiguous()]

    def size(self, example: Tensor) -> int:
        """By the shape of the frame, so that a batch of several needs little padding."""
        return round(1000 * example.shape[-1] / example.shape[-2])

    def collate(self, examples: Sequence[Tensor]) -> list[Tensor]:
        """The pictures as they are: torchvision's detectors take a list."""
        return list(examples)

    def forward(self, module: nn.Module, batch: list[Tensor], options: DetectionOptions) -> list[dict[str, Tensor]]:
        """torchvision's own output: per picture `boxes` (n, 4), `labels` (n,), `scores` (n,), masks or keypoints."""
        dtype = next(module.parameters()).dtype
        with _limited(module, options):
            made: list[dict[str, Tensor]] = module([picture.to(dtype) / 255 for picture in batch])
        return made

    def finish(
        self, outputs: list[dict[str, Tensor]], examples: Sequence[Tensor], options: DetectionOptions
    ) -> Sequence[Any]:
        """One result a picture, its objects best first."""
        return [self.result({name: tensor.float().cpu() for name, tensor in found.items()}) for found in outputs]

    def result(self, found: dict[str, Tensor]) -> Any:
        """The task's result of one picture's output."""
        raise TypeError(f"{type(self).__name__} does not define result()")

    def boxes(self, found: dict[str, Tensor]) -> Iterator[tuple[str, float, tuple[float, float, float, float]]]:
        """Label, score and corners of each object."""
        rows = zip(found["labels"].tolist(), found["scores"].tolist(), found["boxes"].tolist(), strict=True)
        for label, score, (left, top, right, bottom) in rows:
            yield self.labels[int(label)], score, (left, top, right, bottom)


class ObjectDetection(_DetectorRunner):
    """Boxes with a class and a score, in pixels of the original picture."""

    def result(self, found: dict[str, Tensor]) -> Detections:
        """Boxes only."""
        return Detections(tuple(Box(label, score, corners) for label, score, corners in self.boxes(found)))


class InstanceSegmentation(_DetectorRunner):
    """One segment for each object (He et al., Mask R-CNN, arXiv:1703.06870): how likely each pixel belongs to it."""

    def result(self, found: dict[str, Tensor]) -> Segmentation:
        """Masks of the picture's size."""
        masks = found["masks"][:, 0].numpy()
        rows = zip(self.boxes(found), masks, strict=True)
        return Segmentation(tuple(Segment(label, score, mask) for (label, score, _), mask in rows))


class KeypointDetection(_DetectorRunner):
    """Figures with their joints. A point's score is the height of its heat map, a logit: 0 and below is a guess."""

    def result(self, found: dict[str, Tensor]) -> Keypoints:
        """One pose for each figure."""
        names = keypoint_names(self.checkpoint.card.config)
        points = torch.cat([found["keypoints"][..., :2], found["keypoints_scores"][..., None]], -1).tolist()
        return Keypoints(
            tuple(
                Pose(label, score, box, {name: (x, y, height) for name, (x, y, height) in zip(names, at, strict=True)})
                for (label, score, box), at in zip(self.boxes(found), points, strict=True)
            )
        )


@contextmanager
def _limited(module: Any, options: DetectionOptions) -> Iterator[None]:
    """Let the module itself leave out what is not wanted, before it makes masks of it.

    Suppression goes from the best box down, so the boxes above the threshold are those without it, but for rounding:
    torchvision shifts boxes apart by class, and how far depends on all that are left.
    """
    part = getattr(module, "roi_heads", module)
    before = part.score_thresh, part.detections_per_img
    part.score_thresh, part.detections_per_img = options.threshold, options.max_objects
    try:
        yield
    finally:
        part.score_thresh, part.detections_per_img = before
