"""Pickles and torch checkpoints, looked at without unpickling: which functions would they call?

A pickle is a program. What it may import is gated by an allowlist: the globals that torch writes for tensors and
plain containers. Whatever else it names, it is refused. `torch.load(weights_only=True)` remains the gate at conversion.
"""

from __future__ import annotations

import io
import pickletools
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from zoo.errors import IntegrityError, UnsafeFile
from zoo.store.checks import ZIP_ERRORS

__all__ = ["check_pickle", "check_torch_zip", "looks_like_old_pickle", "looks_like_pickle"]

_LIMIT = 1 << 28
_MAGIC = 0x1950A86A20F9469CFC6C
_OTHERS = {
    "collections.OrderedDict",
    "collections.Counter",
    "builtins.set",
    "__builtin__.set",
    "builtins.complex",
    "__builtin__.complex",
    "builtins.bytearray",
    "__builtin__.bytearray",
    "_codecs.encode",
    "torch.Size",
    "torch.Tensor",
    "torch.device",
    "torch.nn.parameter.Parameter",
    "torch._tensor._rebuild_from_type_v2",
    "torch.serialization._get_layout",
    "torch.storage.TypedStorage",
    "torch.storage.UntypedStorage",
}
_TORCH = re.compile(
    r"torch\.(?:cuda\.)?(?:sparse\.)?[A-Z][A-Za-z0-9]*(?:Storage|Tensor)"
    r"|torch\._utils\._rebuild_[a-z_0-9]+"
    r"|torch\.b?(?:float|complex)\d+(?:_[a-z0-9_]+)?|torch\.(?:q?u?int|bits)\d+(?:x\d+)?|torch\.bool"
    r"|torch\.per_(?:tensor|channel)_[a-z_]+"
)
_CALLS = {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
_STARTS = b"(}])cIFLSVNKMJGUTXP"
_OLD_HEAD = 1 << 20


def looks_like_pickle(head: bytes) -> bool:
    """Whether a file begins as a pickle of protocol 2 or later."""
    return len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5


def looks_like_old_pickle(head: bytes) -> bool:
    """Whether a file begins as a pickle of protocol 0 or 1, which have no mark: it reads as one, or makes a call."""
    if not head or head[0] not in _STARTS:
        return False
    names: list[str] = []
    try:
        for opcode, _, _ in pickletools.genops(head[:_OLD_HEAD]):
            names.append(opcode.name)
            if opcode.name in _CALLS and ("GLOBAL" in names or opcode.name == "INST"):
                return "MARK" in names or "EMPTY_TUPLE" in names
    except (ValueError, UnicodeDecodeError, OverflowError):
        return False
    return len(names) > 1


def check_pickle(path: Path, name: str) -> None:
    """Accept a file in torch's format of before 2020 (five pickles, then raw storages); refuse all other pickles.

    Raises:
        UnsafeFile: it would call something other than what rebuilds tensors, or is no torch checkpoint at all.
        IntegrityError: it cannot be read to the end of its program.
    """
    with path.open("rb") as opened:
        file = cast(IO[bytes], _Bounded(opened, path.stat().st_size))
        _refuse_calls(_globals(file, name), name)
        opened.seek(0)
        if _MAGIC not in [argument for _, argument in _operations(file, name)]:
            raise UnsafeFile(
                f"{name} is a Python pickle, and not torch weights", "Use the model's safetensors or ONNX file."
            )
        for _ in range(4):
            _refuse_calls(_globals(file, name), name)


def check_torch_zip(path: Path, name: str) -> None:
    """Accept what `torch.save` writes; refuse other calls in any of its pickles, and TorchScript.

    Raises:
        UnsafeFile: as `check_pickle`; or TorchScript, which is a program.
        IntegrityError: the archive is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            pickles = [info for info in infos if info.filename.endswith(".pkl")]
            for info in pickles:
                _refuse_calls(_globals(_read(archive, info, name), name), name)
    except ZIP_ERRORS as error:
        raise IntegrityError(f"{name} is a damaged torch archive: {error}", "Download it again.") from error
    folders = {info.filename.split("/")[1] for info in infos if info.filename.count("/") > 1}
    if "code" in folders or any(info.filename.endswith("constants.pkl") for info in infos):
        raise UnsafeFile(
            f"{name} is a TorchScript archive: it holds a program, not only weights",
            "Use the model's safetensors file, or save its `state_dict()`.",
        )


class _Bounded:
    """A file of which never more is asked for than it has: a pickle may announce a text of any length."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.read: Callable[[int], bytes] = lambda count: file.read(min(count, size))
        self.readline = file.readline
        self.tell = file.tell


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> IO[bytes]:
    if info.file_size > _LIMIT:
        raise UnsafeFile(f"{name} holds a pickle of {info.file_size} bytes", "Do not use this file.")
    return io.BytesIO(archive.read(info))


def _refuse_calls(found: Iterator[str], name: str) -> None:
    for called in found:
        if called not in _OTHERS and not _TORCH.fullmatch(called):
            raise UnsafeFile(
                f"{name} would call {called} when loaded", "Do not load it; use the model's safetensors file."
            )


def _operations(file: IO[bytes], name: str) -> Iterator[tuple[str, Any]]:
    try:
        for opcode, argument, _ in pickletools.genops(file):
            yield opcode.name, argument
    except (ValueError, UnicodeDecodeError, OverflowError) as error:
        raise IntegrityError(f"{name} is a damaged pickle: {error}", "Download it again.") from error


def _globals(file: IO[bytes], name: str) -> Iterator[str]:
    """Every `module.name` that one pickle imports; a name that is not written plainly is yielded as `a hidden name`."""
    texts: list[str | None] = []
    memo: dict[int, str | None] = {}
    for operation, argument in _operations(file, name):
        if operation in {"GLOBAL", "INST"}:
            yield ".".join(argument.split(" ", 1))
            texts.append(None)
        elif operation == "STACK_GLOBAL":
            module, attribute = [None, None, *texts][-2:]
            yield f"{module}.{attribute}" if module and attribute else "a hidden name"
            texts.append(None)
        elif operation.startswith("EXT"):
            yield "a registered extension"
        elif operation == "MEMOIZE":
            memo[len(memo)] = texts[-1] if texts else None
        elif operation in {"PUT", "BINPUT", "LONG_BINPUT"}:
            memo[argument] = texts[-1] if texts else None
        elif operation in {"GET", "BINGET", "LONG_BINGET"}:
            texts.append(memo.get(argument))
        else:
            texts.append(argument if isinstance(argument, str) else None)
