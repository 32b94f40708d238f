"""What the small plugin supplies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from zoo.errors import BadData
from zoo.plugin import HEAD_FILE, FineTuner, Head, Loader, Runner, Target, Trained, option
from zoo.tasks import Classification, Label

WIDTH, HIDDEN = 16, 8


class Module(torch.nn.Module):
    """Counts of letters, a hidden layer, a head."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.body = torch.nn.Linear(WIDTH, HIDDEN)
        self.head = torch.nn.Linear(HIDDEN, outputs)

    def features(self, counts: torch.Tensor) -> torch.Tensor:
        return self.body(counts).tanh()

    def forward(self, counts: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(counts))


class Loading(Loader):
    """Builds the module of as many labels as the card has."""

    def load(self, checkpoint: Any, context: Any) -> Any:
        with context.no_init():
            module = Module(len(checkpoint.card.config["labels"]))
        context.assign(module, checkpoint.tensors())
        return module.eval()


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of `Letters`."""

    top_k: int = option(5, "how many labels")


def counts(text: Any) -> torch.Tensor:
    if not isinstance(text, str):
        raise BadData(f"a text is needed, not {type(text).__name__}", "Give a string.")
    return torch.bincount(torch.tensor([ord(c) % WIDTH for c in text] or [0]), minlength=WIDTH).float() / 10


class Letters(Runner):
    """Scores of labels."""

    Options = Options

    def prepare(self, value: Any, options: Options) -> list[torch.Tensor]:
        return [counts(value)]

    def collate(self, examples: Any) -> torch.Tensor:
        return torch.stack(list(examples))

    def forward(self, module: Any, batch: torch.Tensor, options: Options) -> torch.Tensor:
        return module(batch).softmax(1)

    def finish(self, outputs: torch.Tensor, examples: Any, options: Options) -> list[Classification]:
        names = self.checkpoint.card.config["labels"]
        return [Classification(ranked(names, row)[: options.top_k]) for row in outputs.tolist()]


def ranked(names: Any, scores: Any) -> tuple[Label, ...]:
    pairs = sorted(zip(scores, names, strict=True), reverse=True)
    return tuple(Label(name, score) for score, name in pairs)


class Learning(FineTuner):
    """A probe on the hidden layer; the head, or all."""

    kinds = ("single",)
    methods = ("probe", "head", "full")

    def features(self, module: Any, batch: Any) -> torch.Tensor:
        return module.features(batch)

    def head(self, weight: torch.Tensor, bias: torch.Tensor, target: Target) -> Head:
        return Head(tensors={"head.weight": weight, "head.bias": bias}, config=target.config)

    def trainable(self, module: Any, target: Target) -> torch.nn.Module:
        module.head = torch.nn.Linear(HIDDEN, len(target.labels))
        return module

    def encode(self, value: Any, label: Any, target: Target, *, draw: Any) -> Any:
        return counts(value), target.labels.index(label)

    def batch(self, examples: Any, target: Target) -> dict[str, Any]:
        inputs, labels = zip(*examples, strict=True)
        return {"inputs": torch.stack(inputs), "labels": torch.tensor(labels)}

    def loss(self, module: Any, batch: Any, target: Target) -> tuple[torch.Tensor, torch.Tensor]:
        logits = module(batch["inputs"])
        return torch.nn.functional.cross_entropy(logits, batch["labels"]), logits

    def layers(self, module: torch.nn.Module) -> list[list[str]]:
        return [["body"], ["head"]]

    def save(self, module: torch.nn.Module, target: Target, folder: Path, *, method: str) -> Trained:
        tensors = module.state_dict()
        if method == "full":
            save_file(tensors, folder / "model.safetensors")
            return Trained(files=("model.safetensors",), config=target.config)
        save_file({name: tensors[name].contiguous() for name in ("head.weight", "head.bias")}, folder / HEAD_FILE)
        return Trained(files=(HEAD_FILE,), config=target.config)
