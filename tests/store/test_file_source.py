"""`file:` origins: real folders, real links, real archives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.store.making import CONFIG, WEIGHTS, archive, make_card, safetensors, sha256
from zoo.cards import Source
from zoo.errors import BadCard, BadInput, HashMismatch, NotFound, UnsafeFile
from zoo.store import MANIFEST, Store
from zoo.store.sources.file import FileReader, file_uri


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my model, 100% #1"
    (made / "deep").mkdir(parents=True)
    (made / "model.safetensors").write_bytes(WEIGHTS)
    (made / "deep" / "con fig.json").write_bytes(CONFIG)
    (made / ".hidden").write_text("secret")
    (made / ".git").mkdir()
    (made / ".git" / "config").write_text("secret")
    return made


def listed(folder: Path):
    return make_card("me/local", {}, (Source(uri=file_uri(folder)),))


def test_folder(folder: Path, home: Path) -> None:
    store = Store(home, offline=True)
    manifest = store.pull(listed(folder))
    assert [f.path for f in manifest.files] == ["deep/con fig.json", "model.safetensors"]
    made = store.find("me/local", manifest.revision)
    assert made
    assert (made / "deep/con fig.json").read_bytes() == CONFIG
    assert (folder / "model.safetensors").stat().st_nlink == 1, "copied, never linked"
    assert store.plan(listed(folder)).download == 0


def test_changed_folder_is_another_revision(folder: Path, store: Store) -> None:
    first = store.pull(listed(folder))
    assert store.pull(listed(folder)) == first
    (folder / "model.safetensors").write_bytes(safetensors(5000, seed=8))
    second = store.pull(listed(folder))
    assert second.revision != first.revision
    assert store.verify("me/local", first.revision) == []


def test_members_and_archives(folder: Path, store: Store, read, tmp_path: Path) -> None:
    zipped = tmp_path / "net.zip"
    zipped.write_bytes(archive({"in/w.safetensors": WEIGHTS}))
    files = {
        "a.safetensors": (file_uri(folder, "model.safetensors"), WEIGHTS),
        "b.json": (file_uri(folder, "deep/con fig.json"), None),
        "c.safetensors": (file_uri(zipped, "in/w.safetensors"), None),
        "d.safetensors": (file_uri(folder / "model.safetensors").replace("file:/", "file:///"), None),
    }
    manifest = store.pull(make_card("net", files))
    assert {f.path: f.sha256 for f in manifest.files} == {
        "a.safetensors": sha256(WEIGHTS),
        "b.json": sha256(CONFIG),
        "c.safetensors": sha256(WEIGHTS),
        "d.safetensors": sha256(WEIGHTS),
    }
    assert manifest.containers == {file_uri(zipped): sha256(zipped.read_bytes())}


def test_pins_hold_for_local_files(folder: Path, store: Store, tmp_path: Path) -> None:
    other = safetensors(5000, seed=5)
    with pytest.raises(HashMismatch):
        store.pull(make_card("net", {"m.safetensors": (file_uri(folder, "model.safetensors"), other)}))
    zipped = tmp_path / "net.zip"
    zipped.write_bytes(archive({"w.safetensors": WEIGHTS}))
    files = {"m.safetensors": (file_uri(zipped, "w.safetensors"), WEIGHTS)}
    with pytest.raises(HashMismatch, match="Nothing was taken"):
        store.pull(make_card("net", files, (Source(uri=file_uri(zipped), sha256="0" * 64),)))


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_that_lead_outside(folder: Path, store: Store, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.json").write_text("{}")
    (folder / "link").symlink_to(secret if kind == "folder" else secret / "key.json")
    with pytest.raises(UnsafeFile, match="outside its folder"):
        store.plan(listed(folder))
    member = "link/key.json" if kind == "folder" else "link"
    with pytest.raises(UnsafeFile, match="outside its folder"):
        store.plan(make_card("net", {"x.json": (file_uri(folder, member), None)}))


def test_links_inside_are_fine(folder: Path, store: Store, read) -> None:
    (folder / "same.safetensors").symlink_to("model.safetensors")
    assert read(store.pull(listed(folder)), "same.safetensors") == WEIGHTS


def test_odd_entries(folder: Path, store: Store) -> None:
    (folder / "gone").symlink_to("nowhere")
    with pytest.raises(UnsafeFile, match="link to nothing"):
        store.plan(listed(folder))
    (folder / "gone").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(BadInput, match="not an ordinary file"):
        store.plan(listed(folder))
    (folder / "pipe").unlink()
    (folder / "back\\slash").write_text("")
    with pytest.raises(BadInput, match="a name that no checkpoint may have"):
        store.plan(listed(folder))


def test_pickled_twins_and_the_own_manifest_are_left_out(folder: Path, store: Store) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02not needed.")
    (folder / MANIFEST).write_text("{}")
    assert [f.path for f in store.plan(listed(folder)).files] == ["deep/con fig.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("uri", "error", "words"),
    [
        ("file:relative/x", BadInput, "full path"),
        ("file://host/x", BadInput, "full path"),
        ("file:/x%00y", BadInput, "full path"),
        ("file:/dev/null", BadInput, "not an ordinary file"),
        ("file:/no/such/file", NotFound, "there is no file"),
        ("file:/tmp", BadInput, "is a folder"),
        ("file:/tmp#../etc/passwd", BadCard, "plain relative path"),
        ("file:/tmp#/etc/passwd", BadCard, "plain relative path"),
    ],
)
def test_bad_uris(uri: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        FileReader(offline=True).locate(uri)


def test_the_nearest_name_is_offered(folder: Path) -> None:
    with pytest.raises(NotFound) as caught:
        FileReader(offline=True).locate(file_uri(folder, "modell.safetensors"))
    assert "Did you mean model.safetensors" in caught.value.remedy
    with pytest.raises(NotFound) as caught:
        FileReader(offline=True).locate(file_uri(folder / "model.safetensor"))
    assert "Did you mean model.safetensors" in caught.value.remedy


def test_empty_and_missing_folders(tmp_path: Path, store: Store) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="holds no files"):
        store.plan(listed(tmp_path / "empty"))
    with pytest.raises(NotFound, match="there is no folder"):
        store.plan(listed(tmp_path / "absent"))
