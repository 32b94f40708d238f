"""From what is typed to one model: exact, short, by alias, by revision; never a guess."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tiny import copied
from tests.tiny_fixtures import Models
from zoo import Zoo
from zoo.errors import AmbiguousModel, BadData, BadRef, NotFound, OfflineError, UnknownModel


@pytest.fixture
def zoo(home: Path) -> Zoo:
    return Zoo(home, quiet=True)


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("mobilenetv2_100", "mobilenetv2_100"),
        ("local/pics", "local/pics"),
        ("pics", "local/pics"),
        ("timm/resnet50.a1_in1k", "timm/resnet50.a1_in1k"),
        ("resnet50.a1_in1k", "timm/resnet50.a1_in1k"),
        ("all-MiniLM-L6-v2", None),
    ],
)
def test_names(zoo: Zoo, typed: str, means: str | None) -> None:
    found = zoo.resolve(typed)
    assert found.card.id == (means or found.card.id)
    assert found.card.id.endswith(typed)
    assert bool(found.note) == (found.card.id != typed)
    assert zoo.show(typed)["id"] == found.card.id


def test_an_ambiguous_name_names_its_candidates(zoo: Zoo) -> None:
    with pytest.raises(AmbiguousModel) as error:
        zoo.load("bert-base-german-cased")
    assert len(error.value.candidates) > 1
    for name in error.value.candidates:
        assert zoo.resolve(name).card.id == name


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("mobilenetv2_10", "mobilenetv2_100"),
        ("MobileNetV2_100", "mobilenetv2_100"),
        ("local/Pics", "local/pics"),
        ("local/pic", "local/pics"),
        ("resnet50.a1_in1kk", "timm/resnet50.a1_in1k"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(zoo: Zoo, typed: str, near: str) -> None:
    for ask in (zoo.load, zoo.show, zoo.pull, zoo.remove):
        with pytest.raises(UnknownModel) as error:
            ask(typed)
        assert near in error.value.near
        assert near in error.value.remedy


def test_a_name_like_no_other_has_no_suggestion(zoo: Zoo) -> None:
    with pytest.raises(UnknownModel) as error:
        zoo.load("qqqqzzzzxxxx")
    assert error.value.near == ()


def test_a_changed_folder_is_a_new_revision(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    folder = copied(models.pics, tmp_path / "mine")
    first = zoo.pull(f"{folder}/")
    again = zoo.pull(str(folder))
    assert again.manifest == first.manifest
    assert first.card.licence.weights == "apache-2.0"

    changed = copied(models.pics, tmp_path / "other", license="mit", label_names=["x", "y", "z"])
    (folder / "config.json").write_bytes((changed / "config.json").read_bytes())
    second = zoo.pull(str(folder))
    assert second.manifest.revision != first.manifest.revision
    assert second.card.licence.weights == "mit"
    revisions = [row["revision"] for row in zoo.show("local/mine")["revisions"]]
    assert set(revisions) == {first.manifest.revision, second.manifest.revision}
    with zoo.load(str(folder)) as model:
        assert {label.label for label in model.predict(models.red).labels} == {"x", "y", "z"}


def test_a_folder_of_another_architecture_is_read_anew(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    import shutil

    folder = copied(models.pics, tmp_path / "mine")
    assert zoo.pull(str(folder)).card.library == "timm"
    shutil.rmtree(folder)
    copied(models.judge, folder)
    assert zoo.pull(str(folder)).card.library == "transformers"
    with zoo.load("local/mine") as model:
        assert model.predict("a good film").labels


def two_revisions(zoo: Zoo, models: Models, tmp_path: Path) -> tuple[str, str]:
    folder = copied(models.pics, tmp_path / "mine")
    first = zoo.pull(str(folder)).manifest.revision
    (folder / "README.md").write_text("A new file.\n", encoding="utf-8")
    return first, zoo.pull(str(folder)).manifest.revision


def test_revisions_by_prefix_and_by_alias(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    first, second = two_revisions(zoo, models, tmp_path)
    zoo.catalog.set_alias("local/mine", "prod", first)
    for ref, revision in [
        (f"local/mine@{first[:7]}", first),
        (f"local/mine@{second}", second),
        ("local/mine@prod", first),
        ("mine@prod", first),
    ]:
        assert zoo.resolve(ref).revision == revision
        assert zoo.pull(ref).manifest.revision == revision
    assert zoo.pull("local/mine", revision="prod").manifest.revision == first
    with zoo.load("local/mine", revision=first[:12]) as model:
        assert model.revision == first
    assert not (zoo.pull("mine@prod").path / "README.md").exists()
    assert (zoo.pull(f"mine@{second[:8]}").path / "README.md").exists()


@pytest.mark.parametrize("revision", ["staging", "abc", "0" * 7, "0" * 64, "1234567890"])
def test_an_unknown_revision_is_refused(zoo: Zoo, revision: str) -> None:
    for ask in (zoo.load, zoo.pull, zoo.remove):
        with pytest.raises(NotFound):
            ask(f"local/pics@{revision}")
    assert zoo.show("local/pics")["revisions"]


def test_one_revision_is_removed_and_the_other_stays(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    first, second = two_revisions(zoo, models, tmp_path)
    zoo.remove(f"local/mine@{first[:9]}")
    assert [row["revision"] for row in zoo.show("local/mine")["revisions"]] == [second]
    assert zoo.pull("local/mine@" + second[:7]).path.is_dir()


@pytest.mark.parametrize("form", ["./mine", "mine/", "../place/mine", "~/mine", "absolute"])
def test_folders_in_every_spelling_are_one_model(
    zoo: Zoo, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    place = tmp_path / "place"
    folder = copied(models.texts, place / "mine")
    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(place))
    ref = {"absolute": str(folder), "mine/": "./mine/"}.get(form, form)
    assert zoo.pull(ref).card.id == "local/mine"
    assert zoo.pull(str(folder)).manifest.files[0].origin[0].startswith(f"file:{folder}#")


@pytest.mark.parametrize("name", ["with space", "a%20b", "a#b", "ä", "x@prod", "question?", "a'b\"c", "100%"])
def test_folders_with_odd_names(zoo: Zoo, models: Models, tmp_path: Path, name: str) -> None:
    folder = copied(models.texts, tmp_path / name)
    pulled = zoo.pull(str(folder))
    assert pulled.card.id.startswith("local/")
    assert zoo.pull(pulled.card.id).path == pulled.path
    with zoo.load(str(folder)) as model:
        assert len(model.predict("a film").vector) == 16


def test_two_folders_of_one_name_are_not_mixed_up(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    zoo.pull(str(copied(models.texts, tmp_path / "a@1" / "mine")))
    with pytest.raises(BadRef, match="another model"):
        zoo.pull(str(copied(models.pics, tmp_path / "a@2" / "mine")))
    assert zoo.show("local/mine")["library"] == "transformers"


def test_a_folder_never_hides_a_catalogued_model(
    zoo: Zoo, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(models.pics, tmp_path / "mobilenetv2_100")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OfflineError):
        zoo.load("mobilenetv2_100")
    assert zoo.load("./mobilenetv2_100").card.id == "local/mobilenetv2_100"


def test_a_folder_that_is_gone_can_still_be_used_by_its_name(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    import shutil

    folder = copied(models.texts, tmp_path / "mine")
    zoo.pull(str(folder))
    shutil.rmtree(folder)
    with zoo.load("local/mine") as model:
        assert model.predict("a film")
    with pytest.raises(BadData):
        zoo.load(str(folder))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_what_is_not_catalogued_is_not_fetched_offline(zoo: Zoo) -> None:
    for ref in ("hf:org/name", "hf:org/name@main", "pypi:package==1.0", "https://example.org/model.safetensors"):
        with pytest.raises(OfflineError) as error:
            zoo.pull(ref)
        assert error.value.remedy
