"""Bad pictures, texts, streams and options: one clear error each, and nothing half made.

Bad inputs of single parts are with the parts: refs in `tests/test_cards.py`, pictures and tables in `tests/data`, files
in `tests/store`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bad_inputs.corrupt import bad_pictures
from tests.bad_inputs.expecting import (
    BAD,
    NOT_FOUND,
    RESOURCES,
    assert_one_error,
)
from tests.tiny_fixtures import Cli, Models, Outcome, leftovers

# Inputs


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad-pictures")
    for name, content in bad_pictures().items():
        (folder / name).write_bytes(content)
    (folder / "folder.png").mkdir()
    return folder


PICTURES = [*bad_pictures(), "folder.png", "missing.png", "missing/deep.png", "*.nothing", "a\x1b[31mb.png"]
PICTURES += ["x" * 5000 + ".png", "", " ", "\0.png"]


@pytest.mark.parametrize("name", PICTURES, ids=lambda name: name[:20].encode("unicode_escape").decode() or "none")
def test_pictures(
    cli: Cli, used: Path, pictures: Path, models: Models, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(pictures)
    outcome = cli("predict", "pics", name)
    assert (outcome.code, outcome.out) == (BAD, "")
    assert_one_error(outcome.err)
    if not name.strip() or name == "folder.png" or any(c in name for c in "*["):
        return  # a folder or a glob without pictures ends the command before any input is looked at
    mixed = cli("predict", "pics", models.red, name, models.red, "--json")
    assert mixed.code == BAD
    assert [sorted(line) for line in mixed.lines] == [
        ["input", "result", "task"],
        ["error", "input", "task"],
        ["input", "result", "task"],
    ]
    assert leftovers(used) == []


TEXTS = {"empty": "", "blank": " \t ", "surrogate": "a \ud800 b", "no break space": "\u00a0\u3000"}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("model", ["judge", "texts"])
def test_texts(refused: Callable[..., Outcome], name: str, model: str) -> None:
    refused(BAD, "predict", model, TEXTS[name])


STREAMS = {
    "nothing": b"",
    "blank lines": b"\n  \n\r\n",
    "UTF-16": "a good film\n".encode("utf-16"),
    "Latin-1": "schön\n".encode("latin-1"),
    "cut in a letter": "schö".encode()[:-1],
    "binary": bytes(range(128, 256)),
    "overlong": b"\xc0\xaf\n",
    "surrogate": b"\xed\xa0\x80\n",
}


@pytest.mark.parametrize("name", STREAMS)
def test_standard_input(refused: Callable[..., Outcome], name: str) -> None:
    refused(BAD, "predict", "judge", "-", stdin=STREAMS[name])


@pytest.mark.parametrize("text", ["a" * 1_000_000, "a\0b", "\x1b[31m good", "\u202e good", "👍" * 1000])
def test_strange_texts_are_texts(cli: Cli, used: Path, text: str) -> None:
    outcome = cli("predict", "judge", text, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json["input"] == text


PAIRS = ["one text", "\t", "a\t", "\tb", "{", "[]", "{}", '{"source_sentence": 1}', '{"sentences": ["a"]}', "[1, 2]"]


@pytest.mark.parametrize("text", PAIRS)
def test_pairs(refused: Callable[..., Outcome], text: str) -> None:
    refused(BAD, "predict", "texts", text, "--task", "sentence-similarity")


OPTIONS: dict[str, tuple[list[str], int | tuple[int, ...]]] = {
    "unknown option": (["--set", "top_n=3"], BAD),
    "misspelt option": (["--set", "topk=3"], BAD),
    "no value": (["--set", "top_k"], BAD),
    "no name": (["--set", "=3"], BAD),
    "nothing": (["--set", ""], BAD),
    "a word for a number": (["--set", "top_k=many"], BAD),
    "empty for a number": (["--set", "top_k="], BAD),
    "a fraction": (["--set", "top_k=1.5"], BAD),
    "not a number": (["--set", "top_k=nan"], BAD),
    "infinite": (["--set", "top_k=inf"], BAD),
    "zero": (["--set", "top_k=0"], BAD),
    "negative": (["--set", "top_k=-1"], BAD),
    "digits without end": (["--set", "top_k=" + "9" * 5000], BAD),
    "a private name": (["--set", "__class__=x"], BAD),
    "unknown task": (["--task", "mind-reading"], NOT_FOUND),
    "another model's task": (["--task", "text-generation"], NOT_FOUND),
    "empty task": (["--task", ""], NOT_FOUND),
    "unknown device": (["--device", "abacus"], RESOURCES),
    "empty device": (["--device", ""], RESOURCES),
    "absent device": (["--device", "cuda:99"], RESOURCES),
    "device with a negative number": (["--device", "cuda:-1"], RESOURCES),
    "device with a word": (["--device", "cuda:x"], RESOURCES),
    "second processor": (["--device", "cpu:1"], RESOURCES),
    "unknown type": (["--dtype", "float31"], BAD),
    "a type of whole numbers": (["--dtype", "int8"], BAD),
    "a name of torch's": (["--dtype", "nn"], BAD),
    "save in a file": (["--save", "/dev/null"], BAD),
    "save below a file": (["--save", "/dev/null/out"], BAD),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(refused: Callable[..., Outcome], models: Models, name: str) -> None:
    args, codes = OPTIONS[name]
    refused(codes, "predict", "pics", models.red, *args)
