"""`zoo catalog`: call and print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.cli.render import emit_json, print_table, safe, when
from zoo.errors import NotFound

if TYPE_CHECKING:
    from zoo.catalog.overlay import Edit
    from zoo.catalog.records import SyncReport
    from zoo.feeding import Synced
    from zoo.hubfeed import Wanted

__all__ = ["add", "drop", "edit", "edits", "export", "feeds", "import_", "remove", "reset", "sync", "template"]


def sync(hub: str, wanted: Wanted, *, prune: bool, dry_run: bool, offline: bool, quiet: bool, as_json: bool) -> int:
    """Merge a hub's models, and say what changed, what was left out, and which edits stay."""
    from zoo import feeding
    from zoo.registry import Registry

    if hub != "hf":
        raise NotFound(f"there is no hub {hub!r}", "Use hf; HF_ENDPOINT names another that speaks its language.")
    registry = Registry(offline=True if offline else None)
    with _counting("models listed", quiet) as report:
        made = feeding.sync_hub(registry, wanted, prune=prune, dry_run=dry_run, report=report)
    if as_json:
        emit_json(made.to_dict())
    else:
        _print_synced(made)
    return 0


def _print_synced(made: Synced) -> None:
    would = ", nothing was written" if made.dry_run else ""
    print(f"hf: {made.listed:,} models listed by {safe(made.endpoint)}: {_changes(vars(made))}{would}")
    if made.left_out:
        reasons = ", ".join(f"{count:,} {safe(reason)}" for reason, count in made.left_out.items())
        print(f"{sum(made.left_out.values()):,} left out: {reasons}")
    if not made.complete:
        print("the list was cut off there; --limit and narrower filters show more", file=sys.stderr)
    _print_kept(made.kept)


def _print_kept(kept: Iterable[Edit]) -> None:
    for one in kept:
        told = one.to_dict()
        print(
            f"kept: {safe(one.model)} {one.field}: yours is {_value(told['value'])}, the feed now says "
            f"{_value(told['offered'])}; `zoo catalog reset {safe(one.model)} {one.field}` takes it"
        )


def _changes(counts: dict[str, Any]) -> str:
    return ", ".join(f"{counts[name]:,} {name}" for name in ("added", "updated", "removed", "unchanged"))


@contextmanager
def _counting(what: str, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A number on standard error that grows, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console

    with Console(stderr=True).status(what) as status:
        yield lambda count: status.update(f"{count:,} {what}")


def add(files: Sequence[str], *, feed: str, dry_run: bool, as_json: bool) -> int:
    """Add the cards of some files and say which."""
    from zoo import feeding
    from zoo.registry import Registry

    cards = [card for file in files for card in feeding.read_cards(file)]
    report = feeding.add_cards(Registry(), cards, feed=feed, dry_run=dry_run)
    if as_json:
        emit_json({"feed": feed, "models": [card.id for card in cards], "dry_run": dry_run, **_counts(report)})
        return 0
    print(f"{feed}: {_changes(_counts(report))}" + (", nothing was written" if dry_run else ""))
    for card in cards:
        print(f"  {card.id}")
    return 0


def _counts(report: SyncReport) -> dict[str, int]:
    return {name: getattr(report, name) for name in ("added", "updated", "removed", "unchanged")}


def remove(model: str, *, as_json: bool) -> int:
    """Remove one card."""
    from zoo import feeding
    from zoo.registry import Registry

    found = feeding.remove_card(Registry(), model)
    if as_json:
        emit_json({"model": found})
    else:
        print(f"removed the card of {found}")
    return 0


def template() -> int:
    """Print a card to fill in."""
    from zoo import feeding

    sys.stdout.write(feeding.template())
    return 0


def export(out: str | None, *, feed: str | None, query: str | None, as_json: bool) -> int:
    """Write cards; what was written is told on standard error where the cards are on standard output."""
    from zoo import feeding
    from zoo.registry import Registry

    count = feeding.export_cards(Registry(), out, feed=feed, query=query)
    if out is None or out == "-":
        print(f"{count:,} cards", file=sys.stderr)
    elif as_json:
        emit_json({"file": out, "cards": count})
    else:
        print(f"{count:,} cards in {safe(out)}")
    return 0


def import_(file: str, *, feed: str | None, version: str | None, quiet: bool, as_json: bool) -> int:
    """Read a whole feed."""
    from zoo import feeding
    from zoo.registry import Registry

    registry = Registry()
    with _counting("cards read", quiet) as report:
        name, made = feeding.import_cards(registry, file, feed, version=version, report=report)
    if as_json:
        emit_json({"feed": name, **_counts(made)})
    else:
        print(f"{name}: {_changes(_counts(made))}")
    return 0


def feeds(*, as_json: bool) -> int:
    """Print the feeds."""
    from zoo.registry import Registry

    found = Registry().catalog.feeds()
    if as_json:
        emit_json([vars(feed) for feed in found])
        return 0
    rows = [
        [feed.name, feed.kind, feed.version, f"{feed.models:,}", when(feed.synced) if feed.synced else ""]
        for feed in found
    ]
    print_table(("feed", "kind", "version", "cards", "synced"), rows, right=("cards",), least=("synced", "version"))
    return 0


def drop(feed: str, *, as_json: bool) -> int:
    """Remove a feed."""
    from zoo import feeding
    from zoo.registry import Registry

    count = feeding.drop_feed(Registry(), feed)
    if as_json:
        emit_json({"feed": feed, "removed": count})
    else:
        print(f"removed feed {safe(feed)} with {count:,} cards")
    return 0


def edit(model: str, changes: Sequence[str], *, as_json: bool) -> int:
    """Set facts and print all edits of the model."""
    from zoo import feeding
    from zoo.feeding.facts import parse_pairs
    from zoo.registry import Registry

    found, held = feeding.edit(Registry(), model, parse_pairs(changes))
    if as_json:
        emit_json([one.to_dict() for one in held])
    elif held:
        _print_edits(held)
    else:
        print(f"{found} has no edits: the feed says the same")
    return 0


def reset(model: str, fields: Sequence[str], *, as_json: bool) -> int:
    """Take the feed's facts again and name the fields."""
    from zoo import feeding
    from zoo.registry import Registry

    found, gone = feeding.reset(Registry(), model, fields)
    if as_json:
        emit_json({"model": found, "reset": list(gone)})
    elif gone:
        print(f"{found}: {', '.join(gone)} from its feed again")
    else:
        print(f"{found} has no edits")
    return 0


def edits(*, as_json: bool) -> int:
    """Print all edits."""
    from zoo.registry import Registry

    found = Registry().catalog.edits()
    if as_json:
        emit_json([one.to_dict() for one in found])
    elif found:
        _print_edits(found)
    else:
        print("there are no edits; `zoo catalog edit NAME field=value` makes one", file=sys.stderr)
    return 0


def _print_edits(found: Sequence[Edit]) -> None:
    told = [one.to_dict() for one in found]
    rows = [[e["model"], e["field"], _value(e["value"]), _value(e["offered"]), when(e["changed"])] for e in told]
    print_table(("model", "field", "yours", "the feed's", "since"), rows, least=("since", "the feed's"))


def _value(value: Any) -> str:
    """A fact on one line, cut where it is long."""
    if isinstance(value, dict):
        text = ",".join([f"+{tag}" for tag in value["add"]] + [f"-{tag}" for tag in value["remove"]])
    elif isinstance(value, list):
        text = ",".join(map(str, value))
    else:
        text = "" if value is None else str(value)
    shown = safe(text or "not stated")
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
