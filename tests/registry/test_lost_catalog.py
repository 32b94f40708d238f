"""Nothing of the user's work is lost with the database: edits, tags, notes, aliases, own cards and feeds."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import copied
from tests.tiny_fixtures import Cli, Models
from zoo import Zoo, identity
from zoo.cards import ModelCard
from zoo.catalog import dumping
from zoo.feeding import add_cards, import_cards, read_cards
from zoo.feeding.cardfiles import TEMPLATE
from zoo.rebuild import curation

BERT = "google-bert/bert-base-uncased"


def other(registry: Zoo) -> Zoo:
    """The same home, opened anew."""
    return Zoo(registry.home, offline=True, quiet=True)


def texts_file(tmp_path: Path) -> str:
    path = tmp_path / "card.yaml"
    path.write_text(TEMPLATE, encoding="utf-8")
    return str(path)


@pytest.fixture
def pets(home: Path, models: Models, tmp_path: Path) -> tuple[Zoo, str, str]:
    """A zoo, with an older and a newer revision of `local/pets`."""
    zoo = Zoo(home, offline=True, quiet=True)
    folder = copied(models.pics, tmp_path / "pets")
    old = zoo.pull(str(folder)).manifest.revision
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "label_names": ["ape", "bat", "cow"]}))
    return zoo, old, zoo.pull(str(folder)).manifest.revision


@pytest.fixture
def worked(pets: tuple[Zoo, str, str], tmp_path: Path) -> Zoo:
    """A zoo with some of everything that a user can do to its catalog."""
    zoo, old, new = pets
    for revision in (old, new, old, new):
        identity.set_alias(zoo, "prod", f"local/pets@{revision}")
    identity.set_alias(zoo, "beta", f"local/pets@{old}")
    identity.set_alias(zoo, "gone", f"local/pets@{old}")
    identity.unset_alias(zoo, "gone", "local/pets")
    identity.add_tags(zoo, "local/pets", ["zoological", "fast"])
    identity.remove_tags(zoo, "local/pets", ["fast"])
    for text in ("first", "second: ä\n\t…", "third"):
        identity.add_note(zoo, BERT, text)
    identity.remove_note(zoo, BERT, 2)
    zoo.catalog.edit(BERT, {"licence": "MIT", "parameters": 7, "languages": ["de"], "summary": "Mine."})
    identity.deprecate(zoo, "albert/albert-base-v2", "too old", use=BERT)
    add_cards(zoo, read_cards(texts_file(tmp_path)))
    zoo.catalog.edit("me/my-model", {"licence": "ISC"})
    lines = [{**card_line(i), "tags": ["imported"]} for i in range(50)]
    zoo.catalog.sync_feed("team", "user", "7", map(ModelCard.from_dict, lines))
    zoo.catalog.edit("team/m1", {"family": "ours"})
    return zoo


def card_line(number: int) -> dict[str, Any]:
    made = {"id": f"team/m{number}", "task": "text-classification", "library": "transformers"}
    return {**made, "loader": "transformers", "architecture": "BertForSequenceClassification"}


def known(registry: Zoo) -> dict[str, Any]:
    """All that a rebuild must bring back, times included."""
    path = registry.ready()
    feeds = [vars(feed) for feed in registry.catalog.feeds() if feed.kind in {"user", "local"}]
    for feed in feeds:
        if feed["kind"] == "local":
            feed.pop("synced")
    return {
        "edits": registry.catalog.edits(),
        "notes": identity.notes(registry),
        "aliases": identity.aliases(registry),
        "history": identity.alias_history(registry, "local/pets"),
        "feeds": feeds,
        "own cards": registry.catalog.own_cards("team") + registry.catalog.own_cards("user"),
        "cards": list(dumping.cards(path)),
        "licences": [record.licence for record in registry.catalog.revisions("local/pets")],
        "deprecated": identity.deprecation(path, registry.catalog.get("albert/albert-base-v2")),
    }


def delete(registry: Zoo, cli: Cli) -> None:
    registry.database.unlink()


def truncate(registry: Zoo, cli: Cli) -> None:
    registry.database.write_bytes(b"")


def overwrite(registry: Zoo, cli: Cli) -> None:
    registry.database.write_bytes(b"rubbish" * 5000)
    assert cli("doctor", "--fix").code == 0


def corrupt_middle(registry: Zoo, cli: Cli) -> None:
    content = bytearray(registry.database.read_bytes())
    for start in range(500_000, len(content), 4096 * 16):
        content[start : start + 900] = b"\xa5" * 900
    registry.database.write_bytes(bytes(content))
    assert cli("doctor").code == 1
    assert cli("doctor", "--fix").code == 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("lose", [delete, truncate, overwrite, corrupt_middle])
def test_all_of_it_comes_back(worked: Zoo, cli: Cli, lose: Callable[[Zoo, Cli], None]) -> None:
    before = known(worked)
    assert [len(before[name]) for name in ("notes", "aliases", "history", "feeds")] == [2, 2, 7, 3]
    files = contents(worked)
    worked.catalog.close()
    lose(worked, cli)
    after = other(worked)
    assert known(after) == before
    assert contents(after) == files
    assert [row["id"] for row in after.search("zoological")] == ["local/pets"]
    assert {row["id"] for row in after.search("tag:imported", limit=99)} == {f"team/m{i}" for i in range(50)}
    (new, *_) = (record.revision for record in after.catalog.revisions("local/pets"))
    assert after.resolve("local/pets@prod").revision == new
    assert after.catalog.reset(BERT) == ("languages", "licence", "parameters", "summary")
    assert after.catalog.get(BERT).licence.weights == "Apache-2.0"
    assert cli("doctor").code == 0


def contents(registry: Zoo) -> dict[str, bytes]:
    folder = registry.catalog.curation
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_taken_back_does_not_return(worked: Zoo) -> None:
    worked.catalog.reset(BERT)
    identity.unset_alias(worked, "beta", "local/pets")
    worked.catalog.drop_feed("team")
    worked.catalog.remove_card("me/my-model")
    worked.catalog.close()
    worked.database.unlink()
    after = other(worked)
    assert BERT not in {edit.model for edit in after.catalog.edits()}
    assert [row["alias"] for row in identity.aliases(after)] == ["prod"]
    assert "team" not in {feed.name for feed in after.catalog.feeds()}
    assert after.card("me/my-model") is None
    assert not (after.catalog.curation / "feeds" / "team.jsonl.gz").exists()


def test_a_crash_before_the_files_are_written_is_made_good_by_the_next_write(worked: Zoo, cli: Cli) -> None:
    from zoo.catalog.catalog import Catalog

    with Catalog(worked.database) as bare:  # writes no files, as if the process had died after its transaction
        bare.add_note(BERT, "unseen")
        bare.set_alias("local/pets", "late", worked.resolve("local/pets").revision or "")
    assert curation.outdated(worked.database, worked.catalog.curation) == [
        "notes.jsonl",
        "aliases.jsonl",
        "alias_history.jsonl",
    ]
    doctor = cli("doctor")
    assert doctor.code == 0
    assert "notes.jsonl" in doctor.out
    worked.catalog.remember("anything", "at all")
    assert curation.outdated(worked.database, worked.catalog.curation) == []
    assert b"unseen" in contents(worked)["notes.jsonl"]
    shutil.rmtree(worked.catalog.curation)
    assert "mended: curation/" in cli("doctor", "--fix").out
    assert "curation/" not in cli("doctor").out
    assert b"unseen" in contents(worked)["notes.jsonl"]


def test_a_rebuild_that_is_interrupted_is_done_again(worked: Zoo) -> None:
    """Feeds are synced into the new database before the files are read: those writes must not replace the files."""
    before, files = known(worked), contents(worked)
    worked.catalog.close()
    worked.database.unlink()
    from zoo.rebuild import KeptCatalog

    with KeptCatalog(worked.database) as half:
        assert half.needs_rebuild
        half.rebuild_from([])
        assert half.needs_rebuild
    assert contents(worked) == files
    assert known(other(worked)) == before


DAMAGE = {
    "edits.jsonl": [
        "{half",
        "3",
        '{"model": "../x"}',
        '{"model":"a/b","field":"config","value":1,"offered":null,"changed":"x"}',
        '{"model":"google-bert/bert-base-uncased","field":"parameters","value":"many","offered":null,"changed":"x"}',
        '{"model":"a/b","field":"tags","value":5,"offered":null,"changed":"x"}',
        "[" * 50_000,
    ],
    "notes.jsonl": [
        '{"key":"x","model":"a/b","text":"t","written":"w"}',
        '{"key":99999999999999999999,"model":"a/b","text":"t","written":"w"}',
        '{"key":5,"model":"a/b","text":"\\ud800","written":"w"}',
        "\udcff",
    ],
    "aliases.jsonl": ['{"model":"local/pets","alias":"../x","revision":"abc"}', "[]"],
    "alias_history.jsonl": ['{"model":"local/pets","alias":"x","revision":5,"previous":null,"changed":"w"}'],
    "licences.jsonl": ['{"model":"local/pets","revision":"abc","weights":null,"package":null,"source":null}'],
}


@pytest.mark.timeout(120)
def test_what_cannot_be_read_is_kept_beside_and_the_rest_comes_back(worked: Zoo, cli: Cli) -> None:
    before = known(worked)
    folder = worked.catalog.curation
    worked.catalog.close()
    for name, lines in DAMAGE.items():
        whole = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text("\n".join(lines) + "\n" + whole, encoding="utf-8", errors="surrogateescape")
    good = gzip.decompress((folder / "feeds" / "team.jsonl.gz").read_bytes())
    bad = good + b'3\n{"id": 5}\n' + json.dumps(card_line(1)).encode()
    (folder / "feeds" / "team.jsonl.gz").write_bytes(gzip.compress(bad))
    (folder / "feeds" / "cut.jsonl.gz").write_bytes(gzip.compress(good)[:60])
    (folder / "feeds" / "zoo-nlp.jsonl.gz").write_bytes(gzip.compress(good.replace(b'"team"', b'"zoo-nlp"', 1)))
    worked.database.unlink()
    after = other(worked)
    told = known(after)
    assert {name: told[name] for name in told if name != "feeds"} == {n: v for n, v in before.items() if n != "feeds"}
    beside = sorted(path.name.partition(curation.UNREAD)[0] for path in folder.rglob(f"*{curation.UNREAD}*"))
    assert beside == sorted([*DAMAGE, "team.jsonl.gz", "cut.jsonl.gz", "zoo-nlp.jsonl.gz"])
    doctor = cli("doctor")
    assert doctor.code == 0
    assert doctor.out.count("could not read") == len(beside)


def test_a_model_that_a_plugin_supplies_now_is_the_plugins(worked: Zoo) -> None:
    folder = worked.catalog.curation / "feeds"
    worked.catalog.close()
    path = folder / "team.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).decode().replace('"team/m3"', f'"{BERT}"')
    path.write_bytes(gzip.compress(lines.encode()))
    worked.database.unlink()
    after = other(worked)
    assert after.catalog.get(BERT).loader == "transformers"
    assert len(after.catalog.own_cards("team")) == 49
    assert list(folder.glob(f"team.jsonl.gz{curation.UNREAD}*"))


def test_an_alias_of_files_that_are_gone_is_told_to_be_removed(pets: tuple[Zoo, str, str]) -> None:
    zoo, old, _ = pets
    identity.set_alias(zoo, "prod", f"local/pets@{old}")
    zoo.catalog.close()
    zoo.store.remove("local/pets", old)
    zoo.database.unlink()
    after = other(zoo)
    assert identity.aliases(after) == []
    assert [step.what for step in identity.alias_history(after, "local/pets")] == ["set", "removed"]


def test_edits_of_a_model_without_a_card_wait_for_it(worked: Zoo, tmp_path: Path) -> None:
    worked.catalog.drop_feed("user")
    worked.catalog.close()
    worked.database.unlink()
    after = other(worked)
    assert [edit.field for edit in after.catalog.edits("me/my-model")] == ["licence"]
    add_cards(after, read_cards(texts_file(tmp_path)))
    assert after.catalog.get("me/my-model").licence.weights == "ISC"


def test_of_a_hub_only_what_is_installed_is_kept(pets: tuple[Zoo, str, str]) -> None:
    zoo, _, _ = pets
    cards = [ModelCard.from_dict({**card_line(i), "sources": [{"uri": f"hf:team/m{i}"}]}) for i in range(3)]
    zoo.catalog.merge_feed("hf", "hub", "https://example.org", cards)
    assert not (zoo.catalog.curation / "feeds").exists()
    with sqlite3.connect(zoo.database) as database:
        # as if one had been pulled: the hub itself is tested elsewhere
        database.execute("UPDATE revision SET model = 'team/m1' WHERE model = 'local/texts'")
    database.close()
    zoo.catalog.remember("anything", "at all")
    (path,) = (zoo.catalog.curation / "feeds").iterdir()
    header, *kept = map(json.loads, gzip.decompress(path.read_bytes()).decode().splitlines())
    assert (header["feed"], header["kind"], header["version"]) == ("hf", "hub", "https://example.org")
    assert [card["id"] for card in kept] == ["team/m1"]
    zoo.catalog.close()
    zoo.database.unlink()
    after = other(zoo)
    assert [(f.kind, f.version, f.models) for f in after.catalog.feeds() if f.name == "hf"] == [
        ("hub", "https://example.org", 1)
    ]
    assert after.catalog.merge_feed("hf", "hub", "https://example.org", cards).added == 2


def test_a_kept_feed_can_be_imported(worked: Zoo, tmp_path: Path) -> None:
    path = shutil.copy(worked.catalog.curation / "feeds" / "team.jsonl.gz", tmp_path)
    assert not import_cards(worked, str(path), None)[1].changed


def test_an_untouched_zoo_has_no_such_files(tmp_path: Path) -> None:
    zoo = Zoo(tmp_path / "new", offline=True, quiet=True)
    zoo.search("bert")
    assert not (zoo.home / "curation").exists()


def test_two_databases_of_one_home_keep_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Zoo(tmp_path / "home", offline=True, quiet=True)
    identity.add_note(mine, BERT, "mine")
    monkeypatch.setenv("ZOO_DATABASE_URL", f"sqlite:///{tmp_path / 'home' / 'other.db'}")
    beside = Zoo(tmp_path / "home", offline=True, quiet=True)
    identity.add_note(beside, BERT, "other")
    assert b"mine" in contents(mine)["notes.jsonl"]
    assert b"mine" not in contents(beside)["notes.jsonl"]


def test_very_many_cards_are_kept_as_well(tmp_path: Path) -> None:
    """So many are written aside, into a copy that takes the database's place."""
    from zoo.catalog.catalog import MANY

    zoo = Zoo(tmp_path / "many", offline=True, quiet=True)
    zoo.catalog.sync_feed("team", "user", "7", (ModelCard.from_dict(card_line(i)) for i in range(MANY + 1)))
    before = [feed for feed in zoo.catalog.feeds() if feed.name == "team"]
    zoo.catalog.close()
    zoo.database.unlink()
    after = other(zoo)
    assert [feed for feed in after.catalog.feeds() if feed.name == "team"] == before
    assert before[0].models == MANY + 1
