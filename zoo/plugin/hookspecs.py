"""The hooks of a plugin: pluggy project `zoo`, entry-point group `zoo`.

A plugin is a module (or object) named by an entry point of the group `zoo`. It sets `zoo_api = 1` and implements any
of these functions, each decorated with `zoo.plugin.hookimpl`. Hooks return data and names: no hook may import torch
or another heavy package at module level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import typer

    from zoo.cards import ModelCard

__all__ = [
    "API_VERSION",
    "OLDEST_API",
    "hookimpl",
    "hookspec",
    "zoo_cards",
    "zoo_commands",
    "zoo_exporters",
    "zoo_finetuners",
    "zoo_loaders",
    "zoo_runners",
    "zoo_sources",
]

API_VERSION = 1
OLDEST_API = 1  # plugins built for an older version are refused; a version stays for a year after the next one came

hookspec = pluggy.HookspecMarker("zoo")
hookimpl = pluggy.HookimplMarker("zoo")


@hookspec
def zoo_cards() -> Iterable[ModelCard]:  # type: ignore[empty-body]
    """Supply model cards. Called at catalog build and when the installed set of plugins changed.

    Returns:
        cards, pure data, read without torch.
    """


@hookspec
def zoo_loaders() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Supply loaders. Called when plugins are loaded; the class is imported only when one is used.

    Returns:
        `{loader name: "module:Class"}`, the class a subclass of `zoo.plugin.Loader`.
    """


@hookspec
def zoo_runners() -> Mapping[tuple[str, str], str]:  # type: ignore[empty-body]
    """Supply runners. Called when plugins are loaded; the class is imported only when one is used.

    Returns:
        `{(loader name, task): "module:Class"}`, the class a subclass of `zoo.plugin.Runner`.
    """


@hookspec
def zoo_finetuners() -> Mapping[tuple[str, str], str]:  # type: ignore[empty-body]
    """Supply fine-tuning adapters. Called when plugins are loaded; the class is imported only when one is used.

    Returns:
        `{(loader name, task): "module:Class"}`, the class a subclass of `zoo.plugin.FineTuner`.
    """


@hookspec
def zoo_sources() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Supply origins of files. Called when a model is pulled; the class is imported only when one is used.

    Returns:
        `{URI scheme: "module:Class"}`, the class with the surface of `zoo.store.SourceReader`.
    """


@hookspec
def zoo_exporters() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Supply export formats. Reserved: nothing exports yet; the names are collected and checked for collisions.

    Returns:
        `{format name: "module:Class"}`.
    """


@hookspec
def zoo_commands(app: typer.Typer) -> None:
    """Add commands to the command line. Called, guarded, when a command is not one of the zoo's own.

    Parameters:
        app: the zoo's Typer application; add commands or sub-applications to it.
    """
