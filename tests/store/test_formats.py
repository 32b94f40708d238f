"""What is in a file: sound ones of every format, and damaged, disguised and hostile ones."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from zoo.errors import IntegrityError, UnsafeFile, UnsupportedFormat, ZooError
from zoo.store.checks.pickles import _OTHERS, _TORCH
from zoo.store.formats import check, sniff

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")


def put(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def saved(value: object, **options: bool) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def array(value: object, **options: bool) -> bytes:
    out = io.BytesIO()
    np.save(out, value, **options)
    return out.getvalue()


def arrays(**values: object) -> bytes:
    out = io.BytesIO()
    np.savez(out, **values)
    return out.getvalue()


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def tensor(begin: int = 0, end: int = 8, shape: object = (2,), dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def field(number: int, value: bytes | int) -> bytes:
    """One protocol buffer field: a number or bytes."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def onnx(*graph: bytes) -> bytes:
    return field(1, 8) + field(2, b"pytorch") + field(7, b"".join(graph)) + field(8, field(2, 17))


def external(location: str) -> bytes:
    return field(8, b"weight") + field(13, field(1, b"location") + field(2, location.encode())) + field(14, 1)


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


STATE = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.zeros(3, dtype=torch.float16)}
GRAPH_DEF = field(1, field(1, b"input") + field(2, b"Placeholder")) + field(4, field(1, 26))
CT2 = struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + struct.pack("<I", 3) + bytes(64)
PARQUET = b"PAR1" + bytes(20) + b"PAR1"
GGUF = b"GGUF" + struct.pack("<IQQ", 3, 0, 0)

SOUND = [
    ("model.safetensors", safetensors({"a": tensor(), "__metadata__": {"format": "pt"}}, bytes(8)), "safetensors"),
    ("model.safetensors", safetensors({}), "safetensors"),
    (
        "model.safetensors",
        safetensors({"a": tensor(0, 0, [0, 4]), "b": tensor(0, 4, [], "F32")}, bytes(4)),
        "safetensors",
    ),
    ("model.safetensors", safetensors({"b": tensor(8, 16), "a": tensor(0, 8)}, bytes(16)), "safetensors"),
    ("x.pth", saved(STATE), "torch-zip"),
    ("pytorch_model.bin", saved(STATE), "torch-zip"),
    ("x.pth", saved(STATE, _use_new_zipfile_serialization=False), "pickle"),
    ("v.npy", array(np.arange(6, dtype="<f4").reshape(2, 3)), "numpy"),
    ("v.npy", array(np.array(["a", "bcd"])), "numpy"),
    ("v.npy", array(np.zeros(2, dtype=[("Object", "<f4"), ("y", "<i8")])), "numpy"),
    ("v.npy", array(np.float64(3)), "numpy"),
    ("v.npz", arrays(a=np.ones(3), b=np.zeros((2, 2))), "npz"),
    ("m.onnx", onnx(field(5, field(1, 3) + field(9, bytes(12)))), "onnx"),
    ("m.onnx", onnx(field(5, external("model.onnx_data"))), "onnx"),
    ("m.gguf", GGUF, "gguf"),
    ("w.parquet", PARQUET, "parquet"),
    ("w.h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "hdf5"),
    ("graph.pb", GRAPH_DEF, "tensorflow"),
    ("model.bin", CT2, "ctranslate2"),
    ("config.json", b'\xef\xbb\xbf{"a": 1}', "json"),
    ("config.json", b" \n[1, 2]", "json"),
    ("vocab.txt", b"[PAD]\n[UNK]\nthe\n", "text"),
    ("vocab.txt", "déjà\n".encode() * 20_000, "text"),
    ("merges.txt", b"#version: 0.2\nt h\n", "text"),
    ("words.txt", b"cat\ndog\nRabbit\n(none)\n", "text"),
    ("words.txt", b"", "text"),
    ("notes.txt", b"I\n.", "text"),
    ("README.md", b"# <html> is a word here", "text"),
    ("page.html", b"<!DOCTYPE html><html></html>", "text"),
    ("data.csv.bz2", bz2.compress(b"a,b\n"), "other"),
    ("model.bin.part2", bytes(range(256)) * 20, "other"),
    ("wheel.zip", zipped(a=b"x"), "other"),
]


@pytest.mark.parametrize(("name", "data", "expected"), SOUND, ids=[f"{n}-{f}-{i}" for i, (n, _, f) in enumerate(SOUND)])
def test_sound(tmp_path: Path, name: str, data: bytes, expected: str) -> None:
    path = put(tmp_path, data)
    assert sniff(path, name) == expected
    assert check(path, name) == expected


HTML = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
GOOD = safetensors({"a": tensor()}, bytes(8))
TWICE = (
    b'{"a": {"dtype":"F32","shape":[2],"data_offsets":[0,8]}, "a": {"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
)

DAMAGED = {
    "empty": ("model.safetensors", b"", "is empty"),
    "empty json": ("config.json", b"", "is empty"),
    "short": ("model.safetensors", b"\x02\0\0\0", "has 4"),
    "header length over the file": ("model.safetensors", safetensors({}, length=1 << 20), "header would have"),
    "header length absurd": ("model.safetensors", safetensors({}, length=1 << 63), "header would have"),
    "header length over the limit": ("model.safetensors", safetensors({}, length=100_000_001), "header would have"),
    "header not JSON": ("model.safetensors", safetensors(b'{"a": '), "not JSON"),
    "header not UTF-8": ("model.safetensors", safetensors(b'{"\xff": 1}'), "not JSON"),
    "header a list": ("model.safetensors", safetensors(b"[1]"), "not a JSON object"),
    "header deep": ("model.safetensors", safetensors(b'{"a":' + b"[" * 100_000), "not JSON"),
    "key twice": ("model.safetensors", safetensors(TWICE, bytes(8)), "'a' twice"),
    "metadata not texts": ("model.safetensors", safetensors({"__metadata__": {"a": 1}}), "table of texts"),
    "entry malformed": ("model.safetensors", safetensors({"a": {"dtype": "F32"}}), "malformed"),
    "entry a number": ("model.safetensors", safetensors({"a": 1}), "malformed"),
    "negative shape": ("model.safetensors", safetensors({"a": tensor(shape=[-2])}, bytes(8)), "malformed"),
    "shape not numbers": ("model.safetensors", safetensors({"a": tensor(shape=["2"])}, bytes(8)), "malformed"),
    "shape true": ("model.safetensors", safetensors({"a": tensor(shape=[True])}, bytes(8)), "malformed"),
    "huge shape": ("model.safetensors", safetensors({"a": tensor(shape=[1 << 62] * 64)}, bytes(8)), "does not fit"),
    "unknown type": ("model.safetensors", safetensors({"a": tensor(dtype="F31")}, bytes(8)), "unknown type"),
    "shape and offsets": ("model.safetensors", safetensors({"a": tensor(shape=[3])}, bytes(8)), "does not fit"),
    "offsets reversed": ("model.safetensors", safetensors({"a": tensor(8, 0)}, bytes(8)), "does not fit"),
    "overlap": ("model.safetensors", safetensors({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)), "begins at 4"),
    "gap": ("model.safetensors", safetensors({"a": tensor(0, 8), "b": tensor(12, 20)}, bytes(20)), "begins at 12"),
    "cut short": ("model.safetensors", GOOD[:-1], "need 8 bytes"),
    "bytes left over": ("model.safetensors", GOOD + b"x", "need 8 bytes"),
    "web page": ("model.safetensors", HTML, "a web page"),
    "web page as bin": ("pytorch_model.bin", b"\n <HTML lang='en'>", "a web page"),
    "web page after a comment": ("m.onnx", b"<!-- x --><html>", "a web page"),
    "web page as config": ("config.json", HTML, "a web page"),
    "pointer": ("model.safetensors", LFS, "git-lfs pointer"),
    "pointer as other": ("model.onnx", LFS, "git-lfs pointer"),
    "bad json": ("config.json", b"{'a': 1}", "json"),
    "json cut short": ("config.json", b'{"a": [1, 2', "json"),
    "text as safetensors": ("model.safetensors", b"hello", "safetensors"),
    "onnx under safetensors": ("model.safetensors", onnx(b""), "onnx"),
    "checkpoint under safetensors": ("model.safetensors", saved(STATE), "torch checkpoint"),
    "onnx cut short": ("m.onnx", onnx(field(5, bytes(100)))[:-30], "ONNX"),
    "onnx noise": ("m.onnx", bytes(range(256)), "ONNX"),
    "npy cut short": ("v.npy", array(np.arange(100))[:-1], "does not fill"),
    "npy header": ("v.npy", b"\x93NUMPY\x01\x00\xff\xff{" + bytes(30), "header"),
    "npy header a call": ("v.npy", b"\x93NUMPY\x01\x00\x0c\x00__import__()" + bytes(30), "header"),
    "npy version": ("v.npy", b"\x93NUMPY\x09\x00" + bytes(50), "no array header"),
    "npz cut short": ("v.npz", arrays(a=np.ones(100))[:-40], "NumPy|cut short|npz"),
    "parquet cut short": ("w.parquet", PARQUET[:-2], "cut short"),
    "gguf version": ("m.gguf", b"GGUF" + bytes(30), "unknown version"),
    "gguf cut short": ("m.gguf", b"GGUF\x03", "cut short"),
    "torch cut short": ("x.pth", saved(STATE)[:-50], "cut short"),
    "torch legacy cut short": ("x.pth", saved(STATE, _use_new_zipfile_serialization=False)[:80], "damaged"),
    "hdf5 by name only": ("w.h5", bytes(100), "does not hold h5"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged(tmp_path: Path, case: str) -> None:
    name, data, said = DAMAGED[case]
    with pytest.raises(IntegrityError, match=said) as caught:
        check(put(tmp_path, data), name)
    assert not isinstance(caught.value, UnsafeFile | UnsupportedFormat)
    assert caught.value.remedy


OBJECTS = array(np.array([{}, None], dtype=object), allow_pickle=True)
UNSAFE = {
    "tensor name with a newline": ("m.safetensors", safetensors({"a\nb": tensor()}, bytes(8)), "dangerous name"),
    "tensor name with a NUL": ("m.safetensors", safetensors({"a\0b": tensor()}, bytes(8)), "dangerous name"),
    "tensor name upwards": ("m.safetensors", safetensors({"../../x": tensor()}, bytes(8)), "dangerous name"),
    "tensor name absolute": ("m.safetensors", safetensors({"/etc/x": tensor()}, bytes(8)), "dangerous name"),
    "object array": ("v.npy", OBJECTS, "Python objects"),
    "object array in an archive": ("v.npz", arrays(a=np.array([{}], dtype=object)), "Python objects"),
    "object field": ("v.npy", array(np.zeros(1, dtype=[("x", "O")]), allow_pickle=True), "Python objects"),
    "external data upwards": ("m.onnx", onnx(field(5, external("../secret"))), "read its tensors"),
    "external data absolute": ("m.onnx", onnx(field(5, external("/etc/passwd"))), "read its tensors"),
    "external data windows": ("m.onnx", onnx(field(5, external("..\\secret"))), "read its tensors"),
    "external data in a constant": ("m.onnx", onnx(field(1, field(5, field(5, external("/x"))))), "read its tensors"),
    "external data in a branch": (
        "m.onnx",
        onnx(field(1, field(5, field(6, field(5, external("../x")))))),
        "read its tensors",
    ),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_unsafe(tmp_path: Path, case: str) -> None:
    name, data, said = UNSAFE[case]
    with pytest.raises(UnsafeFile, match=said):
        check(put(tmp_path, data), name)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("name", ["x.pth", "x.ckpt", "x.pkl", "x.joblib"])
def test_compressed_checkpoints(tmp_path: Path, name: str, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(UnsupportedFormat, match="a compressed file"):
        check(put(tmp_path, compress(saved(STATE))), name)


@pytest.mark.parametrize("data", [b"hello", bytes(100), b"{}", zipped(a=b"x")])
def test_other_content_under_a_checkpoints_name(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match="neither a torch checkpoint"):
        check(put(tmp_path, data), "x.pth")


def test_every_cut_of_a_sound_file_is_one_clear_error(tmp_path: Path) -> None:
    for cut in range(len(GOOD)):
        with pytest.raises(ZooError):
            check(put(tmp_path, GOOD[:cut]), "model.safetensors")


def test_flipped_bits_never_end_in_a_traceback(tmp_path: Path) -> None:
    samples = [
        ("m.safetensors", GOOD),
        ("x.pth", saved({"a": torch.ones(1)})),
        ("m.onnx", onnx(field(5, external("d")))),
    ]
    samples += [
        ("v.npy", array(np.ones(2))),
        ("x.pt", saved({"a": torch.ones(1)}, _use_new_zipfile_serialization=False)),
    ]
    for name, data in samples:
        for at in range(0, len(data), 7):
            bad = bytearray(data)
            bad[at] ^= 0x5A
            try:
                check(put(tmp_path, bytes(bad)), name)
            except ZooError as error:
                assert error.cause


def test_torch_and_we_allow_the_same_names() -> None:
    """Whatever torch's own gate lets through, and nothing that it does not know, but Python 2's spellings."""
    from torch._weights_only_unpickler import _get_allowed_globals

    theirs = set(_get_allowed_globals())
    assert {name for name in theirs if name not in _OTHERS and not _TORCH.fullmatch(name)} == set()
    assert {name for name in _OTHERS if not name.startswith("__builtin__.")} <= theirs


@pytest.mark.parametrize("value", [{"a": 1}, [1.5, "x"], object, len, ("a", b"b")])
@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["model.safetensors", "x.pth", "vocab.txt", "data.bin"])
def test_pickles_that_are_no_weights(tmp_path: Path, value: object, protocol: int, name: str) -> None:
    path = put(tmp_path, pickle.dumps(value, protocol=protocol))
    assert sniff(path, name) == "pickle"
    with pytest.raises(UnsafeFile):
        check(path, name)
