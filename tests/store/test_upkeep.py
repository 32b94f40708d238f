"""Verify, remove, adopt, collect: what is needed stays, what is wrong is found."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path

import pytest

from tests.store.faulty_server import FaultyServer
from tests.store.making import CONFIG, WEIGHTS, make_card, safetensors, sha256, two_files
from zoo.errors import BadInput, BadRef, IntegrityError, NetworkError, NotFound, NotInstalled, UnsafeFile
from zoo.store import MANIFEST, Store
from zoo.store.locks import Locks, folder_name

HEAD = safetensors(300, seed=3)


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def test_leftovers_are_counted_while_others_write_and_delete(store: Store) -> None:
    """Files may go between being listed and being looked at; a running pull is none of our business."""
    folder, done = store.home / "partial" / "acme%2Fnet" / "0", threading.Event()
    folder.parent.mkdir(parents=True)

    def others() -> None:
        while not done.is_set():
            folder.mkdir()
            for name in ("state.json", "part"):
                (folder / name).write_text("x")
            shutil.rmtree(folder)

    thread = threading.Thread(target=others)
    thread.start()
    try:
        for _ in range(300):
            assert {leftover.kind for leftover in store.garbage(older_than=-1)} == {"partial"}
            assert 0 <= store.usage() <= 2
    finally:
        done.set()
        thread.join()


def test_verify_finds_each_kind_of_damage(server: FaultyServer, store: Store) -> None:
    manifest = store.pull(two_files(server))
    folder = store.find("acme/net", manifest.revision)
    assert folder
    assert store.verify("acme/net", manifest.revision) == []
    overwrite(folder / "model.safetensors", WEIGHTS[:-1] + b"?")
    (folder / "stranger.py").write_text("")
    (flipped, stranger) = store.verify("acme/net", manifest.revision)
    assert flipped.startswith("model.safetensors: has sha256")
    assert stranger.startswith("stranger.py")
    overwrite(folder / "model.safetensors", b"short")
    (folder / "deep/config.json").unlink()
    found = store.verify("acme/net", manifest.revision)
    assert found[0] == "deep/config.json: is missing"
    assert "has 5 bytes, not" in found[1]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": "acme/net"}', "\x00", '{"model": "other"}'])
def test_damaged_manifest(server: FaultyServer, store: Store, text: str) -> None:
    manifest = store.pull(two_files(server))
    other = store.pull(two_files(server, "other"))
    folder = store.find("acme/net", manifest.revision)
    assert folder
    (folder / MANIFEST).write_text(text)
    with pytest.raises(IntegrityError, match="manifest"):
        store.manifest("acme/net", manifest.revision)
    assert store.verify("acme/net", manifest.revision)
    assert list(store.installed()) == [other], "one damaged manifest does not hide the others"
    store.remove("other")
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert store.pull(two_files(server)).revision == manifest.revision
    assert store.verify("acme/net", manifest.revision) == []


def test_forged_manifest(server: FaultyServer, store: Store) -> None:
    manifest = store.pull(two_files(server))
    folder = store.find("acme/net", manifest.revision)
    assert folder
    data = json.loads((folder / MANIFEST).read_text())
    data["files"][0]["sha256"] = "0" * 64
    (folder / MANIFEST).write_text(json.dumps(data))
    with pytest.raises(IntegrityError, match="does not have the revision"):
        store.manifest("acme/net", manifest.revision)


def test_remove_keeps_what_others_use(server: FaultyServer, store: Store, home: Path) -> None:
    own = safetensors(700, seed=4)
    first = store.pull(two_files(server))
    card = make_card(
        "other",
        {"model.safetensors": (server.url("w.safetensors"), WEIGHTS), "own.safetensors": (server.add("own", own), own)},
    )
    second = store.pull(card)
    assert store.usage() == len(WEIGHTS) + len(CONFIG) + len(own)
    assert store.remove("other", second.revision) == len(own)
    assert store.verify("acme/net", first.revision) == []
    assert store.remove("acme/net") == len(WEIGHTS) + len(CONFIG)
    assert list(store.installed()) == []
    assert store.usage() == 0
    assert list((home / "models").iterdir()) == []


def test_remove_one_of_two_revisions(server: FaultyServer, store: Store) -> None:
    url = server.add("w.safetensors", WEIGHTS)
    card = make_card("net", {"model.safetensors": (url, None)})
    old = store.pull(card)
    server.add("w.safetensors", HEAD)
    new = store.pull(card, refresh=True)
    assert store.remove("net", old.revision) == len(WEIGHTS)
    assert [m.revision for m in store.installed()] == [new.revision]


@pytest.mark.parametrize("revision", [None, "0" * 64])
def test_remove_what_is_not_here(store: Store, revision: str | None) -> None:
    with pytest.raises(NotInstalled) as caught:
        store.remove("acme/net", revision)
    assert "zoo list" in caught.value.remedy


@pytest.mark.parametrize("name", ["../x", "a/b/c", "", ".", "x\0", "C:x"])
def test_bad_names(store: Store, name: str) -> None:
    for call in (store.remove, lambda n: store.find(n, "0" * 64), lambda n: store.manifest(n, "0" * 64)):
        with pytest.raises(BadRef):
            call(name)


@pytest.mark.parametrize("revision", ["..", "", "abc", "A" * 64, "../../blobs"])
def test_bad_revisions(store: Store, revision: str) -> None:
    with pytest.raises(BadRef, match="not a revision"):
        store.find("net", revision)


def test_adopt_links_the_base(server: FaultyServer, store: Store, tmp_path: Path, read) -> None:
    base = store.pull(two_files(server))
    head = tmp_path / "head.safetensors"
    head.write_bytes(HEAD)
    made = store.adopt("me/tuned", base=base, files={"head.safetensors": head}, origin="run:1234")
    assert [(f.path, f.origin) for f in made.files] == [
        ("deep/config.json", base.files[0].origin),
        ("head.safetensors", ("run:1234",)),
        ("model.safetensors", base.files[1].origin),
    ]
    assert not head.exists()
    assert store.usage() == len(WEIGHTS) + len(CONFIG) + len(HEAD)
    assert store.verify("me/tuned", made.revision) == []
    assert store.remove("acme/net") == 0
    assert read(made, "model.safetensors") == WEIGHTS
    assert store.pull(make_card("me/tuned", {})) == made, "a card without origins is met by what is here"


def test_adopt_replaces_and_chooses(server: FaultyServer, store: Store, tmp_path: Path) -> None:
    base = store.pull(two_files(server))
    new = tmp_path / "new"
    new.write_bytes(HEAD)
    made = store.adopt("me/tuned", base=base, files={"model.safetensors": new}, origin=("run:1",))
    assert {f.path: f.sha256 for f in made.files}["model.safetensors"] == sha256(HEAD)
    chosen = store.adopt("me/slim", base=base, base_files=["deep/config.json"], files={}, origin="run:2")
    assert [f.path for f in chosen.files] == ["deep/config.json"]


def test_adopt_refuses(server: FaultyServer, store: Store, tmp_path: Path) -> None:
    base = store.pull(two_files(server))
    good, code = tmp_path / "good", tmp_path / "code"
    good.write_bytes(HEAD)
    code.write_bytes(b"\x80\x04cos\nsystem\n.")
    cases = [
        (NotFound, {"base": base, "base_files": ["nothing"], "files": {}}),
        (NotFound, {"files": {"x.safetensors": tmp_path / "gone"}}),
        (BadInput, {"base": base, "base_files": ["model.safetensors"], "files": {"MODEL.safetensors": good}}),
        (BadInput, {"files": {MANIFEST: good}}),
        (BadInput, {"files": {}}),
        (BadInput, {"base_files": ["x"], "files": {}}),
        (BadInput, {"files": {"../x": good}}),
        (UnsafeFile, {"files": {"x.json": code}}),
    ]
    for error, arguments in cases:
        with pytest.raises(error):
            store.adopt("me/tuned", origin="run:1", **arguments)
    with pytest.raises(BadRef, match="only by case"):
        store.adopt("ACME/net", files={"x.safetensors": good}, origin="run:1")
    store.remove("acme/net")
    with pytest.raises(NotInstalled, match="no longer here"):
        store.adopt("me/tuned", base=base, files={}, origin="run:1")
    assert good.exists()
    assert list(store.installed()) == []


def test_garbage(server: FaultyServer, store: Store, home: Path) -> None:
    manifest = store.pull(two_files(server))
    url = server.add("slow", HEAD, {"cut": 100}, *[{"status": 500}] * 3)
    with pytest.raises(NetworkError):
        store.pull(make_card("half", {"m.safetensors": (url, HEAD)}))
    orphan = home / "blobs/sha256/aa" / ("aa" + "0" * 62)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"12345")
    debris = home / "models/acme/net/.new-0123"
    debris.mkdir()
    os.link(store.find("acme/net", manifest.revision) / "model.safetensors", debris / "w")  # type: ignore[operator]
    (debris / "x").write_bytes(b"123")
    assert {(g.kind, g.path) for g in store.garbage()} == {("blob", orphan), ("debris", debris)}
    everything = store.garbage(older_than=0)
    assert [g.kind for g in everything] == ["blob", "debris", "partial"]
    assert [g.size for g in everything][:2] == [5, 3]
    with Locks(home / "locks").model("half"):
        assert store.collect(older_than=0) == 8, "an unfinished pull that is running is left alone"
    assert store.collect(older_than=0) > 0
    assert store.garbage(older_than=0) == []
    assert store.verify("acme/net", manifest.revision) == []


def test_lock_names_are_one_to_one() -> None:
    names = ["a/b", "a--b", "a%2Fb", "a", "b", "a+b"]
    assert len({folder_name(name) for name in names}) == len(names)
    assert all("/" not in folder_name(name) for name in names)


def test_home_that_cannot_be_written(server: FaultyServer, tmp_path: Path) -> None:
    from zoo.errors import ResourceError

    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="cannot be used") as caught:
        Store(tmp_path / "file" / "home").pull(two_files(server))
    assert "ZOO_HOME" in caught.value.remedy


def test_what_a_running_pull_has_fetched_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    partial = tmp_path / "partial" / "acme%2Fnet"
    partial.mkdir(parents=True)
    (partial / "piece").write_bytes(b"half")
    with Locks(tmp_path / "locks").model("acme/net"):
        store.collect(older_than=0)
        assert (partial / "piece").exists()
    store.collect(older_than=0)
    assert not partial.exists()
