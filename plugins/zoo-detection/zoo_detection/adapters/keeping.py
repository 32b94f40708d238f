"""Writing what was learnt as files that the loaders read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import save_file

from zoo.plugin import ADAPTER_FILE, HEAD_FILE, Checkpoint, Trained

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["WEIGHTS", "keep_all", "keep_head"]

WEIGHTS = "model.safetensors"
_OLD = ("*.pb", "*.pbtxt", "*.safetensors", "adapter_config.json", f"{WEIGHTS}.index.json")


def keep_all(
    module: nn.Module, checkpoint: Checkpoint, folder: Path, config: Mapping[str, Any], *, more: Sequence[str] = ()
) -> Trained:
    """All weights under the module's own names, in the place of all weight files of the base."""
    _write(module.state_dict(), folder / WEIGHTS)
    new = (WEIGHTS, *more)
    old = {path.name for pattern in _OLD for path in checkpoint.path.glob(pattern)} | {HEAD_FILE, ADAPTER_FILE}
    drop = tuple(sorted(name for name in old if name not in new and checkpoint.has(name)))
    return Trained(files=new, drop=drop, config=config)


def keep_head(module: nn.Module, parts: Sequence[str], folder: Path, config: Mapping[str, Any]) -> Trained:
    """The named parts alone; the weights of the base stay as they are."""
    heads = tuple(f"{name}." for name in parts)
    _write({name: value for name, value in module.state_dict().items() if name.startswith(heads)}, folder / HEAD_FILE)
    return Trained(files=(HEAD_FILE,), config=config)


def _write(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """A safetensors file; a tensor that two names share is written once for each."""
    save_file(
        {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}, path, {"format": "pt"}
    )
