"""One promise to be tried: what is done, and how whatever happens becomes an outcome."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import zoo.errors
from zoo.conformance.outcomes import Follows, Outcome, Skip, State, Unkept
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.conformance.stage import Stage

__all__ = ["Trial", "told"]

_CORE = Path(zoo.errors.__file__).parent
_LONGEST = 600  # characters of what others say


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One check of one thing, not done yet.

    Attributes:
        check, about: as of `Outcome`.
        work: does it; returns what was found. Raises `Unkept` or anything else where the promise is not kept.
        stage: of the case that it needs; None for what is checked without a model.
        chosen: the checks that are done in this run, so that one may point to another.
    """

    check: str
    about: str
    work: Callable[[], str]
    stage: Stage | None = None
    chosen: frozenset[str] = field(default=frozenset(), repr=False)

    def run(self) -> Outcome:
        """Do it. Whatever is raised becomes a failed outcome; only interruptions go through."""
        start = time.perf_counter()
        state, detail = self._tried()
        return Outcome(
            check=self.check,
            about=self.about,
            state=state,
            detail=" ".join(detail.split()),
            seconds=time.perf_counter() - start,
        )

    def _tried(self) -> tuple[State, str]:
        try:
            return "passed", self.work()
        except Skip as reason:
            return "skipped", str(reason)
        except Follows as follows:
            if follows.owner != self.check and follows.owner in self.chosen:
                return "skipped", f"not tried: see `{follows.owner}`"
            return "failed", told(follows.error)
        except (Exception, SystemExit) as error:  # what a plugin raises is what is looked for
            return "failed", told(error)


def told(error: BaseException) -> str:
    """An error in one line: what is wrong and what to do; of one that is not the zoo's own, where it was raised."""
    if isinstance(error, Unkept | ZooError):
        found, remedy = (error.found, error.remedy) if isinstance(error, Unkept) else (error.cause, error.remedy)
        return f"{_sentence(found)} {remedy}".strip()
    said = " ".join(str(error).split())[:_LONGEST]
    name = type(error).__name__
    return _sentence(f"{name}: {said}" if said else name) + _where(error)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def _where(error: BaseException) -> str:
    """The last line of code outside the zoo that the error came through: most likely the plugin's."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not Path(frame.filename).is_relative_to(_CORE)]
    return f" Raised at {Path(theirs[-1].filename).name}:{theirs[-1].lineno}." if theirs else ""
