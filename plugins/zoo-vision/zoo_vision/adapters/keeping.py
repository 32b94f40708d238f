"""Writing what was learnt as files that the loaders of this plugin read."""

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


def keep_all(
    module: nn.Module, checkpoint: Checkpoint, folder: Path, config: Mapping[str, Any], *, more: Sequence[str] = ()
) -> Trained:
    """All weights under the module's own names, in the place of all weight files of the base."""
    _write(module.state_dict(), folder / WEIGHTS)
    old = [path.name for path in checkpoint.weight_files()]
    old += [HEAD_FILE, ADAPTER_FILE, "adapter_config.json", f"{WEIGHTS}.index.json"]
    new = (WEIGHTS, *more)
    drop = tuple(name for name in old if name not in new and checkpoint.has(name))
    return Trained(files=new, drop=drop, config=config)


def keep_head(tensors: Mapping[str, torch.Tensor], folder: Path, config: Mapping[str, Any]) -> Trained:
    """The head alone; the weights of the base stay as they are."""
    _write(tensors, folder / HEAD_FILE)
    return Trained(files=(HEAD_FILE,), config=config)


def _write(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """A safetensors file; a tensor that two names share is written once for each."""
    save_file(
        {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}, path, {"format": "pt"}
    )
