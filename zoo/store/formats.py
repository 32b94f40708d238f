"""What is in a file? Told by its content, never by its name; then checked, without executing anything."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from zoo.errors import IntegrityError, UnsupportedFormat
from zoo.store.checks import ZIP_ERRORS
from zoo.store.checks.arrays import MAGIC, check_npy, check_npz
from zoo.store.checks.pickles import check_pickle, check_torch_zip, looks_like_old_pickle, looks_like_pickle
from zoo.store.checks.protobuf import check_onnx, is_graph_def, is_onnx
from zoo.store.checks.tensors import check_safetensors, looks_like_safetensors

__all__ = ["check", "sniff"]

_HEAD = 1 << 16
_JSON_LIMIT = 1 << 28
_SIMPLE = {b"GGUF": "gguf", b"PAR1": "parquet", b"\x89HDF\r\n\x1a\n": "hdf5", MAGIC: "numpy"}
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"7z\xbc\xaf", b"Rar!")
_CT2_NAME = re.compile(rb"[A-Za-z0-9]{3,60}\x00")
# What a name promises: other content under it is an error. `.bin`, `.pb` and `.model` promise nothing certain.
_PROMISED = {
    ".safetensors": {"safetensors"},
    ".onnx": {"onnx"},
    ".gguf": {"gguf"},
    ".npy": {"numpy"},
    ".npz": {"npz"},
    ".parquet": {"parquet"},
    ".json": {"json"},
    ".h5": {"hdf5"},
    ".hdf5": {"hdf5"},
}
_TORCH = {".pt", ".pth", ".ckpt"}
_PICKLED = _TORCH | {".pkl", ".pickle", ".joblib"}
_WEIGHTS = (set(_PROMISED) - {".json"}) | _PICKLED | {".bin", ".pb", ".tflite", ".msgpack", ".keras"}
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_LFS = b"version https://git-lfs.github.com/spec/"


def sniff(path: Path, name: str) -> str:
    """The format of a file's content.

    Args:
        path: the file.
        name: what it will be called; it decides only between `json` and `text` in files too large to parse.

    Returns:
        `safetensors`, `torch-zip`, `pickle`, `numpy`, `npz`, `onnx`, `gguf`, `parquet`, `hdf5`, `json`, `text`,
        `tensorflow` (a frozen graph), `ctranslate2` or `other`.
    """
    head = _head(path)
    for magic, format_ in _SIMPLE.items():
        if head.startswith(magic):
            return format_
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    if looks_like_safetensors(head):
        return "safetensors"
    if looks_like_pickle(head):
        return "pickle"
    return _by_structure(path, name, head)


def check(path: Path, name: str) -> str:
    """Sniff a file and validate it, so that what is stored can be loaded without running code.

    Returns:
        The format, as `sniff`. `pickle` and `torch-zip` mean torch weights, to be converted (see `zoo.store.convert`).

    Raises:
        IntegrityError: damaged, cut short, or not what its name promises: a web page, a git-lfs pointer.
        UnsafeFile: it would execute code or read files outside its folder.
        UnsupportedFormat: a weights file in a format that the zoo does not read.
    """
    head = _head(path)
    suffix = PurePosixPath(name).suffix.lower()
    _refuse_stand_ins(head, name, suffix)
    format_ = sniff(path, name)
    promised = _PROMISED.get(suffix)
    _validate(format_, path, name)
    if promised and format_ not in promised:
        if format_ == "other":
            # it says more exactly what is wrong
            _validate(suffix[1:], path, name)
        raise IntegrityError(f"{name} does not hold {suffix[1:]} data, but {_described(format_)}", "Download it again.")
    if suffix in _PICKLED and format_ in {"other", "text", "json"}:
        raise UnsupportedFormat(
            f"{name} is neither a torch checkpoint nor safetensors, but {_kind(head, format_)}",
            "Use the model's safetensors or ONNX file.",
        )
    return format_


def _validate(format_: str, path: Path, name: str) -> None:
    if validator := _VALIDATORS.get(format_):
        validator(path, name)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except ZIP_ERRORS:
        return "other"
    if any(name.endswith(("data.pkl", "constants.pkl")) for name in names):
        return "torch-zip"
    return "npz" if names and all(name.endswith(".npy") for name in names) else "other"


def _by_structure(path: Path, name: str, head: bytes) -> str:
    """Formats without a mark at the beginning."""
    if _is_ctranslate2(head):
        return "ctranslate2"
    if head[:1] == b"\x08" and is_onnx(path):
        return "onnx"
    if head[:1] == b"\x0a" and is_graph_def(path):
        return "tensorflow"
    if looks_like_old_pickle(head):
        return "pickle"
    # ONNX models may be written in another order of fields
    if not _is_text(head):
        return "onnx" if is_onnx(path) else "other"
    return "json" if _is_json(path, name, head) else "text"


def _is_ctranslate2(head: bytes) -> bool:
    # binary version (uint32), then the specification's name with its length (uint16) and a final NUL
    version, length = int.from_bytes(head[:4], "little"), int.from_bytes(head[4:6], "little")
    return 2 <= version <= 99 and length <= 64 and bool(_CT2_NAME.fullmatch(head[6 : 6 + length]))


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # a character may be cut at the end of what was read
        if len(head) < _HEAD or error.start < len(head) - 3:
            return False
        text = head[: error.start].decode()
    return not any(ord(c) < 32 and c not in "\t\n\r\f\x1b" for c in text)


def _is_json(path: Path, name: str, head: bytes) -> bool:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in {b"{", b"["}:
        return False
    if path.stat().st_size > _JSON_LIMIT:
        return name.lower().endswith(".json")
    try:
        json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_stand_ins(head: bytes, name: str, suffix: str) -> None:
    promising = suffix in _WEIGHTS or suffix == ".json"
    if not head and promising:
        raise IntegrityError(f"{name} is empty", "Download it again.")
    if promising and _HTML.match(head):
        raise IntegrityError(
            f"{name} is a web page instead of the file: the server, or a proxy, answered with a message",
            "Check the address and the proxy; open it in a browser to read the message.",
        )
    if head.startswith(_LFS):
        raise IntegrityError(
            f"{name} is a git-lfs pointer instead of the file", "Run `git lfs pull` in the repository that it is from."
        )


def _check_zip(path: Path, name: str) -> None:
    """A zip archive that ends too early has no directory, and sniffs as `other`."""
    if not _head(path).startswith(b"PK\x03\x04"):
        return
    try:
        zipfile.ZipFile(path).close()
    except ZIP_ERRORS as error:
        raise IntegrityError(f"{name} is a zip archive cut short, or damaged: {error}", "Download it again.") from error


def _check_tail(path: Path, name: str) -> None:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        if path.stat().st_size < 12 or file.read() != b"PAR1":
            raise IntegrityError(f"{name} is a Parquet file cut short", "Download it again.")


def _check_gguf(path: Path, name: str) -> None:
    head = _head(path)
    if len(head) < 24 or not 1 <= int.from_bytes(head[4:8], "little") <= 3:
        raise IntegrityError(f"{name} is a GGUF file of an unknown version, or cut short", "Download it again.")


def _kind(head: bytes, format_: str) -> str:
    return "a compressed file" if head.startswith(_COMPRESSED) else _described(format_)


def _described(format_: str) -> str:
    return {"other": "bytes in no known format", "text": "text", "torch-zip": "a torch checkpoint"}.get(
        format_, format_
    )


_VALIDATORS: dict[str, Callable[[Path, str], None]] = {
    "safetensors": check_safetensors,
    "pickle": check_pickle,
    "torch-zip": check_torch_zip,
    "numpy": check_npy,
    "npy": check_npy,
    "npz": check_npz,
    "onnx": check_onnx,
    "parquet": _check_tail,
    "gguf": _check_gguf,
    "other": _check_zip,
}
