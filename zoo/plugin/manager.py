"""Finding, guarding and asking plugins.

Each plugin is tried in a process of its own first (`zoo.plugin.probing`), then loaded here on its own: one that fails
is quarantined with its reason and the others work on.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pluggy

from zoo.cards import ModelCard
from zoo.errors import BadCard, MissingPlugin, NotFound, PluginError, nearest
from zoo.plugin import hookspecs
from zoo.plugin.forms import TABLES, check_api, check_hooks, check_table, misfit, one_line, said_of
from zoo.plugin.found import Found, find, in_folders
from zoo.plugin.info import PluginInfo, standing, where_missing
from zoo.plugin.loading import plugin_object, unheard
from zoo.plugin.policy import PluginPolicy
from zoo.plugin.probing import Verdict, judge, probe

__all__ = ["PluginInfo", "PluginManager"]


class PluginManager:
    """The installed plugins.

    Args:
        entries: entry points to load instead of the installed ones and of the policy's folders (tests, embedding).
        policy: what a home decided; by default what the environment alone says.
        first: names of plugins that were there before others: they keep the names of loaders that both supply.
        again: try plugins again that failed, although nothing of them changed.
        specs: a module with hook specifications; the zoo's own when None.
    """

    def __init__(
        self,
        entries: Iterable[EntryPoint] | None = None,
        *,
        policy: PluginPolicy | None = None,
        first: Sequence[str] = (),
        again: bool = False,
        specs: Any = None,
    ) -> None:
        self._manager = pluggy.PluginManager("zoo")
        self._manager.add_hookspecs(specs or hookspecs)
        self._infos: dict[str, PluginInfo] = {}
        self._tables: dict[str, dict[Any, tuple[str, str]]] = {}
        self.policy = policy or PluginPolicy.read(None)
        found = find(entries) + (in_folders(self.policy.folders) if entries is None else [])
        rank = {name: number for number, name in enumerate(first)}
        found.sort(key=lambda plugin: (rank.get(plugin.name, len(rank)), plugin.name))
        self._load([plugin for plugin in found if self._admit(plugin)], again)

    def plugins(self) -> tuple[PluginInfo, ...]:
        """All plugins, those that are not used with their reason, by name."""
        return tuple(self._infos[name] for name in sorted(self._infos))

    def info(self, name: str) -> PluginInfo:
        """One plugin; raises `NotFound`, naming the nearest."""
        if name not in self._infos:
            near = nearest(name, self._infos)
            hint = f"Did you mean {', '.join(near)}? " if near else ""
            raise NotFound(f"no plugin is called {name!r}", f"{hint}`zoo plugin list` names them.")
        return self._infos[name]

    def folder(self, name: str) -> Path | None:
        """The folder of a plugin's import package, or of its cards, found without importing; None of a lone module."""
        found = self.info(name).found
        return found.folder if found else None

    def probe(self, name: str, limit: float) -> Verdict:
        """Try a plugin anew in a process of its own, whatever is known of it; used or not.

        Args:
            name: of the plugin.
            limit: seconds that it may take.
        """
        found = self.info(name).found
        if found is None:
            raise PluginError(f"plugin {name!r} was registered directly, and cannot be tried in another process")
        return probe([found], limit)[0]

    def register(self, plugin: object, name: str, *, distribution: str = "-") -> None:
        """Register a plugin object directly (tests, embedding); raises `PluginError` when it does not fit."""
        notes = self._register(plugin, name)
        module = getattr(plugin, "__name__", name)
        self._infos[name] = PluginInfo(name=name, distribution=distribution, module=module, notes=notes)

    def _admit(self, found: Found) -> bool:
        """List a plugin, and say whether it may be loaded."""
        name = found.name
        state, error = standing(found, self.policy)
        if name in self._infos:
            state, error = "quarantined", f"another plugin is already called {name!r}: {self._infos[name].distribution}"
            name = next(n for i in range(2, 1000) if (n := f"{name} ({i})") not in self._infos)
        self._infos[name] = PluginInfo(
            name=name,
            distribution=found.distribution,
            module=found.value,
            version=found.version,
            error=error,
            state=state,
            kind=found.kind,
            found=found,
        )
        return error is None

    def _load(self, found: Sequence[Found], again: bool) -> None:
        for plugin, verdict in zip(found, judge(found, again=again), strict=True):
            error, notes = verdict.error, verdict.remarks()
            if error is None:
                error, more = self._try(plugin)
                notes += more
            self._infos[plugin.name] = dataclasses.replace(
                self._infos[plugin.name],
                error=error,
                state="quarantined" if error else "works",
                notes=() if error else notes,
            )

    def _try(self, found: Found) -> tuple[str | None, tuple[str, ...]]:
        """Import and register a plugin that passed its trial; what is wrong nevertheless, and notes."""
        folder = str(found.folder) if found.folder else None
        try:
            with unheard():
                made = plugin_object(found.name, found.value, found.kind, folder, found.package)
                return None, self._register(made, found.name)
        except KeyboardInterrupt:
            raise  # one that raises it itself did not get here
        except BaseException as error:  # a plugin may raise anything, and must not take the zoo down
            return said_of(error), ()

    def _register(self, plugin: object, name: str) -> tuple[str, ...]:
        """Add a plugin, whole or not at all; returns what it uses that is deprecated."""
        check_api(plugin, name)
        if self._manager.has_plugin(name):
            raise PluginError(f"another plugin is already called {name!r}")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                self._manager.register(plugin, name)
            check_hooks(plugin, name, self._manager)
            self._merge_tables(name)
        except pluggy.PluginValidationError as error:
            self._drop(plugin)
            raise misfit(plugin, name, self._manager, error) from error
        except BaseException:
            self._drop(plugin)
            raise
        return tuple(dict.fromkeys(one_line(str(warning.message)) for warning in caught))

    def _drop(self, plugin: object) -> None:
        if self._manager.is_registered(plugin):
            self._manager.unregister(plugin)

    def _merge_tables(self, name: str) -> None:
        """Add one plugin's names to the tables, all or none; a name that is taken raises, naming both plugins."""
        fresh: dict[str, dict[Any, tuple[str, str]]] = {}
        for hook in TABLES:
            taken = self._tables.get(hook, {})
            for key, target in check_table(name, hook, self._call(name, hook, {})).items():
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
        self._infos[name] = dataclasses.replace(self._infos[name], error=reason, state="quarantined", notes=())
        for hook, table in self._tables.items():
            self._tables[hook] = {key: entry for key, entry in table.items() if entry[1] != name}

    def cards(self, name: str) -> list[ModelCard]:
        """The checked cards of one plugin; raises `PluginError`, naming it, when it fails or a card is bad."""
        with unheard():
            return list(self.each_card(name))

    def each_card(self, name: str) -> Iterator[ModelCard]:
        """The cards of one plugin, each checked when its turn comes; raises as `cards`."""
        if reason := self.info(name).error:
            raise PluginError(reason if repr(name) in reason else f"plugin {name!r} is not used: {reason}")
        try:
            for card in self._call(name, "zoo_cards", ()):
                if not isinstance(card, ModelCard):
                    kind = type(card).__name__
                    raise PluginError(f"plugin {name!r}: zoo_cards gives a value of type {kind} among its cards")
                yield card.check()
        except BadCard as error:
            raise PluginError(f"plugin {name!r} supplies a bad card: {error.cause}", error.remedy) from error
        except PluginError:
            raise
        except (Exception, SystemExit) as error:  # a plugin may raise anything
            raise PluginError(f"plugin {name!r} failed to supply its cards: {said_of(error)}") from error

    def working(self) -> tuple[str, ...]:
        """Names of the plugins that are used."""
        return tuple(info.name for info in self.plugins() if info.error is None)

    def table(self, hook: str) -> Mapping[Any, str]:
        """All names that plugins supply through one hook, each with its `module:Class`."""
        return {key: target for key, (target, _) in self._tables.get(hook, {}).items()}

    def answers(self, name: str, hook: str) -> Mapping[Any, str]:
        """The names that one plugin supplies through one hook, each with its `module:Class`."""
        return {key: target for key, (target, owner) in self._tables.get(hook, {}).items() if owner == name}

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
            raise MissingPlugin(f"no installed plugin supplies the {what}", where_missing(self.plugins()))
        target, plugin = entry
        return self._import(target, plugin, what)

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
        """`(plugin, zoo_commands implementation)` of each plugin that has one; one that ends Python fails instead."""
        impls = self._manager.hook.zoo_commands.get_hookimpls()
        return [
            (impl.plugin_name, functools.partial(_guarded, impl.function))
            for impl in impls
            if self._infos[impl.plugin_name].error is None
        ]


def _guarded(function: Callable[..., object], *args: object) -> object:
    try:
        return function(*args)
    except SystemExit as error:
        raise PluginError(f"it ends Python: SystemExit: {error}") from error
