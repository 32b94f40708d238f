"""The runner that sorts texts into classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from zoo.errors import BadOption, IntegrityError
from zoo.plugin import Checkpoint, Runner, option, read_object
from zoo.tasks import Classification, Label
from zoo_nlp.texts import Encoded, Tokens, check_text, pad

__all__ = ["TextClassification", "label_names"]

# transformers' names of what a classifier tells.
REGRESSION = "regression"
SEVERAL = "multi_label_classification"


@dataclass(frozen=True, kw_only=True)
class ClassificationOptions:
    """Options of the text classifier."""

    top_k: int = option(5, "how many labels to give, best first; 0 gives all")
    truncate: bool = option(True, "cut texts that are too long for the model; otherwise they are an error")

    def __post_init__(self) -> None:
        if self.top_k < 0:
            raise BadOption(f"top_k={self.top_k} is less than 0", "Give 1 or more, or 0 for all.")


class TextClassification(Runner):
    """Class probabilities of a text, from a classifier of transformers or from a fine-tuned linear head.

    Softmax over the classes; a model for several labels at once (`problem_type`), or with one output, has a sigmoid
    for each. Of a regression each score is the number itself. What the card says of the head goes before config.json.
    """

    Options = ClassificationOptions
    batch = 32

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokens = Tokens(checkpoint)
        config = read_object(checkpoint, "config.json")
        self.labels = label_names(checkpoint, config)
        self.problem = _problem(checkpoint, config)

    def prepare(self, value: Any, options: ClassificationOptions) -> Sequence[Encoded]:
        """The text as tokens."""
        return [self.tokens.encode(check_text(value), truncate=options.truncate)]

    def size(self, example: Encoded) -> int:
        """Number of tokens."""
        return len(example.ids)

    def collate(self, examples: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        """Padded token ids with their mask."""
        return pad(examples, self.tokens.pad_id)

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: ClassificationOptions) -> torch.Tensor:
        """Probabilities (batch, classes), or numbers (batch, numbers)."""
        logits: torch.Tensor = module(**batch).logits.float()
        if logits.shape[1] != len(self.labels):
            raise IntegrityError(
                f"{self.checkpoint.card.id}: {len(self.labels)} label names for {logits.shape[1]} classes"
            )
        if self.problem == REGRESSION:
            return logits
        return logits.sigmoid() if self.problem == SEVERAL or len(self.labels) == 1 else logits.softmax(1)

    def finish(
        self, outputs: torch.Tensor, examples: Sequence[Encoded], options: ClassificationOptions
    ) -> Sequence[Classification]:
        """The best labels of each text."""
        count = min(options.top_k or len(self.labels), len(self.labels))
        best = outputs.cpu().topk(count, dim=1)
        return [
            Classification(tuple(Label(self.labels[i], score) for score, i in zip(scores, rows, strict=True)))
            for scores, rows in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]


def _problem(checkpoint: Checkpoint, config: Mapping[str, Any]) -> str | None:
    """transformers' `problem_type`: the card's, else that in config.json unless the card has another head than its."""
    own: Mapping[str, Any] = checkpoint.card.config
    stated = own.get("problem_type") or (None if own.get("head") else config.get("problem_type"))
    return str(stated) if stated else None


def label_names(checkpoint: Checkpoint, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the classes: the card's own, else those of config.json, where two unnamed ones are the default."""
    if own := checkpoint.card.config.get("labels"):
        return tuple(own)
    names = config.get("id2label")
    if not names:
        return tuple(f"LABEL_{i}" for i in range(config.get("num_labels", 2)))
    return tuple(str(names[key]) for key in sorted(names, key=int))
