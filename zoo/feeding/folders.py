"""Folders of cards as plugins: taken into a zoo, and out of it again. Nothing of a folder is ever imported."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard
from zoo.errors import BadCard, BadData, BadInput, CatalogError, NotFound, PluginError, nearest
from zoo.feeding.cardfiles import check_loadable

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["AddedFolder", "add_folder", "folder_plugins", "remove_folder"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_RESERVED = {"hf", "local", "user"}  # feeds that a zoo may come to have


@dataclass(frozen=True, kw_only=True)
class AddedFolder:
    """A folder that is a plugin now.

    Attributes:
        name: of the plugin.
        folder: its full path.
        models: the ids of its cards.
        warnings: models that no installed plugin can load or run; and why the plugin is not used yet, where it awaits
            approval, is disabled, or is left out.
    """

    name: str
    folder: Path
    models: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return vars(self) | {
            "folder": str(self.folder),
            "models": list(self.models),
            "warnings": list(self.warnings),
        }


def folder_plugins(home: Path) -> dict[str, Path]:
    """The folders that are plugins of a zoo, by name."""
    from zoo.plugin.policy import PluginPolicy

    return dict(PluginPolicy.read(home).folders)


def add_folder(registry: Registry, folder: str | Path, name: str | None = None) -> AddedFolder:
    """Make a folder with `cards.yaml` a plugin of this zoo: all its cards, or nothing.

    The folder stays where it is, and is read again when its file of cards changes. Adding it twice is adding it once.

    Args:
        registry: the zoo.
        folder: holds `cards.yaml` (or `cards.yml`, `cards.json`) and the files that its cards mean.
        name: of the plugin; the folder's own name in lower case when None.

    Raises:
        BadData: there is no such folder, or its file of cards cannot be read.
        BadCard: a card is bad, with file, line and field; or an id is there twice.
        BadInput: a name that no plugin can have.
        CatalogError: a model belongs to another feed.
        PluginError: the name is in use, the folder holds no cards, or is a plugin already.
    """
    path = _folder(folder)
    called = _name(registry, path, name)
    cards = _cards(registry, called, path)
    _check_ids(registry, called, cards)
    _remember(registry, called, path)
    warnings = tuple(_warnings(registry, called, cards))
    return AddedFolder(name=called, folder=path, models=tuple(card.id for card in cards), warnings=warnings)


def _folder(folder: str | Path) -> Path:
    path = Path(folder).expanduser().resolve()
    if path.is_dir():
        return path
    what = "a file" if path.exists() else "nothing"
    raise BadData(
        f"{folder} is {what}, and a folder with cards.yaml is needed", "`zoo catalog template` prints a card."
    )


def _name(registry: Registry, path: Path, name: str | None) -> str:
    """The name of the plugin, free or this folder's already."""
    called = name if name is not None else re.sub(r"[^a-z0-9._-]+", "-", path.name.lower()).strip("-._")
    if not _NAME.fullmatch(called):
        raise BadInput(f"{called!r} cannot be a plugin's name", "Give --name with letters, digits and . _ - only.")
    known = folder_plugins(registry.home)
    if known.get(called) == path:
        return called
    if other := next((other for other, where in known.items() if where == path), None):
        raise PluginError(f"{path} is plugin {other!r} already", f"Run `zoo plugin remove {other}` first.")
    feeds = {feed.name for feed in registry.catalog.feeds()}
    plugins = {info.name: info.distribution for info in registry.plugins.plugins()}
    if called in known.keys() | plugins.keys() | feeds | _RESERVED:
        whose = f" of {plugins[called]}" if plugins.get(called, "-") != "-" else ""
        raise PluginError(f"a plugin or feed is called {called!r} already{whose}", "Choose another name: --name NAME.")
    return called


def _cards(registry: Registry, name: str, path: Path) -> list[ModelCard]:
    from zoo.plugin.carded import CardFolder

    cards = CardFolder(name, path).zoo_cards()
    folded = [card.id.lower() for card in cards]
    if twice := next((card.id for card in cards if folded.count(card.id.lower()) > 1), None):
        raise BadCard(f"{twice!r} is declared twice", "Rename or remove one of the cards.")
    return cards


def _check_ids(registry: Registry, name: str, cards: Iterable[ModelCard]) -> None:
    from zoo.catalog import hot

    path = registry.ready()
    for card in cards:
        feed = ((hot.show(path, card.id) or {}).get("feed") or {}).get("name")
        if feed not in {None, name}:
            raise CatalogError(
                f"{card.id!r} is a model of feed {feed!r} already", "Give the model of the folder another id."
            )


def _remember(registry: Registry, name: str, path: Path) -> None:
    """Enter the folder and take in its cards; when they cannot be, nothing stays."""
    before = folder_plugins(registry.home)
    try:
        _decide(registry, lambda folders: {**folders, name: path}, told=(name,))
        info = registry.plugins.info(name)
        if info.state == "quarantined":
            raise PluginError(f"{path} cannot be used as a plugin: {info.error}")
    except BaseException:
        if name not in before:
            _forget(registry, name)
        raise


def _forget(registry: Registry, name: str) -> None:
    _decide(registry, lambda folders: {other: path for other, path in folders.items() if other != name})


def _decide(
    registry: Registry, how: Callable[[Mapping[str, Path]], dict[str, Path]], told: Collection[str] = ()
) -> None:
    """Write which folders are plugins, and bring the plugins and the catalog in step."""
    from zoo.catalog import fingerprint
    from zoo.plugin.policy import PluginPolicy
    from zoo.sync import open_plugins, sync_plugins

    home = registry.home
    PluginPolicy.change(home, lambda policy: policy.replace(folders=how(policy.folders)))
    registry.plugins = open_plugins(home, registry.database)
    sync_plugins(registry.catalog, None, lambda: registry.plugins, chosen=fingerprint.choices(home), told=told)


def _warnings(registry: Registry, name: str, cards: Iterable[ModelCard]) -> Iterable[str]:
    if (info := registry.plugins.info(name)).error:
        yield f"plugin {name!r} is not used yet: {info.error}"
    for card in cards:
        try:
            check_loadable(registry, card)
        except BadCard as error:
            yield error.cause


def remove_folder(registry: Registry, name: str) -> Path:
    """Take a folder out of this zoo again; returns its path. The folder itself, and what was pulled from it, stay.

    Raises:
        PluginError: the plugin is a distribution, which pip removes.
        NotFound: there is no such plugin; names the nearest.
    """
    folders = folder_plugins(registry.home)
    if name not in folders:
        raise _no_folder(registry, name, folders)
    _forget(registry, name)
    return folders[name]


def _no_folder(registry: Registry, name: str, folders: Iterable[str]) -> PluginError | NotFound:
    plugins = {info.name: info.distribution for info in registry.plugins.plugins()}
    if name in plugins:
        brought = plugins[name].partition(" ")[0]
        remedy = f"Run `pip uninstall {brought}`." if brought != "-" else "Uninstall the package that brings it."
        return PluginError(f"plugin {name!r} is no folder: it is installed as {plugins[name]}", remedy)
    near = nearest(name, folders) or tuple(sorted(folders))
    return NotFound(f"no folder is a plugin called {name!r}", f"There is {', '.join(near)}." if near else "")
