"""`zoo plugin add` and `zoo plugin remove`: folders of cards as plugins."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import Json

__all__ = ["add", "folder_names", "remove"]


def folder_names(incomplete: str) -> list[str]:
    """Names of the folders that are plugins, for shell completion; silent when they cannot be read."""
    from zoo.errors import ZooError
    from zoo.feeding.folders import folder_plugins
    from zoo.settings import Settings

    try:
        return sorted(name for name in folder_plugins(Settings.read().home) if name.startswith(incomplete))
    except ZooError:
        return []


def add(
    folder: Annotated[
        str, typer.Argument(help="A folder with cards.yaml and the files that it names.", metavar="FOLDER")
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the plugin; the folder's own when not given.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """Make a folder of cards a plugin: its models are found, pulled and run like all others. No code of it is run.

    The folder stays where it is, and a change of its cards is noticed by itself.

    \b
    Example:
      zoo plugin add ./our-models
    """
    from zoo.cli import plugin_folders

    return plugin_folders.add(folder, name=name, as_json=as_json)


def remove(
    name: Annotated[
        str,
        typer.Argument(
            help="Name of the plugin; `zoo plugin list` shows them.", autocompletion=folder_names, metavar="NAME"
        ),
    ],
    as_json: Json = False,
) -> int:
    """Take a folder of cards out of the plugins; the folder, and what was pulled from it, stay.

    A plugin that was installed by pip is removed by pip.
    """
    from zoo.cli import plugin_folders

    return plugin_folders.remove(name, as_json=as_json)
