"""Checks of what a plugin says of itself: its hooks, its tables, the classes that they name."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from zoo.conformance.outcomes import Unkept
from zoo.errors import PluginError, nearest
from zoo.plugin import FineTuner, Loader, PluginInfo, PluginManager, Runner
from zoo.tasks import LEARNT, TASKS

__all__ = ["hooks"]

_TABLES: Mapping[str, type[Any] | None] = {
    "zoo_loaders": Loader,
    "zoo_runners": Runner,
    "zoo_finetuners": FineTuner,
    "zoo_sources": None,
    "zoo_exporters": None,
}
# What a subclass must define: without these the core cannot use it.
_NEEDED: Mapping[type[Any], tuple[str, ...]] = {
    Loader: ("load",),
    Runner: ("prepare", "collate", "forward", "finish"),
}
_FOR_PROBE = ("features", "head")
_FOR_GRADIENTS = ("trainable", "encode", "batch", "loss", "layers", "save")
_METHODS = ("probe", "head", "lora", "full")


def hooks(plugins: PluginManager, info: PluginInfo) -> str:
    """The plugin works; its tables name classes that can be imported and are what they must be.

    Raises:
        Unkept: with all that was found.
    """
    if info.error is not None:
        raise Unkept(f"the plugin is not used: {info.error}", "`zoo plugin list` says the same of every plugin.")
    faults: list[str] = []
    counts: list[str] = []
    for hook, base in _TABLES.items():
        table = plugins.answers(info.name, hook)
        counts += [f"{len(table)} {hook[4:]}"] if table else []
        for key, target in table.items():
            faults += _entry(hook, key, target, base)
    if faults:
        more = f"; and {len(faults) - 6} more" if len(faults) > 6 else ""
        raise Unkept("; ".join(faults[:6]) + more, "See `zoo.plugin` for what each class must define.")
    return ", ".join(counts) or "cards only"


def _entry(hook: str, key: Any, target: str, base: type[Any] | None) -> list[str]:
    """What is wrong with one line of a table."""
    task = key[1] if isinstance(key, tuple) and len(key) == 2 else None
    what = f"{hook[4:-1]} {' '.join(key) if isinstance(key, tuple) else key}"
    found = []
    if hook in {"zoo_runners", "zoo_finetuners"}:
        if task is None:
            return [f"{hook}: the key {key!r} is not (loader, task)"]
        if task not in TASKS:
            near = ", ".join(nearest(task, TASKS))
            found.append(f"{what}: there is no task {task!r}" + (f" (did you mean {near}?)" if near else ""))
        elif hook == "zoo_finetuners" and task not in LEARNT:
            found.append(f"{what}: {task} is not learnt from data")
    try:
        made = _class(target)
    except PluginError as error:
        return [*found, f"{what}: {error.cause}"]
    return found + ([] if base is None else [f"{what}: {fault}" for fault in _faults(made, base, task)])


def _class(target: str) -> type[Any]:
    module, _, name = target.partition(":")
    try:
        made = getattr(importlib.import_module(module), name)
    except Exception as error:  # a plugin's module may raise anything
        raise PluginError(f"{target} cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(made, type):
        raise PluginError(f"{target} is no class")
    return made


def _faults(made: type[Any], base: type[Any], task: str | None) -> Iterator[str]:
    if not issubclass(made, base):
        yield f"{made.__name__} is no subclass of `zoo.plugin.{base.__name__}`"
        return
    needed = [*_NEEDED.get(base, ()), *(_adapter_needs(made) if base is FineTuner else ())]
    if lacking := [name for name in needed if getattr(made, name) is getattr(base, name)]:
        yield f"{made.__name__} does not define {', '.join(lacking)}"
    if not (made.__doc__ or "").strip():
        yield f"{made.__name__} has no docstring"
    if base is Runner:
        yield from _options(made)
    if base is FineTuner:
        yield from _adapter(made, task)


def _options(runner: type[Any]) -> Iterator[str]:
    options = runner.Options
    if not dataclasses.is_dataclass(options) or not getattr(options, "__dataclass_params__").frozen:  # noqa: B009
        yield f"{runner.__name__}.Options is no frozen dataclass"
        return
    bare = [f.name for f in dataclasses.fields(options) if f.default is f.default_factory is dataclasses.MISSING]
    if bare:
        yield f"{runner.__name__}.Options: {', '.join(bare)} have no default"
    if unsaid := [f.name for f in dataclasses.fields(options) if not f.metadata.get("help")]:
        yield f"{runner.__name__}.Options: {', '.join(unsaid)} have no help; make them by `zoo.plugin.option`"


def _adapter_needs(adapter: type[Any]) -> Iterator[str]:
    methods = adapter.methods
    if "probe" in methods:
        yield from _FOR_PROBE
    if set(methods) - {"probe"}:
        yield from _FOR_GRADIENTS
    if "lora" in methods:
        yield "lora"


def _adapter(adapter: type[Any], task: str | None) -> Iterator[str]:
    name = adapter.__name__
    if not adapter.methods or set(adapter.methods) - set(_METHODS):
        yield f"{name}.methods is {adapter.methods!r}, not some of {', '.join(_METHODS)}"
    if not adapter.kinds or set(adapter.kinds) - set(LEARNT.get(task or "", adapter.kinds)):
        yield f"{name}.kinds is {adapter.kinds!r}, not some of {', '.join(LEARNT.get(task or '', ()))}"
    if inspect.isabstract(adapter):
        yield f"{name} is abstract"
