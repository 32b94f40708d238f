"""How a plugin stands: what is known of it, whether it is used, and where a missing one may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from zoo.plugin.found import Found, Kind
from zoo.plugin.policy import PluginPolicy

__all__ = ["PluginInfo", "State", "standing", "where_missing"]

State = Literal["works", "quarantined", "disabled", "left out", "awaits approval"]


@dataclass(frozen=True, kw_only=True)
class PluginInfo:
    """One plugin as found.

    Attributes:
        name: of the entry point, or of the folder of cards.
        distribution: `name version` of the package that declares it, or `-`.
        module: what the entry point names, or the folder.
        version: of the package, empty where there is none.
        error: why it is not used, or None when it works.
        state: whether it is used: `works`, `quarantined`, `disabled`, `left out` or `awaits approval`.
        kind: `code`, or `cards` for a plugin without code.
        notes: what is worth knowing of one that works: a heavy import, the use of what is deprecated.
    """

    name: str
    distribution: str
    module: str
    version: str = ""
    error: str | None = None
    state: State = "works"
    kind: Kind = "code"
    notes: tuple[str, ...] = ()
    found: Found | None = field(default=None, repr=False, compare=False)

    @property
    def digest(self) -> str | None:
        """The sha256 of its code and cards, read when it is asked for; None of one that was registered directly."""
        return self.found.digest if self.found else None


def standing(found: Found, policy: PluginPolicy) -> tuple[State, str | None]:
    """Whether it was decided that a plugin is not used, and the reason; nothing of it is imported."""
    name = found.name
    if name in policy.disabled:
        return "disabled", f"disabled; `zoo plugin enable {name}` uses it again"
    if not policy.uses(name):
        return "left out", "left out by ZOO_PLUGINS"
    if policy.approval and (known := policy.approved.get(name)) != found.digest:
        now = f"sha256 {found.digest[:12]}; `zoo plugin approve {name}`"
        changed = f"it is not what was approved (sha256 {known[:12]}), but " if known else ""
        return "awaits approval", f"awaits approval: {changed}{now}"
    return "works", None


_IDLE: Mapping[State, str] = {
    "left out": "ZOO_PLUGINS leaves out",
    "disabled": "Disabled plugins",
    "awaits approval": "Plugins that await approval",
    "quarantined": "Broken plugins",
}


def where_missing(infos: Iterable[PluginInfo]) -> str:
    """Where a plugin may be that something lacks: among those that are here and not used, or not installed."""
    idle: dict[State, list[str]] = {}
    for info in infos:
        idle.setdefault(info.state, []).append(info.name)
    told = [
        f"{says}: {', '.join(idle[state])}{'' if state == 'left out' else '; see `zoo plugin list`'}."
        for state, says in _IDLE.items()
        if state in idle
    ]
    return " ".join(told) or (
        "Install the plugin of its domain, for all built-in ones: `pip install 'zoo-registry[all]'`."
    )
