"""Large pictures in tiles: what every detector of this plugin shares.

A detector scales a picture to the few hundred pixels that it was trained with, and what is small in a large picture is
lost. With the option `tile`, the picture is cut into overlapping squares of so many pixels, which are run like pictures
of their own, and the whole picture is run as one more, for what is larger than a tile. Then the boxes are joined:

1. A box that ends where its tile was cut is a piece of something. It is left out where a box of the same class from
   another tile holds most of it and is no such piece itself, or is a larger one.
2. Of boxes of one class that overlap more than `iou`, the best stays (non-maximum suppression).

What a detector takes for a whole object inside a tile without touching its edge (a hand for a person, say) stays.
Source: "Slicing Aided Hyper Inference" (arXiv 2202.06934), whose full inference is the whole picture here.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torchvision.ops import batched_nms, box_area

from zoo.data import read_image
from zoo.errors import BadOption
from zoo.plugin import Runner, option
from zoo.tasks import Box, Detections

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

__all__ = ["TileOptions", "TiledDetection", "View", "check_share", "tiles"]

_MOSTLY = 0.5  # of a piece's area lies in the box that stands for it
_EDGE = 0.02  # of a tile's side: so near its edge ends what was cut; detectors do not meet an edge to the pixel
_LEAST = 32  # pixels of a tile's side
_MOST_OVERLAP = 0.9
_SAME = 0.6  # overlap of boxes of one object in several tiles, where the model names none


@dataclass(frozen=True, kw_only=True)
class TileOptions:
    """Options of detection that all detectors have."""

    threshold: float = option(0.5, "lowest score that a box may have, 0 to 1")
    iou: float | None = option(
        None, "boxes of one class that overlap more than this are one object, 0 to 1; by itself as the model was tested"
    )
    max_objects: int = option(100, "most objects in one picture")
    tile: int | None = option(
        None, "side in pixels of the tiles in which a large picture is also looked at, for what is small in it"
    )
    overlap: float = option(0.2, "how far tiles overlap, as a share of their side, 0 to 0.9")

    def __post_init__(self) -> None:
        check_share(threshold=self.threshold, iou=self.iou, overlap=self.overlap)
        if self.max_objects < 1:
            raise BadOption(f"option max_objects={self.max_objects} leaves nothing", "Give 1 or more.")
        if self.tile is not None and self.tile < _LEAST:
            raise BadOption(f"option tile={self.tile} is too small", f"Give {_LEAST} pixels or more.")
        if self.overlap > _MOST_OVERLAP:
            raise BadOption(f"option overlap={self.overlap} is above {_MOST_OVERLAP}")


def check_share(**options: float | None) -> None:
    """Raise `BadOption` for an option that does not lie in 0..1; None is left to the model."""
    for name, value in options.items():
        if value is not None and not 0 <= value <= 1:
            raise BadOption(f"option {name}={value} is not between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class View:
    """What one example shows of a picture: the rectangle from (`left`, `top`), all of it unless it is a tile.

    Attributes:
        left, top: in pixels of the picture.
        width, height: of the rectangle.
        full: width and height of the picture, where this is one of several views of it; None where it is the only one.
    """

    width: int
    height: int
    left: int = 0
    top: int = 0
    full: tuple[int, int] | None = None

    def cuts(self, boxes: Tensor) -> Tensor:
        """Which boxes (n, 4) of the picture end where this view was cut off: (n,) of bools."""
        width, height = self.full or (self.width, self.height)
        near = max(2.0, _EDGE * max(self.width, self.height))
        x1, y1, x2, y2 = boxes.unbind(-1)
        made = torch.zeros(len(boxes), dtype=torch.bool)
        if self.left > 0:
            made |= x1 <= self.left + near
        if self.top > 0:
            made |= y1 <= self.top + near
        if self.left + self.width < width:
            made |= x2 >= self.left + self.width - near
        if self.top + self.height < height:
            made |= y2 >= self.top + self.height - near
        return made


@dataclass(frozen=True)
class Part(Detections):
    """What was found in one of several views, already in pixels of the picture."""

    view: View


def tiles(width: int, height: int, side: int, overlap: float) -> Iterator[View]:
    """The whole picture, then its tiles row by row, evenly placed; the whole picture alone where one tile holds it.

    Args:
        width, height: of the picture.
        side: of a tile.
        overlap: the least share of a side that two neighbours have in common.
    """
    if max(width, height) <= side:
        yield View(width=width, height=height)
        return
    full = width, height
    yield View(width=width, height=height, full=full)
    for top, left in itertools.product(_starts(height, side, overlap), _starts(width, side, overlap)):
        yield View(width=min(side, width), height=min(side, height), left=left, top=top, full=full)


def _starts(length: int, side: int, overlap: float) -> list[int]:
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (side * (1 - overlap))) + 1
    return [round(number * (length - side) / (count - 1)) for number in range(count)]


class TiledDetection(Runner):
    """Base of detectors that take a picture whole, or in tiles where asked.

    A subclass defines `example`, the steps from `collate` to `forward`, and `found`.
    """

    Options = TileOptions

    def prepare(self, value: Any, options: Any) -> Sequence[Any] | Iterator[Any]:
        """One example, or one for each tile and one for the whole; `value` as `zoo.data.read_image` takes it."""
        image = read_image(value)
        if options.tile is None or max(image.size) <= options.tile:
            return [self.example(image, View(width=image.width, height=image.height), options)]
        return self._tiled(image, options)

    def _tiled(self, image: Image, options: Any) -> Iterator[Any]:
        for view in tiles(*image.size, options.tile, options.overlap):
            frame = (view.left, view.top, view.left + view.width, view.top + view.height)
            yield self.example(image.crop(frame), view, options)

    def example(self, image: Image, view: View, options: Any) -> Any:
        """One prepared picture, with the attribute `view`."""
        raise TypeError(f"{type(self).__name__} does not define example()")

    def found(self, outputs: Any, examples: Sequence[Any], options: Any) -> Sequence[Sequence[Box]]:
        """The boxes of each example, best first, in pixels of what the example shows."""
        raise TypeError(f"{type(self).__name__} does not define found()")

    def finish(self, outputs: Any, examples: Sequence[Any], options: Any) -> Sequence[Detections]:
        """The boxes of each example, best first, in pixels of the original picture."""
        made = self.found(outputs, examples, options)
        return [_placed(boxes, example.view) for boxes, example in zip(made, examples, strict=True)]

    def merge(self, results: Sequence[Detections], options: Any) -> Detections:
        """One result of a picture's views, by the rules of this module."""
        parts = [result for result in results if isinstance(result, Part)]
        iou = _SAME if options.iou is None else options.iou
        return joined(parts, iou, options.max_objects) if parts else results[0]


def _placed(boxes: Sequence[Box], view: View) -> Detections:
    if view.full is None:
        return Detections(tuple(boxes))
    return Part(tuple(_shifted(box, view.left, view.top) for box in boxes), view)


def _shifted(box: Box, left: float, top: float) -> Box:
    x1, y1, x2, y2 = box.box
    points = {name: (x + left, y + top) for name, (x, y) in box.points.items()}
    return dataclasses.replace(box, box=(x1 + left, y1 + top, x2 + left, y2 + top), points=points)


def joined(parts: Sequence[Part], iou: float, most: int) -> Detections:
    """One result of several views: pieces left out where something stands for them, then suppression by class."""
    boxes = [box for part in parts for box in part.boxes]
    if not boxes:
        return Detections(())
    corners = torch.tensor([box.box for box in boxes], dtype=torch.float32)
    kinds = _numbers(boxes, lambda box: (box.label, box.category))
    views = torch.tensor([number for number, part in enumerate(parts) for _ in part.boxes])
    cut = torch.cat([part.view.cuts(torch.tensor([b.box for b in part.boxes]).reshape(-1, 4)) for part in parts])
    kept = (~_pieces(corners, kinds, views, cut)).nonzero()[:, 0]
    scores = torch.tensor([box.score for box in boxes])
    chosen = kept[batched_nms(corners[kept], scores[kept], kinds[kept], iou)]
    return Detections(tuple(boxes[number] for number in chosen[:most].tolist()))


def _numbers(boxes: Sequence[Box], key: Callable[[Box], Any]) -> Tensor:
    """A number for each different key, (n,)."""
    seen: dict[Any, int] = {}
    return torch.tensor([seen.setdefault(key(box), len(seen)) for box in boxes])


def _pieces(corners: Tensor, kinds: Tensor, views: Tensor, cut: Tensor) -> Tensor:
    """Which boxes are pieces that another box stands for: (n,) of bools."""
    made = torch.zeros(len(corners), dtype=torch.bool)
    areas = box_area(corners)
    for number in cut.nonzero()[:, 0].tolist():
        inner = torch.minimum(corners[:, 2:], corners[number, 2:]) - torch.maximum(corners[:, :2], corners[number, :2])
        shared = inner.clamp(min=0).prod(1) / areas[number].clamp(min=1e-6)
        stands = (kinds == kinds[number]) & (views != views[number]) & (~cut | (areas > areas[number]))
        made[number] = bool((stands & (shared >= _MOSTLY)).any())
    return made
