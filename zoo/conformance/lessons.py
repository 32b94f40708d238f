"""What adapters are tried on where a case brings no lesson: a few made inputs with labels, of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo.conformance.inputs import TEXTS, recording
from zoo.conformance.outcomes import Skip, Unkept
from zoo.plugin import FineTuner, Lesson, Target
from zoo.tasks import LEARNT, TargetKind

if TYPE_CHECKING:
    from zoo.conformance.stage import Stage

__all__ = ["lessons_of", "usual_lesson"]

_LABELS: dict[TargetKind, tuple[str, ...]] = {
    "single": ("one", "other"),
    "multi": ("blue", "red"),
    "regression": ("number",),
    "scored": ("score",),
    "tags": ("B-ANIMAL", "I-ANIMAL", "O"),
    "mask": ("background", "thing"),
    "boxes": ("blue", "red"),
}
_SENTENCES = (
    "the film was very good",
    "the play was bad",
    "a good cat and a great dog",
    "the end was poor and very bad",
)
_TAGGED = (
    (("the", "good", "cat", "sleeps"), ("O", "O", "B-ANIMAL", "O")),
    (("a", "dog", "and", "a", "cat"), ("O", "B-ANIMAL", "O", "O", "B-ANIMAL")),
    (("the", "big", "brown", "bear"), ("O", "B-ANIMAL", "I-ANIMAL", "I-ANIMAL")),
    (("the", "film", "was", "bad"), ("O", "O", "O", "O")),
)
_COLOURS = {"blue": (20, 40, 210), "red": (220, 30, 30)}


def lessons_of(stage: Stage, adapter: FineTuner) -> list[Lesson]:
    """The case's lesson; else one of each kind that the adapter learns: the first for all methods, the others for one.

    Raises:
        Unkept: the adapter names a kind that is not learnt for the task.
    """
    given = stage.case.lesson
    if given is not None:
        return [given() if callable(given) else given]
    known = LEARNT.get(stage.case.task, ())
    if odd := [kind for kind in adapter.kinds if kind not in known]:
        raise Unkept(
            f"the adapter learns {', '.join(odd)}, which {stage.case.task} does not know",
            f"Its kinds are of: {', '.join(known) or 'none; this task is not learnt from data'}.",
        )
    one = "full" if "full" in adapter.methods else adapter.methods[0]
    return [usual_lesson(stage, kind, None if not place else (one,)) for place, kind in enumerate(adapter.kinds)]


def usual_lesson(stage: Stage, kind: TargetKind, methods: tuple[str, ...] | None = None) -> Lesson:
    """Four examples of a kind of labels, with inputs as the case's task takes them.

    Raises:
        Skip: inputs of this kind cannot be made here.
    """
    target = Target(kind=kind, labels=_LABELS.get(kind, ()))
    return Lesson(target=target, examples=_examples(stage, kind), methods=methods)


def _examples(stage: Stage, kind: TargetKind) -> Sequence[tuple[Any, Any]]:
    if kind == "tags":
        return _TAGGED
    if kind == "text":
        return [(text, None) for text in (*_SENTENCES, *TEXTS)]
    if kind in {"pairs", "scored"}:
        pairs = [(text, f"{text} indeed") for text in _SENTENCES]
        return [(pair, None if kind == "pairs" else float(place)) for place, pair in enumerate(pairs)]
    if kind in {"boxes", "mask"}:
        return [_scene(number, kind) for number in range(4)]
    if kind == "transcript":
        return [(recording(stage.folder, number), text) for number, text in enumerate(("good", "bad", "a cat"))]
    labels: dict[TargetKind, tuple[Any, ...]] = {
        "single": ("one", "other", "one", "other"),
        "multi": (("blue",), ("red",), ("blue", "red"), ()),
        "regression": (0.0, 1.0, 2.0, 3.0),
    }
    return list(zip(_values(stage), labels[kind], strict=True))


def _values(stage: Stage) -> list[Any]:
    """Four inputs that differ."""
    if stage.case.inputs:
        return [stage.case.inputs[place % len(stage.case.inputs)] for place in range(4)]
    kind = stage.task.input
    if kind == "text":
        return list(_SENTENCES)
    if kind == "image":
        return [_scene(number, "boxes")[0] for number in range(4)]
    if kind == "audio":
        return [recording(stage.folder, number) for number in (1, 2, 4, 5)]
    raise Skip(f"the kit makes no lesson of inputs of the kind {kind!r}: give `Case(lesson=…)`")


def _scene(number: int, kind: TargetKind) -> tuple[Any, Any]:
    """A grey picture with a red and a blue rectangle, and where they are."""
    import numpy as np
    from PIL import Image

    from zoo.data import LabelledBox

    side = 96
    generator = np.random.default_rng(number)
    pixels = generator.normal(110, 8, (side, side, 3))
    mask, boxes = np.zeros((side, side), dtype=np.uint8), []
    for place, (name, colour) in enumerate(_COLOURS.items()):
        wide, high = (int(n) for n in generator.integers(28, 40, 2))
        x, y = 4 + 46 * place, int(generator.integers(4, side - high))
        pixels[y : y + high, x : x + wide] = np.array(colour) + generator.normal(0, 8, (high, wide, 3))
        mask[y : y + high, x : x + wide] = 1
        boxes.append(LabelledBox(name, (float(x), float(y), float(x + wide), float(y + high))))
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return picture, mask if kind == "mask" else tuple(boxes)
