"""Keeping the catalog in step with the installed plugins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zoo.errors import CatalogError, PluginError

if TYPE_CHECKING:
    from zoo.catalog.catalog import Catalog
    from zoo.plugin import PluginManager

__all__ = ["sync_feeds", "sync_plugins"]


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
    _, failed = sync_feeds(catalog, plugins)
    for feed in catalog.feeds():
        if feed.kind == "plugin" and feed.name not in {info.name for info in plugins.plugins()}:
            catalog.drop_feed(feed.name)
    catalog.remember("broken", "\n".join(failed))
    if given is None:
        catalog.remember("environment", now)


def sync_feeds(catalog: Catalog, plugins: PluginManager) -> tuple[list[dict[str, Any]], list[str]]:
    """Sync each working plugin's cards; a plugin that fails keeps what it had.

    Returns:
        per plugin what changed, and the names of those that failed.
    """
    reports: list[dict[str, Any]] = []
    failed = [info.name for info in plugins.plugins() if info.error]
    versions = {info.name: info.version for info in plugins.plugins()}
    for name in plugins.working():
        try:
            report = catalog.sync_feed(name, "plugin", versions[name] or "0", plugins.cards(name))
        except (PluginError, CatalogError) as error:  # a model that another feed has already is a CatalogError
            plugins.quarantine(name, error.cause)
            failed.append(name)
            continue
        reports.append({"plugin": name, **vars(report)})
    return reports, failed
