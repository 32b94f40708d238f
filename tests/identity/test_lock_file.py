"""The file itself: what is read back, and what a tampered or damaged one says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store.making import WEIGHTS, make_card, safetensors
from zoo import Zoo
from zoo.errors import BadInput, IntegrityError, NotFound, ZooError
from zoo.lockfile import Lock, make_lock


@pytest.fixture
def text(here: Zoo, server) -> str:
    for name, content in (("acme/net", WEIGHTS), ("web", safetensors(9))):
        url = server.add(f"{name}.safetensors", content)
        here.catalog.add_card(make_card(name, {"model.safetensors": (url, content)}))
        here.pull(name)
    return make_lock(here)[0].text()


def test_what_is_written_is_read(text: str, tmp_path: Path) -> None:
    lock = Lock.parse(text)
    assert lock.text() == text
    path = tmp_path / "zoo.lock"
    assert lock.write(path)
    assert not lock.write(path)
    assert Lock.read(path) == lock
    assert [m.model for m in lock.chosen(["net"])] == ["acme/net"]
    with pytest.raises(NotFound, match="It has: acme/net, web"):
        lock.chosen(["other"])
    assert Lock.parse(Lock(()).text()) == Lock(())


def test_lines_are_for_people(text: str) -> None:
    lines = text.splitlines()
    assert lines[:3] == ["{", '  "zoo-lock": 1,', '  "models": {']
    assert '    "acme/net": {' in lines
    assert sum(line.startswith('    "acme/net": {"') for line in lines) == 1
    assert all(len(line) < 200 for line in lines[: lines.index('  "cards": {')])


def tampered(text: str, change: Callable[[dict[str, Any]], object]) -> str:
    data = json.loads(text)
    change(data)
    return json.dumps(data)


def file(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["models"]["acme/net"]["files"][0]
    return found


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda d: file(d).update(sha256="0" * 64), IntegrityError, "do not make the revision"),
        (lambda d: file(d).update(size=1), IntegrityError, "do not make the revision"),
        (lambda d: file(d).update(path="../../etc/passwd"), BadInput, "not a plain relative path"),
        (lambda d: file(d).update(source_path="/x", source_sha256="1" * 64), BadInput, "not a plain relative path"),
        (lambda d: file(d).update(sha256="xyz"), IntegrityError, "malformed"),
        (lambda d: file(d).update(size="big"), IntegrityError, "malformed"),
        (lambda d: file(d).update(origin=[]), IntegrityError, "has no origin"),
        (lambda d: file(d).update(origin=["no uri"]), BadInput, "origin"),
        (lambda d: file(d).update(code="x"), BadInput, "not a lock file"),
        (lambda d: d["models"]["acme/net"].update(revision="0" * 64), IntegrityError, "do not make the revision"),
        (lambda d: d["models"]["acme/net"].update(files=[]), IntegrityError, "do not make the revision"),
        (lambda d: d["models"]["acme/net"].pop("files"), BadInput, "KeyError: 'files'"),
        (lambda d: d["models"]["acme/net"].update(containers={"pypi:a==1": "z"}), IntegrityError, "malformed"),
        (lambda d: d["models"].update({"../up": d["models"]["web"]}), BadInput, "not a model name"),
        (lambda d: d["cards"].pop("web"), IntegrityError, "the card of web is missing"),
        (lambda d: d["cards"]["web"].update(loader="evil"), IntegrityError, "not the one that was locked"),
        (lambda d: d["cards"]["web"].update(id="acme/net"), IntegrityError, "another model's"),
        (lambda d: d["cards"]["web"].update(odd=1), BadInput, "unknown fields: odd"),
        (lambda d: d.update({"zoo-lock": 2}), BadInput, "Upgrade the zoo"),
        (lambda d: d.update({"zoo-lock": True}), BadInput, "not a lock file"),
        (lambda d: d.update(models=[1]), BadInput, "not a lock file"),
    ],
)
def test_a_tampered_file_is_refused(text: str, change, error: type[ZooError], says: str) -> None:
    with pytest.raises(error) as caught:
        Lock.parse(tampered(text, change), "zoo.lock")
    assert says in str(caught.value)
    assert caught.value.cause.startswith("zoo.lock")
    assert caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_lock(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "zoo.lock"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"zoo\.lock"):
        Lock.read(path)
    with pytest.raises(BadInput):
        Lock.read(tmp_path)


def test_the_marks_of_a_merge_are_named(text: str) -> None:
    lines = text.splitlines(keepends=True)
    with pytest.raises(BadInput, match="marks of a merge"):
        Lock.parse("".join([*lines[:4], "<<<<<<< ours\n", *lines[4:]]))
