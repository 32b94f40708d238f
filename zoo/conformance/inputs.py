"""What goes in where a case names no inputs: made here, always the same, without network or files of others."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.conformance.outcomes import Skip

if TYPE_CHECKING:
    from PIL.Image import Image

    from zoo.conformance.stage import Stage

__all__ = ["TEXTS", "picture", "recording", "usual_bad", "usual_inputs"]

RATE = 16_000
TEXTS = (
    "A cat sleeps.",
    "The good film was very long, and we liked the end of it.",
    "In the morning the train to Paris was late. Nobody in the town knew why, so Anna and her dog walked to the river, "
    "where an old man told them a story about the sea.",
)
PROTEINS = ("MKTAYIAKQR", "GSHMLEDPVDAFKKLNQ", "MVLSPADKTNVKAAWGKVGAHAGEYG")
_SIZES = ((96, 64), (64, 128), (160, 120))


def usual_inputs(stage: Stage) -> list[Any]:
    """Three inputs of the kind that the case's task takes.

    Raises:
        Skip: inputs of this kind cannot be made here.
    """
    task = stage.task
    special: Mapping[str, Callable[[], list[Any]]] = {
        "fill-mask": lambda: [text.replace("the", _mask(stage), 1) for text in (f"the {TEXTS[0]}", *TEXTS[1:])],
        "protein-folding": lambda: list(PROTEINS),
        "word-analogy": lambda: ["king", "queen", "man"],
        "question-answering": lambda: [("Who sleeps?", text) for text in TEXTS],
        "speaker-verification": lambda: _voices(stage.folder),
    }
    usual: Mapping[str, Callable[[], list[Any]]] = {
        "image": lambda: [picture(number) for number in range(len(_SIZES))],
        "text": lambda: list(TEXTS),
        "audio": lambda: [recording(stage.folder, number) for number in range(3)],
        "video": lambda: [_film(stage.folder, number) for number in range(2)],
        "pair": lambda: [(text, [TEXTS[0], TEXTS[1]]) for text in TEXTS],
        "series": lambda: [_series(length) for length in (48, 96, 31)],
    }
    make = special.get(task.name) or usual.get(task.input)
    if make is None:
        raise Skip(f"the kit makes no inputs of the kind {task.input!r}: give `Case(inputs=…)`")
    return make()


def usual_bad(stage: Stage) -> list[Any]:
    """What must be refused: broken bytes, a file that is not there, a value of another type."""
    missing = stage.folder / "no such file"
    return {
        "image": [b"not a picture", missing, object()],
        "audio": [b"not a recording", missing, object()],
        "video": [missing, object()],
        "text": [object(), 3.5],
        "pair": [object(), 3.5],
        "series": ["no numbers", object(), [math.nan, 1.0, 2.0]],
    }[stage.task.input]


def picture(number: int = 0) -> Image:
    """A picture with a gradient and two shapes; three sizes."""
    import numpy as np
    from PIL import Image, ImageDraw

    width, height = _SIZES[number % len(_SIZES)]
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([rows * 255 // height, columns * 255 // width, (rows + columns * (number + 1)) % 256], axis=2)
    made = Image.fromarray(pixels.astype(np.uint8))
    draw = ImageDraw.Draw(made)
    draw.rectangle((width // 8, height // 8, width // 2, height // 2), fill=(210, 40, 30))
    draw.ellipse((width // 2, height // 3, width * 7 // 8, height * 7 // 8), fill=(30, 60, 200 - 40 * number))
    return made


def recording(folder: Path, number: int = 0) -> Path:
    """A tone with its overtones and some noise, 0.5, 1.2 and 2 s long, as a WAV file of 16 kHz."""
    import numpy as np

    from zoo.tasks import Speech

    seconds = (0.5, 1.2, 2.0)[number % 3]
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = 110.0 * (1 + number / 2)
    tone = sum(np.sin(2 * np.pi * pitch * overtone * time) / overtone for overtone in range(1, 6))
    noise = np.random.default_rng(number).normal(0, 0.02, time.size)
    path = folder / f"recording-{number}.wav"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        Speech(samples=0.25 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time)) + noise, rate=RATE).save(path)
    return path


def _voices(folder: Path) -> list[Any]:
    made = [recording(folder, number) for number in (1, 2, 4)]
    return [(made[0], [made[1]]), (made[1], [made[0], made[2]]), (made[2], [made[2]])]


def _film(folder: Path, number: int) -> Path:
    from zoo.data import write_film
    from zoo.errors import MissingDependency

    path = folder / f"film-{number}.mp4"
    try:
        if not path.exists():
            write_film(path, [picture(0).rotate(6 * turn + 40 * number) for turn in range(16)], rate=8)
    except MissingDependency as error:
        raise Skip(f"films cannot be made here: {error.cause}. {error.remedy}") from error
    return path


def _series(length: int) -> list[float]:
    """A wave of a week on a slope."""
    return [10 + 0.05 * day + 3 * math.sin(2 * math.pi * day / 7) for day in range(length)]


def _mask(stage: Stage) -> str:
    """The token that stands for a hidden word, as the model's tokenizer writes it."""
    folder = stage.pulled.path
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        try:
            found = json.loads((folder / name).read_text(encoding="utf-8")).get("mask_token")
        except (OSError, ValueError, AttributeError):
            continue
        token = found.get("content") if isinstance(found, dict) else found
        if isinstance(token, str):
            return token
    return "[MASK]"
