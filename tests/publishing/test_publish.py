"""Publishing from end to end: packed, installed elsewhere, run there with the same results; nothing private in it."""

from __future__ import annotations

import getpass
import json
import socket
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.publishing.conftest import COMMIT, Install, files_of
from tests.store.local_hub import HubRepository, LocalHub
from tests.tiny_fixtures import Cli, Models
from zoo import Zoo
from zoo.cards import Licence
from zoo.errors import BadInput, HashMismatch, MissingDependency, NotFound
from zoo.publishing import publish

NO_CHANGES = "CC-BY-ND-4.0"


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def told(wheel: Path, name: str) -> Any:
    return json.loads(contents(wheel)[f"zoo_colours/{name}"])


def test_the_whole_model_runs_elsewhere_and_is_learnt_from(
    publisher: Zoo, install: Install, models: Models, tmp_path: Path
) -> None:
    made = publish(publisher, "me/colours", tmp_path / "dist")
    assert (made.path.name, made.id, made.licence) == ("zoo_colours-1.0-py3-none-any.whl", "me/colours", "apache-2.0")
    assert made.written
    assert made.size == made.path.stat().st_size
    assert {file.path for file in made.packed} == {"README.md", "config.json", "model.safetensors", "head.safetensors"}
    assert not made.referred
    assert made.revision == made.installed_revision

    customer = install(made.path)
    shown = customer.show("me/colours")
    assert shown["base"] == "team/tiny-pics"
    assert shown["licence"]["weights"] == "apache-2.0"
    assert shown["metrics"][0]["source"].startswith("run ")
    assert shown["feed"]["name"] == "zoo-colours"
    with customer.load("me/colours") as there, publisher.load("me/colours") as here:
        assert there.predict(models.red) == here.predict(models.red)
        assert there.revision == here.revision
    assert customer.finetune("me/colours", models.squares, name="next").base == "me/colours"
    again = publish(customer, "next", tmp_path / "dist", weights="own")
    assert [file.path for file in again.packed] == ["head.safetensors"]
    assert "Requires-Dist: zoo-colours==1.0" in contents(again.path)["zoo_next-1.0.dist-info/METADATA"].decode()
    assert not [name for name in sys.modules if name.startswith("zoo_colours")]


def test_what_came_unchanged_from_a_hub_stays_there(
    publisher: Zoo, hub: LocalHub, models: Models, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = publish(publisher, "me/colours", tmp_path / "dist", weights="own")
    assert [file.path for file in made.packed] == ["head.safetensors"]
    assert made.size < 40_000
    assert {file.origin for file in made.referred} == {
        (f"hf:team/tiny-pics@{COMMIT}#{file.path}",) for file in made.referred
    }
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    customer = Zoo(install(made.path).home, quiet=True)
    with customer.load("me/colours") as there, publisher.load("me/colours") as here:
        assert there.predict(models.red) == here.predict(models.red)
        assert there.revision == here.revision


def test_files_that_were_put_elsewhere_are_asked_for(
    workshop: Path, hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    zoo = Zoo(workshop, quiet=True)
    folder = zoo.pull("me/colours").path
    place = HubRepository(files=files_of(folder), large={"model.safetensors"}, commit="b" * 40)
    hub.repositories["me/colours"] = place
    at = {"weights": "none", "at": f"hf:me/colours@{'b' * 40}"}
    made = publish(zoo, "me/colours", tmp_path / "dist", **at)
    assert not made.packed
    assert {file.origin[0].partition("#")[0] for file in made.referred} == {at["at"]}

    place.files["head.safetensors"] += b"x"
    with pytest.raises(HashMismatch, match=r"head\.safetensors"):
        publish(zoo, "me/colours", tmp_path / "other", **at)
    del place.files["head.safetensors"]
    with pytest.raises(NotFound, match=r"head\.safetensors"):
        publish(zoo, "me/colours", tmp_path / "other", **at)
    unasked = publish(Zoo(workshop, offline=True), "me/colours", tmp_path / "other", dry_run=True, **at)
    assert "not asked" in unasked.notes[0]
    assert not (tmp_path / "other").exists()


def test_the_same_model_gives_the_same_wheel_and_a_version_is_published_once(publisher: Zoo, tmp_path: Path) -> None:
    first, second = (publish(publisher, "me/colours", tmp_path / name, weights="own") for name in ("one", "two"))
    assert first.path.read_bytes() == second.path.read_bytes()
    again = publish(publisher, "me/colours", tmp_path / "one", weights="own")
    assert not again.written
    with pytest.raises(BadInput, match="published once"):
        publish(publisher, "me/colours", tmp_path / "one", weights="own", summary="Other words.")
    assert first.path.read_bytes() == second.path.read_bytes()
    publish(publisher, "me/colours", tmp_path / "one", weights="own", summary="Other words.", version="1.1")
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == [
        "zoo_colours-1.0-py3-none-any.whl",
        "zoo_colours-1.1-py3-none-any.whl",
    ]


def test_lineage_licences_and_record_go_along(publisher: Zoo, tmp_path: Path) -> None:
    wheel = publish(publisher, "me/colours", tmp_path, weights="own", author="Ada <ada@example.org>").path
    provenance, record = told(wheel, "provenance.json"), told(wheel, "record.json")
    assert [edge["base"] for edge in provenance["lineage"]] == ["team/tiny-pics"]
    assert provenance["licences"][0]["obligations"]
    assert record["id"] == provenance["lineage"][0]["run"]
    assert record["evaluation"]["metrics"]["accuracy"]["value"] > 0.5
    files = {name.rpartition("/")[2]: text.decode() for name, text in contents(wheel).items() if b"\0" not in text}
    assert "team/tiny-pics" in files["NOTICE"]
    assert "keep the notices" in files["NOTICE"]
    assert "Author-email: Ada <ada@example.org>" in files["METADATA"]
    assert "License-Expression: Apache-2.0" in files["METADATA"]
    assert "pip install zoo-colours==1.0" in files["README.md"]
    assert "<html" in files["report.html"]


def test_nothing_private_goes_along(own_publisher: Zoo, models: Models, tmp_path: Path) -> None:
    zoo = own_publisher
    path = next((zoo.home / "runs").glob("*/record.json"))
    record = json.loads(path.read_text())
    record |= {"notes": [f"read {tmp_path}/secret/rows.csv"], "why": "as in ~/notes/why.md and C:\\Users\\me\\x.txt"}
    record["evaluation"]["worst"] = [{"input": "a row of ours"}]
    record["hyperparameters"]["base_data"] = str(tmp_path / "secret")
    record["process"] = {"host": socket.gethostname(), "user": getpass.getuser()}
    path.write_text(json.dumps(record))
    wheel = publish(zoo, "me/colours", tmp_path / "dist", weights="own").path
    kept = told(wheel, "record.json")
    assert kept["notes"] == ["read rows.csv"]
    assert kept["why"] == "as in why.md and x.txt"
    forbidden = [
        str(tmp_path),
        str(zoo.home),
        str(models.root),
        str(Path.cwd()),
        str(Path.home()) + "/",
        "a row of ours",
    ]
    forbidden += [socket.gethostname(), "argv", "secret"]
    for name, content in contents(wheel).items():
        found = [word for word in forbidden if word.encode() in content]
        assert not found, (name, found)


def test_a_configuration_with_a_path_is_cleaned_and_it_is_said(cli: Cli, home: Path, tmp_path: Path) -> None:
    from tests.tiny import copied

    source = Zoo(home, offline=True, quiet=True).pull("local/judge").path
    copied(source, tmp_path / "mine", _name_or_path=str(tmp_path / "mine"))
    assert cli("pull", tmp_path / "mine").code == 0
    outcome = cli("publish", "local/mine", "--to", tmp_path / "dist", "--licence", "MIT", "--json")
    assert outcome.code == 0, outcome.err
    made = outcome.json
    assert made["id"] == "mine"
    assert made["revision"] != made["installed_revision"]
    assert "config.json" in outcome.err
    (config,) = (text for name, text in contents(Path(made["path"])).items() if name.endswith("weights/config.json"))
    assert json.loads(config)["_name_or_path"] == "mine"


def test_a_model_of_a_folder_states_its_licence(cli: Cli, home: Path, install: Install, tmp_path: Path) -> None:
    outcome = cli("publish", "local/judge", "--to", tmp_path / "dist", "--dry-run", "--json")
    assert "nobody stated a licence" in outcome.err
    made = cli("publish", "judge", "--licence", "mit", "--id", "me/judge", "--to", tmp_path / "dist", "--json")
    assert (made.code, made.err, made.json["licence"]) == (0, "", "MIT")
    customer = install(Path(made.json["path"]))
    assert customer.show("me/judge")["licence"]["weights"] == "MIT"
    with customer.load("me/judge") as there:
        assert there.predict("a good film").labels


@pytest.mark.parametrize(
    ("licence", "options", "says"),
    [
        (NO_CHANGES, {}, "nobody pass on a changed version"),
        (NO_CHANGES, {"licence": "MIT"}, "nobody pass on a changed version"),
        ("CC-BY-NC-4.0", {"licence": "MIT"}, "forbids commercial use"),
        ("GPL-3.0-only", {"licence": "Apache-2.0"}, "demands the same licence"),
    ],
)
def test_licences_that_do_not_allow_it(
    own_publisher: Zoo, licence: str, options: Any, says: str, tmp_path: Path
) -> None:
    zoo = own_publisher
    for name in ("team/tiny-pics", "me/colours"):
        zoo.catalog.add_card(zoo.catalog.get(name).replace(licence=Licence(weights=licence)), feed="local")
    with pytest.raises(BadInput, match=says) as refused:
        publish(zoo, "me/colours", tmp_path / "dist", dry_run=True, **options)
    assert "--despite-licence" in refused.value.remedy
    made = publish(zoo, "me/colours", tmp_path / "dist", dry_run=True, despite_licence=True, **options)
    assert any(says in note for note in made.notes)


def test_a_model_of_a_plugin_needs_another_name_and_keeps_its_licence(own_publisher: Zoo, tmp_path: Path) -> None:
    zoo = own_publisher
    files = {"model.safetensors": tmp_path / "model.safetensors"}
    source = zoo.pull("team/tiny-pics").path / "model.safetensors"
    files["model.safetensors"].write_bytes(source.read_bytes())
    manifest = zoo.store.adopt("mobilenetv2_100", base=None, base_files=None, files=files, origin="https://x.org/model")
    zoo.catalog.record_revision(manifest)
    with pytest.raises(BadInput, match="plugin"):
        publish(zoo, "mobilenetv2_100", tmp_path, dry_run=True)
    with pytest.raises(BadInput, match="stays under that"):
        publish(zoo, "mobilenetv2_100", tmp_path, dry_run=True, id="me/mobile", licence="MIT")
    made = publish(zoo, "mobilenetv2_100", tmp_path, id="me/mobile", weights="own")
    assert (made.licence, made.packed) == ("BSD-3-Clause", ())
    assert "base: mobilenetv2_100" in contents(made.path)["zoo_mobile/cards.yaml"].decode()


def test_the_project_folder_can_be_built_by_hand(publisher: Zoo, tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    made = publish(
        publisher, "me/colours@" + publisher.pull("me/colours").manifest.revision[:10], tmp_path, folder=True
    )
    assert made.path == tmp_path / "zoo-colours-1.0"
    assert tomllib.loads((made.path / "pyproject.toml").read_text())["project"]["entry-points"] == {
        "zoo": {"zoo-colours": "zoo_colours"}
    }
    assert (made.path / "zoo_colours" / "weights" / "model.safetensors").stat().st_mode & 0o200, "it may be edited"
    built = next(WheelBuilder(str(made.path)).build(directory=str(tmp_path / "out"), versions=["standard"]))
    assert set(contents(Path(built))) == set(contents(publish(publisher, "me/colours", tmp_path).path))
    with pytest.raises(BadInput, match="there already"):
        publish(publisher, "me/colours", tmp_path, folder=True)


def test_ctrl_c_leaves_nothing(publisher: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zoo.publishing import wheel

    def stopped(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(wheel, "put", stopped)  # all is built by then
    with pytest.raises(KeyboardInterrupt):
        publish(publisher, "me/colours", tmp_path / "dist", weights="own")
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["nope"], 3, "no model is called"),
        (["timm/resnet50.a1_in1k"], 3, "is not installed"),
        (["me/colours@nope"], 3, "nope"),
        (["me/colours", "--version", "one"], 4, "is not a version"),
        (["me/colours", "--name", "-x"], 4, "name of a distribution"),
        (["me/colours", "--name", "1x"], 4, "begins with a digit"),
        (["me/colours", "--name", "json"], 4, "module of Python"),
        (["me/colours", "--name", "zoo-nlp"], 4, "is installed here"),
        (["me/colours", "--id", "a/b/c"], 4, "more than one slash"),
        (["me/colours", "--id", "local/x"], 4, "of one machine"),
        (["me/colours", "--id", "team/tiny-pics"], 4, "another model"),
        (["me/colours", "--licence", "APACHE 2"], 4, "no licence of the SPDX list"),
        (["me/colours", "--licence", "APACHE"], 4, "Did you mean Apache-2.0"),
        (["me/colours", "--author", "<a@b>"], 4, "is no author"),
        (["me/colours", "--weights", "some"], 4, "weights cannot be"),
        (["me/colours", "--weights", "none"], 4, "nothing says where"),
        (["me/colours", "--at", "https://x.org/y"], 4, "when none is packed"),
        (["me/colours", "--weights", "none", "--at", "hf:me/x"], 4, "does not name a commit"),
        (["me/colours", "--weights", "none", "--at", "hf:me/x@main"], 4, "main may move"),
        (["me/colours", "--weights", "none", "--at", "http://x.org/y"], 4, "no place that others can ask"),
        (["me/colours", "--weights", "none", "--at", "https://u:p@x.org/y"], 4, "holds a secret"),
        (["me/colours", "--weights", "none", "--at", "https://10.0.0.1/y"], 4, "cannot be asked from everywhere"),
        (["me/colours", "--weights", "none", "--at", "file:/srv/x"], 4, "no place that others can ask"),
    ],
)
def test_what_cannot_be_published(cli: Cli, publisher: Zoo, tmp_path: Path, args: Any, code: int, says: str) -> None:
    outcome = cli("publish", *args, "--to", tmp_path / "dist", "--offline")
    assert (outcome.code, outcome.out) == (code, "")
    assert says in outcome.err
    assert not (tmp_path / "dist").exists()


def test_wheels_need_hatchling_and_folders_do_not(
    publisher: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hatchling", None)
    with pytest.raises(MissingDependency, match="hatchling") as refused:
        publish(publisher, "me/colours", tmp_path, weights="own")
    assert "zoo-registry[publish]" in refused.value.remedy
    assert publish(publisher, "me/colours", tmp_path, weights="own", folder=True).path.is_dir()


def test_a_folder_that_cannot_be_written_to(cli: Cli, publisher: Zoo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    outcome = cli("publish", "me/colours", "--weights", "own", "--to", tmp_path / "file")
    assert outcome.code == 4
    assert "cannot be written to" in outcome.err


def test_what_the_command_prints(cli: Cli, publisher: Zoo, tmp_path: Path) -> None:
    arguments = ("publish", "me/colours", "--weights", "own", "--to", tmp_path / "dist")
    dry = cli(*arguments, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert "would be written" in dry.out
    assert not (tmp_path / "dist").exists()
    real = cli(*arguments)
    assert f"pip install {tmp_path}/dist/zoo_colours-1.0-py3-none-any.whl" in real.out
    assert "packed    1 file" in real.out
    assert f"hf:team/tiny-pics@{COMMIT}" in real.out
    assert "already, the same" in cli(*arguments).out
