"""The files of a trained text model, and which files of its base they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from zoo.plugin import ADAPTER_FILE, HEAD_FILE, Checkpoint, Trained
from zoo_nlp.heads import Headed

__all__ = ["HEADLESS", "WEIGHTS", "drop", "save_headed", "save_weights", "save_whole"]

WEIGHTS = "model.safetensors"

# What a card says of a head, taken back for a model that has none.
HEADLESS: Mapping[str, None] = dict.fromkeys(("head", "labels", "num_classes", "pooling", "problem_type"))

# Weights in every form that a base may come in, and the configuration of low-rank adapters.
_WEIGHTS = (".bin", ".gguf", ".h5", ".msgpack", ".onnx", ".ot", ".pt", ".pth", ".safetensors", ".index.json")
_ADAPTER_CONFIG = "adapter_config.json"


def save_headed(
    module: Headed, checkpoint: Checkpoint, folder: Path, config: Mapping[str, Any], *, method: str
) -> Trained:
    """The head as a file of its own; with `full` also the encoder's weights, under its own names."""
    save_weights(module.head, folder / HEAD_FILE, prefix="head.")
    changed = {**HEADLESS, **config}
    if method != "full":
        return Trained(files=(HEAD_FILE,), config=changed)
    save_weights(module.encoder, folder / WEIGHTS)
    files = (HEAD_FILE, WEIGHTS)
    return Trained(files=files, drop=drop(checkpoint, files), config=changed)


def save_whole(module: torch.nn.Module, checkpoint: Checkpoint, folder: Path, *, method: str) -> Trained:
    """A module without a head of its own file: with `full` all its weights, otherwise nothing."""
    if method != "full":
        return Trained(files=(), drop=(HEAD_FILE,) if checkpoint.has(HEAD_FILE) else (), config=HEADLESS)
    save_weights(module, folder / WEIGHTS)
    return Trained(files=(WEIGHTS,), drop=drop(checkpoint, (WEIGHTS,)), config=HEADLESS)


def save_weights(module: torch.nn.Module, path: Path, *, prefix: str = "") -> None:
    """Parameters and buffers as safetensors; what is tied once, under its first name."""
    from safetensors.torch import save_file

    kept: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            kept[prefix + name] = tensor.detach().contiguous()
            seen.add(id(tensor))
    save_file(kept, path, metadata={"format": "pt"})


def drop(checkpoint: Checkpoint, files: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the base's files that hold weights in any form, beside those that are replaced."""
    found = {path.relative_to(checkpoint.path).as_posix() for path in checkpoint.path.rglob("*") if path.is_file()}
    heavy = {name for name in found if name.endswith(_WEIGHTS)} | ({_ADAPTER_CONFIG, ADAPTER_FILE} & found)
    return tuple(sorted(heavy - set(files)))
