"""Results about pictures."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoo.results.base import Result

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Box", "DepthMap", "Detections", "Keypoints", "Pose", "Segment", "Segmentation"]


@dataclass(frozen=True)
class Box:
    """One detected object: corners `(x1, y1, x2, y2)` in pixels of the original picture.

    Attributes:
        label, score: its class, and how sure the model is, 0 to 1.
        box: the corners.
        category: the class's number as the model's data set counts (COCO's `category_id`); None where it has none.
        points: named points of the object, such as a face's eyes, as `name: (x, y)` in pixels.
    """

    label: str
    score: float
    box: tuple[float, float, float, float]
    category: int | None = None
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """`{"label", "score", "box": [x1, y1, x2, y2], "bbox": [x, y, width, height]}`, the latter as COCO has it.

        `"category_id"` and `"points": {name: [x, y]}` where the object has them.
        """
        made: dict[str, Any] = {"label": self.label, "score": float(self.score), "box": [float(v) for v in self.box]}
        made["bbox"] = bbox(self.box)
        if self.category is not None:
            made["category_id"] = self.category
        if self.points:
            made["points"] = {name: [float(v) for v in point] for name, point in self.points.items()}
        return made


def bbox(corners: tuple[float, float, float, float]) -> list[float]:
    """COCO's form of a box: left, top, width, height."""
    x1, y1, x2, y2 = (float(v) for v in corners)
    return [x1, y1, x2 - x1, y2 - y1]


@dataclass(frozen=True)
class Detections(Result):
    """Objects, best first."""

    boxes: tuple[Box, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"boxes": [{"label", "score", "box", "bbox", …}]}`, best first; see `Box.to_dict`."""
        return {"boxes": [box.to_dict() for box in self.boxes]}

    def __str__(self) -> str:
        if not self.boxes:
            return "nothing found"
        return ", ".join(f"{b.label} {b.score:.2f} at [{', '.join(f'{v:.0f}' for v in b.box)}]" for b in self.boxes[:8])

    def draw(self, image: Image) -> Image:
        """A copy of the picture with the boxes and their labels."""
        from zoo._draw import draw_boxes, draw_points

        drawn = draw_boxes(image, [(b.label, b.score, b.box) for b in self.boxes])
        points = [point for b in self.boxes for point in b.points.values()]
        return draw_points(drawn, points) if points else drawn

    def to_coco(self, image: int | str) -> list[dict[str, Any]]:
        """COCO's results, as `pycocotools` loads them: `{"image_id", "category_id", "bbox", "score"}` each.

        Args:
            image: the picture's `image_id`.

        A class without a number has its name as `category_id`.
        """
        return [
            {
                "image_id": image,
                "category_id": b.label if b.category is None else b.category,
                "bbox": bbox(b.box),
                "score": float(b.score),
            }
            for b in self.boxes
        ]


@dataclass(frozen=True)
class Segment:
    """One region: `mask` is an array (height, width) of floats in [0, 1], of the original picture's size.

    Where regions are single objects, `box` has the corners `(x1, y1, x2, y2)` in pixels, and `category` the class's
    number as the model's data set counts, if it does.
    """

    label: str
    score: float
    mask: Any
    box: tuple[float, float, float, float] | None = None
    category: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """`{"label", "score", "area", "rle"}`: area in pixels over .5, run lengths in COCO's uncompressed form.

        COCO's form counts column by column, beginning with a run of zeros (`pycocotools/mask`). `"box"`, `"bbox"` and
        `"category_id"` as of `Box.to_dict` where the region is a single object.
        """
        on = (self.mask >= 0.5).T.reshape(-1)
        edges = [0, *((on[1:] != on[:-1]).nonzero()[0] + 1).tolist(), int(on.size)]
        counts = [b - a for a, b in itertools.pairwise(edges)]
        if on.size and on[0]:
            counts.insert(0, 0)
        rle = {"size": [int(v) for v in self.mask.shape], "counts": counts}
        made = {"label": self.label, "score": float(self.score), "area": int(on.sum()), "rle": rle}
        if self.box is not None:
            made |= {"box": [float(v) for v in self.box], "bbox": bbox(self.box)}
        return made | ({} if self.category is None else {"category_id": self.category})


def compressed(counts: Sequence[int]) -> str:
    """Run lengths as COCO writes them in letters: differences to the one before the last, five bits a letter.

    As `rleToString` in pycocotools' `maskApi.c`.
    """
    made = []
    for place, count in enumerate(counts):
        left = count - counts[place - 2] if place > 2 else count
        while True:
            bits, left = left & 31, left >> 5
            done = left == (-1 if bits & 16 else 0)
            made.append(chr(bits + (0 if done else 32) + 48))
            if done:
                break
    return "".join(made)


@dataclass(frozen=True)
class Segmentation(Result):
    """Regions of a picture."""

    segments: tuple[Segment, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"segments": [{"label", "score", "area", "rle"}]}`."""
        return {"segments": [segment.to_dict() for segment in self.segments]}

    def __str__(self) -> str:
        found = [f"{s.label} {float((s.mask >= 0.5).mean()):.0%} of the picture" for s in self.segments]
        return ", ".join(found) or "nothing found"

    def draw(self, image: Image) -> Image:
        """A copy of the picture with each region tinted."""
        from zoo._draw import draw_masks

        return draw_masks(image, [(s.label, s.mask) for s in self.segments])

    def masks(self) -> list[Image]:
        """Each region's mask as a grey picture: white is 1."""
        from zoo._draw import grey

        return [grey(s.mask) for s in self.segments]

    def to_coco(self, image: int | str) -> list[dict[str, Any]]:
        """COCO's results: `{"image_id", "category_id", "score", "segmentation"}` each, `"bbox"` where it is known.

        Run lengths are in COCO's compressed form, the only one that `pycocotools` loads as results.

        Args:
            image: the picture's `image_id`.

        A class without a number has its name as `category_id`.
        """
        made = []
        for segment in self.segments:
            told = segment.to_dict()
            box = {"bbox": told["bbox"]} if "bbox" in told else {}
            category = told.get("category_id", segment.label)
            rle = {**told["rle"], "counts": compressed(told["rle"]["counts"])}
            row = {"image_id": image, "category_id": category, "score": told["score"], "segmentation": rle}
            made.append(row | box)
        return made


@dataclass(frozen=True)
class DepthMap(Result):
    """How far each pixel is: `depth` is an array (height, width) of floats, of the original picture's size.

    Attributes:
        depth: metres where `metric` is True; else a number that grows with the distance, or shrinks (`inverse`).
        metric: whether the numbers are metres.
        inverse: whether larger is nearer, as in disparity.
    """

    depth: Any
    metric: bool = False
    inverse: bool = False

    def to_dict(self) -> dict[str, Any]:
        """`{"size": [height, width], "min", "max", "mean", "metric", "inverse"}`; the map itself is a picture."""
        return {
            "size": [int(v) for v in self.depth.shape],
            "min": float(self.depth.min()),
            "max": float(self.depth.max()),
            "mean": float(self.depth.mean()),
            "metric": self.metric,
            "inverse": self.inverse,
        }

    def __str__(self) -> str:
        unit = " m" if self.metric else ""
        return f"depth from {float(self.depth.min()):.3g}{unit} to {float(self.depth.max()):.3g}{unit}"

    def draw(self, image: Image) -> Image:
        """The map as a grey picture of the original's size, white for near."""
        from zoo._draw import grey

        low, high = float(self.depth.min()), float(self.depth.max())
        shares = (self.depth - low) / (high - low) if high > low else self.depth * 0
        return grey(shares if self.inverse else 1 - shares).resize(image.size)


@dataclass(frozen=True)
class Pose:
    """One figure: its box in pixels, and its points as `name: (x, y, score)`."""

    label: str
    score: float
    box: tuple[float, float, float, float]
    points: Mapping[str, tuple[float, float, float]]

    def to_dict(self) -> dict[str, Any]:
        """`{"label", "score", "box", "points": {name: [x, y, score]}}`."""
        points = {name: [float(v) for v in point] for name, point in self.points.items()}
        box = [float(v) for v in self.box]
        return {"label": self.label, "score": float(self.score), "box": box, "points": points}


@dataclass(frozen=True)
class Keypoints(Result):
    """Figures with their points, best first."""

    poses: tuple[Pose, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"poses": [{"label", "score", "box", "points"}]}`, best first."""
        return {"poses": [pose.to_dict() for pose in self.poses]}

    def __str__(self) -> str:
        return ", ".join(f"{p.label} {p.score:.2f} with {len(p.points)} points" for p in self.poses) or "nothing found"

    def draw(self, image: Image) -> Image:
        """A copy of the picture with boxes and points."""
        from zoo._draw import draw_boxes, draw_points

        drawn = draw_boxes(image, [(p.label, p.score, p.box) for p in self.poses])
        return draw_points(drawn, [(x, y) for p in self.poses for x, y, _ in p.points.values()])
