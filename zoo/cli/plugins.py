"""`zoo plugin`: call and print."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from zoo.cli.render import emit_json, print_table, safe
from zoo.cli.working import open_zoo
from zoo.errors import BadInput, NotFound, ZooError, nearest

if TYPE_CHECKING:
    from zoo.plugin import PluginInfo
    from zoo.plugin.found import Found
    from zoo.plugin.policy import PluginPolicy

__all__ = ["complete", "plugin_approve", "plugin_list", "plugin_policy", "plugin_sync", "plugin_use"]


def plugin_list(*, as_json: bool) -> int:
    """Print the plugins, then the reasons of those that are not used and what is worth knowing of the others."""
    zoo = open_zoo()
    models = {feed.name: feed.models for feed in zoo.catalog.feeds()}  # syncing may find a plugin whose cards are bad
    infos = zoo.plugins.plugins()
    loaders = {info.name: sorted(zoo.plugins.answers(info.name, "zoo_loaders")) for info in infos}
    if as_json:
        emit_json([_plain(info, models.get(info.name, 0), loaders[info.name]) for info in infos])
    elif not infos:
        print("no plugin is installed; `pip install 'zoo-registry[all]'` brings the built-in domains", file=sys.stderr)
    else:
        rows = [
            [i.name, i.distribution, i.state, str(models.get(i.name, 0)), ", ".join(loaders[i.name])] for i in infos
        ]
        print_table(("plugin", "package", "state", "models", "loaders"), rows, right=("models",), least=("loaders",))
        _print_reasons(infos)
    return 0


def _print_reasons(infos: Iterable[PluginInfo]) -> None:
    told = [(info.name, text) for info in infos for text in ([info.error] if info.error else info.notes)]
    if told:
        print()
    for name, text in told:
        print(f"{safe(name)}: {safe(text)}")


def _plain(info: PluginInfo, models: int, loaders: Sequence[str]) -> dict[str, Any]:
    return {
        "name": info.name,
        "distribution": info.distribution,
        "version": info.version,
        "module": info.module,
        "kind": info.kind,
        "state": info.state,
        "error": info.error,
        "notes": list(info.notes),
        "models": models,
        "loaders": list(loaders),
        "digest": info.digest,
    }


def plugin_sync(*, as_json: bool) -> int:
    """Read all plugins' cards again and print what changed."""
    reports = open_zoo().sync()
    if as_json:
        emit_json(reports)
    else:
        columns = ("plugin", "added", "updated", "removed", "unchanged")
        print_table(columns, [[str(report[column]) for column in columns] for report in reports], right=columns[1:])
    return 0


def plugin_use(names: Sequence[str], *, use: bool, as_json: bool) -> int:
    """Enable or disable plugins, bring the catalog in step, and say how they stand."""
    from zoo.plugin.policy import PluginPolicy

    home = open_zoo().home
    known = {plugin.name for plugin in _found(PluginPolicy.read(home))}
    _check(names, known | (PluginPolicy.read(home).disabled if use else set()))

    def change(policy: PluginPolicy) -> PluginPolicy:
        changed = policy.disabled - {*names} if use else policy.disabled | {*names}
        return policy.replace(disabled=frozenset(changed))

    PluginPolicy.change(home, change)
    return _print_standing(names, as_json=as_json)


def _print_standing(names: Sequence[str], *, as_json: bool) -> int:
    """How plugins stand after a decision; what was decided holds even where the catalog cannot follow now."""
    zoo = open_zoo()
    models = {feed.name: feed.models for feed in zoo.catalog.feeds()}
    infos = {info.name: info for info in zoo.plugins.plugins()}
    if as_json:
        told = (
            (infos[n], models.get(n, 0), sorted(zoo.plugins.answers(n, "zoo_loaders"))) for n in names if n in infos
        )
        emit_json([_plain(*each) for each in told])
        return 0
    for name in dict.fromkeys(names):
        info = infos.get(name)
        if info is None:
            print(f"{safe(name)}: enabled, and not installed")
        else:
            count = models.get(name, 0)
            brings = f", {count} model{'' if count == 1 else 's'}"
            print(f"{safe(name)}: {safe(info.error or info.state + brings)}")
    return 0


def plugin_approve(names: Sequence[str], *, every: bool, as_json: bool) -> int:
    """Approve plugins as they are now, and print what that is."""
    from zoo.plugin.policy import PluginPolicy

    if bool(names) == every:
        raise BadInput("name the plugins to approve, or all by --all", "For example `zoo plugin approve zoo-nlp`.")
    home = open_zoo().home
    found = {plugin.name: plugin for plugin in reversed(_found(PluginPolicy.read(home)))}
    _check(names, found)
    chosen = [found[name] for name in (sorted(found) if every else dict.fromkeys(names))]
    before = dict(PluginPolicy.read(home).approved)
    digests = {plugin.name: plugin.digest for plugin in chosen}
    policy = PluginPolicy.change(home, lambda kept: kept.replace(approved={**kept.approved, **digests}))
    told = [_approval(plugin, before) for plugin in chosen]
    if as_json:
        emit_json(told)
        return 0
    for one in told:
        was = f", before {one['before'][:12]}" if one["before"] not in {None, one["digest"]} else ""
        files = f"{one['files']} file{'' if one['files'] == 1 else 's'}"
        print(f"{safe(one['name'])} ({safe(one['distribution'])}), {files}, sha256 {one['digest']}{was}")
    if not policy.approval:
        print("approval is not asked for here: `zoo plugin policy approve`", file=sys.stderr)
    return 0


def _approval(plugin: Found, before: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "kind": plugin.kind,
        "folder": str(plugin.folder or plugin.module or ""),
        "files": len(plugin.files()),
        "digest": plugin.digest,
        "before": before.get(plugin.name),
    }


def plugin_policy(mode: Literal["open", "approve"] | None, *, as_json: bool) -> int:
    """Print or set whether plugins must be approved."""
    from zoo.plugin.policy import PluginPolicy

    home = open_zoo().home
    policy = PluginPolicy.read(home)
    if mode is not None:
        chosen = mode
        policy = PluginPolicy.change(home, lambda kept: kept.replace(mode=chosen))
    found = {plugin.name: plugin for plugin in reversed(_found(policy))}
    waiting = [n for n in sorted(found) if policy.approval and policy.approved.get(n) != found[n].digest]
    if as_json:
        emit_json({"policy": policy.mode, "asked": policy.asked, "awaiting": waiting})
        return 0
    asked = ", and ZOO_PLUGIN_APPROVAL asks for approval" if policy.asked and policy.mode == "open" else ""
    print(f"{policy.mode}{asked}: {_MEANING['approve' if policy.approval else 'open']}")
    if waiting:
        print(f"await approval: {', '.join(map(safe, waiting))}; `zoo plugin approve NAME` or `--all`")
    return 0


_MEANING = {
    "open": "every plugin that is installed and works is used",
    "approve": "nothing of a plugin is imported before its content was approved",
}


def _found(policy: PluginPolicy) -> list[Found]:
    from zoo.plugin.found import find, in_folders

    return find() + in_folders(policy.folders)


def _check(names: Iterable[str], known: Iterable[str]) -> None:
    """Raise `NotFound`, naming the nearest, for the first name that is none."""
    known = sorted(known)
    for name in names:
        if name not in known:
            near = nearest(name, known)
            hint = f"Did you mean {', '.join(near)}? " if near else ""
            raise NotFound(f"no plugin is called {name!r}", f"{hint}`zoo plugin list` names them.")


def complete(incomplete: str) -> list[str]:
    """Names of plugins that begin so, silent when they cannot be told."""
    from zoo.plugin.policy import PluginPolicy
    from zoo.settings import Settings

    try:
        found = _found(PluginPolicy.read(Settings.read().home))
    except ZooError:
        return []
    return sorted({plugin.name for plugin in found if plugin.name.startswith(incomplete)})
