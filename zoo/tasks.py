"""What goes in and what comes out: the task vocabulary and one frozen result type per task.

Task names are the hub's pipeline tags; one that no hub has is marked `own`. Every result has `to_dict()` (JSON), a
short `str()`, and, where a person would rather look, `draw()`. Arrays may be numpy arrays; this module imports neither
numpy nor Pillow.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "TASKS",
    "Box",
    "Classification",
    "Detections",
    "Embedding",
    "Generation",
    "InputKind",
    "Label",
    "Neighbours",
    "Result",
    "Segment",
    "Segmentation",
    "Similarity",
    "Task",
    "TokenFill",
    "Transcript",
    "TranscriptSegment",
]

InputKind = Literal["image", "text", "audio", "pair"]


class Result:
    """Base of all results."""

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values, in the documented and stable form."""
        raise TypeError(f"{type(self).__name__} does not define to_dict()")


def _short(text: str, width: int = 72) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _floats(values: Any) -> list[float]:
    listed = values.tolist() if hasattr(values, "tolist") else values
    return [float(v) for v in listed]


@dataclass(frozen=True)
class Label:
    """A class name with its score in [0, 1]."""

    label: str
    score: float

    def to_dict(self) -> dict[str, Any]:
        """`{"label", "score"}`."""
        return {"label": self.label, "score": float(self.score)}


@dataclass(frozen=True)
class Classification(Result):
    """Labels, best first."""

    labels: tuple[Label, ...]

    @property
    def label(self) -> str:
        """The best label."""
        return self.labels[0].label

    @property
    def score(self) -> float:
        """The best label's score."""
        return self.labels[0].score

    def to_dict(self) -> dict[str, Any]:
        """`{"labels": [{"label", "score"}]}`, best first."""
        return {"labels": [label.to_dict() for label in self.labels]}

    def __str__(self) -> str:
        return ", ".join(f"{item.label} {item.score:.2f}" for item in self.labels[:5])

    def draw(self, image: Image) -> Image:
        """A copy of the picture with the labels and score bars in a strip below it."""
        from zoo._draw import draw_labels

        return draw_labels(image, [(item.label, item.score) for item in self.labels[:5]])


@dataclass(frozen=True)
class Box:
    """One detected object: corners `(x1, y1, x2, y2)` in pixels of the original picture."""

    label: str
    score: float
    box: tuple[float, float, float, float]

    def to_dict(self) -> dict[str, Any]:
        """`{"label", "score", "box": [x1, y1, x2, y2]}`."""
        return {"label": self.label, "score": float(self.score), "box": [float(v) for v in self.box]}


@dataclass(frozen=True)
class Detections(Result):
    """Objects, best first."""

    boxes: tuple[Box, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"boxes": [{"label", "score", "box"}]}`, best first."""
        return {"boxes": [box.to_dict() for box in self.boxes]}

    def __str__(self) -> str:
        if not self.boxes:
            return "nothing found"
        return ", ".join(f"{b.label} {b.score:.2f} at [{', '.join(f'{v:.0f}' for v in b.box)}]" for b in self.boxes[:8])

    def draw(self, image: Image) -> Image:
        """A copy of the picture with the boxes and their labels."""
        from zoo._draw import draw_boxes

        return draw_boxes(image, [(b.label, b.score, b.box) for b in self.boxes])


@dataclass(frozen=True)
class Segment:
    """One region: `mask` is an array (height, width) of floats in [0, 1], of the original picture's size."""

    label: str
    score: float
    mask: Any

    def to_dict(self) -> dict[str, Any]:
        """`{"label", "score", "area", "rle"}`: area in pixels over .5, run lengths in COCO's uncompressed form.

        COCO's form counts column by column, beginning with a run of zeros (`pycocotools/mask`).
        """
        on = (self.mask >= 0.5).T.reshape(-1)
        edges = [0, *((on[1:] != on[:-1]).nonzero()[0] + 1).tolist(), int(on.size)]
        counts = [b - a for a, b in itertools.pairwise(edges)]
        if on.size and on[0]:
            counts.insert(0, 0)
        rle = {"size": [int(v) for v in self.mask.shape], "counts": counts}
        return {"label": self.label, "score": float(self.score), "area": int(on.sum()), "rle": rle}


@dataclass(frozen=True)
class Segmentation(Result):
    """Regions of a picture."""

    segments: tuple[Segment, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"segments": [{"label", "score", "area", "rle"}]}`."""
        return {"segments": [segment.to_dict() for segment in self.segments]}

    def __str__(self) -> str:
        return ", ".join(f"{s.label} {float((s.mask >= 0.5).mean()):.0%} of the picture" for s in self.segments)

    def draw(self, image: Image) -> Image:
        """A copy of the picture with each region tinted."""
        from zoo._draw import draw_masks

        return draw_masks(image, [(s.label, s.mask) for s in self.segments])

    def masks(self) -> list[Image]:
        """Each region's mask as a grey picture: white is 1."""
        from zoo._draw import grey

        return [grey(s.mask) for s in self.segments]


@dataclass(frozen=True)
class TranscriptSegment:
    """Words spoken from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """`{"start", "end", "text"}`, in seconds."""
        return {"start": float(self.start), "end": float(self.end), "text": self.text}


@dataclass(frozen=True)
class Transcript(Result):
    """What was said: the whole text, its segments, and the language as an ISO 639-1 code where known."""

    text: str
    segments: tuple[TranscriptSegment, ...] = ()
    language: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """`{"text", "language", "segments": [{"start", "end", "text"}]}`."""
        return {"text": self.text, "language": self.language, "segments": [s.to_dict() for s in self.segments]}

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Embedding(Result):
    """A vector: array (dimensions,) of floats."""

    vector: Any

    def similarity(self, other: Embedding) -> float:
        """Cosine similarity in [-1, 1]; 0 when either vector is zero."""
        a, b = _floats(self.vector), _floats(other.vector)
        norm = (sum(x * x for x in a) * sum(x * x for x in b)) ** 0.5
        return sum(x * y for x, y in zip(a, b, strict=True)) / norm if norm else 0.0

    def to_dict(self) -> dict[str, Any]:
        """`{"vector": [float, …]}`."""
        return {"vector": _floats(self.vector)}

    def __str__(self) -> str:
        head = _floats(self.vector[:4])
        return f"{len(self.vector)} numbers: " + " ".join(f"{v:.3f}" for v in head) + " …"


@dataclass(frozen=True)
class Similarity(Result):
    """How alike one text is to others: cosine similarities in [-1, 1], in the order given."""

    scores: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"scores": [float, …]}`."""
        return {"scores": [float(v) for v in self.scores]}

    def __str__(self) -> str:
        return ", ".join(f"{v:.3f}" for v in self.scores)


@dataclass(frozen=True)
class Generation(Result):
    """Generated text, without the prompt. `finished` is False when it was cut at the token limit."""

    text: str
    finished: bool = True

    def to_dict(self) -> dict[str, Any]:
        """`{"text", "finished"}`."""
        return {"text": self.text, "finished": self.finished}

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class TokenFill(Result):
    """Candidates for each masked token, best first; `texts` are the input with the candidate filled in."""

    labels: tuple[Label, ...]
    texts: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"labels": [{"label", "score"}], "texts": [str, …]}`, best first."""
        return {"labels": [label.to_dict() for label in self.labels], "texts": list(self.texts)}

    def __str__(self) -> str:
        return ", ".join(f"{item.label} {item.score:.2f}" for item in self.labels[:5])


@dataclass(frozen=True)
class Neighbours(Result):
    """Words nearest to a word or to an expression such as `king - man + woman`: cosine similarities, best first."""

    labels: tuple[Label, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"labels": [{"label", "score"}]}`, best first."""
        return {"labels": [label.to_dict() for label in self.labels]}

    def __str__(self) -> str:
        return ", ".join(f"{item.label} {item.score:.2f}" for item in self.labels[:5])


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of work.

    Attributes:
        name: the hub's pipeline tag, or the zoo's own name where `own` is True.
        input: what one input is: a picture, a text, a recording, or a `pair` (a text and others to compare it with).
        result: the type of one result.
        summary: one line.
        own: True where no hub has this tag.
    """

    name: str
    input: InputKind
    result: type[Result]
    summary: str
    own: bool = False


def _table(*tasks: Task) -> dict[str, Task]:
    return {task.name: task for task in tasks}


TASKS: dict[str, Task] = _table(
    Task(name="image-classification", input="image", result=Classification, summary="What is in the picture?"),
    Task(name="image-feature-extraction", input="image", result=Embedding, summary="A vector for a picture."),
    Task(name="image-segmentation", input="image", result=Segmentation, summary="Which pixels belong together?"),
    Task(name="object-detection", input="image", result=Detections, summary="Which objects, and where?"),
    Task(name="text-classification", input="text", result=Classification, summary="Which class is the text?"),
    Task(name="feature-extraction", input="text", result=Embedding, summary="A vector for a text or word."),
    Task(name="sentence-similarity", input="pair", result=Similarity, summary="How alike are sentences?"),
    Task(name="fill-mask", input="text", result=TokenFill, summary="Which word is hidden?"),
    Task(name="text-generation", input="text", result=Generation, summary="How does the text go on?"),
    Task(name="word-analogy", input="text", result=Neighbours, summary="Nearest words, analogies.", own=True),
    Task(name="automatic-speech-recognition", input="audio", result=Transcript, summary="What was said?"),
)
