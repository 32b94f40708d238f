"""From what is given to single inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.data import expand
from zoo.errors import BadData


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.PNG", "a.jpg", "note.txt", "deep/c.webp", "talk.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def names(given, kind: str) -> list[str]:
    return [Path(item.name).name for item in expand(given, kind)]


def test_folders_and_globs(folder: Path) -> None:
    assert names([str(folder)], "image") == ["a.jpg", "b.PNG", "c.webp"]
    assert names([folder], "audio") == ["talk.wav"]
    assert names([f"{folder}/*.jpg"], "image") == ["a.jpg"]
    assert names([f"{folder}/**/*.webp"], "image") == ["c.webp"]
    assert names([str(folder / "a.jpg"), str(folder / "missing.jpg")], "image") == ["a.jpg", "missing.jpg"]


def test_a_file_whose_name_looks_like_a_glob(folder: Path) -> None:
    (folder / "a[1].png").write_bytes(b"x")
    assert names([str(folder / "a[1].png")], "image") == ["a[1].png"]


def test_texts_are_never_paths(folder: Path) -> None:
    assert [item.value for item in expand([str(folder), "*.txt"], "text")] == [str(folder), "*.txt"]


def test_urls_stay_as_they_are() -> None:
    assert [item.value for item in expand(["https://example.org/x?*"], "image")] == ["https://example.org/x?*"]


def test_other_values_pass_through() -> None:
    value = object()
    assert [item.value for item in expand([value], "image")] == [value]


def test_pairs() -> None:
    assert next(iter(expand(["a\tb"], "pair"))).value == ("a", ["b"])
    assert next(iter(expand(['{"source_sentence": "a", "sentences": ["b"]}'], "pair"))).value["sentences"] == ["b"]


@pytest.mark.parametrize("given", ["no tab", "{broken", "[1,", '{"a":' * 100_000])
def test_bad_pairs(given: str) -> None:
    first, second = expand([given, "a\tb"], "pair")
    assert isinstance(first.value, BadData)
    assert second.value == ("a", ["b"])


def test_nothing_there(folder: Path) -> None:
    (folder / "empty").mkdir()
    for given in (folder / "empty", f"{folder}/*.gif"):
        first, second = expand([given, folder / "a.jpg"], "image")
        assert isinstance(first.value, BadData)
        assert second.value == folder / "a.jpg"
