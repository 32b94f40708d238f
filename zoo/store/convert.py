"""Torch checkpoints become safetensors, once, when they arrive. Nothing in them is executed."""

from __future__ import annotations

import os
import pickle
import re
import struct
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from zoo.errors import IntegrityError, UnsafeFile, UnsupportedFormat

if TYPE_CHECKING:
    import torch

__all__ = ["STATE_KEYS", "convert", "converted_name", "needs_conversion"]

#: Under which keys checkpoints keep their state dict, in the order in which they are looked for.
STATE_KEYS = (
    "state_dict_ema",
    "model_ema",
    "params_ema",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "params",
    "net",
    "network",
    "weights",
)

_CONVERTED = {"pickle", "torch-zip"}
_SUFFIXES = {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"}
_SHARD = re.compile(r"pytorch_model(?P<shard>-\d+-of-\d+)?")
_GLOBAL = re.compile(r"(?:GLOBAL|global:?|class|function) ([\w.]+\.[\w]+)")
_PLAIN = (str, bytes, int, float, bool, complex, type(None))


def needs_conversion(format: str) -> bool:
    """Whether a file of this format (see `zoo.store.formats.sniff`) is converted before it is stored."""
    return format in _CONVERTED


def converted_name(path: str) -> str:
    """The path of a checkpoint after conversion: `a/x.pth` is `a/x.safetensors`; `pytorch_model…` is `model…`."""
    old = PurePosixPath(path)
    stem = old.stem if old.suffix.lower() in _SUFFIXES else old.name
    if match := _SHARD.fullmatch(stem):
        stem = f"model{match['shard'] or ''}"
    return str(old.with_name(f"{stem}.safetensors"))


def convert(path: Path, target: Path) -> None:
    """Write the tensors of a torch checkpoint to a safetensors file: the same bytes whenever it is done.

    A flat state dict, or one under a usual key (`STATE_KEYS`), is taken as it is: no name is changed, nothing is left
    out but entries that are plain metadata. Tensors that share memory are written separately.

    Args:
        path: the checkpoint, checked by `zoo.store.formats.check`.
        target: where to write; it appears complete, or not at all.

    Raises:
        UnsafeFile: loading would execute code; names what would be called.
        UnsupportedFormat: it holds something other than a state dict.
        IntegrityError: it is damaged.
    """
    tensors = _tensors(_load(path), path.name)
    _write(tensors, target)


def _load(path: Path) -> Any:
    import torch

    # a zip archive begins so; only its tensors can be mapped instead of read
    with path.open("rb") as file:
        mappable = file.read(4) == b"PK\x03\x04"
    try:
        with warnings.catch_warnings():
            # torch warns of archives that it then refuses, and of pickle protocols that it then reads
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mappable)
    except pickle.UnpicklingError as error:
        raise _unsafe(path.name, error) from error
    except RuntimeError as error:
        if "TorchScript" in str(error):
            raise _unsafe(path.name, error) from error
        raise _damaged(path.name, error) from error
    except (ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError) as error:
        raise _damaged(path.name, error) from error
    except (TypeError, ValueError, struct.error) as error:
        raise _damaged(path.name, error) from error


def _unsafe(name: str, error: Exception) -> UnsafeFile:
    text = str(error)
    match = _GLOBAL.search(text)
    if "TorchScript" in text:
        why = "is a TorchScript archive: it holds a program, not only weights"
    elif match:
        why = f"would call {match[1]} when loaded"
    else:
        why = f"cannot be loaded without executing it: {_sentence(text)}"
    return UnsafeFile(f"{name} {why}", "Do not load it; use the model's safetensors file.")


def _sentence(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if "WeightsUnpickler error" in line]
    return (lines[0].partition("WeightsUnpickler error:")[2].strip() if lines else " ".join(text.split()))[:200]


def _damaged(name: str, error: Exception) -> IntegrityError:
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return IntegrityError(f"{name} is a damaged torch checkpoint: {why}", "Download it again.")


def _tensors(loaded: Any, name: str) -> dict[str, torch.Tensor]:
    state = _state(loaded, name)
    found: dict[str, torch.Tensor] = {}
    for key, value in state.items():
        if not isinstance(key, str):
            raise _not_weights(name, f"has the entry {key!r}, which is not named by a text")
        if _is_tensor(value):
            found[key] = _plain(value, key, name)
        elif not _is_metadata(value):
            raise _not_weights(name, f"has the entry {key!r} of type {type(value).__name__}")
    if not found:
        raise _not_weights(name, "holds no tensors")
    return found


def _state(loaded: Any, name: str) -> Mapping[Any, Any]:
    """The mapping that holds the tensors: the outermost one that does, looked for under the usual keys."""
    if not isinstance(loaded, Mapping):
        raise _not_weights(name, f"holds a {type(loaded).__name__}")
    if any(_is_tensor(value) for value in loaded.values()):
        return loaded
    for key in STATE_KEYS:
        inner = loaded.get(key)
        if isinstance(inner, Mapping) and any(_is_tensor(value) for value in inner.values()):
            return inner
    raise _not_weights(name, f"has no tensors under its keys {', '.join(map(str, list(loaded)[:8]))}")


def _is_tensor(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _is_metadata(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_metadata(key) and _is_metadata(inner) for key, inner in value.items())
    if isinstance(value, list | tuple | set):
        return all(_is_metadata(inner) for inner in value)
    return isinstance(value, _PLAIN)


def _plain(tensor: torch.Tensor, key: str, name: str) -> torch.Tensor:
    import torch

    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        raise _not_weights(name, f"has the tensor {key!r} of layout {tensor.layout} on {tensor.device}")
    return tensor.detach()


def _not_weights(name: str, why: str) -> UnsupportedFormat:
    return UnsupportedFormat(
        f"{name} {why}: it is not a state dict", "Save the model's `state_dict()` with safetensors, and use that."
    )


def _write(tensors: Mapping[str, torch.Tensor], target: Path) -> None:
    from safetensors.torch import save_file

    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    try:
        save_file(_unshared(tensors), temporary, metadata={"format": "pt"})
        with Path(temporary).open("rb+") as file:
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _unshared(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Contiguous tensors, each with memory of its own, as safetensors requires; the others are not copied."""
    seen: set[int] = set()
    made: dict[str, torch.Tensor] = {}
    for key in sorted(tensors):
        tensor = tensors[key].contiguous()
        memory = tensor.untyped_storage().data_ptr()
        # tensors mapped from one file, or views of one buffer, share its memory without being the same
        made[key] = tensor.clone() if memory in seen else tensor
        seen.add(memory)
    return made
