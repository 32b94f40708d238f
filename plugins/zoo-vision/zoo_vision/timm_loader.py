"""Builds any timm architecture and maps a checkpoint in: timm's own, torchvision's or a package's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import timm
import torch
from torch.overrides import TorchFunctionMode

from zoo.cards import ModelCard
from zoo.errors import MissingDependency, UnsupportedFormat
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_vision.blank import on_meta
from zoo_vision.checkpoints import base_tensors, counters, fits
from zoo_vision.names import timm_name

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

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> nn.Module:
        """The module with the checkpoint's weights; `head.safetensors` replaces the classifier.

        Raises:
            MissingDependency: the installed timm has no such architecture.
            WeightsMismatch: names the tensors that are missing, extra or misshapen.
        """
        with context.no_init():
            module = build(checkpoint.card)
        tensors = _named_tensors(checkpoint, module, context) | checkpoint.head_tensors()
        context.assign(module, tensors, ignore=counters(module))
        return module.to(device=context.device, dtype=context.dtype).eval()


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


def _named_tensors(checkpoint: Checkpoint, module: Any, context: LoadContext) -> dict[str, torch.Tensor]:
    """The tensors of the body and its original classifier under the names of `module`."""
    base, config = base_tensors(checkpoint), checkpoint.card.config
    if style := config.get("names"):
        depths = [len(stage) for stage in module.blocks]
        return {timm_name(style, name, depths): tensor for name, tensor in base.items()}
    if not base or not config.get("tag") or fits(module, base | checkpoint.head_tensors()):
        return base
    return _converted(checkpoint.card, base, context)


def _converted(card: ModelCard, base: Mapping[str, torch.Tensor], context: LoadContext) -> dict[str, torch.Tensor]:
    """Tensors that timm itself renames or reshapes when it loads this file (CLIP, DINOv2, label offsets, …).

    timm keeps the conversion private to each architecture; loading once into a scratch module reaches all of them.
    """
    # timm's conversions know nothing of the counters of batch normalisation, which evaluation does not need.
    state = {name: tensor for name, tensor in base.items() if not name.endswith("num_batches_tracked")}
    try:
        with context.no_init(), _Written() as written:
            scratch = timm.create_model(_full_name(card), pretrained=True, pretrained_cfg_overlay={"state_dict": state})
    except (RuntimeError, LookupError, ValueError, TypeError, AttributeError):
        # The conversions fail in many ways on a file that is not theirs; assigning the file as it is names the tensors.
        return dict(base)
    found = scratch.state_dict(keep_vars=True)
    return {name: tensor.detach() for name, tensor in found.items() if id(tensor) in written.ids}


class _Written(TorchFunctionMode):
    """Remembers which tensors were copied into: some architectures of timm accept files that lack tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[int] = set()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type[Any]],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is torch.Tensor.copy_:
            self.ids.add(id(args[0]))
        return func(*args, **(kwargs or {}))
