"""Builds torchvision's classifiers and maps a checkpoint in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torchvision
from torchvision import models

from zoo.cards import ModelCard
from zoo.errors import MissingDependency
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_vision.checkpoints import base_tensors, counters

if TYPE_CHECKING:
    from torch import nn

__all__ = ["TorchvisionLoader", "build"]

# Names in the oldest DenseNet files, and what torchvision's `_load_state_dict` makes of them.
_OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")
_AUXILIARY = ("aux1.", "aux2.")


class TorchvisionLoader(Loader):
    """Modules equal to `torchvision.models.get_model(architecture, weights=…)`."""

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> nn.Module:
        """The module with the checkpoint's weights; `head.safetensors` replaces the last layer.

        Raises:
            MissingDependency: the installed torchvision has no such architecture.
            WeightsMismatch: names the tensors that are missing, extra or misshapen.
        """
        with context.no_init():
            module = build(checkpoint.card)
        tensors = base_tensors(checkpoint) | checkpoint.head_tensors()
        context.assign(module, tensors, rename=_rename, ignore=counters(module))
        return module.to(device=context.device, dtype=context.dtype).eval()


def build(card: ModelCard, num_classes: int | None = None) -> nn.Module:
    """The card's architecture without weights; GoogLeNet without the auxiliary heads, as torchvision returns it."""
    kwargs: dict[str, Any] = dict(card.config.get("build", {}))
    kwargs["num_classes"] = card.config["num_classes"] if num_classes is None else num_classes
    if card.architecture in {"googlenet", "inception_v3"}:
        kwargs |= {"aux_logits": card.architecture == "inception_v3", "init_weights": False}
    try:
        made: nn.Module = models.get_model(card.architecture, weights=None, **kwargs)
    except ValueError as error:  # torchvision's answer to an unknown architecture
        raise MissingDependency(
            f"{card.id}: torchvision {torchvision.__version__} cannot build {card.architecture}: {error}",
            "`pip install -U torchvision`.",
        ) from error
    return made


def _rename(name: str) -> str | None:
    if name.startswith(_AUXILIARY):
        return None
    found = _OLD_DENSENET.fullmatch(name)
    return "".join(found.groups()) if found else name
