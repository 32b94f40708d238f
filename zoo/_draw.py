"""Pictures of results, with Pillow: boxes, masks and label strips."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

__all__ = ["draw_boxes", "draw_labels", "draw_masks", "draw_points", "grey"]

_GOLDEN = 0.618034


def _colour(index: int) -> tuple[int, int, int]:
    """A colour far from those of the neighbouring indices (golden-ratio steps of hue)."""
    r, g, b = colorsys.hsv_to_rgb((index * _GOLDEN) % 1.0, 0.85, 0.95)
    return int(r * 255), int(g * 255), int(b * 255)


def _font(image: Image) -> tuple[FreeTypeFont | ImageFont, int]:
    from PIL import ImageFont

    size = max(12, min(image.size) // 28)
    return ImageFont.load_default(size), size


def draw_boxes(image: Image, boxes: Sequence[tuple[str, float, tuple[float, float, float, float]]]) -> Image:
    """Draw `(label, score, (x1, y1, x2, y2))` in pixels on a copy; one colour per label."""
    from PIL import ImageDraw

    made = image.convert("RGB")
    pen = ImageDraw.Draw(made)
    font, size = _font(made)
    names = list(dict.fromkeys(label for label, _, _ in boxes))
    for label, _, (x1, y1, x2, y2) in reversed(boxes):  # the best last, on top
        outline = _colour(names.index(label))
        pen.rectangle((x1, y1, max(x1, x2), max(y1, y2)), outline=outline, width=max(2, size // 6))
    taken: list[tuple[float, float, float, float]] = []
    for label, score, (x1, y1, _, _) in boxes:
        text = f"{label} {score:.2f}"
        place = _free_place(x1, max(0.0, y1 - size - 4), pen.textlength(text, font=font) + 6, size + 4, taken)
        pen.rectangle(place, fill=_colour(names.index(label)))
        pen.text((place[0] + 3, place[1]), text, fill="black", font=font)
    return made


def _free_place(
    x: float, y: float, width: float, height: float, taken: list[tuple[float, float, float, float]]
) -> tuple[float, float, float, float]:
    """Where a label covers none of those already written: its own place, or as far below it as needed."""
    while any(x < right and left < x + width and y < bottom and top < y + height for left, top, right, bottom in taken):
        y += height
    taken.append((x, y, x + width, y + height))
    return taken[-1]


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
