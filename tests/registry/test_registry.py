"""One zoo: what survives a restart, the loss of its database, a read-only disk, and a second zoo beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_fixtures import Models, leftovers
from zoo import Zoo
from zoo.errors import CatalogError, NotInstalled, OfflineError, ResourceError, UnknownModel


@pytest.fixture
def zoo(home: Path) -> Zoo:
    return Zoo(home, quiet=True)


def python(script: str, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_opening_a_zoo_costs_nothing(tmp_path: Path) -> None:
    zoo = Zoo(tmp_path / "new")
    assert zoo.home == tmp_path / "new"
    assert not zoo.home.exists()


def test_another_process_loads_what_was_pulled_even_when_the_folder_is_gone(zoo: Zoo, models: Models) -> None:
    import torch

    with zoo.load("local/texts") as model:
        vector = model.predict("a good film").vector
    script = (
        "import json, zoo; model = zoo.load('texts')\n"
        "print(json.dumps([model.revision, [float(x) for x in model.predict('a good film').vector]]))"
    )
    made = python(script)
    assert (made.returncode, made.stderr) == (0, "")
    revision, theirs = json.loads(made.stdout)
    assert revision == model.revision
    assert torch.allclose(torch.tensor(theirs), torch.as_tensor(vector), atol=1e-6)


def test_provenance_says_where_the_bytes_are_from(zoo: Zoo, models: Models) -> None:
    import hashlib

    with zoo.load("local/pics") as model:
        found = model.provenance
    assert found["model"] == "local/pics"
    assert found["revision"] == model.revision
    assert found["licence"] == {"weights": "apache-2.0", "source": "config.json"}
    assert found["sources"] == [f"file:{models.pics}"]
    assert found["feed"]["name"] == "local"
    assert found["lineage"] == {"ancestors": [], "descendants": []}
    for file in found["files"]:
        content = (models.pics / file["path"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["size"] == len(content)
        assert file["origin"] == [f"file:{models.pics}#{file['path']}"]
    found["files"].clear()
    assert zoo.load("local/pics").provenance["files"]


def test_offline_names_what_is_missing(zoo: Zoo) -> None:
    assert zoo.settings.offline
    with pytest.raises(OfflineError) as error:
        zoo.load("mobilenetv2_100")
    assert "mobilenetv2_100" in error.value.cause
    assert zoo.load("local/pics")
    assert leftovers(zoo.home) == []


def test_a_model_that_is_not_here_cannot_be_removed(zoo: Zoo) -> None:
    with pytest.raises(NotInstalled):
        zoo.remove("mobilenetv2_100")
    with pytest.raises(UnknownModel):
        zoo.remove("nosuchmodel")


def test_a_removed_local_model_comes_back_by_its_folder(zoo: Zoo, models: Models) -> None:
    before = zoo.pull("local/judge").manifest.revision
    zoo.remove("local/judge")
    assert not list((zoo.home / "models" / "local").glob("judge"))
    assert zoo.pull(str(models.judge)).manifest.revision == before


def known(zoo: Zoo) -> dict[str, Any]:
    """What the catalog tells of the installed models, without the times of its own."""
    told = {}
    for row in zoo.installed():
        shown = zoo.show(row["id"])
        shown.pop("feed")
        told[row["id"]] = shown
    return told


def test_a_lost_database_is_made_again_from_the_files(zoo: Zoo, models: Models) -> None:
    zoo.finetune("texts", models.films, name="films")
    before = known(zoo)
    assert before["films"]["lineage"]["ancestors"]
    assert before["films"]["runs"]
    (zoo.home / "registry.db").unlink()
    after = Zoo(zoo.home, quiet=True)
    assert known(after) == before
    with after.load("films") as model:
        assert model.predict("the film was good").labels[0].label == "positive"
    assert after.search("films")[0]["id"] == "films"


def test_a_damaged_card_file_does_not_hide_the_others(zoo: Zoo) -> None:
    zoo.installed()
    (zoo.home / "cards" / "local" / "judge.json").write_text("{half", encoding="utf-8")
    (zoo.home / "registry.db").unlink()
    after = Zoo(zoo.home, quiet=True)
    assert {row["id"] for row in after.installed()} == {"local/judge", "local/pics", "local/texts"}
    with pytest.raises(UnknownModel):
        after.load("local/judge")
    assert after.load("local/pics")


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_corrupt_database_is_one_clear_error(zoo: Zoo, content: bytes) -> None:
    database = zoo.home / "registry.db"
    shutil.copy(database, zoo.home / "kept.db")
    database.write_bytes(content)
    fresh = Zoo(zoo.home, quiet=True)
    if not content:  # an empty file is an empty database, which is filled again
        assert len(fresh.installed()) == 3
        return
    for ask in (fresh.installed, lambda: fresh.search("x"), lambda: fresh.show("pics"), lambda: fresh.load("pics")):
        with pytest.raises(CatalogError) as error:
            ask()
        assert str(database) in error.value.cause
        assert error.value.remedy
    assert database.read_bytes() == content
    database.unlink()
    assert len(Zoo(zoo.home).installed()) == 3


def test_two_zoos_know_nothing_of_each_other(tmp_path: Path, models: Models) -> None:
    one, two = Zoo(tmp_path / "one", offline=True, quiet=True), Zoo(tmp_path / "two", offline=True, quiet=True)
    one.pull(str(models.pics))
    two.pull(str(models.texts))
    assert [row["id"] for row in one.installed()] == ["local/pics"]
    assert [row["id"] for row in two.installed()] == ["local/texts"]
    with pytest.raises(UnknownModel):
        one.load("local/texts")
    with one.load("local/pics") as first, two.load("local/texts") as second:
        assert first.predict(models.red)
        assert second.predict("a film")


def test_the_default_zoo_follows_the_environment(
    home: Path, tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zoo

    assert {row["id"] for row in zoo.installed()} == {"local/judge", "local/pics", "local/texts"}
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "other"))
    assert zoo.installed() == []
    assert zoo.pull(str(models.texts)).is_relative_to(tmp_path / "other")
    assert zoo.remove("local/texts") > 0


READ_ONLY = """
import os, sys
warm, home, data, other, red, user = sys.argv[1:]
import zoo
from zoo.errors import ZooError

def read():
    assert [row["id"] for row in zoo.installed()] == ["local/judge", "local/pics", "local/texts"]
    assert zoo.search("resnet")
    assert zoo.show("local/pics")["installed"]
    assert zoo.load("local/pics").predict(red).labels
    assert zoo.load("local/judge").predict("a good film").labels

WRITING = [
    lambda: zoo.pull(other),
    lambda: zoo.remove("pics"),
    lambda: zoo.Zoo().finetune("pics", data, name="new"),
]

def write():
    for call in WRITING:
        try:
            call()
        except ZooError as error:
            print(type(error).__name__, "|", error.cause)
        else:
            print("written")

os.environ["ZOO_HOME"] = warm  # everything is imported now: the other user may not be able to read this Python
read()
write()
if user != "-1":
    os.setuid(int(user))
os.environ["ZOO_HOME"] = home
read()
write()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions")
def test_a_read_only_home_can_be_read_and_says_so_when_written(zoo: Zoo, models: Models) -> None:
    nobody = 65534
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        root.chmod(0o755)
        shutil.copytree(models.root, root / "models")
        shutil.copytree(models.judge, root / "other")
        shutil.copytree(zoo.home, root / "home", symlinks=True)
        set_modes(root, 0o555, 0o444)
        user = -1 if os.getuid() else nobody
        red = root / "models" / "squares" / "red" / "0.png"
        arguments = (zoo.home, root / "home", root / "models" / "squares", root / "other", red, user)
        try:
            made = python(READ_ONLY, *arguments)
        finally:
            set_modes(root, 0o755, 0o644)
    assert (made.returncode, made.stderr) == (0, "")
    answers = made.stdout.splitlines()
    assert answers[:3] == ["written"] * 3
    assert [answer.split(" | ")[0] for answer in answers[3:]] == ["ResourceError", "CatalogError", "CatalogError"]
    assert all(str(root / "home") in answer for answer in answers[3:])


def set_modes(root: Path, folder: int, file: int) -> None:
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(folder if path.is_dir() else file)


def test_a_home_that_is_a_file(tmp_path: Path, models: Models) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    zoo = Zoo(tmp_path / "file", offline=True)
    for ask in (zoo.installed, lambda: zoo.load(str(models.pics)), lambda: zoo.search("x")):
        with pytest.raises((CatalogError, ResourceError)) as error:
            ask()
        assert str(tmp_path / "file") in error.value.cause


def pinned(path: Path) -> Any:
    """A catalogued card whose one file is pinned to the bytes that `path` has now."""
    import hashlib

    from zoo.cards import ModelCard, Source, WeightFile

    uri, content = f"file:{path}", path.read_bytes()
    file = WeightFile(path=path.name, origin=(uri,), size=len(content), sha256=hashlib.sha256(content).hexdigest())
    return ModelCard(
        id="team/model",
        task="text-classification",
        library="x",
        loader="x",
        architecture="x",
        sources=(Source(uri=uri),),
        files=(file,),
    )


def test_pull_follows_the_card_and_obtain_takes_what_is_here(zoo: Zoo, tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    file.write_text('{"version": 1}')
    zoo.catalog.add_card(pinned(file))
    old = zoo.pull("team/model").manifest.revision
    file.write_text('{"version": 2, "more": true}')
    zoo.catalog.add_card(pinned(file))
    assert zoo.obtain("team/model").manifest.revision == old
    new = zoo.pull("team/model").manifest.revision
    assert new != old
    assert zoo.obtain("team/model").manifest.revision == new
    assert zoo.obtain(f"team/model@{old[:12]}").manifest.revision == old
    assert zoo.pull("team/model", revision=old[:12]).manifest.revision == old


def test_a_model_that_was_made_here_is_not_pulled(zoo: Zoo, models: Models) -> None:
    run = zoo.finetune("pics", models.squares, name="colours")
    assert zoo.pull("colours").manifest.revision == run.revision
    zoo.store.remove("colours")
    zoo.catalog.forget_revision("colours", run.revision)
    with pytest.raises(NotInstalled, match="was made here"):
        zoo.pull("colours")
