"""What came of the checks: one outcome a promise, and the report of a whole plugin."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

__all__ = ["COLUMNS", "Follows", "Outcome", "Report", "Skip", "State", "Unkept"]

State = Literal["passed", "failed", "skipped"]
COLUMNS = ("check", "about", "state", "detail")
_COLOURS = {True: "brightgreen", False: "red"}


class Unkept(Exception):
    """A promise that is not kept: what was found, and what the author can do about it."""

    def __init__(self, found: str, remedy: str) -> None:
        self.found = found
        self.remedy = remedy
        super().__init__(f"{found} {remedy}".strip())


class Skip(Exception):
    """A promise that cannot be tried here, with the reason."""


class Follows(Exception):
    """What a check needs has failed, which is told by the check `owner`.

    Attributes:
        owner: the check whose fault it is.
        error: what was raised there.
    """

    def __init__(self, owner: str, error: Exception) -> None:
        self.owner = owner
        self.error = error
        super().__init__(f"see `{owner}`")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one check.

    Attributes:
        check: its name.
        about: what it looked at: the plugin, or a case.
        state: `passed`, `failed` or `skipped`.
        detail: what was found; where it failed, with what to do.
        seconds: that it took.
    """

    check: str
    about: str
    state: State
    detail: str = ""
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON form, the seconds to the millisecond."""
        return {**vars(self), "seconds": round(self.seconds, 3)}


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcomes of one plugin.

    Attributes:
        plugin, version: which; the version is that of its distribution, empty where it has none.
        api: the version of the plugin interface that it was tried against.
        outcomes: in the order of the checks.
    """

    plugin: str
    version: str
    api: int
    outcomes: tuple[Outcome, ...]

    @property
    def conforms(self) -> bool:
        """Whether something passed and nothing failed."""
        states = {outcome.state for outcome in self.outcomes}
        return "failed" not in states and "passed" in states

    @property
    def counts(self) -> dict[State, int]:
        """How many outcomes have each state."""
        found = Counter(outcome.state for outcome in self.outcomes)
        states: tuple[State, ...] = ("failed", "passed", "skipped")
        return {state: found[state] for state in states}

    @property
    def summary(self) -> str:
        """One line: `zoo-mine 0.1.0: conforms: 34 passed, 2 skipped`."""
        word = "conforms" if self.conforms else "does not conform"
        told = ", ".join(f"{number} {state}" for state, number in self.counts.items() if number)
        name = f"{self.plugin} {self.version}".strip()
        return f"{name}: {word}: {told or 'nothing was tried'}"

    @property
    def badge(self) -> str:
        """A markdown image for a README, of the outcome of this run."""
        word = "conforms" if self.conforms else "does not conform"
        label, text = quote(f"zoo plugin API {self.api}"), quote(word)
        address = f"https://img.shields.io/badge/{label}-{text}-{_COLOURS[self.conforms]}"
        return f"![zoo plugin API {self.api}: {word}]({address})"

    def rows(self) -> list[list[str]]:
        """The table: one row an outcome, columns as in `COLUMNS`; what it looked at keeps its rows together."""
        order = {about: place for place, about in enumerate(dict.fromkeys(one.about for one in self.outcomes))}
        grouped = sorted(self.outcomes, key=lambda one: order[one.about])
        return [[one.check, one.about, one.state, one.detail] for one in grouped]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "plugin": self.plugin,
            "version": self.version,
            "api": self.api,
            "conforms": self.conforms,
            "counts": dict(self.counts),
            "badge": self.badge,
            "outcomes": [outcome.to_dict() for outcome in self.outcomes],
        }
