"""The runner that sorts texts into labels that nobody trained it for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from zoo.errors import BadOption, UnsupportedFormat
from zoo.plugin import Checkpoint, Runner, option, read_object
from zoo.tasks import Classification, Label
from zoo_nlp.texts import Encoded, Tokens, check_text, pad

__all__ = ["ZeroShotClassification"]


@dataclass(frozen=True, kw_only=True)
class ZeroShotOptions:
    """Options of the zero-shot classifier."""

    labels: str = option("positive, negative", "the labels to choose from, with commas between them")
    template: str = option("This example is {}.", "the sentence that a fitting text entails; {} stands for the label")
    several: bool = option(False, "whether several labels may fit: each then has a score of its own")

    def __post_init__(self) -> None:
        if "{}" not in self.template:
            raise BadOption(f"template={self.template!r} has no {{}}", "Write for example: This text is about {}.")
        names = self.names
        if len(names) < 2 and not self.several:
            raise BadOption(f"labels={self.labels!r} is less than two labels", "Write them with commas between.")
        if not names or len(set(names)) != len(names):
            raise BadOption(f"labels={self.labels!r} lacks labels, or repeats one")

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, one by one."""
        return tuple(name.strip() for name in self.labels.split(",") if name.strip())


class ZeroShotClassification(Runner):
    """Labels of one's own, best first: does the text entail "This example is <label>."?

    By a model of entailment (Yin, Hay and Roth 2019, https://arxiv.org/abs/1909.00161), as transformers' pipeline:
    softmax of the entailment scores over the labels; with `several`, of entailment against contradiction for each.
    """

    Options = ZeroShotOptions
    batch = 16

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokens = Tokens(checkpoint)
        names = read_object(checkpoint, "config.json").get("id2label") or {}
        self.entailment = next((int(k) for k, v in names.items() if str(v).lower().startswith("entail")), -1)

    def prepare(self, value: Any, options: ZeroShotOptions) -> Sequence[Encoded]:
        """The text with the sentence of each label."""
        text = check_text(value)
        return [self.tokens.pair(text, options.template.replace("{}", name)) for name in options.names]

    def size(self, example: Encoded) -> int:
        """Number of tokens."""
        return len(example.ids)

    def collate(self, examples: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        """Padded token ids with their mask."""
        return pad(examples, self.tokens.pad_id)

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: ZeroShotOptions) -> torch.Tensor:
        """Scores of contradiction and of entailment, (batch, 2)."""
        logits: torch.Tensor = module(**batch).logits.float()
        if logits.shape[1] < 2:
            raise UnsupportedFormat(f"{self.checkpoint.card.id} is no model of entailment: it has one output")
        entailment = self.entailment % logits.shape[1]
        return logits[:, [-1 if entailment == 0 else 0, entailment]]

    def finish(
        self, outputs: torch.Tensor, examples: Sequence[Encoded], options: ZeroShotOptions
    ) -> Sequence[torch.Tensor]:
        """The two scores of each label, which `merge` compares."""
        return list(outputs.cpu())

    def merge(self, results: Sequence[torch.Tensor], options: ZeroShotOptions) -> Classification:
        """All labels, best first."""
        logits = torch.stack(list(results))
        scores = logits.softmax(1)[:, 1] if options.several else logits[:, 1].softmax(0)
        order = scores.argsort(descending=True, stable=True).tolist()
        return Classification(tuple(Label(options.names[i], float(scores[i])) for i in order))
