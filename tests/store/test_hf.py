"""`hf:` with the real huggingface-hub against a local server that speaks the hub's protocol."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest

from tests.store.local_hub import HubRepository, LocalHub, fill_cache
from tests.store.making import make_card, safetensors
from zoo.cards import Source
from zoo.errors import BadRef, NetworkError, NotFound, OfflineError, UnsafeFile
from zoo.store import Store
from zoo.store.sources.hf import HfReader
from zoo.store.sources.hubcache import cache_folder
from zoo.store.sources.hubfiles import worth_having

COMMIT = "c0ffee" + "0" * 34
WEIGHTS = bytes(range(256)) * 100
NAME = "org/net"


@pytest.fixture
def repository() -> HubRepository:
    files = {
        "README.md": b"---\nlicense: mit\n---\n",
        "config.json": b'{"model_type": "bert"}',
        "model.safetensors": WEIGHTS,
        "pytorch_model.bin": WEIGHTS[::-1],
        "onnx/model.onnx": b"\x08\x06",
        "modeling.py": b"1/0",
        "vocab.txt": b"a\nb\n",
        ".gitattributes": b"",
    }
    return HubRepository(
        files, large={"model.safetensors", "pytorch_model.bin"}, commit=COMMIT, revisions={"main", "refs/pr/1"}
    )


@pytest.fixture
def hub(repository: HubRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    for name in [n for n in os.environ if n.startswith(("HF_", "HUGGINGFACE_")) or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with LocalHub({NAME: repository}).serve() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
        yield served
    huggingface_hub.close_session()


def reader(offline: bool = False) -> HfReader:
    return HfReader(offline=offline)


def asked(hub: LocalHub) -> list[str]:
    return [path for _, path, _ in hub.requests]


def test_listing(hub: LocalHub, repository: HubRepository) -> None:
    listing = reader().listing(f"hf:{NAME}")
    base = f"hf:{NAME}@{COMMIT}"
    assert listing.uri == base
    assert {f.path: (f.origin, f.size, f.sha256) for f in listing.files} == {
        "README.md": ((f"{base}#README.md",), 21, None),
        "config.json": ((f"{base}#config.json",), 22, None),
        "model.safetensors": ((f"{base}#model.safetensors",), 25600, hashlib.sha256(WEIGHTS).hexdigest()),
        "vocab.txt": ((f"{base}#vocab.txt",), 4, None),
    }


def test_locate_a_large_file(hub: LocalHub) -> None:
    found = reader().locate(f"hf:{NAME}#model.safetensors")
    assert found.url == f"{hub.url}/{NAME}/resolve/{COMMIT}/model.safetensors"
    assert (found.size, found.sha256) == (25600, hashlib.sha256(WEIGHTS).hexdigest())
    assert (found.upstream, found.local, found.member, found.etag) == (COMMIT, None, None, None)


def test_the_session_downloads_what_was_located(hub: LocalHub, repository: HubRepository) -> None:
    one = reader()
    for path in ("model.safetensors", "config.json"):
        found = one.locate(f"hf:{NAME}#{path}")
        answer = one.session().get(found.url, headers=dict(found.headers))
        assert answer.content == repository.files[path]
        assert found.etag in {None, answer.headers["ETag"]}


def test_one_question_per_repository(hub: LocalHub) -> None:
    one = reader()
    listing = one.listing(f"hf:{NAME}")
    for file in listing.files:
        one.locate(file.origin[0])
        one.locate(f"hf:{NAME}#{file.path}")
    assert len(hub.requests) == 1


@pytest.mark.parametrize("revision", ["main", "refs/pr/1", COMMIT])
def test_revisions(hub: LocalHub, revision: str) -> None:
    assert reader().locate(f"hf:{NAME}@{revision}#config.json").upstream == COMMIT


def test_names_with_odd_characters(hub: LocalHub, repository: HubRepository) -> None:
    repository.files["sub/vocab é #1.txt"] = b"x"
    one = reader()
    found = one.locate(f"hf:{NAME}#sub/vocab é #1.txt")
    assert one.session().get(found.url).content == b"x"


def test_token(hub: LocalHub, repository: HubRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.private = True
    with pytest.raises(NotFound, match="or it is private") as caught:
        reader().locate(f"hf:{NAME}#config.json")
    assert "HF_TOKEN" in caught.value.remedy
    monkeypatch.delenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")
    monkeypatch.setenv("HF_TOKEN", hub.token)
    one = reader()
    found = one.locate(f"hf:{NAME}#model.safetensors")
    assert found.headers == {"Authorization": f"Bearer {hub.token}"}
    assert one.session().get(found.url, headers=dict(found.headers)).content == WEIGHTS


def test_gated(hub: LocalHub, repository: HubRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.gated = True
    with pytest.raises(NetworkError, match="is gated") as caught:
        reader().listing(f"hf:{NAME}")
    assert f"{hub.url}/{NAME}" in caught.value.remedy
    monkeypatch.delenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert len(reader().listing(f"hf:{NAME}").files) == 4


def test_unknown_repository(hub: LocalHub) -> None:
    with pytest.raises(NotFound, match="has no repository 'org/nothing'"):
        reader().listing("hf:org/nothing")


def test_unknown_revision(hub: LocalHub) -> None:
    with pytest.raises(NotFound, match="has no revision 'v9'"):
        reader().listing(f"hf:{NAME}@v9")


def test_unknown_file_names_the_nearest(hub: LocalHub) -> None:
    with pytest.raises(NotFound, match=r"has no file 'model\.safetensor'") as caught:
        reader().locate(f"hf:{NAME}#model.safetensor")
    assert "model.safetensors" in caught.value.remedy


@pytest.mark.parametrize(
    "uri", ["hf:net#x", "hf:a/b/c#x", "hf:../b#x", "hf:a/b@../c#x", "pypi:a==1#x", f"hf:{NAME}", "hf:a/b#"]
)
def test_bad_uris(hub: LocalHub, uri: str) -> None:
    with pytest.raises(BadRef):
        reader().locate(uri)
    assert hub.requests == []


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_server_errors(hub: LocalHub, status: int) -> None:
    hub.status = status
    with pytest.raises(NetworkError):
        reader().listing(f"hf:{NAME}")


@pytest.mark.parametrize(
    "body", [b"<html>please log in</html>", b"{}", b"[]", b'{"id": "a/b", "siblings": [{}]}', b'{"id": "a/b"}']
)
def test_other_answers(hub: LocalHub, body: bytes) -> None:
    hub.body = body
    with pytest.raises(NetworkError, match=r"HF_ENDPOINT"):
        reader().listing(f"hf:{NAME}")


def test_nobody_answers(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NetworkError, match="cannot be reached"):
        reader().listing(f"hf:{NAME}")


def test_a_pull(hub: LocalHub, repository: HubRepository, store: Store, tmp_path: Path) -> None:
    """The store and this source together: one file from the hub's cache, one from its other host, one from itself."""
    repository.files["model.safetensors"] = content = safetensors(5000)
    fill_cache(tmp_path / "hub", NAME, repository, ["config.json"])
    card = dataclasses.replace(make_card("acme/net", {}), sources=(Source(uri=f"hf:{NAME}"),))
    manifest = store.pull(card)
    assert manifest.upstream == COMMIT
    assert {f.path: f.origin for f in manifest.files} == {
        path: (f"hf:{NAME}@{COMMIT}#{path}",) for path in ("README.md", "config.json", "model.safetensors", "vocab.txt")
    }
    folder = store.find("acme/net", manifest.revision)
    assert folder is not None
    assert (folder / "model.safetensors").read_bytes() == content
    assert not any("config.json" in path for path in asked(hub))


def test_nothing_usable(hub: LocalHub, repository: HubRepository) -> None:
    repository.files = {"train.py": b"", "cat.png": b""}
    with pytest.raises(NotFound, match="no files that the zoo can use"):
        reader().listing(f"hf:{NAME}")


def test_a_hostile_file_name(hub: LocalHub, repository: HubRepository) -> None:
    repository.files["../../up.json"] = b"{}"
    repository.files["a/../b.json"] = b"{}"
    repository.files["con.json"] = b"{}"
    with pytest.raises(UnsafeFile):
        reader().listing(f"hf:{NAME}")


def test_cached_files_are_used(hub: LocalHub, repository: HubRepository, tmp_path: Path) -> None:
    fill_cache(tmp_path / "hub", NAME, repository, ["config.json", "model.safetensors"])
    one = reader()
    for path in ("config.json", "model.safetensors"):
        found = one.locate(f"hf:{NAME}#{path}")
        assert found.local is not None
        assert found.local.read_bytes() == repository.files[path]
        assert (found.url, found.upstream) == ("", COMMIT)
    assert one.locate(f"hf:{NAME}#vocab.txt").local is None


@pytest.mark.parametrize("path", ["config.json", "model.safetensors"])
def test_damaged_cached_files_are_not(hub: LocalHub, repository: HubRepository, tmp_path: Path, path: str) -> None:
    fill_cache(tmp_path / "hub", NAME, repository, [path])
    blob = tmp_path / "hub/models--org--net/blobs" / repository.etag(path)
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    assert reader().locate(f"hf:{NAME}#{path}").local is None
    with pytest.raises(OfflineError, match="an undamaged copy"):
        reader(offline=True).locate(f"hf:{NAME}#{path}")


def test_what_the_hub_client_downloaded_is_used(hub: LocalHub, repository: HubRepository, tmp_path: Path) -> None:
    for path in ("config.json", "model.safetensors"):
        huggingface_hub.hf_hub_download(NAME, path, cache_dir=tmp_path / "hub", endpoint=hub.url)
    found = reader(offline=True).locate(f"hf:{NAME}#model.safetensors")
    assert found.local is not None
    assert found.local.read_bytes() == WEIGHTS
    assert found.sha256 == hashlib.sha256(WEIGHTS).hexdigest()


def test_offline(hub: LocalHub, repository: HubRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_cache(tmp_path / "hub", NAME, repository, ["config.json", "model.safetensors"])
    monkeypatch.setattr(socket, "socket", _no_socket)
    one = reader(offline=True)
    found = one.locate(f"hf:{NAME}#config.json")
    assert (found.upstream, found.size, found.uri) == (COMMIT, 22, f"hf:{NAME}@{COMMIT}")
    assert [f.path for f in one.listing(f"hf:{NAME}@{COMMIT}").files] == ["config.json", "model.safetensors"]
    with pytest.raises(OfflineError, match=r"vocab\.txt is not here"):
        one.locate(f"hf:{NAME}#vocab.txt")
    for uri in ("hf:org/other", f"hf:{NAME}@v9"):
        with pytest.raises(OfflineError, match=uri):
            one.listing(uri)
    assert hub.requests == []


def _no_socket(*_: object, **__: object) -> None:
    raise AssertionError("a socket was opened")


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_the_hubs_own_offline_switch(hub: LocalHub, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(OfflineError, match=r"HF_HUB_OFFLINE") as caught:
        reader().listing(f"hf:{NAME}")
    assert "HF_HUB_OFFLINE" in caught.value.remedy
    assert hub.requests == []


def test_cache_folder() -> None:
    assert cache_folder({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}) == Path("/a")
    assert cache_folder({"HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}) == Path("/b/hub")
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/huggingface/hub")
    assert cache_folder({}) == Path("~/.cache/huggingface/hub").expanduser()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            "config.json model.safetensors pytorch_model.bin tf_model.h5 flax_model.msgpack",
            "config.json model.safetensors",
        ),
        ("pytorch_model.bin tf_model.h5 training_args.bin optimizer.pt", "pytorch_model.bin"),
        ("model.safetensors model.fp16.safetensors consolidated.safetensors", "model.safetensors"),
        ("consolidated.safetensors params.json", "consolidated.safetensors params.json"),
        (
            "model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json"
            " pytorch_model-00001-of-00001.bin pytorch_model.bin.index.json",
            "model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json",
        ),
        (
            "model.safetensors 2_Dense/pytorch_model.bin 2_Dense/config.json",
            "2_Dense/config.json 2_Dense/pytorch_model.bin model.safetensors",
        ),
        ("onnx/model.onnx onnx/config.json README.md", "README.md onnx/config.json onnx/model.onnx"),
        ("model.safetensors onnx/model.onnx openvino/m.xml coreml/x.json", "model.safetensors"),
        ("a.Q4.gguf a.Q8.gguf", "a.Q4.gguf a.Q8.gguf"),
        ("m.onnx m.onnx_data", "m.onnx m.onnx_data"),
        ("yolo.pt yolo.onnx", "yolo.pt"),
        ("LICENSE LICENSE.txt sub/README.md cat.png run.py x.ipynb", "LICENSE LICENSE.txt"),
        (".git/config.json runs/events.json trainer_state.json vocab.json", "vocab.json"),
        (
            "spiece.model tokenizer.json merges.txt chat_template.jinja bpe.codes",
            "bpe.codes chat_template.jinja merges.txt spiece.model tokenizer.json",
        ),
        ("", ""),
    ],
)
def test_worth_having(files: str, expected: str) -> None:
    assert worth_having(files.split()) == expected.split()
