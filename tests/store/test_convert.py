"""Torch checkpoints into safetensors; and everything that would run code, refused without running it."""

from __future__ import annotations

import collections
import functools
import gzip
import importlib
import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from zoo.errors import IntegrityError, UnsafeFile, UnsupportedFormat
from zoo.store.convert import convert, converted_name, needs_conversion
from zoo.store.formats import check

torch = pytest.importorskip("torch")
from safetensors.torch import load_file  # noqa: E402

STATE = {"b.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.tensor([1, 2], dtype=torch.int64)}


def converted(folder: Path, value: object, name: str = "x.pth", **options: bool) -> dict[str, torch.Tensor]:
    path, target = folder / name, folder / "out.safetensors"
    torch.save(value, path, **options)
    assert needs_conversion(check(path, name))
    convert(path, target)
    assert check(target, target.name) == "safetensors"
    return load_file(target)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return set(one) == set(other) and all(torch.equal(one[k], other[k]) and one[k].dtype == other[k].dtype for k in one)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x.pth", "x.safetensors"),
        ("a/b/x.pt", "a/b/x.safetensors"),
        ("x.ckpt", "x.safetensors"),
        ("open_clip.bin", "open_clip.safetensors"),
        ("pytorch_model.bin", "model.safetensors"),
        ("2_Dense/pytorch_model.bin", "2_Dense/model.safetensors"),
        ("pytorch_model-00001-of-00002.bin", "model-00001-of-00002.safetensors"),
        ("v1.5.pth", "v1.5.safetensors"),
        ("weights", "weights.safetensors"),
        ("weights.v2", "weights.v2.safetensors"),
    ],
)
def test_names(old: str, new: str) -> None:
    assert converted_name(old) == new


def test_which_formats() -> None:
    assert [f for f in ("safetensors", "pickle", "torch-zip", "onnx", "other") if needs_conversion(f)] == [
        "pickle",
        "torch-zip",
    ]


@pytest.mark.parametrize("new", [True, False])
def test_flat(tmp_path: Path, new: bool) -> None:
    assert same(converted(tmp_path, STATE, _use_new_zipfile_serialization=new), STATE)


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state", "model_state_dict", "module", "params_ema"])
def test_nested(tmp_path: Path, key: str) -> None:
    training = {
        key: STATE,
        "epoch": 3,
        "args": {"lr": 0.1, "names": ["a", None]},
        "optimizer": {"state": {0: torch.ones(2)}},
    }
    assert same(converted(tmp_path, training), STATE)


def test_averaged_weights_go_first(tmp_path: Path) -> None:
    assert same(converted(tmp_path, {"params": {"a": torch.zeros(1)}, "params_ema": STATE}), STATE)


def test_plain_metadata_beside_tensors(tmp_path: Path) -> None:
    state = collections.OrderedDict(STATE, version="1.0", sizes=(1, 2), note=None)
    assert same(converted(tmp_path, state), STATE)


def test_a_real_module(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    assert same(converted(tmp_path, module.state_dict()), module.state_dict())


def test_shared_and_strided(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    state = {"tied.a": base, "tied.b": base, "row": base[1], "turned": base.t(), "parameter": torch.nn.Parameter(base)}
    assert same(converted(tmp_path, state), {k: v.detach().contiguous() for k, v in state.items()})


@pytest.mark.parametrize(
    "dtype", ["bfloat16", "float16", "float64", "uint8", "bool", "int32", "float8_e4m3fn", "complex64"]
)
def test_types(tmp_path: Path, dtype: str) -> None:
    value = torch.zeros(4).to(getattr(torch, dtype))
    assert converted(tmp_path, {"x": value})["x"].dtype == value.dtype


def test_empty_and_scalar_tensors(tmp_path: Path) -> None:
    state = {"empty": torch.zeros(0, 3), "scalar": torch.tensor(7), "none": torch.zeros(0)}
    assert same(converted(tmp_path, state), state)


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    made = []
    for number, (order, new) in enumerate([(sorted(STATE), True), (sorted(STATE, reverse=True), False)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        converted(folder, {k: STATE[k] for k in order}, _use_new_zipfile_serialization=new)
        made.append((folder / "out.safetensors").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "value",
    [
        [torch.ones(1)],
        torch.ones(2),
        {},
        {"epoch": 3},
        {"layer": {"sub": {"w": torch.ones(1)}}},
        {1: torch.ones(1)},
        {"a": torch.ones(1), "b": {"c": torch.ones(1)}},
        {"a": torch.ones(2, 2).to_sparse()},
    ],
    ids=["list", "tensor", "empty", "numbers", "deep", "number key", "mixed", "sparse"],
)
def test_not_a_state_dict(tmp_path: Path, value: object) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        converted(tmp_path, value)
    assert "state_dict()" in caught.value.remedy
    assert not (tmp_path / "out.safetensors").exists()


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save({"x": 1}, path)
    with pytest.raises(UnsupportedFormat):
        convert(path, tmp_path / "out.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["x.pth"]


@pytest.mark.parametrize("new", [True, False])
def test_damaged(tmp_path: Path, new: bool) -> None:
    path = tmp_path / "x.pth"
    torch.save({"x": torch.rand(1000)}, path, _use_new_zipfile_serialization=new)
    whole = path.read_bytes()
    for length in (0, 3, 50, 200, len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:length])
        with pytest.raises((IntegrityError, UnsafeFile)):
            convert(path, tmp_path / "out.safetensors")


def test_torchscript(tmp_path: Path) -> None:
    # what torch.jit.save writes: the tensors, and a program beside them
    path = tmp_path / "x.pt"
    torch.save(STATE, path)
    with zipfile.ZipFile(path) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (
            members | {"x/constants.pkl": b"\x80\x02).", "x/code/__torch__.py": b"def f(): pass"}
        ).items():
            archive.writestr(name, data)
    for attempt in (lambda: check(path, "x.pt"), lambda: convert(path, tmp_path / "out.safetensors")):
        with pytest.raises(UnsafeFile, match="TorchScript"):
            attempt()


class Call:
    """Pickles to a call of a function with arguments."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.function, self.arguments


def payloads(canary: Path) -> dict[str, object]:
    touch = f"touch {canary}"
    python = f"open({str(canary)!r}, 'w')"
    return {
        "os.system": Call(os.system, touch),
        "builtins.exec": Call(exec, python),
        "builtins.eval": Call(eval, python),
        "builtins.open": Call(open, str(canary), "w"),
        "builtins.getattr": Call(getattr, Call(importlib.import_module, "os"), "system"),
        "importlib.import_module": Call(importlib.import_module, "antigravity"),
        "subprocess.Popen": Call(subprocess.Popen, ["touch", str(canary)]),
        "torch.load": Call(torch.load, str(canary)),
        "torch.save": Call(torch.save, {}, str(canary)),
        "torch.hub.load": Call(torch.hub.load, str(canary.parent), "x"),
        "functools.partial": Call(Call(functools.partial, os.system, touch), ())
        and Call(functools.partial, os.system, touch),
        "pathlib.touch": Call(Path.touch, canary),
        "beside tensors": {"a": torch.ones(1), "b": Call(os.system, touch)},
        "as a key": {Call(os.system, touch): 1},
        "torch module": torch.nn.Linear(2, 2),
    }


def by_hand(canary: Path) -> dict[str, bytes]:
    """Programs that `pickle.dumps` would not write."""
    command = f"touch {canary}".encode()
    call = b"\x93\x8c" + bytes([len(command)]) + command + b"\x85R."
    return {
        "protocol 0": b"cos\nsystem\n(S'" + command + b"'\ntR.",
        "INST": b"(S'" + command + b"'\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nS'" + command + b"'\no.",
        "call, then noise": b"cos\nsystem\n(S'" + command + b"'\ntR\xff\xfe garbage",
        "hidden name": b"\x80\x04\x8c\x02os\x8c\x06system\x8c\x05torch\x8c\x04Size00\x93\x8c"
        + bytes([len(command)])
        + command
        + b"\x85R.",
        "name from the memo": b"\x80\x04\x8c\x02os\x940\x8c\x06system\x940h\x00h\x01\x93\x8c"
        + bytes([len(command)])
        + command
        + b"\x85R.",
        "dotted name": b"\x80\x04\x8c\x05torch\x8c\x09os.system" + call,
        "extension": b"\x80\x02\x82\x01.",
    }


WRAPPINGS = ["pickle 2", "pickle 4", "pickle 0", "torch zip", "torch legacy", "zip compressed", "after the magic"]


def wrap(value: object, how: str) -> bytes:
    out = io.BytesIO()
    if how.startswith("pickle"):
        return pickle.dumps(value, protocol=int(how[-1]))
    if how == "after the magic":
        head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001})
        return b"".join(pickle.dumps(part, 2) for part in (*head, value, []))
    if how == "torch legacy":
        torch.save(value, out, _use_new_zipfile_serialization=False)
        return out.getvalue()
    torch.save(value, out)
    if how == "torch zip":
        return out.getvalue()
    packed = io.BytesIO()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    return packed.getvalue()


NAMES = sorted(payloads(Path("canary")))


@pytest.mark.parametrize("how", WRAPPINGS)
@pytest.mark.parametrize("case", NAMES)
def test_code_is_refused_and_does_not_run(tmp_path: Path, case: str, how: str) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / "x.pth"
    try:
        path.write_bytes(wrap(payloads(canary)[case], how))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        pytest.skip(f"cannot be written so: {error}")
    canary.unlink(missing_ok=True)
    refused(path, tmp_path, canary)
    if "." in case:
        with pytest.raises(UnsafeFile, match=r"would call [\w.]+"):
            check(path, "x.pth")


@pytest.mark.parametrize("case", sorted(by_hand(Path("canary"))))
@pytest.mark.parametrize("zipped", [False, True])
def test_programs_by_hand(tmp_path: Path, case: str, zipped: bool) -> None:
    canary, path = tmp_path / "canary", tmp_path / "x.pth"
    program = by_hand(canary)[case]
    path.write_bytes(program)
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", program)
            archive.writestr("archive/version", "3\n")
    refused(path, tmp_path, canary)


def refused(path: Path, folder: Path, canary: Path) -> None:
    """By the check, and by the conversion alone too; under innocent names too; nothing runs."""
    for name in ("x.pth", "model.safetensors", "vocab.txt", "data.bin"):
        with pytest.raises((UnsafeFile, IntegrityError)):
            check(path, name)
    with pytest.raises((UnsafeFile, IntegrityError)):
        convert(path, folder / "out.safetensors")
    assert not canary.exists()
    assert not (folder / "out.safetensors").exists()


def test_the_canary_works(tmp_path: Path) -> None:
    """The payloads are live: the ordinary unpickler runs them."""
    canary = tmp_path / "canary"
    pickle.loads(wrap(payloads(canary)["os.system"], "pickle 2"))
    assert canary.exists()


def test_compressed_containers(tmp_path: Path) -> None:
    canary, path = tmp_path / "canary", tmp_path / "x.pth"
    path.write_bytes(gzip.compress(wrap(payloads(canary)["os.system"], "pickle 2")))
    with pytest.raises(UnsupportedFormat):
        check(path, "x.pth")
    with pytest.raises((UnsafeFile, IntegrityError)):
        convert(path, tmp_path / "out.safetensors")
    assert not canary.exists()


def test_two_data_members(tmp_path: Path) -> None:
    """A second, hidden pickle in the archive is looked at too."""
    canary, path = tmp_path / "canary", tmp_path / "x.pth"
    torch.save(STATE, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other/data.pkl", wrap(payloads(canary)["os.system"], "pickle 2"))
    with pytest.raises(UnsafeFile, match=r"would call posix\.system"):
        check(path, "x.pth")


def test_the_check_imports_no_torch(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save(STATE, path)
    code = "import sys; from pathlib import Path; from zoo.store.formats import check; import zoo.store.convert\n"
    code += (
        f"assert check(Path({str(path)!r}), 'x.pth') == 'torch-zip'; assert not {{'torch', 'numpy'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
