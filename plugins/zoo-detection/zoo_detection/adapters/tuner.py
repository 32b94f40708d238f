"""What the fine-tuning of all detectors has in common: pictures and their boxes, read and varied together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from zoo.data import LabelledBox, read_image
from zoo.errors import BadData, UnknownTask
from zoo.plugin import FineTuner, Target
from zoo.tasks import TargetKind
from zoo_detection.adapters.augmenting import Boxes, varied

if TYPE_CHECKING:
    import random

    from PIL.Image import Image

__all__ = ["BoxTuner", "Scene", "inside"]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One prepared picture with its objects.

    Attributes:
        pixels: (3, height, width).
        boxes: (objects, 4) corners in fractions of the picture.
        classes: (objects,) places in the target's labels.
        crowd: (objects,) whether it stands for a group.
    """

    pixels: Tensor
    boxes: Tensor
    classes: Tensor
    crowd: Tensor

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return sum(int(tensor.nbytes) for tensor in (self.pixels, self.boxes, self.classes, self.crowd))

    @property
    def learnt(self) -> tuple[Tensor, Tensor]:
        """Boxes and classes without groups."""
        single = ~self.crowd
        return self.boxes[single], self.classes[single]


class BoxTuner(FineTuner):
    """Labelled boxes.

    In training, picture and boxes are cropped, framed and mirrored together, and the picture is slightly recoloured
    (`zoo_detection.adapters.augmenting`). A picture without objects teaches what is background.
    """

    kinds: ClassVar[tuple[TargetKind, ...]] = ("boxes",)
    methods: ClassVar[tuple[str, ...]] = ("head", "full")
    rate: ClassVar[Mapping[str, float]] = {"head": 1e-3, "lora": 5e-4, "full": 1e-4}

    def pixels(self, image: Image) -> Tensor:
        """The picture (3, height, width) as the task's runner prepares it."""
        raise TypeError(f"{type(self).__name__} does not define pixels()")

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> Scene:
        """See the base class.

        Raises:
            BadData: no picture, or a box that is no box or of no class of the target.
        """
        image = read_image(value)
        boxes = inside(label, image.size, target)
        if draw is not None:
            image, boxes = varied(image, boxes, draw)
        scale = torch.tensor([image.width, image.height] * 2)
        return Scene(
            pixels=self.pixels(image),
            boxes=torch.tensor([one.box for one in boxes]).reshape(-1, 4) / scale,
            classes=torch.tensor([target.labels.index(one.label) for one in boxes], dtype=torch.long),
            crowd=torch.tensor([one.crowd for one in boxes], dtype=torch.bool),
        )

    def refusal(self, why: str) -> UnknownTask:
        """The error for what this architecture cannot learn."""
        return UnknownTask(
            f"{self.checkpoint.card.id}: {why}", "Choose another model: `zoo search task:object-detection`."
        )


def inside(label: Any, size: tuple[int, int], target: Target) -> Boxes:
    """The boxes of a picture of `size` (width, height), cut off at its edges; those without an area there are left out.

    Raises:
        BadData: not boxes, corners that are no numbers, or a class that the target does not have.
    """
    made = []
    for one in label:
        if not isinstance(one, LabelledBox) or not all(map(math.isfinite, one.box)):
            raise BadData(f"{one!r} is no labelled box", "Give `zoo.data.LabelledBox(label, (x1, y1, x2, y2))`.")
        if one.label not in target.labels:
            raise BadData(f"a box has the label {one.label!r}, which is none of {', '.join(target.labels)}")
        left = one.clipped(size)
        x1, y1, x2, y2 = left.box
        if x2 > x1 and y2 > y1:
            made.append(left)
    return tuple(made)
