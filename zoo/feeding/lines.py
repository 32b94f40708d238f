"""A feed as JSON lines: one header, then a card a line; out, and in again."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from zoo.cards import canonical_json
from zoo.errors import BadCard, BadData, CatalogError, NotFound, ResourceError, nearest
from zoo.feeding.cardfiles import check_feed_name

if TYPE_CHECKING:
    from zoo.catalog.records import Feed, FeedKind, SyncReport
    from zoo.registry import Registry

__all__ = ["drop_feed", "export_cards", "import_cards"]

FORMAT = 1
MARK = "zoo_feed"  # the header's own field, which no card has
_LONGEST_LINE = 8_000_000  # characters
_MOST = 10**9  # cards that a search may find


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first line of an exported file: what the cards were, for the reader and for `import`."""

    feed: str | None = None
    kind: str | None = None
    version: str = ""
    synced: str | None = None

    def line(self) -> str:
        """As JSON."""
        return canonical_json({MARK: FORMAT, **{k: v for k, v in vars(self).items() if v}})


def export_cards(registry: Registry, target: str | None, *, feed: str | None = None, query: str | None = None) -> int:
    """Write cards as JSON lines, as `zoo show` gives them; returns how many.

    Args:
        registry: the zoo.
        target: a file, written whole or not at all, packed where it ends in `.gz`; None for standard output.
        feed: of this feed only.
        query: those that a search finds.

    Raises:
        NotFound: no such feed.
        ResourceError: the file cannot be written.
    """
    from zoo.catalog import dumping

    path = registry.ready()
    header = _header(registry, feed)
    lines = dumping.cards(path, feed=feed, ids=None if query is None else _found(path, query))
    with _writing(target) as file:
        file.write(header.line() + "\n")
        count = 0
        for line in lines:
            file.write(line + "\n")
            count += 1
    return count


def _found(path: Path, query: str) -> list[str]:
    from zoo.catalog import hot

    return [row["id"] for row in hot.search(path, query, limit=_MOST)[0]]


def _header(registry: Registry, feed: str | None) -> Header:
    if feed is None:
        return Header()
    found = _feed(registry, feed)
    return Header(feed=found.name, kind=found.kind, version=found.version, synced=found.synced)


def _feed(registry: Registry, name: str) -> Feed:
    held = {feed.name: feed for feed in registry.catalog.feeds()}
    if name not in held:
        near = nearest(name, held) or tuple(held)
        raise NotFound(f"there is no feed {name!r}", f"Did you mean {', '.join(near)}?" if near else "")
    return held[name]


@contextmanager
def _writing(target: str | None) -> Iterator[IO[str]]:
    """A text to write into, which takes its place at the end, when nothing failed."""
    if target is None or target == "-":
        yield sys.stdout
        return
    path = Path(target).expanduser()
    try:
        made = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise ResourceError(f"{target} cannot be written: {error.strerror}", "Choose another place.") from error
    beside = Path(made.name)
    try:
        with made:
            yield from _packed(made, packed=path.suffix == ".gz")
            made.flush()
            os.fsync(made.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        raise ResourceError(f"{target} cannot be written: {error.strerror}", "Free some space.") from error
    finally:
        beside.unlink(missing_ok=True)


def _packed(file: Any, *, packed: bool) -> Iterator[IO[str]]:
    # without name and time, so that the same cards give the same bytes
    raw = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) if packed else file
    text = io.TextIOWrapper(raw, encoding="utf-8", newline="\n")
    yield text
    text.flush()
    if packed:
        text.close()
    else:
        text.detach()


def import_cards(
    registry: Registry,
    source: str,
    feed: str | None,
    *,
    version: str | None = None,
    report: Callable[[int], None] | None = None,
) -> tuple[str, SyncReport]:
    """Make the cards of a feed exactly those of a file of JSON lines; all of them or none.

    Args:
        registry: the zoo.
        source: a file, packed or not, with or without a header; `-` for standard input.
        feed: its name; the header's where None.
        version: its version; the header's, or nothing, where None.
        report: is told how many lines were read so far.

    Returns:
        the feed's name, and what changed.

    Raises:
        BadData: the file cannot be read.
        BadCard: a line is no card, with its number.
        CatalogError: a model belongs to another feed, or the feed is a plugin's.
    """
    with _reading(source) as file:
        lines = _checked(file, source)
        first = next(lines, "")
        header, is_header = _read_header(first)
        name = feed or header.feed
        if not name:
            raise CatalogError(f"{source} does not say which feed it is", "Name one: --feed NAME.")
        check_feed_name(registry, name, whole=True)
        kind: FeedKind = "hub" if header.kind == "hub" and name == header.feed else "user"
        # A header becomes an empty line, so that the number of every line stays.
        rest = _again("\n" if is_header else first, lines)
        given = header.version if version is None else version
        return name, registry.catalog.import_lines(name, kind, given, rest, report)


def _again(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


@contextmanager
def _reading(source: str) -> Iterator[IO[str]]:
    try:
        raw: Any = sys.stdin.buffer if source == "-" else Path(source).expanduser().open("rb")
    except OSError as error:
        raise BadData(f"{source} cannot be read: {error.strerror}", "Give a file of JSON lines, or -.") from error
    buffered: Any = raw if hasattr(raw, "peek") else io.BufferedReader(raw)
    text: io.TextIOWrapper | None = None
    try:
        packed = buffered.peek(2)[:2] == b"\x1f\x8b"
        text = io.TextIOWrapper(gzip.GzipFile(fileobj=buffered) if packed else buffered, encoding="utf-8-sig")
        yield text
    except (OSError, EOFError, zlib.error) as error:
        raise BadData(
            f"{source} cannot be read: {error}", "The file is damaged or cut off; export it again."
        ) from error
    finally:
        if text is not None:
            text.detach()  # it would close standard input at its own end
        if source != "-":
            raw.close()


def _checked(file: IO[str], source: str) -> Iterator[str]:
    """The lines, of a bearable length and in UTF-8."""
    number = 0
    while True:
        number += 1
        try:
            line = file.readline(_LONGEST_LINE + 1)
        except UnicodeDecodeError as error:
            raise BadCard(f"{source}, line {number} or soon after it: no UTF-8 text") from error
        if not line:
            return
        if len(line) > _LONGEST_LINE:
            raise BadCard(f"{source}, line {number}: longer than {_LONGEST_LINE // 10**6} million characters")
        yield line


def _read_header(line: str) -> tuple[Header, bool]:
    """The header that a line holds, or an empty one for a card; raises `BadCard` for a newer format."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return Header(), False  # whatever it is, the import names it with its line
    if not isinstance(found, dict) or MARK not in found:
        return Header(), False
    if found[MARK] != FORMAT:
        raise BadCard(
            f"line 1: format {found[MARK]} of a feed, and this zoo reads {FORMAT}",
            "Upgrade zoo-registry, or export again.",
        )
    names = Header.__dataclass_fields__
    return Header(**{k: v for k, v in found.items() if k in names and isinstance(v, str)}), True


def drop_feed(registry: Registry, name: str) -> int:
    """Remove a feed of a hub's or the user's with its cards; returns how many. Edits, runs and installed files stay.

    Raises:
        NotFound: no such feed.
        CatalogError: its cards come from a plugin or from this machine.
    """
    feed = _feed(registry, name)
    if feed.kind not in {"hub", "user"}:
        remedy = "Uninstall the plugin instead." if feed.kind == "plugin" else "Remove its models with `zoo rm`."
        raise CatalogError(f"feed {name!r} is of kind {feed.kind} and cannot be dropped", remedy)
    registry.catalog.drop_feed(name)
    return feed.models
