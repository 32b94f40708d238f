"""The most wrong examples as a report shows them: thumbnails, short texts, tagged words; kept as `examples.json`."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.reporting.boxed import boxed, counted, is_boxed
from zoo.reporting.heard import is_transcript, said_and_heard

if TYPE_CHECKING:
    from PIL import Image as Pillow

    from zoo.data import Split

__all__ = ["MOST", "thumbnail", "worst_examples"]

MOST = 24
SIDE = 160
_LONGEST_TEXT, _MOST_WORDS = 600, 80
# Of classes 1, 2, … in a mask; class 0 is mostly the background and is not painted.
_PAINTS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))

# For places in the split: the true and the predicted mask of each, arrays (height, width) of class indices.
Masks = Callable[[Sequence[int]], Iterable[tuple[Any, Any]]]


def worst_examples(
    worst: Sequence[Mapping[str, Any]],
    split: Split,
    input_kind: str,
    *,
    masks: Masks | None = None,
    most: int = MOST,
) -> list[dict[str, Any]]:
    """The examples that a report shows, as JSON values; one that cannot be read any more says so.

    Args:
        worst: rows of `Evaluation.worst`, the most wrong first.
        split: the part that was predicted.
        input_kind: what one input is: `image`, `text`, `audio` or `pair`; `zoo.tasks.Task.input`.
        masks: gives the masks of examples, for segmentation.
        most: how many at most.

    Returns:
        rows `{row, truth, predicted, confidence}` with `picture` (a data URI), `text`, `second`, `words` (rows
        `{word, truth, predicted}`) or `name` of what was put in, `said` and `heard` (rows `{word, right}`), and
        `true_mask` and `predicted_mask` (data URIs).
        Boxes are drawn into the picture, told in words, and counted as `missed` and `spurious`.
    """
    rows = [row for row in list(worst)[: min(most, MOST)] if _in_split(row, split)]
    painted = list(masks([int(row["index"]) for row in rows])) if masks and rows else [None] * len(rows)
    return [_example(row, split, input_kind, pair) for row, pair in zip(rows, painted, strict=True)]


def _in_split(row: Mapping[str, Any], split: Split) -> bool:
    index = row.get("index")
    return isinstance(index, int) and 0 <= index < len(split)


def _example(row: Mapping[str, Any], split: Split, input_kind: str, masks: tuple[Any, Any] | None) -> dict[str, Any]:
    value = split.inputs[row["index"]]
    made: dict[str, Any] = {
        "row": row.get("row"),
        "truth": row.get("truth"),
        "predicted": row.get("predicted"),
        "confidence": row.get("confidence"),
    }
    if input_kind == "image" and is_boxed(row):
        return made | _boxes(value, row)
    if input_kind == "image":
        return made | _pictures(value, masks)
    if input_kind == "audio" and is_transcript(row):
        name = value.name if isinstance(value, Path) else "a recording"
        both = said_and_heard(row["truth"], row["predicted"])
        return made | {"truth": None, "predicted": None, "name": name, **both}
    if input_kind == "audio":
        return made | {"name": value.name if isinstance(value, Path) else "a recording"}
    if isinstance(value, str):
        return made | {"text": _cut(value)}
    if _is_tagged(value, row, split):
        return _tagged(made, value, split.labels[row["index"]], row.get("predicted"))
    first, *others = [str(part) for part in value]
    return made | {"text": _cut(first), "second": _cut(" ".join(others))}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT].rstrip()} …"


def _is_tagged(value: Any, row: Mapping[str, Any], split: Split) -> bool:
    tags = split.labels[row["index"]]
    return isinstance(tags, Sequence) and not isinstance(tags, str) and len(tags) == len(value)


def _tagged(made: dict[str, Any], words: Sequence[str], tags: Sequence[str], predicted: Any) -> dict[str, Any]:
    """Words with their true and predicted tags; what was predicted for words that were cut off stays empty."""
    given = list(predicted) if isinstance(predicted, Sequence) and not isinstance(predicted, str) else []
    guesses = [*given, *[None] * (len(words) - len(given))]
    rows = [
        {"word": str(word), "truth": str(tag), "predicted": None if guess is None else str(guess)}
        for word, tag, guess in zip(words, tags, guesses, strict=False)
    ]
    return made | {"truth": None, "predicted": None, "words": rows[:_MOST_WORDS]}


def _boxes(value: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    from zoo.data import read_image

    made = {
        "truth": counted(row["truth"]),
        "predicted": counted(row["predicted"]),
        "missed": row["missed"],
        "spurious": row["spurious"],
    }
    try:
        return made | {"picture": _jpeg(boxed(read_image(value), row))}
    except ZooError as error:
        return made | {"text": f"cannot be shown: {error.cause}"}


def _pictures(value: Any, masks: tuple[Any, Any] | None) -> dict[str, Any]:
    from zoo.data import read_image

    try:
        image = read_image(value)
    except ZooError as error:
        return {"text": f"cannot be shown: {error.cause}"}
    made = {"picture": thumbnail(image)}
    if masks is not None:
        made["true_mask"], made["predicted_mask"] = (thumbnail(_painted(image, mask)) for mask in masks)
    return made


def thumbnail(image: Pillow.Image) -> str:
    """A small JPEG of a picture as a data URI."""
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    return _jpeg(small)


def _jpeg(image: Pillow.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _painted(image: Pillow.Image, mask: Any) -> Pillow.Image:
    """The picture with its mask laid over it, half transparent; the mask may be of another size."""
    import numpy as np
    from PIL import Image

    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    classes = Image.fromarray(np.asarray(mask).astype(np.int32), "I").resize(small.size, Image.Resampling.NEAREST)
    indices = np.asarray(classes)
    pixels = np.asarray(small).astype(np.float32)
    paints = np.asarray(_PAINTS, dtype=np.float32)
    laid = np.where((indices > 0)[..., None], 0.45 * pixels + 0.55 * paints[(indices - 1) % len(_PAINTS)], pixels)
    return Image.fromarray(laid.round().astype(np.uint8))
