"""`zoo doctor`: is this zoo healthy, and if not, what to do?"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zoo.errors import CatalogError, CatalogTooNew, ZooError

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["Check", "examine"]

State = Literal["ok", "note", "fail"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding: `state` is `ok`, `note` (worth knowing) or `fail` (to be mended)."""

    name: str
    state: State
    detail: str
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return dict(vars(self))


def examine(registry: Registry, *, deep: bool = False, fix: bool = False) -> list[Check]:
    """All checks of a zoo, in order.

    Args:
        registry: the zoo.
        deep: read every stored file again and compare its hash.
        fix: enter stored models that the catalog lacks, drop records of files that are gone, delete leftovers.
    """
    checks: list[Check] = []
    for name, look in _CHECKS:
        try:
            checks += [_named(name, check) for check in look(registry, deep, fix)]
        except ZooError as error:
            checks.append(Check(name=name, state="fail", detail=error.cause, remedy=error.remedy))
    return checks


def _named(name: str, check: tuple[State, str, str]) -> Check:
    return Check(name=name, state=check[0], detail=check[1], remedy=check[2])


Finding = tuple[State, str, str]


def _system(registry: Registry, deep: bool, fix: bool) -> Iterator[Finding]:
    from zoo import __version__

    yield "ok", f"zoo {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}", ""


def _home(registry: Registry, deep: bool, fix: bool) -> Iterator[Finding]:
    home = registry.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".write-test"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        yield "fail", f"{home} cannot be written: {error.strerror}", "Set ZOO_HOME to a folder of your own."
        return
    free = shutil.disk_usage(home).free
    yield "ok", f"{home}, {free / 1e9:.1f} GB free{', offline' if registry.settings.offline else ''}", ""


def _catalog(registry: Registry, deep: bool, fix: bool) -> Iterator[Finding]:
    if fix and (aside := _put_aside(registry)):
        yield "note", f"mended: the damaged catalog is now {aside}, and was made anew", ""
    feeds = registry.catalog.feeds()
    if (answer := _damage(registry.database)) is not None:
        yield "fail", f"the catalog is damaged: {answer}", "`zoo doctor --fix` makes it anew from the home's files."
        return
    yield "ok", f"{sum(feed.models for feed in feeds)} models from {', '.join(feed.name for feed in feeds)}", ""


def _damage(database: Path) -> str | None:
    """What SQLite finds wrong with a database, None when nothing."""
    try:
        connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
        try:
            answer = str(connection.execute("PRAGMA quick_check").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if answer == "ok" else answer


def _put_aside(registry: Registry) -> Path | None:
    """Move a catalog that cannot be used out of the way; the next opening makes it anew from the home's files."""
    database = registry.database
    try:
        registry.catalog.feeds()
        if _damage(database) is None:
            return None
    except CatalogTooNew:
        raise  # nothing is wrong with it
    except CatalogError:
        if not database.exists() or not os.access(database, os.W_OK):
            raise
    aside = database.with_name(f"{database.name}.broken-{time.strftime('%Y%m%d-%H%M%S')}")
    if (catalog := registry.__dict__.pop("catalog", None)) is not None:
        catalog.close()
    database.replace(aside)
    return aside


def _plugins(registry: Registry, deep: bool, fix: bool) -> Iterator[Finding]:
    infos = registry.plugins.plugins()
    if not infos:
        yield "note", "no plugin is installed", "`pip install 'zoo-registry[all]'` brings the built-in domains."
    for info in infos:
        if info.state == "quarantined":
            what = f"Update or remove {info.distribution}, or `zoo plugin disable {info.name}`."
            yield "fail", f"{info.name} is broken: {info.error}", what
        elif info.error:
            yield "note", f"{info.name} ({info.distribution}): {info.error}", ""
        else:
            yield "ok", "; ".join([f"{info.name} ({info.distribution})", *info.notes]), ""


def _store(registry: Registry, deep: bool, fix: bool) -> Iterator[Finding]:
    stored = list(registry.store.installed())
    yield "ok", f"{len(stored)} models, {registry.store.usage() / 1e6:.0f} MB", ""
    for manifest in stored:
        if deep and (problems := registry.store.verify(manifest.model, manifest.revision)):
            again = f"`zoo rm {manifest.model}`, then `zoo pull {manifest.model}`."
            yield "fail", f"{manifest.model}: {'; '.join(problems[:3])}", again
    if garbage := list(registry.store.garbage()):
        if fix:
            yield "note", f"deleted {registry.store.collect() / 1e6:.0f} MB of leftovers", ""
        else:
            yield "note", f"{len(garbage)} leftover files of removed models or broken downloads", "`zoo doctor --fix`"


def _agreement(registry: Registry, deep: bool, fix: bool) -> Iterator[Finding]:
    """The catalog and the store must tell of the same revisions."""
    from zoo.catalog import hot

    stored = {(m.model, m.revision): m for m in registry.store.installed()}
    listed = {(row["id"], r["revision"]) for row in hot.listing(registry.ready()) for r in row["revisions"]}
    for model, revision in sorted(stored.keys() - listed):
        if fix:
            registry.catalog.record_revision(stored[model, revision])
        yield _disagreement(fix, f"{model}@{revision[:12]} is in the store and not in the catalog")
    for model, revision in sorted(listed - stored.keys()):
        if fix:
            registry.catalog.forget_revision(model, revision)
        yield _disagreement(fix, f"{model}@{revision[:12]} is in the catalog and its files are gone")
    if stored.keys() == listed:
        yield "ok", "catalog and store agree", ""
    yield from _kept(registry, fix)


def _kept(registry: Registry, fix: bool) -> Iterator[Finding]:
    """The files of the user's edits, notes and aliases must tell what the catalog does."""
    from zoo.rebuild import curation

    folder = registry.catalog.curation
    if old := curation.outdated(registry.database, folder):
        if fix:
            registry.catalog.keep()
            yield "note", f"mended: {folder.name}/ tells again what the catalog does", ""
        else:
            what = f"{folder.name}/ does not tell what the catalog does: {', '.join(old[:3])}"
            yield "note", what, "The next change of the catalog writes it anew, or `zoo doctor --fix`."
    for path in sorted(folder.rglob(f"*{curation.UNREAD}*")):
        yield "note", f"{path} holds what a rebuild could not read", "Take from it what you need, then delete it."


def _disagreement(fixed: bool, text: str) -> Finding:
    return ("note", f"mended: {text}", "") if fixed else ("fail", text, "`zoo doctor --fix`")


def _devices(registry: Registry, deep: bool, fix: bool) -> Iterator[Finding]:
    try:
        devices = registry.devices.devices()
    except ImportError:
        yield "note", "torch is not installed, so no model can run", "`pip install 'zoo-registry[all]'`"
        return
    for device in devices:
        cores = f", {device.cores} cores" if device.cores else ""
        memory = f"{device.free / 1e9:.1f} of {device.total / 1e9:.1f} GB free"
        yield "ok", f"{device.name}: {device.description}{cores}, {memory}", ""


Look = Callable[["Registry", bool, bool], Iterator[Finding]]

_CHECKS: tuple[tuple[str, Look], ...] = (
    ("system", _system),
    ("home", _home),
    ("catalog", _catalog),
    ("plugins", _plugins),
    ("store", _store),
    ("agreement", _agreement),
    ("devices", _devices),
)
