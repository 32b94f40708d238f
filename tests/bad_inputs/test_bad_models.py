"""Names and folders that are no model: one clear error each, and nothing half made.

Bad inputs of single parts are with the parts: refs in `tests/test_cards.py`, pictures and tables in `tests/data`, files
in `tests/store`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bad_inputs.corrupt import CORRUPT_SAFETENSORS, PAYLOADS, PICKLED_AS, pickled
from tests.bad_inputs.expecting import (
    BAD,
    INTEGRITY,
    NETWORK,
    NOT_FOUND,
    PLUGIN,
    RESOURCES,
)
from tests.tiny import copied, rewritten
from tests.tiny_fixtures import Models, Outcome

# Names

NAMES = {
    "no such model": ("nosuchmodel", NOT_FOUND),
    "wrong case": ("Local/Pics", NOT_FOUND),
    "ambiguous": ("bert-base-german-cased", NOT_FOUND),
    "no such revision": ("pics@0000000", NOT_FOUND),
    "no such alias": ("pics@prod", NOT_FOUND),
    "empty": ("", BAD),
    "blank": (" ", BAD),
    "parent": ("a/../b", BAD),
    "NUL": ("a\0b", BAD),
    "escape": ("\x1b[2J", BAD),
    "newline": ("a\nzoo: all is well", BAD),
    "drive": ("C:\\models", BAD),
    "device": ("con", BAD),
    "surrogate": ("a\udcff", BAD),
    "right to left": ("a\u202eb", BAD),
    "full width": ("\uff41", BAD),
    "long": ("x" * 100_000, BAD),
    "quotes": ("'; DROP TABLE model; --", BAD),
    "shell": ("$(touch canary)", BAD),
    "at only": ("@prod", BAD),
    "two ats": ("a@b@c", (BAD, NOT_FOUND)),
    "ftp": ("ftp://host/model", BAD),
    "plain http": ("http://host/model.safetensors", BAD),
    "file URL": ("file:///etc/passwd", BAD),
    "hub without owner": ("hf:name", BAD),
    "hub with a path": ("hf:../../etc/passwd", BAD),
    "package without version": ("pypi:timm", BAD),
    "hub, offline": ("hf:org/name", NETWORK),
    "package, offline": ("pypi:package==1.0", NETWORK),
    "https, offline": ("https://example.org/model.safetensors", NETWORK),
    "folder that is not there": ("./nowhere", BAD),
    "absolute folder that is not there": ("/nowhere/at/all", BAD),
    "home of nobody": ("~nosuchuser/model", BAD),
    "a device file": ("/dev/null", BAD),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", ["pull", "predict", "finetune", "show", "rm"])
def test_names(refused: Callable[..., Outcome], models: Models, command: str, name: str) -> None:
    text, code = NAMES[name]
    before = ("--data", models.squares) if command == "finetune" else ()
    after = (models.red,) if command == "predict" else ()
    codes = (NOT_FOUND, BAD) if command in {"show", "rm"} else code
    refused(codes, command, *before, "--", text, *after)


# Folders


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _config(**config: Any) -> dict[str, bytes]:
    return {"config.json": json.dumps(config).encode()}


NOT_MODELS: dict[str, tuple[dict[str, bytes], int | tuple[int, ...]]] = {
    "empty": ({}, NOT_FOUND),
    "only hidden files": ({".hidden": b"x"}, NOT_FOUND),
    "no config.json": ({"readme.txt": b"hello"}, BAD),
    "config.json empty": ({"config.json": b""}, INTEGRITY),
    "config.json broken": ({"config.json": b'{"a": '}, INTEGRITY),
    "config.json an array": ({"config.json": b"[1, 2]"}, INTEGRITY),
    "config.json a string": ({"config.json": b'"timm"'}, INTEGRITY),
    "config.json null": ({"config.json": b"null"}, INTEGRITY),
    "config.json no UTF-8": ({"config.json": b'{"architecture": "\xff"}'}, INTEGRITY),
    "config.json UTF-16": ({"config.json": '{"architecture": "x"}'.encode("utf-16")}, INTEGRITY),
    "config.json a web page": ({"config.json": b"<!doctype html><html></html>"}, INTEGRITY),
    "config.json nested too deep": ({"config.json": b'{"a":' * 100_000}, INTEGRITY),
    "config.json of nobody": (_config(a=1), BAD),
    "config.json an empty object": (_config(), BAD),
    "architecture a number": (_config(architecture=5), BAD),
    "architecture empty": (_config(architecture=""), BAD),
    "architecture unknown to timm": (_config(architecture="nosuchnet"), PLUGIN),
    "architecture a path": (_config(architecture="../../etc/passwd"), BAD),
    "architecture on the hub": (_config(architecture="hf-hub:org/name"), BAD),
    "architecture in a local folder": (_config(architecture="local-dir:/tmp"), BAD),
    "classes negative": (_config(architecture="test_resnet", num_classes=-1), (BAD, INTEGRITY)),
    "classes a string": (_config(architecture="test_resnet", num_classes="many"), (BAD, INTEGRITY)),
    "classes null": (_config(architecture="test_resnet", num_classes=None), (BAD, INTEGRITY)),
    "classes too many": (_config(architecture="test_resnet", num_classes=10**15), BAD),
    "labels a number": (_config(architecture="test_resnet", label_names=5), (BAD, INTEGRITY)),
    "labels of numbers": (_config(architecture="test_resnet", num_classes=2, label_names=[1, 2]), BAD),
    "input size a string": (
        _config(architecture="test_resnet", num_classes=3, pretrained_cfg={"input_size": "big"}),
        (NOT_FOUND, BAD, INTEGRITY),
    ),
    "model_type unknown": (_config(model_type="nosuchtype"), BAD),
    "model_type a list": (_config(model_type=["bert"]), BAD),
    "architectures a string": (_config(model_type="bert", architectures="BertModel"), (BAD, INTEGRITY)),
    "architectures of numbers": (_config(model_type="bert", architectures=[1]), BAD),
    "architectures an object": (_config(model_type="bert", architectures={"a": 1}), (BAD, INTEGRITY)),
    "task unknown": (_config(model_type="bert", architectures=["BertForMindReading"]), BAD),
    "weights missing, transformers": (_config(model_type="bert", architectures=["BertModel"]), (NOT_FOUND, INTEGRITY)),
    "weights missing, timm": (_config(architecture="test_resnet", num_classes=3), (NOT_FOUND, INTEGRITY)),
    "a file of the store's own": ({"zoo-manifest.json": b"{}"}, (NOT_FOUND, BAD)),
    "two files differing by case": (_config(architecture="x") | {"A.txt": b"1", "a.txt": b"2"}, BAD),
    "a device's name": (_config(architecture="x") | {"con": b"1"}, BAD),
    "a name with a newline": (_config(architecture="x") | {"a\nb": b"1"}, BAD),
    "a name with a backslash": (_config(architecture="x") | {"a\\b": b"1"}, BAD),
}


@pytest.mark.parametrize("name", NOT_MODELS)
def test_folders_that_hold_no_model(refused: Callable[..., Outcome], models: Models, tmp_path: Path, name: str) -> None:
    files, codes = NOT_MODELS[name]
    folder = write_folder(tmp_path / f"odd-{list(NOT_MODELS).index(name)}", files)
    refused(codes, "predict", folder, models.red)


CHANGED_CONFIGS: dict[str, dict[str, Any]] = {
    "code of its own": {"auto_map": {"AutoModel": "modeling.Evil"}},
    "another hidden size": {"hidden_size": 32},
    "hidden size negative": {"hidden_size": -1},
    "hidden size a string": {"hidden_size": "big"},
    "heads that do not divide": {"num_attention_heads": 3},
    "more layers than weights": {"num_hidden_layers": 3},
    "fewer layers than weights": {"num_hidden_layers": 1},
    "a larger vocabulary": {"vocab_size": 1000},
    "no layers": {"num_hidden_layers": None, "hidden_act": "nosuchact"},
    "quantised": {"quantization_config": {"quant_method": "bitsandbytes"}},
    "labels that do not fit": {"id2label": {"0": "a", "1": "b", "2": "c"}},
    "labels not numbered": {"id2label": {"a": "b"}},
    "labels a list": {"id2label": [1]},
    "dtype unknown": {"dtype": "float31"},
}


@pytest.mark.parametrize("name", CHANGED_CONFIGS)
def test_configurations_that_do_not_fit_the_weights(
    refused: Callable[..., Outcome], models: Models, tmp_path: Path, name: str
) -> None:
    folder = copied(models.judge, tmp_path / f"config-{list(CHANGED_CONFIGS).index(name)}", **CHANGED_CONFIGS[name])
    refused((BAD, INTEGRITY), "predict", folder, "a good film")


@pytest.mark.parametrize("name", CORRUPT_SAFETENSORS)
def test_corrupt_weights(refused: Callable[..., Outcome], models: Models, tmp_path: Path, name: str) -> None:
    folder = copied(models.pics, tmp_path / "corrupt")
    (folder / "model.safetensors").write_bytes(CORRUPT_SAFETENSORS[name])
    outcome = refused(INTEGRITY, "predict", folder, models.red)
    assert "model.safetensors" in outcome.err


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("name", PICKLED_AS)
def test_pickles_with_a_payload(
    refused: Callable[..., Outcome], models: Models, tmp_path: Path, name: str, payload: str
) -> None:
    canary = tmp_path / "canary"
    folder = copied(models.judge, tmp_path / "evil")
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickled(payload, name, canary))
    outcome = refused(INTEGRITY, "predict", folder, "a good film")
    assert name in outcome.err
    assert not canary.exists()


OTHER_TENSORS = ["missing", "extra", "another shape", "another type", "none at all", "renamed", "swapped"]


@pytest.mark.parametrize("fault", OTHER_TENSORS)
def test_tensors_that_do_not_fit(refused: Callable[..., Outcome], models: Models, tmp_path: Path, fault: str) -> None:
    import torch
    from safetensors.torch import load_file

    tensors = load_file(models.pics / "model.safetensors")
    weight = tensors["fc.weight"]
    changed: dict[str, dict[str, torch.Tensor]] = {
        "missing": {k: v for k, v in tensors.items() if k != "fc.weight"},
        "extra": tensors | {"fc.more": weight.clone()},
        "another shape": tensors | {"fc.weight": weight[:2].clone()},
        "another type": tensors | {"fc.weight": weight.to(torch.int32)[:1].clone()},
        "none at all": {},
        "renamed": {f"module.{k}": v for k, v in tensors.items()},
        "swapped": tensors | {"fc.weight": weight.T.clone()},
    }
    folder = rewritten(models.pics, tmp_path / f"tensors-{OTHER_TENSORS.index(fault)}", changed[fault])
    refused(INTEGRITY, "predict", folder, models.red)


TOKENIZERS = {
    "empty": b"",
    "broken": b"{",
    "an array": b"[]",
    "an empty object": b"{}",
    "unknown model": b'{"version": "1.0", "model": {"type": "Nonsense"}}',
    "nested too deep": b'{"a":' * 50_000,
    "binary": bytes(range(256)),
    "null vocabulary": b'{"version": "1.0", "model": {"type": "WordPiece", "vocab": null}}',
}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_tokenizers(refused: Callable[..., Outcome], models: Models, tmp_path: Path, name: str) -> None:
    folder = copied(models.judge, tmp_path / f"tokenizer-{list(TOKENIZERS).index(name)}")
    (folder / "tokenizer.json").write_bytes(TOKENIZERS[name])
    refused((BAD, INTEGRITY), "predict", folder, "a good film")


def _link_out(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("/etc/passwd")


def _linked_folder(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")


def _link_to_nothing(folder: Path) -> None:
    (folder / "more.txt").symlink_to(folder / "nowhere")


def _fifo(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")


def _device(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("/dev/zero")


def _folder_as_file(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()


def _unreadable(folder: Path) -> None:
    if not os.getuid():
        pytest.skip("root may read every file")
    (folder / "model.safetensors").chmod(0)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")
@pytest.mark.parametrize(
    "fault",
    [_link_out, _linked_folder, _link_to_nothing, _fifo, _device, _folder_as_file, _unreadable],
    ids=lambda fault: fault.__name__.strip("_"),
)
def test_folders_with_odd_files(
    refused: Callable[..., Outcome], models: Models, tmp_path: Path, fault: Callable[[Path], None]
) -> None:
    folder = copied(models.pics, tmp_path / f"odd{fault.__name__}")
    fault(folder)
    refused((NOT_FOUND, BAD, INTEGRITY, RESOURCES), "predict", folder, models.red)


def test_a_file_instead_of_a_folder(refused: Callable[..., Outcome], models: Models) -> None:
    outcome = refused(BAD, "predict", models.pics / "model.safetensors", models.red)
    assert "is a file" in outcome.err
