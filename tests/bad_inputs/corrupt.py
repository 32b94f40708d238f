"""Files that are not what they should be, and programs hidden in them."""

from __future__ import annotations

import importlib
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["CORRUPT_SAFETENSORS", "PAYLOADS", "PICKLED_AS", "bad_pictures"]


def _safetensors(header: object, body: bytes = b"\0" * 8) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _one(**changes: Any) -> bytes:
    return _safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes})


CORRUPT_SAFETENSORS: dict[str, bytes] = {
    "empty": b"",
    "seven bytes": b"\0" * 7,
    "header length only": struct.pack("<Q", 100),
    "header length zero": struct.pack("<Q", 0) + b"{}",
    "header longer than the file": struct.pack("<Q", 1 << 40) + b"{}",
    "header length all ones": b"\xff" * 8 + b"{}",
    "header no JSON": _safetensors(b"{not json"),
    "header not UTF-8": _safetensors(b'{"\xff\xfe": 1}'),
    "header an array": _safetensors(["a"]),
    "header a number": _safetensors(b"12345678"),
    "header nested too deep": _safetensors(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "entry a string": _safetensors({"a": "b"}),
    "no dtype": _safetensors({"a": {"shape": [2], "data_offsets": [0, 8]}}),
    "unknown dtype": _one(dtype="F33"),
    "dtype a number": _one(dtype=32),
    "negative shape": _one(shape=[-2]),
    "huge shape": _one(shape=[1 << 62, 1 << 62]),
    "fractional shape": _one(shape=[2.0]),
    "shape a string": _one(shape="2"),
    "offsets backwards": _one(data_offsets=[8, 0]),
    "offsets beyond the end": _one(shape=[4], data_offsets=[0, 16]),
    "offsets do not fit the shape": _one(shape=[1]),
    "offsets missing": _one(data_offsets=[0]),
    "hole at the beginning": _one(shape=[1], data_offsets=[4, 8]),
    "bytes left over": _one() + b"more",
    "cut short": _one()[:-3],
    "overlapping tensors": _safetensors(
        {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for name in ("a", "b")}
    ),
    "key twice": _safetensors(b'{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"a":{}}'),
    "metadata a list": _safetensors({"__metadata__": [1]}, b""),
    "tensor name leads out": _safetensors({"../../x": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}}),
    "tensor name with control characters": _safetensors(
        {"a\x1b[31m": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}}
    ),
    "web page": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "git-lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "text": b"these are no weights\n",
    "gzip": b"\x1f\x8b\x08" + b"\0" * 60,
    "all zeros": b"\0" * 4096,
}


class _Call:
    """Unpickling this calls a function."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self._made = (function, args)

    def __reduce__(self) -> Any:
        return self._made


def _payloads(canary: Path) -> dict[str, Any]:
    touch = f"open({str(canary)!r}, 'w').close()"
    return {
        "os.system": _Call(os.system, f"touch '{canary}'"),
        "exec": _Call(exec, touch),
        "eval": _Call(eval, touch),
        "importlib": _Call(importlib.import_module, "antigravity"),
        "open": _Call(open, str(canary), "w"),
        "getattr": _Call(getattr, Path, "touch"),
        "Path.touch": _Call(Path.touch, canary),
        "nested in a state dict": {"weight": [1, {"deep": _Call(os.system, f"touch '{canary}'")}]},
    }


PAYLOADS = ("os.system", "exec", "eval", "importlib", "open", "getattr", "Path.touch", "nested in a state dict")


def _zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
    return buffer.getvalue()


PICKLED_AS: dict[str, Callable[[bytes], bytes]] = {
    "model.safetensors": lambda content: content,
    "pytorch_model.bin": lambda content: content,
    "model.pth": _zipped,
    "weights.pkl": lambda content: content,
}


def pickled(payload: str, name: str, canary: Path) -> bytes:
    """A file of this name whose loading would make `canary`."""
    return PICKLED_AS[name](pickle.dumps(_payloads(canary)[payload], protocol=2))


def bad_pictures() -> dict[str, bytes]:
    """What is called a picture and is none."""
    from PIL import Image

    def written(form: str) -> bytes:
        buffer = io.BytesIO()
        Image.effect_noise((64, 64), 60).convert("RGB").save(buffer, form)
        return buffer.getvalue()

    png, jpeg, webp = written("PNG"), written("JPEG"), written("WEBP")
    huge = bytearray(png)
    huge[16:24] = struct.pack(">II", 100_000, 100_000)
    return {
        "empty.png": b"",
        "text.png": b"no picture\n",
        "html.jpg": b"<html></html>",
        "zeros.png": b"\0" * 1000,
        "svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "pdf.png": b"%PDF-1.4\n",
        "eps.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        "cut.png": png[: len(png) // 2],
        "header.png": png[:30],
        "signature.png": png[:8],
        "flipped.png": png[:100] + bytes(byte ^ 0x5A for byte in png[100:300]) + png[300:],
        "size.png": bytes(huge),
        "cut.jpg": jpeg[:200],
        "start.jpg": jpeg[:3],
        "cut.webp": webp[: len(webp) // 3],
        "riff.webp": b"RIFF\xff\xff\xff\x7fWEBPVP8 ",
        "bad.gif": b"GIF89a" + b"\xff" * 20,
        "bad.bmp": b"BM" + b"\xff" * 60,
        "wave.png": b"RIFF\x24\0\0\0WAVEfmt ",
        "pickle.png": pickle.dumps({"a": 1}),
        "zip.png": b"PK\x03\x04" + b"\0" * 60,
    }
