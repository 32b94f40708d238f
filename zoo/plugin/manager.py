"""Finding, guarding and asking plugins.

Each entry point is loaded on its own: one that fails is quarantined with its reason and the others work on.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from zoo.cards import ModelCard
from zoo.errors import BadCard, MissingPlugin, PluginError
from zoo.plugin import hookspecs

__all__ = ["PluginInfo", "PluginManager"]

GROUP = "zoo"


@dataclass(frozen=True, kw_only=True)
class PluginInfo:
    """One plugin as found.

    Attributes:
        name: of the entry point.
        distribution: `name version` of the package that declares it, or `-`.
        module: what the entry point names.
        error: why it is quarantined, or None when it works.
    """

    name: str
    distribution: str
    module: str
    version: str = ""
    error: str | None = None


class PluginManager:
    """The installed plugins.

    Args:
        entries: entry points to load instead of the installed ones (tests, embedding).
    """

    def __init__(self, entries: Iterable[EntryPoint] | None = None) -> None:
        self._manager = pluggy.PluginManager("zoo")
        self._manager.add_hookspecs(hookspecs)
        self._infos: dict[str, PluginInfo] = {}
        self._tables: dict[str, dict[Any, tuple[str, str]]] = {}
        found = entry_points(group=GROUP) if entries is None else entries
        for entry in sorted(found, key=lambda e: e.name):
            self._load(entry)

    def plugins(self) -> tuple[PluginInfo, ...]:
        """All plugins, the quarantined ones with their reason, by name."""
        return tuple(self._infos[name] for name in sorted(self._infos))

    def register(self, plugin: object, name: str, *, distribution: str = "-") -> None:
        """Register a plugin object directly (tests, embedding); raises `PluginError` when it does not fit."""
        info = PluginInfo(name=name, distribution=distribution, module=getattr(plugin, "__name__", name))
        self._register(plugin, name)
        self._infos[name] = info

    def _load(self, entry: EntryPoint) -> None:
        dist = entry.dist
        label = f"{dist.name} {dist.version}" if dist else "-"
        error = self._try(entry)
        self._infos[entry.name] = PluginInfo(
            name=entry.name, distribution=label, module=entry.value, version=dist.version if dist else "", error=error
        )

    def _try(self, entry: EntryPoint) -> str | None:
        if entry.name in self._infos:
            return f"another plugin is already called {entry.name!r}"
        try:
            self._register(entry.load(), entry.name)
        except (Exception, SystemExit) as error:  # a plugin may raise anything, and must not take the zoo down
            return f"{type(error).__name__}: {error}"
        return None

    def _register(self, plugin: object, name: str) -> None:
        api = getattr(plugin, "zoo_api", None)
        if api != hookspecs.API_VERSION:
            raise PluginError(
                f"plugin {name!r} was built for API version {api}, this zoo has {hookspecs.API_VERSION}",
                "Install a matching version of the plugin or of zoo-registry.",
            )
        try:
            self._manager.register(plugin, name)
            self._check_spelling(plugin, name)
            self._merge_tables(name)
        except pluggy.PluginValidationError as error:
            self._drop(plugin)
            raise PluginError(str(error)) from error
        except BaseException:
            self._drop(plugin)
            raise

    def _drop(self, plugin: object) -> None:
        if self._manager.is_registered(plugin):
            self._manager.unregister(plugin)

    def _check_spelling(self, plugin: object, name: str) -> None:
        known = {spec for spec in dir(hookspecs) if spec.startswith("zoo_")}
        odd = sorted(n for n in dir(plugin) if n.startswith("zoo_") and n not in known | {"zoo_api"})
        if odd:
            raise PluginError(f"plugin {name!r} defines unknown hooks: {', '.join(odd)}")

    def _merge_tables(self, name: str) -> None:
        """Add one plugin's names to the tables, all or none; a name that is taken raises, naming both plugins."""
        fresh: dict[str, dict[Any, tuple[str, str]]] = {}
        for hook in ("zoo_loaders", "zoo_runners", "zoo_finetuners", "zoo_sources", "zoo_exporters"):
            taken = self._tables.get(hook, {})
            for key, target in self._call(name, hook, {}).items():
                if key in taken:
                    raise PluginError(f"plugins {taken[key][1]!r} and {name!r} both supply {hook[4:]} {key!r}")
                fresh.setdefault(hook, {})[key] = (target, name)
        for hook, table in fresh.items():
            self._tables.setdefault(hook, {}).update(table)

    def _call(self, name: str, hook: str, default: Any) -> Any:
        """One plugin's answer to one hook, `default` where it does not implement it."""
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin_name == name:
                return implementation.function()
        return default

    def quarantine(self, name: str, reason: str) -> None:
        """Take a plugin that failed later than at its import out of use, with the reason."""
        self._infos[name] = dataclasses.replace(self._infos[name], error=reason)
        for hook, table in self._tables.items():
            self._tables[hook] = {key: entry for key, entry in table.items() if entry[1] != name}

    def cards(self, name: str) -> list[ModelCard]:
        """The checked cards of one plugin; raises `PluginError`, naming it, when it fails or a card is bad."""
        try:
            return [card.check() for card in self._call(name, "zoo_cards", ())]
        except BadCard as error:
            raise PluginError(f"plugin {name!r} supplies a bad card: {error.cause}", error.remedy) from error
        except Exception as error:  # a plugin may raise anything
            raise PluginError(f"plugin {name!r} failed to supply its cards: {type(error).__name__}: {error}") from error

    def working(self) -> tuple[str, ...]:
        """Names of the plugins that are not quarantined."""
        return tuple(info.name for info in self.plugins() if info.error is None)

    def table(self, hook: str) -> Mapping[Any, str]:
        """All names that plugins supply through one hook, each with its `module:Class`."""
        return {key: target for key, (target, _) in self._tables.get(hook, {}).items()}

    def loader(self, name: str) -> type[Any]:
        """The class of a loader; raises `MissingPlugin` when no plugin supplies it."""
        return self._find("zoo_loaders", name, f"loader {name!r}")

    def runner(self, loader: str, task: str) -> type[Any]:
        """The class of the runner of a task for a loader's modules."""
        return self._find("zoo_runners", (loader, task), f"runner of {task} for loader {loader!r}")

    def finetuner(self, loader: str, task: str) -> type[Any]:
        """The class of the fine-tuning adapter of a task for a loader's modules."""
        return self._find("zoo_finetuners", (loader, task), f"fine-tuning of {task} for loader {loader!r}")

    def source(self, scheme: str) -> type[Any]:
        """The class that reads a URI scheme which the core does not know."""
        return self._find("zoo_sources", scheme, f"source {scheme!r}")

    def _find(self, hook: str, key: Any, what: str) -> type[Any]:
        entry = self._tables.get(hook, {}).get(key)
        if entry is None:
            raise MissingPlugin(f"no installed plugin supplies the {what}", self._missing_hint())
        target, plugin = entry
        return self._import(target, plugin, what)

    def _missing_hint(self) -> str:
        broken = [info.name for info in self.plugins() if info.error]
        if broken:
            return f"Broken plugins: {', '.join(broken)}; see `zoo plugin list`."
        return "Install the plugin of its domain, for all built-in ones: `pip install 'zoo-registry[all]'`."

    def _import(self, target: str, plugin: str, what: str) -> type[Any]:
        module, _, name = target.partition(":")
        try:
            made: type[Any] = getattr(importlib.import_module(module), name)
        except ImportError as error:
            raise MissingPlugin(f"plugin {plugin!r}: the {what} cannot be imported: {error}") from error
        except AttributeError as error:
            raise PluginError(f"plugin {plugin!r} names {target!r} for the {what}, which does not exist") from error
        return made

    def each_command(self) -> list[tuple[str, Callable[..., object]]]:
        """`(plugin, zoo_commands implementation)` of each plugin that has one."""
        impls = self._manager.hook.zoo_commands.get_hookimpls()
        return [(impl.plugin_name, impl.function) for impl in impls]
