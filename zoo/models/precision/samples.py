"""Inputs to try a model on when its user gives none: texts, pictures, sounds and series, always the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from zoo.models.precision.structure import Unfit
from zoo.tasks import TASKS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["VERSION", "samples_for"]

VERSION = 1  # in the key of what is kept: another set of samples is another measurement

TEXTS = (
    "The ferry leaves at nine, and the crossing takes about forty minutes when the sea is calm.",
    "I would not buy these shoes again.",
    "After two years of delays the council finally agreed to rebuild the bridge, although nobody could say where the "
    "money for the northern road was to come from.",
    "What a wonderful evening!",
    "Fold the flour into the eggs little by little, stir until no lumps are left, and let the dough rest in a cool "
    "place for an hour before you roll it out.",
    "Maria Keller has moved from Basel to Lisbon, where she teaches physics at a small school.",
    "The battery lasts a day at most.",
    "Our train stood still for three hours without heating, and the only announcement we heard was that there would be "
    "another announcement soon.",
    "Prices rose by two per cent in March, less than economists had expected.",
    "He plays the cello badly and with great joy.",
    "Please send the signed form back to us by Friday, otherwise we cannot keep the room for your group any longer.",
    "The plot is thin, the dialogue is wooden, and still I could not stop reading until the last page had been turned.",
    "Water boils at a lower temperature in the mountains because the air presses less upon it.",
    "No.",
    "The striker scored twice in the last ten minutes and was carried off the pitch by the crowd.",
    "When the glaciers melted they left behind a chain of shallow lakes, which filled with reeds and birds, then with "
    "peat, and of which only the names of a few villages tell today.",
)
QUESTIONS = ("When does the ferry leave?", "Who teaches physics?", "Why does water boil sooner up there?")
LABELS = "travel, food, sport"


def samples_for(task: str, runner: Any) -> list[Any]:
    """Inputs of the kind that a task takes; raises `Unfit` where there are none and the user's own are needed."""
    known = TASKS.get(task)
    makers: dict[str, Callable[[], Sequence[Any]]] = {
        "text": _texts,
        "image": _pictures,
        "audio": _sounds,
        "series": _series,
    }
    if task == "fill-mask":
        return _masked(runner)
    if known is not None and known.input == "pair":
        return _questions() if task == "question-answering" else _comparisons()
    if known is None or known.input not in makers:
        raise Unfit(f"there are no inputs to try it on for {task}: give some of your own, samples=[…]")
    return list(makers[known.input]())


def options_for(runner: Any) -> Any:
    """The runner's default options, with labels where it needs some."""
    from zoo.errors import BadOption

    try:
        return runner.Options()
    except BadOption:
        if "labels" not in getattr(runner.Options, "__dataclass_fields__", {}):
            raise
        return runner.Options(labels=LABELS)


def _texts() -> Sequence[str]:
    return TEXTS


def _masked(runner: Any) -> list[Any]:
    """The texts with one word hidden, as the runner's model writes a hidden word."""
    mask = getattr(runner, "mask", None)
    if not isinstance(mask, str):
        raise Unfit("its mask token is not known: give texts of your own, samples=[…]")
    words = [text.split() for text in TEXTS if " " in text]
    return [" ".join([*row[: len(row) // 2], mask, *row[len(row) // 2 + 1 :]]) for row in words]


def _questions() -> list[Any]:
    contexts = (TEXTS[0], TEXTS[5], " ".join((TEXTS[12], TEXTS[8])), " ".join(TEXTS[4:8]))
    return [{"question": question, "context": context} for question in QUESTIONS for context in contexts]


def _comparisons() -> list[Any]:
    return [(question, list(TEXTS[at * 4 : at * 4 + 4])) for at, question in enumerate(QUESTIONS)]


def _pictures(count: int = 16) -> list[Image]:
    """Pictures with what photographs have: soft shading, edges, texture, saturated and dull colours, noise."""
    import numpy as np

    generator = np.random.default_rng(20240501)
    sizes = ((320, 240), (240, 320), (400, 400), (512, 288))
    return [_picture(generator, *sizes[number % len(sizes)]) for number in range(count)]


def _picture(generator: np.random.Generator, width: int, height: int) -> Image:
    import numpy as np
    from PIL import Image, ImageDraw

    pixels = sum(_noise(generator, width, height, cells) * weight for cells, weight in ((2, 90), (7, 50), (40, 22)))
    picture = Image.fromarray(np.clip(pixels + generator.uniform(70, 170), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(generator.integers(2, 7))):
        x, y = generator.uniform(0, (width, height))
        wide, high = generator.uniform(0.05, 0.3, 2) * (width, height)
        colour = tuple(int(value) for value in generator.integers(0, 256, 3))
        shape = draw.ellipse if generator.random() < 0.6 else draw.rectangle
        shape((x - wide, y - high, x + wide, y + high), fill=colour)
    grain = generator.normal(0, 6, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def _noise(generator: np.random.Generator, width: int, height: int, cells: int) -> NDArray[np.float32]:
    """Smooth noise in -1..1, (height, width, 3), with about `cells` hills along each side."""
    import numpy as np
    from PIL import Image

    rough = generator.uniform(0, 255, (cells + 1, cells + 1, 3)).astype(np.uint8)
    smooth = Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32) / 127.5 - 1


def _sounds(count: int = 6) -> list[Any]:
    """Recordings of 1 to 6 s at 16 kHz, with the make of speech: syllables of a gliding voice and of hissing."""
    import numpy as np

    generator = np.random.default_rng(20240502)
    made = []
    for number in range(count):
        seconds = 1 + number
        voice = np.concatenate([_syllable(generator) for _ in range(seconds * 5)])
        made.append(((voice / np.abs(voice).max() * 0.5).astype(np.float32), 16_000))
    return made


def _series(count: int = 8) -> list[NDArray[np.float64]]:
    """Series of 60 to 620 steps with what measured ones have: a trend, seasons of some length, noise."""
    import numpy as np

    generator = np.random.default_rng(20240503)
    made = []
    for number in range(count):
        steps = np.arange(60 + 80 * number)
        season, level = generator.integers(4, 40), generator.uniform(-50, 500)
        wave = sum(np.sin(2 * np.pi * k * steps / season + generator.uniform(0, 6)) / k for k in (1, 2, 3))
        trend = generator.normal(0, 0.02) * steps
        made.append(level + 10 * wave + trend + generator.normal(0, 1, len(steps)))
    return made


def _syllable(generator: np.random.Generator, length: int = 3_200) -> NDArray[np.float64]:
    import numpy as np

    time = np.arange(length) / 16_000
    pitch = generator.uniform(90, 240) * (1 + generator.uniform(-0.2, 0.2) * time / time[-1])
    phase = 2 * np.pi * np.cumsum(pitch) / 16_000
    voice = sum(np.sin(phase * k) * generator.uniform(0.1, 1) / k for k in range(1, 20))
    hiss = generator.normal(0, generator.uniform(0.01, 0.5), length)
    made: NDArray[np.float64] = np.sin(np.pi * time / time[-1]) * (voice * (generator.random() < 0.8) + hiss)
    return made
