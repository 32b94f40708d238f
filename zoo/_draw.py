"""Pictures of results, with Pillow: boxes, masks and label strips."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

__all__ = ["draw_boxes", "draw_labels", "draw_masks", "draw_points", "grey"]

Colour = tuple[int, int, int]
Corners = tuple[float, float, float, float]

_GOLDEN = 0.618034
# "20 simple, distinct colours" (Sasha Trubetskoy, 2017), without the dark ones.
_DISTINCT: tuple[Colour, ...] = (
    (230, 25, 75), (60, 180, 75), (255, 225, 25), (67, 133, 255), (245, 130, 49), (180, 70, 240), (70, 240, 240),
    (240, 50, 230), (190, 245, 60), (250, 190, 212), (0, 160, 150), (220, 190, 255), (170, 110, 40), (255, 250, 200),
    (170, 255, 195), (255, 215, 180),
)  # fmt: skip
_DENSE = 20  # boxes and more: labels that would hide their neighbours are left out


def _colour(index: int) -> Colour:
    """A colour far from those of the neighbouring indices (golden-ratio steps of hue)."""
    r, g, b = colorsys.hsv_to_rgb((index * _GOLDEN) % 1.0, 0.85, 0.95)
    return int(r * 255), int(g * 255), int(b * 255)


def _font(image: Image) -> tuple[FreeTypeFont | ImageFont, int]:
    from PIL import ImageFont

    size = max(12, min(image.size) // 28)
    return ImageFont.load_default(size), size


def draw_boxes(
    image: Image,
    boxes: Sequence[tuple[str, float | None, Corners]],
    *,
    colours: Sequence[Colour] | None = None,
) -> Image:
    """Draw boxes with their labels on a copy.

    Args:
        image: the picture.
        boxes: `(label, score, (x1, y1, x2, y2))` in pixels, the most important first: where many are close together,
            those written last go without a label, but for the first of its kind. A score of None is not written.
        colours: of each box; by itself each label has its own, the same in all pictures.
    """
    from PIL import ImageDraw

    made = image.convert("RGB")
    pen = ImageDraw.Draw(made)
    shades = list(colours) if colours is not None else _by_label([label for label, _, _ in boxes])
    width = max(1, round(max(2.0, min(made.size) / 170) * min(1.0, (10 / max(len(boxes), 1)) ** 0.5)))
    clipped = [_clipped(corners, made.size) for _, _, corners in boxes]
    for corners, colour in reversed(list(zip(clipped, shades, strict=True))):  # the best last, on top
        _outline(pen, corners, colour, width)
    labels = _Labels(made, len(boxes))
    for (label, score, _), corners, colour in zip(boxes, clipped, shades, strict=True):
        labels.write(pen, label, score, corners, colour)
    return made


def _by_label(labels: Sequence[str]) -> list[Colour]:
    """A colour for each label: always its own, unless another one in the same picture has it already."""
    taken: dict[str, int] = {}
    for label in dict.fromkeys(labels):
        index = zlib.crc32(label.encode("utf-8", "surrogatepass")) % len(_DISTINCT)
        while index in taken.values() and len(taken) < len(_DISTINCT):
            index = (index + 1) % len(_DISTINCT)
        taken[label] = index
    return [_DISTINCT[taken[label]] for label in labels]


def _clipped(corners: Corners, size: tuple[int, int]) -> Corners:
    """Corners inside the picture, so that no line lies outside of it, the second ones not before the first."""
    x1, y1, x2, y2 = corners
    right, bottom = size[0] - 1, size[1] - 1
    left, top = min(max(x1, 0.0), right), min(max(y1, 0.0), bottom)
    return left, top, max(left, min(x2, right)), max(top, min(y2, bottom))


def _outline(pen: ImageDraw, corners: Corners, colour: Colour, width: int) -> None:
    """A rectangle that is seen on any ground: lines of two pixels and more have a dark rim."""
    x1, y1, x2, y2 = corners
    if width > 1:
        pen.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline="black", width=width + 2)
    pen.rectangle((x1, y1, x2, y2), outline=colour, width=width)


class _Labels:
    """Labels of boxes that do not cover one another."""

    def __init__(self, image: Image, count: int) -> None:
        from PIL import ImageFont

        size = max(10, round(max(12, min(image.size) // 30) * min(1.0, (12 / max(count, 1)) ** 0.3)))
        self._font = ImageFont.load_default(size)
        self._size = image.size
        self._dense = count > _DENSE
        self._taken: list[Corners] = []
        self._written: set[str] = set()

    def write(self, pen: ImageDraw, label: str, score: float | None, corners: Corners, colour: Colour) -> None:
        """Write a label above its box, or in it, or as near as there is room."""
        text = label if score is None else f"{label} {score:.2f}"
        left, top, right, bottom = pen.textbbox((0, 0), text, font=self._font)
        width, height = right - left + 6, bottom - top + 5
        first = label not in self._written
        if self._dense and not first and width > 1.2 * (corners[2] - corners[0]):
            return
        if (place := self._place(corners, width, height, first)) is not None:
            self._written.add(label)
            self._taken.append((*place, place[0] + width, place[1] + height))
            pen.rectangle(self._taken[-1], fill=colour)
            dark = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 130
            pen.text(
                (place[0] + 3 - left, place[1] + 3 - top), text, fill="black" if dark else "white", font=self._font
            )

    def _place(self, corners: Corners, width: float, height: float, first: bool) -> tuple[float, float] | None:
        x1, y1, _, y2 = corners
        x = max(0.0, min(x1, self._size[0] - width))
        last = max(0.0, self._size[1] - height)
        below = [y1 + step * height for step in range(1, 1 + max(1, int((y2 - y1) / height)))]
        for y in (y1 - height, y1, y2 - height, y2, *below):
            if 0 <= y <= last and self._is_free((x, y, x + width, y + height)):
                return x, y
        return (x, min(y1, last)) if first else None

    def _is_free(self, place: Corners) -> bool:
        x1, y1, x2, y2 = place
        return all(x2 <= left or right <= x1 or y2 <= top or bottom <= y1 for left, top, right, bottom in self._taken)


def draw_masks(image: Image, masks: Sequence[tuple[str, Any]]) -> Image:
    """Tint the pixels of each `(label, mask)`, mask an array (height, width) in [0, 1], and darken the rest."""
    import numpy as np
    from PIL import Image as Pillow

    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    covered = np.zeros(pixels.shape[:2], dtype=np.float32)
    for index, (_, mask) in enumerate(masks):
        part = np.asarray(mask, dtype=np.float32)[..., None]
        pixels = pixels * (1 - 0.45 * part) + np.array(_colour(index), dtype=np.float32) * 0.45 * part
        covered = np.maximum(covered, part[..., 0])
    pixels *= (0.45 + 0.55 * covered)[..., None]
    return Pillow.fromarray(pixels.clip(0, 255).astype(np.uint8))


def draw_labels(image: Image, labels: Sequence[tuple[str, float]]) -> Image:
    """Put a strip with labels, scores and bars below a copy of the picture."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    top = image.convert("RGB")
    if top.width < 320:
        top = top.resize((320, max(1, round(top.height * 320 / top.width))))
    font, size = _font(top)
    line = size + 8
    made = Pillow.new("RGB", (top.width, top.height + line * len(labels) + 8), "white")
    made.paste(top, (0, 0))
    pen = ImageDraw.Draw(made)
    for row, (label, score) in enumerate(labels):
        y = top.height + 4 + row * line
        pen.rectangle((0, y, top.width * max(0.0, min(1.0, score)), y + line - 4), fill=(186, 214, 247))
        pen.text((6, y), f"{score:5.1%}  {label}", fill="black", font=font)
    return made


def grey(mask: Any) -> Image:
    """A mask (height, width) in [0, 1] as a grey picture."""
    import numpy as np
    from PIL import Image as Pillow

    return Pillow.fromarray((np.asarray(mask, dtype=np.float32) * 255).round().clip(0, 255).astype(np.uint8))


def draw_points(image: Image, points: Sequence[tuple[float, float]]) -> Image:
    """Draw `(x, y)` in pixels as dots on a copy."""
    from PIL import ImageDraw

    made = image.convert("RGB")
    pen = ImageDraw.Draw(made)
    radius = max(2, min(made.size) // 150)
    for x, y in points:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill="yellow", outline="black")
    return made
