"""`zoo plugin new`: a plugin from a template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.options import Json

__all__ = ["new"]


def _domains(incomplete: str) -> list[str]:
    from zoo.authoring import DOMAINS

    return [name for name in DOMAINS if name.startswith(incomplete)]


def _tasks(incomplete: str) -> list[str]:
    from zoo.authoring import KINDS

    return [name for name in KINDS if name.startswith(incomplete)]


def new(
    name: Annotated[str, typer.Argument(help="Of the plugin: zoo-mine.", metavar="NAME", show_default=False)],
    domain: Annotated[
        str | None,
        typer.Option(
            help="vision (the usual one), nlp, speech, detection or other.", metavar="DOMAIN", autocompletion=_domains
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="What its model does; else the domain's usual task.", metavar="TASK", autocompletion=_tasks),
    ] = None,
    into: Annotated[Path | None, typer.Option(help="The folder to write its folder to.", metavar="FOLDER")] = None,
    author: Annotated[str | None, typer.Option(help='"Name <mail>", for its project file and licence.')] = None,
    as_json: Json = False,
) -> int:
    """Write a plugin to begin with: cards, loader, runner, fine-tuning adapter, tests, and a tiny model.

    It works as it is: install it, run its tests, find its model by `zoo search`. Then change what is yours: the data,
    the network, the card. The folder is there whole or not at all.

    \b
    Examples:
      zoo plugin new zoo-mine
      zoo plugin new zoo-birds --domain speech --author "Ann Example <ann@example.org>"
      zoo plugin new zoo-parts --task object-detection --into ~/work
    """
    from zoo.cli import authoring

    return authoring.new(name, domain=domain, task=task, into=into, author=author, as_json=as_json)
