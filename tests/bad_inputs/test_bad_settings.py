"""Bad data sets, environments and calls: one clear error each, and nothing half made.

Bad inputs of single parts are with the parts: refs in `tests/test_cards.py`, pictures and tables in `tests/data`, files
in `tests/store`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bad_inputs.expecting import (
    BAD,
    CATALOG,
    NOT_FOUND,
    RESOURCES,
    assert_one_error,
)
from tests.tiny_fixtures import Cli, Models, Outcome, leftovers
from zoo import Zoo, ZooError

# Data sets


DATA: dict[str, tuple[str, bytes | None]] = {
    "missing": ("films.csv", None),
    "empty": ("films.csv", b""),
    "header only": ("films.csv", b"text,label\n"),
    "one class": ("films.csv", b"text,label\na,x\nb,x\nc,x\nd,x\n"),
    "one row a class": ("films.csv", b"text,label\na,x\nb,y\n"),
    "no label": ("films.csv", b"text,number\na,1\nb,2\n"),
    "no text": ("films.csv", b"words,label\na,x\nb,y\n"),
    "UTF-16": ("films.csv", "text,label\na,x\nb,y\n".encode("utf-16")),
    "no CSV at all": ("films.csv", b"\x89PNG\r\n\x1a\n"),
    "a workbook": ("films.xlsx", b"PK\x03\x04"),
    "no suffix": ("films", b"text,label\na,x\n"),
    "a blank text in the held-out part": ("films.csv", b"text,label\n" + b"a,x\nb,y\n" * 5 + b' "" ,x\n"  ",y\n'),
}


@pytest.mark.parametrize("name", DATA)
def test_tables(refused: Callable[..., Outcome], used: Path, tmp_path: Path, name: str) -> None:
    file, content = DATA[name]
    if content is not None:
        (tmp_path / file).write_bytes(content)
    refused(BAD, "finetune", "texts", "--data", tmp_path / file, "--name", "new")
    assert not (used / "cards" / "new.json").exists()


FINETUNING: dict[str, tuple[list[str], int]] = {
    "test size two": (["--test-size", "2"], BAD),
    "test size zero": (["--test-size", "0"], BAD),
    "test size negative": (["--test-size", "-0.5"], BAD),
    "test size not a number": (["--test-size", "nan"], BAD),
    "test size too large": (["--test-size", "0.99"], BAD),
    "too small a limit": (["--limit", "2"], BAD),
    "unknown method": (["--method", "magic"], BAD),
    "unknown task": (["--task", "mind-reading"], NOT_FOUND),
    "another task": (["--task", "text-classification"], NOT_FOUND),
    "a name that is taken": (["--name", "local/pics"], BAD),
    "a name that differs by case": (["--name", "Local/PICS"], BAD),
    "a name that leads out": (["--name", "../../evil"], BAD),
    "an empty name": (["--name", ""], BAD),
    "a name with a revision": (["--name", "a@b"], BAD),
    "unknown device": (["--device", "abacus"], RESOURCES),
    "huge negative seed": (["--seed", "-99999999999999"], BAD),
}


@pytest.mark.parametrize("name", FINETUNING)
def test_fine_tuning(refused: Callable[..., Outcome], models: Models, name: str) -> None:
    args, code = FINETUNING[name]
    refused(code, "finetune", "pics", "--data", models.squares, *args)


def test_columns_that_are_not_there(refused: Callable[..., Outcome], models: Models) -> None:
    refused(BAD, "finetune", "texts", "--data", models.films, "--text-column", "txt")
    refused(BAD, "finetune", "texts", "--data", models.films, "--label-column", "lbl")


# Environment

ENVIRONMENT: dict[str, tuple[dict[str, str], int | tuple[int, ...]]] = {
    "offline, perhaps": ({"ZOO_OFFLINE": "maybe"}, BAD),
    "offline, twice": ({"ZOO_OFFLINE": "2"}, BAD),
    "downloads negative": ({"ZOO_DOWNLOADS": "-1"}, BAD),
    "downloads zero": ({"ZOO_DOWNLOADS": "0"}, BAD),
    "downloads a word": ({"ZOO_DOWNLOADS": "many"}, BAD),
    "downloads a fraction": ({"ZOO_DOWNLOADS": "1.5"}, BAD),
    "home a file": ({"ZOO_HOME": "/etc/passwd"}, (RESOURCES, CATALOG)),
    "home below a file": ({"ZOO_HOME": "/etc/passwd/zoo"}, (RESOURCES, CATALOG)),
    "home a device": ({"ZOO_HOME": "/dev/null"}, (RESOURCES, CATALOG)),
    "home that no system allows": ({"ZOO_HOME": "/proc/zoo"}, (RESOURCES, CATALOG)),
    "home of a name too long": ({"ZOO_HOME": "/tmp/" + "x" * 300}, (RESOURCES, CATALOG)),
    "database no URL": ({"ZOO_DATABASE_URL": "postgres://host/db"}, CATALOG),
    "database in memory": ({"ZOO_DATABASE_URL": "sqlite://"}, CATALOG),
    "database in a folder that is none": ({"ZOO_DATABASE_URL": "sqlite:////dev/null/x.db"}, CATALOG),
    "database a folder": ({"ZOO_DATABASE_URL": "sqlite:////tmp"}, CATALOG),
}


@pytest.mark.parametrize("name", ENVIRONMENT)
@pytest.mark.parametrize("command", ["search", "list", "show", "pull", "predict", "rm"])
def test_environment(
    cli: Cli, used: Path, models: Models, monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    variables, codes = ENVIRONMENT[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    args = {"predict": ("pics", models.red), "list": (), "search": ("resnet",)}.get(command, ("pics",))
    outcome = cli(command, *args)
    assert outcome.code in (codes if isinstance(codes, tuple) else (codes,)), outcome.err
    assert outcome.out == ""
    assert_one_error(outcome.err)


# Python

CALLS: dict[str, Callable[[Zoo], object]] = {
    "load of nothing": lambda zoo: zoo.load(""),
    "load with a task of another": lambda zoo: zoo.load("pics", "fill-mask"),
    "load with no such revision": lambda zoo: zoo.load("pics", revision="nope"),
    "load with an empty batch": lambda zoo: zoo.load("pics", batch=0),
    "load on no device": lambda zoo: zoo.load("pics", device="tpu:0:0"),
    "show of a path": lambda zoo: zoo.show("../../x"),
    "search with no limit": lambda zoo: zoo.search("x", limit=0),
    "search with a negative limit": lambda zoo: zoo.search("x", limit=-1),
    "search with a limit without end": lambda zoo: zoo.search("x", limit=10**30),
    "predict of a number": lambda zoo: zoo.load("pics").predict(3),
    "predict of None": lambda zoo: zoo.load("judge").predict(None),
    "predict of bytes as text": lambda zoo: zoo.load("judge").predict(b"good"),
    "predict of nothing known": lambda zoo: zoo.load("pics").predict(object()),
    "predict with an unknown option": lambda zoo: zoo.load("judge").predict("good", top=1),
    "predict with a list for a number": lambda zoo: zoo.load("judge").predict("good", top_k=[1]),
    "predict with truth for a number": lambda zoo: zoo.load("judge").predict("good", top_k=True),
    "predict with None for a number": lambda zoo: zoo.load("judge").predict("good", top_k=None),
    "finetune on nothing": lambda zoo: zoo.finetune("pics", "nowhere"),
    "remove what is not here": lambda zoo: zoo.remove("mobilenetv2_100"),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_from_python(used: Path, name: str) -> None:
    with pytest.raises(ZooError) as error:
        CALLS[name](Zoo(used, quiet=True))
    assert error.value.exit_code >= NOT_FOUND
    assert len(error.value.cause.splitlines()) == 1
    assert leftovers(used) == []


def test_an_unloaded_model_says_so(used: Path) -> None:
    model = Zoo(used, quiet=True).load("judge")
    model.unload()
    with pytest.raises(ZooError, match="was unloaded"):
        model.predict("a good film")
