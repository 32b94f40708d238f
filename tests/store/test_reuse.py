"""What is here is used, what is damaged is mended, and links work as the file system allows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.store.faulty_server import FaultyServer
from tests.store.making import CONFIG, WEIGHTS, make_card, safetensors, two_files
from zoo.cards import WeightFile
from zoo.errors import NetworkError
from zoo.store import Store


def test_second_pull_asks_nobody(server: FaultyServer, store: Store) -> None:
    card = two_files(server)
    first = store.pull(card)
    asked = len(server.requests)
    assert store.pull(card) == first
    assert Store(store.home, offline=True).pull(card) == first
    unpinned = card.replace(files=tuple(WeightFile(path=f.path, origin=f.origin) for f in card.files))
    assert store.pull(unpinned) == first
    assert store.plan(card).to_dict()["installed"] == first.revision
    assert len(server.requests) == asked


def test_bytes_that_another_model_brought_are_not_fetched(server: FaultyServer, store: Store, read) -> None:
    store.pull(two_files(server))
    asked = len(server.requests)
    manifest = Store(store.home, offline=True).pull(two_files(server, "acme/twin"))
    assert read(manifest, "model.safetensors") == WEIGHTS
    assert len(server.requests) == asked


def test_damaged_folder_is_made_again(server: FaultyServer, store: Store, read) -> None:
    card = two_files(server)
    manifest = store.pull(card)
    folder = store.find(card.id, manifest.revision)
    assert folder
    (folder / "deep/config.json").unlink()
    assert store.pull(card).revision == manifest.revision
    assert read(manifest, "deep/config.json") == CONFIG
    (folder / "model.safetensors").chmod(0o600)
    os.truncate(folder / "model.safetensors", 10)  # the blob with it: it is one file
    store.pull(card)
    assert read(manifest, "model.safetensors") == WEIGHTS
    assert store.verify(card.id, manifest.revision) == []


def test_refresh_mends_flipped_bytes(server: FaultyServer, store: Store, read) -> None:
    card = two_files(server)
    manifest = store.pull(card)
    folder = store.find(card.id, manifest.revision)
    assert folder
    bad = bytearray(WEIGHTS)
    bad[-1] ^= 1
    (folder / "model.safetensors").chmod(0o600)
    (folder / "model.safetensors").write_bytes(bad)
    assert len(store.verify(card.id, manifest.revision)) == 1
    assert store.pull(card) == manifest, "sizes are intact: not read again"
    store.pull(card, refresh=True)
    assert store.verify(card.id, manifest.revision) == []
    assert read(manifest, "model.safetensors") == WEIGHTS


def test_refresh_brings_a_new_revision(server: FaultyServer, store: Store) -> None:
    url = server.add("w.safetensors", WEIGHTS)
    card = make_card("net", {"model.safetensors": (url, None)})
    first = store.pull(card)
    server.add("w.safetensors", safetensors(5000, seed=9), etag='"v2"')
    assert store.pull(card) == first
    second = store.pull(card, refresh=True)
    assert second.revision != first.revision
    assert {m.revision for m in store.installed()} == {first.revision, second.revision}


def test_plan_counts_what_is_here(server: FaultyServer, store: Store) -> None:
    card = two_files(server)
    server.files["/w.safetensors"].faults = [{"cut": 2000}, *[{"status": 500}] * 3]
    with pytest.raises(NetworkError):
        store.pull(card)
    assert store.plan(card).download <= len(WEIGHTS) - 2000 + len(CONFIG)


def test_a_stale_plan_does_no_harm(server: FaultyServer, store: Store) -> None:
    """The plan counted on a blob that was removed before the pull."""
    store.pull(two_files(server, "old"))
    card = two_files(server)
    plan = store.plan(card)
    assert all(file.here for file in plan.files)
    store.remove("old")
    assert store.pull(card, plan=plan).size == len(WEIGHTS) + len(CONFIG)


def test_without_hard_links(server: FaultyServer, store: Store, read, monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems without hard links: the real fall-backs, symbolic link and copy."""

    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    soft = store.pull(two_files(server, "soft"))
    folder = store.find("soft", soft.revision)
    assert folder
    assert (folder / "deep/config.json").is_symlink()
    assert not (folder / "deep/config.json").readlink().is_absolute()
    monkeypatch.setattr(Path, "symlink_to", refuse)
    copied = store.pull(two_files(server, "copied"))
    assert read(soft, "model.safetensors") == read(copied, "model.safetensors") == WEIGHTS
    assert store.verify("soft", soft.revision) == store.verify("copied", copied.revision) == []
    store.remove("copied")
    assert store.verify("soft", soft.revision) == []


def test_blobs_on_another_disk(server: FaultyServer, store: Store, read, home: Path) -> None:
    other = Path("/dev/shm") / f"zoo-test-{os.getpid()}"
    home.mkdir()
    try:
        other.mkdir()
    except OSError as error:
        pytest.skip(f"no second file system here: {error}")
    try:
        if other.stat().st_dev == home.stat().st_dev:
            pytest.skip("no second file system here")
        (home / "blobs").symlink_to(other)
        manifest = store.pull(two_files(server))
        assert read(manifest, "model.safetensors") == WEIGHTS
        assert store.verify(manifest.model, manifest.revision) == []
    finally:
        shutil.rmtree(other)
