"""Cards and refs: what is accepted, what is refused, and that JSON loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.cards import (
    Licence,
    Metric,
    ModelCard,
    Ref,
    Source,
    WeightFile,
    canonical_json,
    check_file_path,
    check_name,
    digest,
)
from zoo.errors import BadCard, BadRef


def card(**changes) -> ModelCard:
    fields = {
        "id": "owner/name",
        "task": "image-classification",
        "library": "timm",
        "loader": "timm",
        "architecture": "resnet50",
        "sources": (Source(uri="pypi:package==1.0", sha256="a" * 64, size=10),),
        "files": (WeightFile(path="model.pth", origin=("pypi:package==1.0#x/model.pth",), size=5, sha256="b" * 64),),
    }
    return ModelCard(**(fields | changes))


@pytest.mark.parametrize(
    ("text", "kind", "name", "revision"),
    [
        ("resnet50", "name", "resnet50", None),
        ("timm/resnet50.a1_in1k", "name", "timm/resnet50.a1_in1k", None),
        ("resnet50@prod", "name", "resnet50", "prod"),
        ("timm/resnet50@0123abc", "name", "timm/resnet50", "0123abc"),
        ("hf:org/name", "hf", "org/name", None),
        ("hf:org/name@refs/pr/1", "hf", "org/name", "refs/pr/1"),
        ("pypi:some-package==1.0.1", "pypi", "some-package==1.0.1", None),
        ("https://example.org/model.pth", "https", "https://example.org/model.pth", None),
        ("./folder", "folder", "./folder", None),
        ("../up/folder", "folder", "../up/folder", None),
        ("/abs/folder", "folder", "/abs/folder", None),
        ("~/folder", "folder", "~/folder", None),
    ],
)
def test_refs(text: str, kind: str, name: str, revision: str | None) -> None:
    ref = Ref.parse(text)
    assert (ref.kind, ref.name, ref.revision) == (kind, name, revision)
    assert Ref.parse(str(ref)) == ref


BAD_REFS = [
    "",
    " ",
    "a b",
    "..",
    "a/..",
    "a/../b",
    "../",
    "a//b",
    "/",
    "a/b/c",
    "a\\b",
    "C:\\models",
    "C:/models",
    "c:model",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\x1b[31m",
    "con",
    "nul.txt",
    "owner/COM1",
    "-rf",
    ".hidden",
    "owner/.git",
    "name.",
    "a..b",
    "é",
    "модель",
    "name@",
    "name@a b",
    "name@../x",
    "@prod",
    "x" * 97,
    "x" * 5000,
    "hf:name",
    "hf:",
    "hf:a/b/c",
    "hf:../x/y",
    "pypi:package",
    "pypi:==1.0",
    "pypi:package==",
    "pypi:package==1 0",
    "pypi:../x==1",
    "pypi:package>=1",
    "http://example.org/x",
    "https:",
    "https://",
    "ftp://x/y",
    "file:///etc/passwd",
    "name?",
    "name*",
    "a|b",
    '"quoted"',
    "a'b",
    "$(rm)",
    "a;b",
    "a%2e%2e",
]


@pytest.mark.parametrize("text", BAD_REFS)
def test_bad_refs_are_refused(text: str) -> None:
    if text in {"..", "../", "/"}:  # folders, which resolving checks
        assert Ref.parse(text).kind == "folder"
        return
    with pytest.raises(BadRef) as error:
        Ref.parse(text)
    assert error.value.remedy


@given(st.text())
def test_any_text_is_a_ref_or_refused(text: str) -> None:
    try:
        ref = Ref.parse(text)
    except BadRef:
        return
    if ref.kind == "name":
        assert all(part not in {"", ".", ".."} for part in ref.name.split("/"))
        assert check_name(ref.name) == ref.name


@pytest.mark.parametrize(
    "path",
    ["", "/abs", "../x", "a/../b", "a//b", "a\\b", "C:x", "a\0", "a\n", "x.", "nul", "a/con.txt", "x" * 600, "a "],
)
def test_bad_file_paths(path: str) -> None:
    with pytest.raises(BadCard):
        check_file_path(path)


def test_json_round_trip() -> None:
    made = card(
        licence=Licence(weights="Apache-2.0", package="MIT", source="LICENSE"),
        metrics=(Metric(name="top1", value=71.9, dataset="imagenet-1k", source="paper"),),
        config={"mean": [0.1, 0.2, 0.3], "labels": ["ä", "b"]},
        tags=("a", "b"),
        parameters=3,
        facts={"parameters": "counted"},
    )
    assert ModelCard.from_dict(made.to_dict()) == made
    assert "datasets" not in made.to_dict()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": "a/../b"}, "slash"),
        ({"id": "con"}, "con"),
        ({"task": "mind-reading"}, "mind-reading"),
        ({"tasks": ("mind-reading",)}, "mind-reading"),
        ({"library": ""}, "library"),
        ({"loader": " timm"}, "loader"),
        ({"parameters": -1}, "parameters"),
        ({"parameters": 1.5}, "parameters"),
        ({"metrics": (Metric(name="top1", value=float("nan")),)}, "top1"),
        ({"tags": ("b", "a")}, "tags"),
        ({"tags": ("a", "a")}, "tags"),
        ({"config": {"x": object()}}, "config.x"),
        ({"config": {"x": float("nan")}}, "config.x"),
        ({"config": {1: "x"}}, "key"),
        ({"sources": (Source(uri="nonsense"),)}, "nonsense"),
        ({"sources": (Source(uri="pypi:a==1", sha256="xyz"),)}, "sha256"),
        ({"files": (WeightFile(path="../x", origin=("pypi:a==1#x",)),)}, "../x"),
        ({"files": (WeightFile(path="x", origin=()),)}, "origin"),
        ({"files": (WeightFile(path="x", origin=("nonsense",)),)}, "origin"),
        (
            {"files": (WeightFile(path="A", origin=("pypi:a==1#x",)), WeightFile(path="a", origin=("pypi:a==1#y",)))},
            "case",
        ),
    ],
)
def test_bad_cards_name_the_field(changes: dict, says: str) -> None:
    with pytest.raises(BadCard, match=r"(?s).*") as error:
        card(**changes).check()
    assert says in error.value.cause


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"id": "x"},
        {**card().to_dict(), "colour": "red"},
        {**card().to_dict(), "licence": "MIT"},
        {**card().to_dict(), "licence": {"wights": "MIT"}},
        {**card().to_dict(), "files": [{"path": "x"}]},
    ],
)
def test_bad_card_json(data: dict) -> None:
    with pytest.raises(BadCard):
        ModelCard.from_dict(data)


def test_canonical_json_is_one_text_for_one_value() -> None:
    assert canonical_json({"b": 1, "a": ["ü", 1.5]}) == '{"a":["ü",1.5],"b":1}'
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))
