"""The user's work on a catalog as files: edits, notes, aliases, licences as they were agreed to, cards of own feeds.

They lie in `curation/` beside `registry.db`, as JSON lines, and are made from the database: nothing reads them but a
rebuild. A feed's file, `feeds/NAME.jsonl.gz`, can be read by `zoo catalog import` too. Of a hub's feed only the cards
of installed models are kept: the others are a sync away.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import zlib
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.cards import ModelCard, canonical_json, digest
from zoo.catalog.overlay import Edit, take_off
from zoo.catalog.reading import Row, reading

__all__ = ["FEEDS", "KINDS", "UNREAD", "folder_of", "keep", "outdated", "read_header"]

FEEDS = "feeds"
UNREAD = ".unread-"  # in the name of a copy of what a rebuild could not make sense of

# The small files: what a line of each holds.
KINDS = {
    "edits": "SELECT model, field, value, offered, changed FROM edit ORDER BY model, field",
    "notes": "SELECT key, model, text, written FROM note ORDER BY key",
    "aliases": "SELECT model, alias, revision FROM alias ORDER BY model, alias",
    "alias_history": "SELECT * FROM alias_history ORDER BY key",
    "licences": "SELECT model, revision, licence AS weights, package_licence AS package, licence_source AS source "
    "FROM revision ORDER BY model, revision",
}
_JSON = ("value", "offered")  # columns that hold JSON
_ORDER = {"alias_history": "key"}  # a column that only tells the order of the lines
_SUPPLIED = "FROM model WHERE feed = :name AND (:kind = 'user' OR id IN (SELECT model FROM revision))"
_WAIT_S = 60


def folder_of(database: Path) -> Path:
    """The folder of a database's files: `curation`, and one of its own for a database of another name."""
    return database.with_name("curation" if database.name == "registry.db" else f"{database.name}.curation")


def keep(database: Path, folder: Path) -> list[str]:
    """Make the files tell what the database does; returns the names of those that were written or removed.

    Each is written whole or not at all. Of processes that do so at once, the last tells what all of them wrote.

    Raises:
        ResourceError: the disk refuses.
    """
    from filelock import FileLock

    from zoo.store.disk import writing

    if not outdated(database, folder):
        return []
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock", timeout=_WAIT_S), _snapshot(database) as connection:
            return _renewed(connection, folder)


def outdated(database: Path, folder: Path) -> list[str]:
    """The names of the files that do not tell what the database does."""
    with _snapshot(database) as connection:
        texts, feeds = _texts(connection), _feeds(connection)
        names = [name for name, text in texts.items() if _text_of(folder / name) != text]
        names += [name for name, header in feeds.items() if read_header(folder / name) != header]
    return names + _superfluous(folder, feeds)


@contextmanager
def _snapshot(database: Path) -> Iterator[sqlite3.Connection]:
    """One state of the database, for several statements."""
    with reading(database) as connection:
        connection.execute("BEGIN")
        yield connection


def _renewed(connection: sqlite3.Connection, folder: Path) -> list[str]:
    from zoo.store.disk import write_text

    done = []
    for name, text in _texts(connection).items():
        if _text_of(folder / name) != text:
            # an empty file would be one more to wonder about
            write_text(folder / name, text) if text else (folder / name).unlink()
            done.append(name)
    feeds = _feeds(connection)
    for name, header in feeds.items():
        if read_header(folder / name) != header:
            (folder / FEEDS).mkdir(exist_ok=True)
            _write_feed(folder / name, header, _own_cards(connection, header))
            done.append(name)
    for name in (gone := _superfluous(folder, feeds)):
        (folder / name).unlink(missing_ok=True)
    return done + gone


def _texts(connection: sqlite3.Connection) -> dict[str, str]:
    """What the small files should hold."""
    return {
        f"{kind}.jsonl": "".join(canonical_json(_told(row, _ORDER.get(kind))) + "\n" for row in connection.execute(sql))
        for kind, sql in KINDS.items()
    }


def _told(row: Row, without: str | None = None) -> Row:
    # SQLite takes a column of JSON for numbers where it can, so that 7 comes back as 7 and not as the text of it.
    return {
        name: json.loads(v) if name in _JSON and isinstance(v, str) else v for name, v in row.items() if name != without
    }


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        return "damaged"


def _feeds(connection: sqlite3.Connection) -> dict[str, Row]:
    """`{file name: header}` of the feeds whose cards are to be kept."""
    made = {}
    rows = connection.execute("SELECT name, kind, version, digest, synced FROM feed WHERE kind IN ('user', 'hub')")
    for row in rows.fetchall():
        if row["kind"] == "hub" or row["digest"] is None:
            found = connection.execute(f"SELECT id, digest {_SUPPLIED} ORDER BY folded", row).fetchall()
            row["digest"] = digest([[card["id"], card["digest"]] for card in found])
            if row["kind"] == "hub" and not found:
                continue
        name = row.pop("name")
        made[f"{FEEDS}/{name}.jsonl.gz"] = {"zoo_feed": 1, "feed": name, **row}
    return made


def read_header(path: Path) -> Row | None:
    """The first line of a feed's file: its name, kind, version, time and the digest of its cards; None without one."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found = json.loads(file.readline(10_000))
    except (OSError, EOFError, ValueError, RecursionError, zlib.error):
        return None
    return found if isinstance(found, dict) and "zoo_feed" in found else None


def _own_cards(connection: sqlite3.Connection, header: Row) -> Iterator[str]:
    """The cards as the feed supplied them: the user's edits are kept apart from them."""
    edits: dict[str, list[Edit]] = {}
    for row in connection.execute(KINDS["edits"]):
        edits.setdefault(row["model"], []).append(Edit(**_told(row)))
    asked = {"name": header["feed"], "kind": header["kind"]}
    sql = f"SELECT id, text FROM card JOIN (SELECT key, id {_SUPPLIED}) ON key = card.model ORDER BY id"  # noqa: S608
    for row in connection.execute(sql, asked):
        held = edits.get(row["id"])
        text: str = row["text"]
        yield canonical_json(take_off(ModelCard.from_dict(json.loads(text)), held).to_dict()) if held else text


def _write_feed(path: Path, header: Row, cards: Iterator[str]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as raw:
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=1, mtime=0)
            with io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as file:
                file.write(canonical_json(header) + "\n")
                file.writelines(f"{card}\n" for card in cards)
            raw.flush()
            os.fsync(raw.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _superfluous(folder: Path, feeds: Container[str]) -> list[str]:
    names = (f"{FEEDS}/{path.name}" for path in sorted((folder / FEEDS).glob("*.jsonl.gz")))
    return [name for name in names if name not in feeds]
