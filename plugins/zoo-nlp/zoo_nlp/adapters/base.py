"""What the adapters of all text tasks share: tokens, layers, low-rank targets."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch

from zoo.plugin import FineTuner
from zoo.tasks import TargetKind
from zoo_nlp.adapters.parts import groups, projections
from zoo_nlp.heads import Headed
from zoo_nlp.texts import Tokens

__all__ = ["TextFineTuner", "inputs_of", "trained"]

# What `batch` adds for `loss`, beside the arguments of the module.
_OURS = frozenset({"counts", "labels", "owners", "places"})


class TextFineTuner(FineTuner):
    """What all tasks on texts share.

    Words carry the labels (one "not" turns a review), so texts are not varied while learning: what keeps a model from
    learning them by heart is dropout, the architecture's own and that before a new head. It is off in evaluation.
    """

    kinds: ClassVar[tuple[TargetKind, ...]] = ("text",)
    methods: ClassVar[tuple[str, ...]] = ("lora", "full")
    # Of the head; `full` gives lower layers less. Small encoders learn too little at the 5e-5 of large ones.
    rate: ClassVar[Mapping[str, float]] = {"head": 1e-3, "lora": 5e-4, "full": 2e-4}

    @functools.cached_property
    def tokens(self) -> Tokens:
        """The checkpoint's tokenizer."""
        return Tokens(self.checkpoint)

    def layers(self, module: torch.nn.Module) -> Sequence[Sequence[str]]:
        """Embeddings, each block, and the head where there is one."""
        return groups(module, _body(module))

    def lora(self, module: torch.nn.Module) -> Sequence[str]:
        """The linear layers of all blocks."""
        return projections(module, _body(module))


def _body(module: Any) -> torch.nn.Module:
    """The part of a trainable module that holds its blocks."""
    made: torch.nn.Module = module.encoder if isinstance(module, Headed) else module.base_model
    return made


def trained(module: Any) -> Any:
    """A body or model of transformers that is to be trained: it keeps no keys and values for words to come."""
    module.config.use_cache = False
    return module


def inputs_of(batch: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the module in a batch."""
    return {name: value for name, value in batch.items() if name not in _OURS}
