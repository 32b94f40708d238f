"""Whole feeds as JSON lines: out, in again, and nothing by halves."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.store.local_hub import LocalHub
from tests.tiny_fixtures import Cli
from zoo import Zoo
from zoo.catalog.build import content_digest
from zoo.catalog.catalog import Catalog
from zoo.errors import BadCard, BadData, CatalogError, NotFound, ResourceError
from zoo.feeding import add_cards, drop_feed, export_cards, import_cards
from zoo.feeding.cardfiles import TEMPLATE, read_cards

LINE = {
    "id": "me/a",
    "task": "text-classification",
    "library": "transformers",
    "loader": "transformers",
    "architecture": "BertForSequenceClassification",
}


def lines(path: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def written(folder: Path, *items: object, name: str = "feed.jsonl") -> str:
    path = folder / name
    path.write_text("".join((i if isinstance(i, str) else json.dumps(i)) + "\n" for i in items), encoding="utf-8")
    return str(path)


@pytest.mark.timeout(120)
def test_import_of_an_export_is_the_same_catalog(zoo: Zoo, tmp_path: Path) -> None:
    """The whole real catalog, out and into an empty one, and out again: not a byte is another."""
    out, again = tmp_path / "all.jsonl.gz", tmp_path / "again.jsonl.gz"
    count = export_cards(zoo, str(out))
    assert count == sum(feed.models for feed in zoo.catalog.feeds()) > 1900
    header, *cards = lines(out)
    assert header == {"zoo_feed": 1}
    assert [card["id"] for card in cards] == sorted(card["id"] for card in cards)
    (tmp_path / "empty.db").touch()
    other = Zoo(tmp_path / "other", offline=True, plugins=zoo.plugins, quiet=True)
    with Catalog(other.database, shipped=tmp_path / "empty.db") as empty:
        other.__dict__["catalog"] = empty
        name, report = import_cards(other, str(out), "copy", version="7")
        assert (name, report.added) == ("copy", count)
        assert [(feed.name, feed.kind, feed.version) for feed in empty.feeds()] == [("copy", "user", "7")]
        assert empty.get("google-bert/bert-base-uncased") == zoo.card("google-bert/bert-base-uncased")
        export_cards(other, str(again), feed="copy")
        assert lines(again)[1:] == cards
        before = content_digest(empty.path)
        assert not import_cards(other, str(again), None)[1].changed
        assert content_digest(empty.path) == before


def test_a_feed_keeps_its_name_kind_and_version(zoo: Zoo, tmp_path: Path, hub: LocalHub) -> None:
    from tests.feeds.conftest import repository
    from zoo.feeding import sync_hub
    from zoo.hubfeed import Wanted

    hub.repositories["org/judge"] = repository("text-classification", "BertForSequenceClassification")
    sync_hub(zoo, Wanted())
    path = tmp_path / "hf.jsonl"
    assert export_cards(zoo, str(path), feed="hf") == 1
    header, card = lines(path)
    assert (header["feed"], header["kind"], header["version"]) == ("hf", "hub", hub.url)
    assert card["id"] == "org/judge"
    assert drop_feed(zoo, "hf") == 1
    assert import_cards(zoo, str(path), None)[0] == "hf"
    (feed,) = [feed for feed in zoo.catalog.feeds() if feed.name == "hf"]
    assert (feed.kind, feed.version, feed.models) == ("hub", hub.url, 1)


def test_the_same_cards_give_the_same_bytes(zoo: Zoo, tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        assert export_cards(zoo, str(tmp_path / name), feed="zoo-nlp")
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_what_a_search_finds(zoo: Zoo, cli: Cli) -> None:
    done = cli("catalog", "export", "--query", "whisper base", "--feed", "zoo-speech")
    cards = done.lines[1:]
    assert done.err == f"{len(cards)} cards\n"
    assert cards
    assert all("whisper" in card["id"] for card in cards)


def test_an_export_holds_the_edits(zoo: Zoo, tmp_path: Path) -> None:
    zoo.catalog.edit("google-bert/bert-base-uncased", {"licence": "MIT"})
    export_cards(zoo, str(tmp_path / "x.jsonl"), feed="zoo-nlp")
    (card,) = [card for card in lines(tmp_path / "x.jsonl") if card.get("id") == "google-bert/bert-base-uncased"]
    assert card["licence"]["weights"] == "MIT"


def test_an_import_replaces_the_whole_feed(zoo: Zoo, tmp_path: Path, cli: Cli) -> None:
    first = written(tmp_path, LINE, {**LINE, "id": "me/b"})
    told = cli("catalog", "import", first, "--feed", "team", "--json").json
    assert told == {"feed": "team", "added": 2, "updated": 0, "removed": 0, "unchanged": 0}
    second = written(tmp_path, {**LINE, "summary": "anew"}, "", {**LINE, "id": "me/c"})
    assert cli("catalog", "import", second, "--feed", "team").out == (
        "team: 1 added, 1 updated, 1 removed, 0 unchanged\n"
    )
    assert [card.id for card in zoo.catalog.own_cards("team")] == ["me/a", "me/c"]


def test_from_standard_input(zoo: Zoo, cli: Cli) -> None:
    packed = gzip.compress((json.dumps(LINE) + "\n").encode())
    for stdin in (packed, b"\xef\xbb\xbf" + json.dumps(LINE).encode()):
        assert cli("catalog", "import", "-", "--feed", "team", stdin=stdin).code == 0


BAD_LINES = {
    "no JSON": "{",
    "no object": "3",
    "an unknown field": {**LINE, "id": "me/x", "licens": 1},
    "a missing field": {"id": "me/x"},
    "an unknown task": {**LINE, "id": "me/x", "task": "cooking"},
    "a bad id": {**LINE, "id": "../x"},
    "too deep": "[" * 50_000,
    "another header": {"zoo_feed": 1},
    "a type that is none": {**LINE, "id": "me/x", "tags": 5},
    "files that are none": {**LINE, "id": "me/x", "files": [{"path": 1, "origin": 2}]},
}


@pytest.mark.parametrize("fault", BAD_LINES)
@pytest.mark.parametrize("header", [True, False])
def test_a_bad_line_is_named_and_nothing_written(zoo: Zoo, cli: Cli, tmp_path: Path, fault: str, header: bool) -> None:
    before = content_digest(zoo.catalog.path)
    head: list[object] = [{"zoo_feed": 1, "feed": "team"}] if header else []
    path = written(tmp_path, *head, LINE, BAD_LINES[fault], {**LINE, "id": "me/c"})
    done = cli("catalog", "import", path, "--feed", "team")
    assert done.code == 4
    assert f"line {3 if header else 2}" in done.err
    assert "Traceback" not in done.err
    assert content_digest(zoo.catalog.path) == before


def test_damaged_and_odd_files(zoo: Zoo, tmp_path: Path) -> None:
    packed = gzip.compress(b"\n".join(json.dumps({**LINE, "id": f"me/{i}"}).encode() for i in range(500)))
    for name, data in {"cut.gz": packed[:-20], "bad.gz": packed[:40] + b"\xff" * 40 + packed[80:]}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadData, match=r"damaged|cut off"):
            import_cards(zoo, str(tmp_path / name), "team")
    (tmp_path / "latin.jsonl").write_bytes(json.dumps(LINE).encode() + b"\n\xe9\n")
    with pytest.raises(BadCard, match="no UTF-8"):
        import_cards(zoo, str(tmp_path / "latin.jsonl"), "team")
    with pytest.raises(BadData):
        import_cards(zoo, str(tmp_path / "none.jsonl"), "team")
    with pytest.raises(BadCard, match="format 2"):
        import_cards(zoo, written(tmp_path, {"zoo_feed": 2}), "team")
    with pytest.raises(CatalogError, match="--feed"):
        import_cards(zoo, written(tmp_path, LINE), None)
    assert "team" not in {feed.name for feed in zoo.catalog.feeds()}


def test_feeds_of_others_are_not_replaced_or_dropped(zoo: Zoo, tmp_path: Path, cli: Cli) -> None:
    before = content_digest(zoo.catalog.path)
    path = written(tmp_path, LINE)
    for feed in ("zoo-nlp", "local"):
        assert cli("catalog", "import", path, "--feed", feed).code == 9
    assert cli("catalog", "drop", "zoo-nlp").code == 9
    with pytest.raises(NotFound, match="zoo-nlp"):
        drop_feed(zoo, "zoo-npl")
    with pytest.raises(NotFound):
        export_cards(zoo, None, feed="nothing")
    taken = written(tmp_path, LINE, {**LINE, "id": "google-bert/bert-base-uncased"})
    assert cli("catalog", "import", taken, "--feed", "team").code == 9
    assert content_digest(zoo.catalog.path) == before


def test_an_export_that_cannot_be_written_leaves_nothing(zoo: Zoo, tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="cannot be written"):
        export_cards(zoo, str(tmp_path / "no" / "x.jsonl"))
    old = tmp_path / "old.jsonl"
    old.write_text("kept", encoding="utf-8")
    with pytest.raises(NotFound):
        export_cards(zoo, str(old), feed="nothing")
    assert old.read_text(encoding="utf-8") == "kept"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_drop_keeps_edits(zoo: Zoo, tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(TEMPLATE, encoding="utf-8")
    cards = read_cards(str(tmp_path / "card.yaml"))
    add_cards(zoo, cards, feed="team")
    zoo.catalog.edit("me/my-model", {"licence": "ISC"})
    assert drop_feed(zoo, "team") == 1
    assert zoo.card("me/my-model") is None
    add_cards(zoo, cards, feed="other")
    card = zoo.card("me/my-model")
    assert card is not None
    assert card.licence.weights == "ISC"
