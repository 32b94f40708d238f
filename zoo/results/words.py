"""Results made of words: generated, filled in, found, answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoo.results.base import Label, Result

__all__ = ["Answer", "Entities", "Entity", "Generation", "Neighbours", "ProteinStructure", "TokenFill"]


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


@dataclass(frozen=True)
class Entity:
    """A labelled stretch of a text, from character `start` up to and without `end`."""

    label: str
    score: float
    text: str
    start: int
    end: int

    def to_dict(self) -> dict[str, Any]:
        """`{"label", "score", "text", "start", "end"}`."""
        return {**vars(self), "score": float(self.score)}


@dataclass(frozen=True)
class Entities(Result):
    """Labelled stretches of a text, in their order."""

    entities: tuple[Entity, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"entities": [{"label", "score", "text", "start", "end"}]}`."""
        return {"entities": [entity.to_dict() for entity in self.entities]}

    def __str__(self) -> str:
        return ", ".join(f"{e.text} ({e.label} {e.score:.2f})" for e in self.entities) or "nothing found"


@dataclass(frozen=True)
class Answer(Result):
    """A stretch of the context that answers a question, from character `start` up to and without `end`.

    An empty text says that the context holds no answer.
    """

    text: str
    score: float
    start: int = 0
    end: int = 0

    def to_dict(self) -> dict[str, Any]:
        """`{"text", "score", "start", "end"}`."""
        return {**vars(self), "score": float(self.score)}

    def __str__(self) -> str:
        return f"{self.text or 'no answer'} ({self.score:.2f})"


@dataclass(frozen=True)
class ProteinStructure(Result):
    """The shape of a protein: atoms as the text of a PDB file, and the mean confidence (pLDDT) from 0 to 100."""

    pdb: str
    plddt: float

    def to_dict(self) -> dict[str, Any]:
        """`{"pdb", "plddt"}`."""
        return {"pdb": self.pdb, "plddt": float(self.plddt)}

    def __str__(self) -> str:
        atoms = sum(line.startswith("ATOM") for line in self.pdb.splitlines())
        return f"{atoms} atoms, mean pLDDT {self.plddt:.1f}"
