"""Builds torchvision's classifiers, detectors, segmenters and video models, and maps a checkpoint in."""

from __future__ import annotations

import inspect
import re
from typing import Any, ClassVar

import torchvision
from torch import nn
from torchvision import models
from torchvision.ops import FrozenBatchNorm2d

from zoo.cards import ModelCard
from zoo.errors import MissingDependency, UnsupportedFormat
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_vision.blank import on_meta
from zoo_vision.checkpoints import base_tensors, counters, ready
from zoo_vision.sampling import detector_sample, film_sample, picture_sample

__all__ = ["TorchvisionDetectionLoader", "TorchvisionLoader", "build"]

# Names in the oldest DenseNet files, and what torchvision's `_load_state_dict` makes of them.
_OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")
_AUXILIARY = ("aux1.", "aux2.")


class TorchvisionLoader(Loader):
    """Modules equal to `torchvision.models.get_model(architecture, weights=…)`."""

    def blank(self, card: ModelCard) -> nn.Module:
        """The card's architecture on the meta device; raises `UnsupportedFormat` where torchvision does not know it."""
        try:
            return on_meta(lambda: build(card), computes=True)
        except MissingDependency as error:
            raise UnsupportedFormat(error.cause, error.remedy) from error

    def sample(
        self, card: ModelCard, module: nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Pictures or films of the card's size; see `zoo.plugin.Loader.sample`."""
        return film_sample(card, module, batch) if "clip_len" in card.config else picture_sample(card, module, batch)

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> nn.Module:
        """The module with the checkpoint's weights; `head.safetensors` replaces the last layer.

        Raises:
            MissingDependency: the installed torchvision has no such architecture.
            WeightsMismatch: names the tensors that are missing, extra or misshapen.
        """
        with context.no_init():
            module = build(checkpoint.card)
        tensors = base_tensors(checkpoint) | checkpoint.head_tensors()
        if not _has_auxiliary(checkpoint.card):
            tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith("AuxLogits.")}
        ignore = {*counters(module), *(name for name in tensors if name.endswith("num_batches_tracked"))}
        context.assign(module, tensors, rename=_rename, ignore=ignore)
        return ready(module, context)


class TorchvisionDetectionLoader(TorchvisionLoader):
    """The detectors, whose boxes need the precision of float32."""

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def sample(
        self, card: ModelCard, module: nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Lists of pictures of the largest size; see `zoo.plugin.Loader.sample`."""
        return detector_sample(card, module, batch)


def build(card: ModelCard, num_classes: int | None = None) -> nn.Module:
    """The card's architecture without weights; GoogLeNet without the auxiliary heads, as torchvision returns it."""
    config = card.config
    kwargs: dict[str, Any] = dict(config.get("build", {}))
    kwargs["num_classes"] = config["num_classes"] if num_classes is None else num_classes
    if card.architecture in {"googlenet", "inception_v3"}:
        kwargs |= {"aux_logits": _has_auxiliary(card), "init_weights": False}
    if "num_keypoints" in config:
        kwargs["num_keypoints"] = config["num_keypoints"]
    try:
        builder = models.get_model_builder(card.architecture)
    except ValueError as error:  # torchvision's answer to an unknown architecture
        raise MissingDependency(
            f"{card.id}: torchvision {torchvision.__version__} cannot build {card.architecture}: {error}",
            "`pip install -U torchvision`.",
        ) from error
    if "weights_backbone" in inspect.signature(builder).parameters:
        kwargs["weights_backbone"] = None  # else the builder would download them
    module: nn.Module = builder(weights=None, **kwargs)
    if (eps := config.get("frozen_norm_eps")) is not None:
        _freeze(module, eps)
    return module


def _has_auxiliary(card: ModelCard) -> bool:
    """Whether the module keeps the second classifier, which only training uses: Inception's, until it is fine-tuned."""
    return card.architecture == "inception_v3" and bool(card.config.get("build", {}).get("aux_logits", True))


def _freeze(module: nn.Module, eps: float) -> None:
    """Put frozen normalisation in the place of all other, as the builders do for some of their trained weights only."""
    for parent in list(module.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.BatchNorm2d):
                setattr(parent, name, FrozenBatchNorm2d(layer.num_features, eps=eps))


def _rename(name: str) -> str | None:
    if name.startswith(_AUXILIARY):
        return None
    found = _OLD_DENSENET.fullmatch(name)
    return "".join(found.groups()) if found else name
