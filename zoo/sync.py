"""Keeping the catalog in step with the installed plugins."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import canonical_json
from zoo.errors import CatalogError, PluginError

if TYPE_CHECKING:
    from zoo.catalog.catalog import Catalog
    from zoo.plugin import PluginInfo, PluginManager

__all__ = ["come_first", "open_plugins", "quarantine_faulty", "sync_feeds", "sync_plugins"]

_FAULTS = "faulty plugins"
_KNOWN = "plugins"


def sync_plugins(
    catalog: Catalog,
    given: PluginManager | None,
    installed: Callable[[], PluginManager],
    *,
    chosen: str = "",
    told: Collection[str] = (),
) -> None:
    """Bring in the cards of plugins that came, and take out those of plugins that went or are disabled.

    Args:
        catalog: an open catalog.
        given: plugins to use instead of the installed ones; then the check for a changed environment is left out.
        installed: makes the manager of the installed plugins, which imports them; called only when something changed.
        chosen: what the home decided about plugins, as `zoo.catalog.fingerprint.choices` tells it.
        told: names of new plugins of which the user knows, so that they are not announced.
    """
    from zoo.catalog import fingerprint, hot

    now = fingerprint.current(extra=chosen)
    if given is None and hot.setting(catalog.path, "environment") == now:
        return
    if given is None:
        catalog.sync_shipped()
    plugins = given or installed()
    sync_feeds(catalog, plugins)
    infos = {info.name: info for info in plugins.plugins()}
    for feed in catalog.feeds():
        if feed.kind == "plugin" and feed.name not in infos:
            catalog.drop_feed(feed.name)
        elif feed.name in infos and infos[feed.name].state == "disabled" and feed.models:
            catalog.sync_feed(feed.name, "plugin", infos[feed.name].version or "0", ())
    if given is not None:
        return
    _welcome(catalog, plugins, told)
    if not any(info.state == "left out" for info in infos.values()):
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


def open_plugins(home: Path, database: Path, *, again: bool = False, warn: bool = True) -> PluginManager:
    """The installed plugins as a home decided about them.

    Args:
        home: its folder.
        database: its catalog, which may not exist yet; it knows which plugins were there first.
        again: try those again that failed.
        warn: say which names in `ZOO_PLUGINS` mean nothing.
    """
    from zoo.plugin import PluginManager
    from zoo.plugin.policy import PluginPolicy

    plugins = PluginManager(policy=PluginPolicy.read(home), first=come_first(database), again=again)
    for name in (warn and plugins.policy.only) or ():
        if name not in {info.name for info in plugins.plugins()}:
            _tell(f"ZOO_PLUGINS names {name!r}, which is not installed{_meant(name, plugins)}")
    return plugins


def come_first(database: Path) -> Sequence[str]:
    """The plugins that a catalog knows, in the order in which they came; at first those whose cards it came with."""
    from zoo.catalog import hot, shipped

    if not database.exists():
        return ()
    try:
        known = hot.setting(database, _KNOWN)
        return list(json.loads(known)) if known else list(shipped.feeds_of(database))
    except CatalogError:  # opening it for writing says what is wrong, or migrates it
        return ()


def _meant(name: str, plugins: PluginManager) -> str:
    from zoo.errors import nearest

    near = nearest(name, [info.name for info in plugins.plugins()], 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _welcome(catalog: Catalog, plugins: PluginManager, known_to_user: Collection[str]) -> None:
    """Announce each plugin that was not there when the catalog was last in step; a new catalog announces none."""
    from zoo.catalog import hot

    told = hot.setting(catalog.path, _KNOWN)
    known = come_first(catalog.path)
    infos = {info.name: info for info in plugins.plugins()}
    fresh = [name for name, info in infos.items() if name not in known and info.state != "left out"]
    if told is not None:
        models = {feed.name: feed.models for feed in catalog.feeds()}
        for name in (name for name in fresh if name not in known_to_user):
            _tell(f"new plugin {_introduced(infos[name], plugins, models.get(name, 0))}")
    now = canonical_json([*(name for name in known if name in infos), *fresh])
    if now != told:
        catalog.remember(_KNOWN, now)


def _introduced(info: PluginInfo, plugins: PluginManager, models: int) -> str:
    named = f"{info.name} {info.version}".strip()
    if info.error:
        how = info.error if info.state != "quarantined" else f"it is not used: {info.error}"
        return f"{named}: {how}; see `zoo plugin list`"
    brings = [f"{models} model{'' if models == 1 else 's'}"] if models else []
    if loaders := sorted(plugins.answers(info.name, "zoo_loaders")):
        brings.append(f"loader{'' if len(loaders) == 1 else 's'} {', '.join(loaders)}")
    return f"{named}: {', '.join(brings) or 'no models'}; see `zoo plugin list`"


def _tell(text: str) -> None:
    """One line on standard error, where the program that uses the zoo has no handler of its own for it."""
    import logging

    logging.getLogger("zoo").warning("zoo: %s", text)
