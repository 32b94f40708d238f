"""Which files of a hub repository are worth having for inference?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

__all__ = ["worth_having"]

# Groups of weight formats, best first: one group is taken, never two copies of the same weights.
_GROUPS = (
    {".safetensors"},
    {".bin", ".pt", ".pth", ".ckpt"},
    {".onnx", ".onnx_data"},
    {".gguf"},
    {".npy", ".npz"},
    {".h5", ".keras"},
    {".pb"},
    {".tflite"},
)
_TORCH = 2
_COMPANIONS = {".json", ".txt", ".model", ".spm", ".tiktoken", ".vocab", ".bpe", ".codes", ".jinja", ".yaml", ".yml"}
_COMPANIONS |= {".parquet", ".xml", ".labels"}
_OTHER_FORMATS = {"onnx", "openvino", "coreml", "tflite", "flax", "tf", "tensorrt", "mlx", "original", "runs", "logs"}
_TRAINING = re.compile(r"(training_args|optimizer|scheduler|rng_state|scaler|trainer_state|global_step)\b.*")
_STANDARD = re.compile(r"(?:model|pytorch_model|diffusion_pytorch_model)(?:-\d+-of-\d+)?\.[a-z]+")
_SHARD = re.compile(r".*-\d+-of-\d+\.[a-z]+")
_INDEX = re.compile(r"(?P<stem>.+)\.(?P<suffix>safetensors|bin)\.index\.json")


def worth_having(names: Iterable[str]) -> list[str]:
    """Choose from a repository's file names the weights, in one format, and what a loader needs beside them, sorted.

    safetensors go before torch's formats, in each folder; those go before all others, in the whole repository. Exports
    for other engines (`onnx/`, `openvino/` …) are taken only if there is nothing else. Code, pictures, training state
    and hidden files are left out; the `README.md` and licence files at the top are kept.
    """
    candidates = sorted(name for name in names if not _unwanted(PurePosixPath(name)))
    main = [name for name in candidates if not _exported(name)]
    if not _weights(main) and _weights(candidates):
        main = candidates
    weights = _weights(main)
    return sorted(weights + [name for name in main if _is_companion(name, weights)])


def _unwanted(path: PurePosixPath) -> bool:
    return any(part.startswith((".", "__")) for part in path.parts) or bool(_TRAINING.fullmatch(path.name))


def _exported(name: str) -> bool:
    return any(part.lower() in _OTHER_FORMATS for part in PurePosixPath(name).parts[:-1])


def _group(name: str) -> int | None:
    suffix = PurePosixPath(name).suffix
    return next((at for at, suffixes in enumerate(_GROUPS) if suffix in suffixes), None)


def _weights(names: Sequence[str]) -> list[str]:
    groups = {group for name in names if (group := _group(name)) is not None}
    if not groups:
        return []
    best = min(groups)
    if best >= _TORCH:
        return [name for name in names if _group(name) == best]
    by_folder: dict[PurePosixPath, list[str]] = defaultdict(list)
    for name in names:
        by_folder[PurePosixPath(name).parent].append(name)
    return [name for folder in by_folder.values() for name in _of_folder(folder)]


def _of_folder(names: Sequence[str]) -> list[str]:
    for group in range(_TORCH):
        chosen = [name for name in names if _group(name) == group]
        if chosen:
            return _without_copies(chosen)
    return []


def _without_copies(names: Sequence[str]) -> list[str]:
    # beside the standard name, others hold the same weights again: `model.fp16.…`, `consolidated.…`, shards
    standard = [name for name in names if _STANDARD.fullmatch(PurePosixPath(name).name)]
    whole = [name for name in standard if not _SHARD.fullmatch(name)]
    return whole or standard or list(names)


def _is_companion(name: str, weights: Sequence[str]) -> bool:
    path = PurePosixPath(name)
    if match := _INDEX.fullmatch(name):
        shards = re.compile(rf"{re.escape(match['stem'])}-\d+-of-\d+\.{match['suffix']}")
        return any(shards.fullmatch(weight) for weight in weights)
    if len(path.parts) == 1 and (path.name == "README.md" or path.name.upper().startswith(("LICENSE", "LICENCE"))):
        return True
    return path.suffix in _COMPANIONS
