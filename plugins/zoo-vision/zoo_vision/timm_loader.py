"""Builds any timm architecture and maps a checkpoint in: timm's own, torchvision's or a package's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import timm
import torch
from torch.overrides import TorchFunctionMode

from zoo.cards import ModelCard
from zoo.errors import MissingDependency, UnsupportedFormat, WeightsMismatch
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_vision.blank import on_meta
from zoo_vision.checkpoints import base_tensors, counters, ready
from zoo_vision.names import timm_name
from zoo_vision.sampling import picture_sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["TimmLoader", "build"]


class TimmLoader(Loader):
    """Modules equal to `timm.create_model(…, pretrained=True)`, without its random initialisation and copies."""

    def blank(self, card: ModelCard) -> nn.Module:
        """The card's architecture on the meta device; raises `UnsupportedFormat` where timm does not know it."""
        try:
            return on_meta(lambda: build(card))
        except MissingDependency as error:
            raise UnsupportedFormat(error.cause, error.remedy) from error

    def sample(
        self, card: ModelCard, module: nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Pictures of the card's input size; see `zoo.plugin.Loader.sample`."""
        return picture_sample(card, module, batch)

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> nn.Module:
        """The module with the checkpoint's weights; `head.safetensors` replaces the classifier.

        Raises:
            MissingDependency: the installed timm has no such architecture.
            WeightsMismatch: names the tensors that are missing, extra or misshapen.
        """
        with context.no_init():
            module = build(checkpoint.card)
        base, head = _base_tensors(checkpoint, module), checkpoint.head_tensors()
        ignore = counters(module)
        try:
            context.assign(module, base | head, ignore=ignore)
        except WeightsMismatch:
            if not base or not checkpoint.card.config.get("tag"):
                raise
            context.assign(module, _converted(checkpoint.card, base, context) | head, ignore=ignore)
        return ready(module, context)


def build(card: ModelCard, num_classes: int | None = None) -> nn.Module:
    """The card's architecture, with the input size of its pretrained configuration, without weights."""
    classes = card.config["num_classes"] if num_classes is None else num_classes
    try:
        made: nn.Module = timm.create_model(_full_name(card), pretrained=False, num_classes=classes)
    except RuntimeError as error:  # timm's answer to an unknown architecture or tag
        raise MissingDependency(
            f"{card.id}: timm {timm.__version__} cannot build {_full_name(card)}: {error}", "`pip install -U timm`."
        ) from error
    return made


def _full_name(card: ModelCard) -> str:
    tag = card.config.get("tag")
    return f"{card.architecture}.{tag}" if tag else card.architecture


def _base_tensors(checkpoint: Checkpoint, module: Any) -> dict[str, torch.Tensor]:
    """The tensors of the body and its original classifier, under the names of `module` where the card knows them."""
    base, style = base_tensors(checkpoint), checkpoint.card.config.get("names")
    if not style:
        return base
    depths = [len(stage) for stage in module.blocks]
    return {timm_name(style, name, depths): tensor for name, tensor in base.items()}


def _converted(card: ModelCard, base: Mapping[str, torch.Tensor], context: LoadContext) -> dict[str, torch.Tensor]:
    """Tensors that timm itself renames or reshapes when it loads this file (CLIP, DINOv2, label offsets, …).

    timm keeps the conversion private to each architecture; loading once into a scratch module reaches all of them.
    The scratch module has no memory of its own: what timm would copy into it is taken as it is.
    """
    # timm's conversions know nothing of the counters of batch normalisation, which evaluation does not need.
    state = {name: tensor for name, tensor in base.items() if not name.endswith("num_batches_tracked")}
    try:
        with context.no_init(), _Copied() as copied, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r".*copying from a non-meta parameter")
            scratch = timm.create_model(_full_name(card), pretrained=True, pretrained_cfg_overlay={"state_dict": state})
    except (RuntimeError, LookupError, ValueError, TypeError, AttributeError):
        # The conversions fail in many ways on a file that is not theirs; assigning the file as it is names the tensors.
        return dict(base)
    found = scratch.state_dict(keep_vars=True)
    return {name: copied.sources[id(tensor)] for name, tensor in found.items() if id(tensor) in copied.sources}


class _Copied(TorchFunctionMode):
    """Remembers what was copied into which tensor: some architectures of timm accept files that lack tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: dict[int, torch.Tensor] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type[Any]],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is torch.Tensor.copy_:
            self.sources[id(args[0])] = args[1].detach()
        return func(*args, **(kwargs or {}))
