"""Writing what was learnt as files that the loaders of this plugin read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.plugin import ADAPTER_FILE, HEAD_FILE, Checkpoint

if TYPE_CHECKING:
    import torch

__all__ = ["WEIGHTS", "dropped", "keep_weights"]

WEIGHTS = "model.safetensors"
# Weights in every form that a base may come in, what belongs to CTranslate2's alone, and low-rank adapters' settings.
_ENDINGS = (".bin", ".h5", ".msgpack", ".onnx", ".pt", ".pth", ".safetensors", ".index.json")
_NAMES = frozenset({"adapter_config.json", "vocabulary.json", "vocabulary.txt"})


def keep_weights(module: torch.nn.Module, path: Path, *, prefix: str = "") -> None:
    """Parameters and buffers as safetensors; what is tied once, under its first name."""
    from safetensors.torch import save_file

    kept: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            kept[prefix + name] = tensor.detach().cpu().contiguous()
            seen.add(id(tensor))
    save_file(kept, path, {"format": "pt"})


def dropped(checkpoint: Checkpoint, files: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the base's files that hold weights in any form, beside those that `files` replaces."""
    found = {path.relative_to(checkpoint.path).as_posix() for path in checkpoint.path.rglob("*") if path.is_file()}
    heavy = {name for name in found if name.endswith(_ENDINGS) or name in {*_NAMES, ADAPTER_FILE, HEAD_FILE}}
    return tuple(sorted(heavy - set(files)))
