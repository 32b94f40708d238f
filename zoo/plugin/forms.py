"""What a plugin must look like: its API version, the names and signatures of its hooks, and the tables they give."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import pluggy

from zoo.errors import PluginError, nearest
from zoo.plugin import hookspecs
from zoo.tasks import TASKS

__all__ = ["TABLES", "check_api", "check_hooks", "check_table", "misfit", "one_line", "said_of"]

TABLES = ("zoo_loaders", "zoo_runners", "zoo_finetuners", "zoo_sources", "zoo_exporters")

_PAIRED = {"zoo_runners", "zoo_finetuners"}
_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_LONGEST = 300


def said_of(error: BaseException) -> str:
    """An exception in one line, without what a terminal would obey."""
    text = error.cause if isinstance(error, PluginError) else f"{type(error).__name__}: {_text(error)}"
    return one_line(text.removesuffix(": "))


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # the text of an exception is code of the plugin's
        return "(its text cannot be read)"


def one_line(text: str) -> str:
    """Text in one line of a bearable length, without control characters."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text[: 10 * _LONGEST]).split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def check_api(plugin: object, name: str) -> None:
    """Refuse a plugin of another API version; raises `PluginError` that names both."""
    api = getattr(plugin, "zoo_api", None)
    oldest, newest = hookspecs.OLDEST_API, hookspecs.API_VERSION
    if type(api) is int and oldest <= api <= newest:
        return
    has = str(newest) if oldest == newest else f"{oldest} to {newest}"
    if api is None:
        raise PluginError(
            f"plugin {name!r} names no API version, this zoo has {has}", f"Add `zoo_api = {newest}` to it."
        )
    raise PluginError(
        f"plugin {name!r} was built for API version {one_line(repr(api))}, this zoo has {has}",
        "Install a matching version of the plugin or of zoo-registry.",
    )


def check_hooks(plugin: object, name: str, manager: pluggy.PluginManager) -> None:
    """Refuse unknown hooks and hooks without their mark, of a plugin that was just registered; raises `PluginError`."""
    known = {hook for hook, caller in vars(manager.hook).items() if hook.startswith("zoo_") and caller.has_spec()}
    given = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    names = {attribute for attribute in dir(plugin) if attribute.startswith("zoo_")} - {"zoo_api"} - given
    for hook in sorted(given - known) + sorted(names - known):
        if hook in given or manager.parse_hookimpl_opts(plugin, hook) is None:  # else it is marked as another hook
            raise PluginError(f"plugin {name!r} defines the unknown hook {hook}{_meant(hook, known)}")
    for hook in sorted(names & known):
        if callable(inspect.getattr_static(plugin, hook, None)) and manager.parse_hookimpl_opts(plugin, hook) is None:
            raise PluginError(f"plugin {name!r}: {hook} lacks the mark @hookimpl, and would never be called")
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.plugin is plugin and inspect.iscoroutinefunction(implementation.function):
                raise PluginError(f"plugin {name!r}: {caller.name} is async, and must be a plain function")


def misfit(
    plugin: object, name: str, manager: pluggy.PluginManager, error: pluggy.PluginValidationError
) -> PluginError:
    """What pluggy found wrong with a hook, in a line: the hook, what it takes, and what it was asked for here."""
    for attribute in dir(plugin):
        marked = manager.parse_hookimpl_opts(plugin, attribute)
        hook = (marked.get("specname") if marked else None) or attribute
        if marked is not None and (spec := getattr(getattr(manager.hook, hook, None), "spec", None)) is not None:
            allowed = [*spec.argnames, *spec.kwargnames]
            if odd := [argument for argument in _needed(getattr(plugin, attribute)) if argument not in allowed]:
                takes = f"takes ({', '.join(allowed)})" if allowed else "takes no argument"
                return PluginError(f"plugin {name!r}: {hook} {takes}, and here it asks for {', '.join(odd)}")
    return PluginError(one_line(str(error)))


def _needed(function: Callable[..., object]) -> list[str]:
    taken = inspect.signature(function).parameters.values()
    return [p.name for p in taken if p.default is p.empty and p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}]


def _meant(hook: str, known: set[str]) -> str:
    near = nearest(hook, known, 1) or nearest(f"zoo_{hook}", known, 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"


def check_table(name: str, hook: str, given: object) -> Mapping[Any, str]:
    """The table that a hook gave, if it is one; raises `PluginError` that names the hook and the entry."""
    form = "{(loader, task): 'module:Class'}" if hook in _PAIRED else "{name: 'module:Class'}"
    if not isinstance(given, Mapping):
        raise PluginError(f"plugin {name!r}: {hook} gives {_kind(given)}, and {form} is needed")
    for key, target in given.items():
        wrong = _wrong_key(hook, key)
        if wrong is None and not (isinstance(target, str) and _TARGET.fullmatch(target)):
            wrong = f"{_short(target)} is no 'module:Class'"
        if wrong:
            raise PluginError(f"plugin {name!r}: {hook}, entry {_short(key)}: {wrong}")
    return dict(given)


def _wrong_key(hook: str, key: object) -> str | None:
    parts: tuple[object, ...] = (key,)
    if hook in _PAIRED:
        if not isinstance(key, tuple) or len(key) != 2:
            return "the key must be a pair (loader, task)"
        parts = key
    if not all(isinstance(part, str) and part for part in parts):
        return "a name is no text"
    task = str(parts[-1])
    if hook in _PAIRED and task not in TASKS:
        near = nearest(task, TASKS, 1)
        return f"no task is called {task!r}" + (f"; did you mean {near[0]}?" if near else "")
    return None


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _short(value: object) -> str:
    try:
        return one_line(repr(value))[:80]
    except Exception:  # the representation is code of the plugin's
        return f"a {type(value).__name__}"
