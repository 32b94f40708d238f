"""`zoo publish`: an installable distribution of a model, without code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.options import Json, Model, Offline

__all__ = ["publish"]


def publish(
    model: Model,
    to: Annotated[Path, typer.Option("--to", help="Folder for the wheel; made where it is missing.")] = Path("dist"),
    name: Annotated[
        str | None,
        typer.Option(help="Of the distribution, as pip installs it; zoo- and the model's name when not given."),
    ] = None,
    version: Annotated[str, typer.Option(help="Of the distribution; each is published once.")] = "1.0",
    id_: Annotated[
        str | None,
        typer.Option(
            "--id", help="The model's id where it is installed; as here when not given.", metavar="OWNER/NAME"
        ),
    ] = None,
    weights: Annotated[
        str, typer.Option(help="Which files to pack: all, own (those without a public origin), none (see --at).")
    ] = "all",
    at: Annotated[
        str | None,
        typer.Option(help="Where you have put the files: hf:owner/name@commit or https://…/folder.", metavar="URI"),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(help="Of the weights, an SPDX expression; the card's when not given.", metavar="SPDX"),
    ] = None,
    summary: Annotated[str | None, typer.Option(help="One line; the card's when not given.", metavar="TEXT")] = None,
    author: Annotated[
        str | None, typer.Option(help="'Name' or 'Name <address>'; nobody is named when not given.")
    ] = None,
    folder: Annotated[
        bool, typer.Option("--folder", help="Write the project folder instead of the wheel, to edit and build it.")
    ] = False,
    despite_licence: Annotated[
        bool, typer.Option("--despite-licence", help="Publish although licences do not allow it: you have leave.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would be packed.")] = False,
    offline: Offline = False,
    as_json: Json = False,
) -> int:
    """Make a package of a model that is here: pip installs it anywhere, and it holds no code.

    In it are the card, the files or where to fetch them, the licence with what it asks, where all is from, and the
    record of the run that made the model, without paths, names and data of this machine. Nothing is uploaded.

    \b
    Examples:
      zoo publish my-pets
      zoo publish my-pets@prod --id me/pets --version 1.1 --weights own
      zoo publish my-pets --weights none --at https://example.org/models/pets
    """
    from zoo.cli import publishing

    wishes = {
        "name": name,
        "version": version,
        "id": id_,
        "weights": weights,
        "at": at,
        "licence": licence,
        "summary": summary,
        "author": author,
        "folder": folder,
        "despite_licence": despite_licence,
    }
    return publishing.publish(model, to, wishes, dry_run=dry_run, offline=offline, as_json=as_json)
