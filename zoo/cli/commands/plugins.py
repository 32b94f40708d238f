"""`zoo plugin`: what is installed, and what of it is used."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from zoo.cli.options import Json

__all__ = ["plugin_approve", "plugin_disable", "plugin_enable", "plugin_list", "plugin_policy", "plugin_sync"]


def plugin_names(incomplete: str) -> list[str]:
    """Names of plugins for shell completion; nothing of them is imported."""
    from zoo.cli import plugins

    return plugins.complete(incomplete)


Names = Annotated[
    list[str],
    typer.Argument(help="Names of plugins.", autocompletion=plugin_names, metavar="NAME", show_default=False),
]


def plugin_list(as_json: Json = False) -> int:
    """List the plugins, and why some are not used."""
    from zoo.cli import plugins

    return plugins.plugin_list(as_json=as_json)


def plugin_sync(as_json: Json = False) -> int:
    """Read the cards of all plugins again, although no package changed.

    A plugin that was quarantined is tried again.
    """
    from zoo.cli import plugins

    return plugins.plugin_sync(as_json=as_json)


def plugin_enable(names: Names, as_json: Json = False) -> int:
    """Use plugins again that were disabled.

    \b
      zoo plugin enable zoo-vision
    """
    from zoo.cli import plugins

    return plugins.plugin_use(names, use=True, as_json=as_json)


def plugin_disable(names: Names, as_json: Json = False) -> int:
    """Use plugins no more: their code is not loaded and their models leave the catalog.

    Files that were pulled stay. ZOO_PLUGINS=zoo-nlp,zoo-speech leaves all others out of one command alone, and keeps
    the catalog as it is.

    \b
      zoo plugin disable zoo-vision zoo-speech
    """
    from zoo.cli import plugins

    return plugins.plugin_use(names, use=False, as_json=as_json)


def plugin_approve(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Names of plugins.", autocompletion=plugin_names, metavar="NAME", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are installed.")] = False,
    as_json: Json = False,
) -> int:
    """Approve plugins as they are now, by the sha256 of their code and cards.

    With `zoo plugin policy approve`, nothing of a plugin is imported before that, and again after it changed.

    \b
      zoo plugin approve zoo-vision
      zoo plugin approve --all
    """
    from zoo.cli import plugins

    return plugins.plugin_approve(names or [], every=every, as_json=as_json)


def plugin_policy(
    policy: Annotated[
        Literal["open", "approve"] | None,
        typer.Argument(help="What holds from now on; without it, what holds is shown.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> int:
    """Show or set whether a plugin must be approved before anything of it is imported.

    ZOO_PLUGIN_APPROVAL=1 asks for approval in any home.

    \b
      zoo plugin policy approve
    """
    from zoo.cli import plugins

    return plugins.plugin_policy(policy, as_json=as_json)
