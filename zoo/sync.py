"""Keeping the catalog in step with the installed plugins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import canonical_json
from zoo.errors import CatalogError, PluginError

if TYPE_CHECKING:
    from zoo.catalog.catalog import Catalog
    from zoo.plugin import PluginManager

__all__ = ["quarantine_faulty", "sync_feeds", "sync_plugins"]

_FAULTS = "faulty plugins"


def sync_plugins(catalog: Catalog, given: PluginManager | None, installed: Callable[[], PluginManager]) -> None:
    """Bring in the cards of plugins that came, and take out those of plugins that went.

    Args:
        catalog: an open catalog.
        given: plugins to use instead of the installed ones; then the check for a changed environment is left out.
        installed: makes the manager of the installed plugins, which imports them; called only when something changed.
    """
    from zoo.catalog import fingerprint, hot

    now = fingerprint.current()
    if given is None and hot.setting(catalog.path, "environment") == now:
        return
    if given is None:
        catalog.sync_shipped()
    plugins = given or installed()
    sync_feeds(catalog, plugins)
    for feed in catalog.feeds():
        if feed.kind == "plugin" and feed.name not in {info.name for info in plugins.plugins()}:
            catalog.drop_feed(feed.name)
    if given is None:
        catalog.remember("environment", now)


def sync_feeds(catalog: Catalog, plugins: PluginManager) -> list[dict[str, Any]]:
    """Sync each working plugin's cards; a plugin that fails keeps what it had, and the reason is remembered.

    Returns:
        per plugin what changed.
    """
    reports: list[dict[str, Any]] = []
    faults: dict[str, str] = {}
    versions = {info.name: info.version for info in plugins.plugins()}
    for name in plugins.working():
        try:
            report = catalog.sync_feed(name, "plugin", versions[name] or "0", plugins.cards(name))
        except (PluginError, CatalogError) as error:
            if isinstance(error, CatalogError) and error.__cause__:
                raise  # the database failed; without a cause, the plugin offers a model that another one has
            faults[name] = error.cause
            plugins.quarantine(name, error.cause)
            continue
        reports.append({"plugin": name, **vars(report)})
    catalog.remember(_FAULTS, canonical_json(faults))
    return reports


def quarantine_faulty(plugins: PluginManager, database: Path) -> None:
    """Take the plugins out of use whose cards were bad when they were last synced: importing them does not show it."""
    from zoo.catalog import hot

    faults = json.loads(hot.setting(database, _FAULTS) or "{}")
    for name in faults.keys() & set(plugins.working()):
        plugins.quarantine(name, faults[name])
