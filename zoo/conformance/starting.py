"""The check of registration: what importing a plugin and asking its hooks costs everybody, in every command."""

from __future__ import annotations

from zoo.conformance.outcomes import Skip, Unkept
from zoo.errors import PluginError
from zoo.plugin import PluginInfo, PluginManager

__all__ = ["LIMIT", "registration"]

LIMIT = 1.0  # seconds; the built-in domains with two thousand cards take a tenth of it
_PATIENCE = 60.0
_TRIES = 3


def registration(plugins: PluginManager, info: PluginInfo) -> str:
    """Importing the plugin, asking its hooks and reading its cards loads no large package, and is quick."""
    try:
        verdict = plugins.probe(info.name, _PATIENCE)
        for _ in range(_TRIES - 1):  # a busy machine may have slowed it down
            if verdict.error is None and verdict.seconds > LIMIT:
                verdict = min(verdict, plugins.probe(info.name, _PATIENCE), key=lambda one: one.seconds)
    except PluginError as error:
        raise Skip(error.cause) from error
    if verdict.error is not None:
        raise Unkept(verdict.error, "Try `python -c 'import …'` in a fresh shell.")
    took = f"{1000 * verdict.seconds:.0f} ms for import, hooks and {verdict.cards} cards"
    if verdict.heavy:
        names = ", ".join(verdict.heavy)
        raise Unkept(
            f"with the plugin come {names} ({took})",
            "Import it where it is used: what the tables name is imported only when it is needed.",
        )
    if verdict.seconds > LIMIT:
        raise Unkept(f"{took}, and {LIMIT:g} s are allowed", "Write cards as data, and compute nothing at import.")
    return f"{took}; nothing heavy" + (f"; it prints: {verdict.said[:60]}" if verdict.said else "")
