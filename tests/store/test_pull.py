"""The transaction: what ends up in the store, what is asked of the network, and what is refused."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest

from tests.store.faulty_server import FaultyServer
from tests.store.making import CONFIG, FAST, WEIGHTS, archive, make_card, sha256, two_files, visible
from zoo.cards import Source, WeightFile, canonical_json
from zoo.errors import BadCard, BadRef, HashMismatch, MissingPlugin, NotFound, UnsafeFile
from zoo.manifests import Manifest, revision_of
from zoo.store import MANIFEST, Listing, Remote, Store
from zoo.store.sources.file import FileReader, file_uri


def test_layout(server: FaultyServer, store: Store, home: Path) -> None:
    manifest = store.pull(two_files(server))
    folder = store.find("acme/net", manifest.revision)
    assert folder == home / "models" / "acme" / "net" / manifest.revision
    assert (folder / "deep/config.json").read_bytes() == CONFIG
    blob = home / "blobs" / "sha256" / sha256(WEIGHTS)[:2] / sha256(WEIGHTS)
    assert blob.samefile(folder / "model.safetensors")
    assert stat.S_IMODE(blob.stat().st_mode) == 0o444
    text = (folder / MANIFEST).read_text()
    assert text == canonical_json(manifest.to_dict())
    assert Manifest.from_dict(json.loads(text)) == manifest == store.manifest("acme/net", manifest.revision)
    assert not list((home / "partial").iterdir())
    assert list(store.installed()) == [manifest]


def test_revision_is_of_the_bytes_as_they_arrive(server: FaultyServer, store: Store) -> None:
    card = two_files(server)
    arrived = [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in card.files]
    assert store.pull(card).revision == revision_of(arrived)


def test_container_is_fetched_once(server: FaultyServer, store: Store, read) -> None:
    wheel = archive({"pkg/w.safetensors": WEIGHTS, "pkg/config.json": CONFIG, "pkg/code.py": b"raise SystemExit"})
    url = server.add("pkg.whl", wheel)
    card = make_card(
        "net",
        {"model.safetensors": (f"{url}#pkg/w.safetensors", WEIGHTS), "config.json": (f"{url}#pkg/config.json", None)},
        (Source(uri=url, sha256=sha256(wheel), size=len(wheel)),),
    )
    plan = store.plan(card)
    assert [(c.uri, c.size) for c in plan.containers] == [(url, len(wheel))]
    assert plan.download == len(wheel)
    assert plan.needed >= len(wheel) + len(WEIGHTS)
    manifest = store.pull(card, plan=plan)
    assert len(server.gets()) == 1
    assert read(manifest, "model.safetensors") == WEIGHTS
    assert manifest.containers == {url: sha256(wheel)}
    assert manifest.files[1].origin == (f"{url}#pkg/w.safetensors",)


def test_wrong_container_is_not_opened(server: FaultyServer, store: Store, home: Path) -> None:
    wheel = archive({"w.safetensors": WEIGHTS})
    url = server.add("pkg.whl", wheel)
    files = {"model.safetensors": (f"{url}#w.safetensors", WEIGHTS)}
    with pytest.raises(HashMismatch):
        store.pull(make_card("net", files, (Source(uri=url, sha256="0" * 64),)))
    assert visible(home) == []


def test_missing_member(server: FaultyServer, store: Store) -> None:
    url = server.add("pkg.whl", archive({"w.safetensors": WEIGHTS}))
    with pytest.raises(NotFound, match=r"pkg\.whl has no member"):
        store.pull(make_card("net", {"m.safetensors": (f"{url}#v.safetensors", None)}))


def test_pieces_are_joined(server: FaultyServer, store: Store, read) -> None:
    half = len(WEIGHTS) // 2
    first = server.add("part1.whl", archive({"data/a": WEIGHTS[:half]}))
    second = server.add("rest", WEIGHTS[half:])
    file = WeightFile(
        path="model.safetensors", origin=(f"{first}#data/a", second), size=len(WEIGHTS), sha256=sha256(WEIGHTS)
    )
    manifest = store.pull(make_card("net", {}).replace(files=(file,)))
    assert read(manifest, "model.safetensors") == WEIGHTS
    assert manifest.files[0].origin == file.origin


def test_one_download_for_two_files(server: FaultyServer, store: Store, read) -> None:
    url = server.add("w.safetensors", WEIGHTS)
    manifest = store.pull(make_card("net", {"a.safetensors": (url, None), "b.safetensors": (url, WEIGHTS)}))
    assert len(server.gets()) == 1
    assert read(manifest, "a.safetensors") == read(manifest, "b.safetensors") == WEIGHTS


def test_pickled_weights_are_converted_once(server: FaultyServer, store: Store, read) -> None:
    import torch
    from safetensors.torch import load

    made = io.BytesIO()
    torch.save({"weight": torch.arange(6.0).reshape(2, 3)}, made)
    url = server.add("net.pth", made.getvalue())
    card = make_card("net", {"net.pth": (url, made.getvalue())})
    manifest = store.pull(card)
    (file,) = manifest.files
    assert (file.path, file.format, file.source_path) == ("net.safetensors", "safetensors", "net.pth")
    assert file.source_sha256 == sha256(made.getvalue())
    assert load(read(manifest, "net.safetensors"))["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not list(store.home.rglob("net.pth"))
    asked = len(server.requests)
    assert store.pull(card) == manifest
    twin = store.pull(make_card("twin", {"other.pth": (url, made.getvalue())}))
    assert (twin.files[0].path, twin.files[0].sha256) == ("other.safetensors", file.sha256)
    assert len(server.requests) == asked


def test_code_in_a_pickle_is_refused(server: FaultyServer, store: Store, home: Path, tmp_path: Path) -> None:
    import pickle

    class Payload:
        def __reduce__(self):
            return (open, (str(tmp_path / "canary"), "w"))

    content = pickle.dumps({"weight": Payload()})
    url = server.add("net.pth", content)
    with pytest.raises(UnsafeFile, match=r"net\.pth"):
        store.pull(make_card("net", {"net.pth": (url, content)}))
    assert not (tmp_path / "canary").exists()
    assert visible(home) == []


def test_two_files_that_become_one(server: FaultyServer, store: Store) -> None:
    import torch

    made = io.BytesIO()
    torch.save({"weight": torch.zeros(1)}, made)
    files = {
        "pytorch_model.bin": (server.add("a.bin", made.getvalue()), None),
        "model.safetensors": (server.add("b", WEIGHTS), None),
    }
    with pytest.raises(BadCard, match="both become"):
        store.pull(make_card("net", files))


@pytest.mark.parametrize(("first", "second"), [("net", "Net"), ("acme/net", "ACME/net"), ("acme/net", "acme/nET")])
def test_names_that_differ_by_case(server: FaultyServer, store: Store, first: str, second: str) -> None:
    store.pull(two_files(server, first))
    with pytest.raises(BadRef, match="only by case"):
        store.pull(two_files(server, second))
    store.pull(two_files(server, "acme/other"))


def test_owner_and_model_of_one_name(server: FaultyServer, store: Store) -> None:
    store.pull(two_files(server, "acme"))
    store.pull(two_files(server, "acme/net"))
    assert [m.model for m in store.installed()] == ["acme", "acme/net"]
    store.remove("acme")
    assert [m.model for m in store.installed()] == ["acme/net"]


@pytest.mark.parametrize("path", [MANIFEST, "deep/ZOO-manifest.json"])
def test_reserved_file_name(server: FaultyServer, store: Store, path: str) -> None:
    with pytest.raises(BadCard, match="keeps for itself"):
        store.pull(make_card("net", {path: (server.add("x", CONFIG), None)}))


def test_unknown_scheme(store: Store) -> None:
    with pytest.raises(MissingPlugin, match="'ipfs'"):
        store.plan(make_card("net", {"x.json": ("ipfs:abc", None)}))


class _Box(FileReader):
    """A plugin's source: `box:NAME` in a folder."""

    folder = Path()

    def locate(self, uri: str) -> Remote:
        return super().locate(file_uri(self.folder / uri.partition(":")[2]))

    def listing(self, uri: str) -> Listing:
        return Listing(uri=uri, files=(WeightFile(path="w.safetensors", origin=(f"{uri}/w.safetensors",)),))


def test_source_from_a_plugin(tmp_path: Path, home: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(WEIGHTS)
    box = type("Box", (_Box,), {"folder": tmp_path})
    asked = []
    store = Store(home, retries=FAST, reader=lambda scheme: asked.append(scheme) or box)
    manifest = store.pull(make_card("net", {"m.safetensors": ("box:w.safetensors", None)}))
    assert manifest.files[0].sha256 == sha256(WEIGHTS)
    assert asked == ["box"]


def test_listed_files(server: FaultyServer, store: Store, read) -> None:
    url = server.add("w.safetensors", WEIGHTS)
    card = make_card("net", {}, (Source(uri=url),))
    manifest = store.pull(card)
    assert read(manifest, "w.safetensors") == WEIGHTS
    asked = len(server.requests)
    assert store.pull(card) == manifest
    assert len(server.requests) == asked


def test_nothing_to_pull(store: Store, home: Path) -> None:
    with pytest.raises(NotFound, match="no files and no source"):
        store.pull(make_card("net", {}))
    assert not (home / "models").exists()


def test_opening_and_planning_make_nothing(server: FaultyServer, store: Store, home: Path) -> None:
    plan = store.plan(two_files(server))
    assert not home.exists()
    assert server.gets() == []
    shown = plan.to_dict()
    assert shown["download"] == shown["needed"] == len(WEIGHTS) + len(CONFIG)
    assert shown["free"] > 0
    assert [(f["path"], f["size"], f["here"]) for f in shown["files"]] == [
        ("deep/config.json", len(CONFIG), False),
        ("model.safetensors", len(WEIGHTS), False),
    ]
    assert list(store.installed()) == store.garbage() == []
    assert store.usage() == store.collect() == 0
    assert store.find("acme/net", "0" * 64) is None
