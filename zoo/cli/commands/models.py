"""`zoo show`, `list`, `pull`, `rm`: what is known and what is here."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import Json, Model, Models, Offline, Quiet, model_names

__all__ = ["list_models", "pull", "rm", "show"]


def show(
    model: Model,
    as_json: Json = False,
    options: Annotated[
        bool, typer.Option("--options", help="List the options of its tasks too (imports its plugin).")
    ] = False,
) -> int:
    """Show all facts about a model and where it is from.

    The card, the licences of weights and package, the origin with its hashes, the files that are here, and the lineage.

    \b
    Example:
      zoo show mobilenetv2_100
    """
    from zoo.cli import reading, working

    return working.show_options(model, as_json=as_json) if options else reading.show(model, as_json=as_json)


def list_models(as_json: Json = False) -> int:
    """List the models whose files are here."""
    from zoo.cli import reading

    return reading.list_models(as_json=as_json)


def pull(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names of models; with --locked the lock file, and models of it.",
            autocompletion=model_names,
            metavar="MODEL",
            show_default=False,
        ),
    ] = None,
    locked: Annotated[
        bool, typer.Option("--locked", help="Fetch exactly what a lock file says; zoo.lock if none is named.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print files and sizes, and fetch nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Ask the origin again although a revision is here.")] = False,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Fetch models: resumed, verified, whole or not at all.

    \b
    Examples:
      zoo pull mobilenetv2_100
      zoo pull whisper-base --dry-run
    """
    if locked:
        from zoo.cli.commands import locking

        return locking.pull_locked(
            models or [], dry_run=dry_run, force=force, offline=offline, quiet=quiet, as_json=as_json
        )
    if not models:
        raise typer.BadParameter("name a model, or use --locked", param_hint="MODEL")
    from zoo.cli import working

    return working.pull(models, dry_run=dry_run, force=force, offline=offline, quiet=quiet, as_json=as_json)


def rm(models: Models, as_json: Json = False) -> int:
    """Remove the files of models.

    Bytes that other models share stay. The card stays too, unless the model was made here.

    \b
    Example:
      zoo rm mobilenetv2_100
    """
    from zoo.cli import working

    return working.remove(models, as_json=as_json)
