"""What every result has, and the parts that several share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Classification", "Embedding", "Label", "Result", "Similarity", "floats"]


class Result:
    """Base of all results."""

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values, in the documented and stable form."""
        raise TypeError(f"{type(self).__name__} does not define to_dict()")


def floats(values: Any) -> list[float]:
    """A list of plain floats, of an array or a sequence."""
    listed = values.tolist() if hasattr(values, "tolist") else values
    return [float(v) for v in listed]


@dataclass(frozen=True)
class Label:
    """A class name with its score in [0, 1]; of a regression the number's name with the number itself."""

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
class Embedding(Result):
    """A vector: array (dimensions,) of floats."""

    vector: Any

    def similarity(self, other: Embedding) -> float:
        """Cosine similarity in [-1, 1]; 0 when either vector is zero."""
        a, b = floats(self.vector), floats(other.vector)
        norm = (sum(x * x for x in a) * sum(x * x for x in b)) ** 0.5
        return sum(x * y for x, y in zip(a, b, strict=True)) / norm if norm else 0.0

    def to_dict(self) -> dict[str, Any]:
        """`{"vector": [float, …]}`."""
        return {"vector": floats(self.vector)}

    def __str__(self) -> str:
        head = floats(self.vector[:4])
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
