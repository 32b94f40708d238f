"""`zoo catalog`: bring cards in and out, and correct their facts."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import Json, Model, Offline, Quiet

__all__ = ["add", "drop", "edit", "edits", "export", "feeds", "import_", "remove", "reset", "sync", "template"]

Feed = Annotated[str | None, typer.Option("--feed", help="Name of the feed.", metavar="NAME", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")]


def sync(
    hub: Annotated[str, typer.Argument(help="The hub: hf. HF_ENDPOINT names another that speaks its language.")],
    task: Annotated[str | None, typer.Option(help="Only this task, such as image-classification.")] = None,
    library: Annotated[str | None, typer.Option(help="Only this library, as the hub names it.")] = None,
    author: Annotated[str | None, typer.Option(help="Only of this user or organisation.")] = None,
    search: Annotated[str | None, typer.Option(help="Only ids that hold this.", metavar="WORD")] = None,
    sort: Annotated[
        str, typer.Option(help="The most first: downloads, likes, created, modified, trending.")
    ] = "downloads",
    limit: Annotated[int, typer.Option(help="List at most so many models; 0 for all.", min=0)] = 1000,
    prune: Annotated[
        bool, typer.Option("--prune", help="Take out the cards that fit and that the hub no longer lists.")
    ] = False,
    dry_run: DryRun = False,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Merge the models of a hub into the catalog, as far as a plugin can load them.

    Cards outside the list stay. What cannot be loaded is left out and counted. All is written, or nothing.

    \b
    Examples:
      zoo catalog sync hf --task fill-mask --limit 200
      zoo catalog sync hf --author sentence-transformers --prune --limit 0
    """
    from zoo.cli import cataloguing
    from zoo.hubfeed import Wanted

    wanted = Wanted(task=task, library=library, author=author, search=search, limit=limit or None, sort=sort)
    return cataloguing.sync(hub, wanted, prune=prune, dry_run=dry_run, offline=offline, quiet=quiet, as_json=as_json)


def add(
    files: Annotated[list[str], typer.Argument(help="YAML or JSON files of cards; - for standard input.")],
    feed: Annotated[str, typer.Option("--feed", help="Name of the feed.", metavar="NAME")] = "user",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> int:
    """Add cards of your own, or replace those of the same name.

    \b
    Example:
      zoo catalog template > card.yaml
      zoo catalog add card.yaml
    """
    from zoo.cli import cataloguing

    return cataloguing.add(files, feed=feed, dry_run=dry_run, as_json=as_json)


def remove(model: Model, as_json: Json = False) -> int:
    """Remove one card of a hub or of your own; its files stay until `zoo rm`."""
    from zoo.cli import cataloguing

    return cataloguing.remove(model, as_json=as_json)


def template() -> int:
    """Print a commented card to fill in, as YAML."""
    from zoo.cli import cataloguing

    return cataloguing.template()


def export(
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="File, packed where it ends in .gz.", show_default=False)
    ] = None,
    feed: Feed = None,
    query: Annotated[str | None, typer.Option(help="Only what this search finds.", metavar="QUERY")] = None,
    as_json: Json = False,
) -> int:
    """Write cards as JSON lines, with your edits laid over, for another zoo or for a program.

    \b
    Example:
      zoo catalog export --feed user -o mine.jsonl.gz
    """
    from zoo.cli import cataloguing

    return cataloguing.export(out, feed=feed, query=query, as_json=as_json)


def import_(
    file: Annotated[str, typer.Argument(help="A file of JSON lines, packed or not; - for standard input.")],
    feed: Feed = None,
    version: Annotated[str | None, typer.Option(help="Version of the feed.", show_default=False)] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Make the cards of a feed exactly those of a file; all of them or none.

    \b
    Example:
      zoo catalog import mine.jsonl.gz --feed team
    """
    from zoo.cli import cataloguing

    return cataloguing.import_(file, feed=feed, version=version, quiet=quiet, as_json=as_json)


def feeds(as_json: Json = False) -> int:
    """List the feeds: who supplies how many cards, in which version, since when."""
    from zoo.cli import cataloguing

    return cataloguing.feeds(as_json=as_json)


def drop(
    feed: Annotated[str, typer.Argument(help="Name of a feed of a hub's or of your own.")], as_json: Json = False
) -> int:
    """Remove a feed with its cards; your edits, runs and pulled files stay."""
    from zoo.cli import cataloguing

    return cataloguing.drop(feed, as_json=as_json)


def edit(
    model: Model,
    changes: Annotated[
        list[str], typer.Argument(help="field=value; lists by commas, tags as +one,-other.", metavar="FIELD=VALUE...")
    ],
    as_json: Json = False,
) -> int:
    """Correct facts of a model: yours are laid over what its feed says, whatever the feed does later.

    \b
    Examples:
      zoo catalog edit resnet50 licence=MIT summary='Our default.'
      zoo catalog edit resnet50 tags=+approved,-slow languages=
    """
    from zoo.cli import cataloguing

    return cataloguing.edit(model, changes, as_json=as_json)


def reset(
    model: Model,
    fields: Annotated[list[str] | None, typer.Argument(help="Fields; all of them when none is given.")] = None,
    as_json: Json = False,
) -> int:
    """Take the feed's own facts again."""
    from zoo.cli import cataloguing

    return cataloguing.reset(model, fields or [], as_json=as_json)


def edits(as_json: Json = False) -> int:
    """List your edits, each with what the feed says."""
    from zoo.cli import cataloguing

    return cataloguing.edits(as_json=as_json)
