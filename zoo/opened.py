"""One opened zoo: its home with catalog, store, devices and plugins, each made when it is first used."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import CatalogError
from zoo.settings import Settings

if TYPE_CHECKING:
    from zoo.catalog.catalog import Catalog
    from zoo.devices import DeviceManager
    from zoo.plugin import PluginManager
    from zoo.rebuild import KeptCatalog
    from zoo.store import Store

__all__ = ["Opened"]


class Opened:
    """One zoo. Opening it costs nothing; each pillar is made when it is first used.

    Args:
        home: its folder; `ZOO_HOME` and the default when None.
        offline: open no socket; `ZOO_OFFLINE` when None.
        plugins: the plugins to use instead of the installed ones.
        settings: all settings at once, instead of the environment's.
        devices: a device manager of one's own, instead of the one that all zoos of a process share.
        quiet: show no progress bar; there is one only on a terminal anyway.
    """

    def __init__(
        self,
        home: str | Path | None = None,
        *,
        offline: bool | None = None,
        plugins: PluginManager | None = None,
        settings: Settings | None = None,
        devices: DeviceManager | None = None,
        quiet: bool = False,
    ) -> None:
        read = settings or Settings.read()
        changes: dict[str, Any] = {}
        if home is not None:
            changes["home"] = Path(home).expanduser().absolute()
        if offline is not None:
            changes["offline"] = offline
        self.settings = dataclasses.replace(read, **changes)
        self._given_plugins = plugins
        self._given_devices = devices
        self._quiet = quiet

    @property
    def home(self) -> Path:
        """The folder of this zoo."""
        return self.settings.home

    @functools.cached_property
    def database(self) -> Path:
        """The catalog's SQLite file; raises `CatalogError` when the settings' URL names no such file."""
        if not self.settings.database_url:
            try:
                self.settings.database.exists()
            except OSError as error:  # a name that no file system takes, a folder that may not be entered
                raise CatalogError(
                    f"the catalog {self.settings.database} cannot be opened: {error.strerror}",
                    "Set ZOO_HOME to a folder of your own.",
                ) from error
            return self.settings.database
        from zoo.catalog.catalog import Catalog

        return Catalog(self.settings.database_url).path

    @property
    def cache(self) -> Path:
        """The folder of what can be made again, always safe to delete."""
        return self.home / "cache"

    @functools.cached_property
    def plugins(self) -> PluginManager:
        """The plugins."""
        from zoo.sync import open_plugins, quarantine_faulty

        if self._given_plugins:
            return self._given_plugins
        found = open_plugins(self.home, self.database)
        if self._current():
            quarantine_faulty(found, self.database)
        return found

    @functools.cached_property
    def store(self) -> Store:
        """The keeper of the bytes."""
        from zoo.store import Store

        return Store(
            self.home,
            offline=self.settings.offline,
            downloads=self.settings.downloads,
            reader=lambda scheme: self.plugins.source(scheme),  # noqa: PLW0108  (plugins load when asked)
        )

    @functools.cached_property
    def devices(self) -> DeviceManager:
        """The device manager: one for the whole process, so that all its zoos share the devices.

        What is loaded is written down in `home/running`, where `zoo ps` and `zoo devices` of any process read it.
        """
        from zoo.devices import shared
        from zoo.devices.board import publish

        manager = self._given_devices or shared(self.settings.device_budget)
        publish(self.home / "running", manager)
        return manager

    @functools.cached_property
    def catalog(self) -> KeptCatalog:
        """The catalog, opened, migrated and in step with the installed plugins."""
        from zoo.rebuild import KeptCatalog, rebuild

        catalog = KeptCatalog(self.database).open()
        self._sync(catalog)
        if catalog.needs_rebuild:
            rebuild(self.home, catalog, self.store)
        return catalog

    def ready(self) -> Path:
        """The catalog's SQLite file, in step with the installed plugins, for the hot read path; cheap when it is."""
        if not self._current():
            try:
                _ = self.catalog
            except CatalogError:
                if not self._readable():
                    raise
        return self.database

    def _readable(self) -> bool:
        """Whether the catalog can be read as it is, although it cannot be brought up to date: a read-only home."""
        from zoo.catalog import hot

        try:
            return hot.setting(self.database, "environment") is not None
        except CatalogError:
            return False

    def _current(self) -> bool:
        from zoo.catalog import fingerprint, hot

        if self._given_plugins or not self.database.exists():
            return False
        try:
            return hot.setting(self.database, "environment") == fingerprint.current(extra=self._chosen())
        except CatalogError:
            return False  # of an older schema, which opening it for writing migrates; anything worse is raised there

    def _sync(self, catalog: Catalog) -> None:
        from zoo.sync import sync_plugins

        given = self.plugins if self._given_plugins else None
        sync_plugins(catalog, given, lambda: self.plugins, chosen=self._chosen())

    def _chosen(self) -> str:
        from zoo.catalog import fingerprint

        return fingerprint.choices(self.home)

    def sync(self) -> list[dict[str, Any]]:
        """Read the cards of all plugins again; returns per plugin what was added, updated and removed."""
        from zoo.sync import open_plugins, sync_feeds

        catalog = self.catalog
        known = "plugins" in self.__dict__
        # A plugin that was faulty may have been mended.
        self.plugins = self._given_plugins or open_plugins(self.home, self.database, again=True, warn=not known)
        return sync_feeds(catalog, self.plugins)
