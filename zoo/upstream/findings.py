"""What was found out about one installed model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Answer", "Finding", "State", "joined"]

State = Literal["current", "moved", "newer", "unknown", "local"]

# Of several answers about one model, the first of these that is among them is the model's state.
_ORDER: tuple[State, ...] = ("moved", "unknown", "newer", "current", "local")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one origin, or the card, said.

    Attributes:
        state: see `Finding`.
        installed, upstream: what is here and what is there, in the origin's own terms; empty where it has none.
        why: in words; of `unknown`, why it could not be asked.
        how: the command that gets it; None for the usual one, empty where there is none.
    """

    state: State
    installed: str = ""
    upstream: str = ""
    why: str = ""
    how: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is known about one installed model.

    Attributes:
        model: its id.
        revision: the installed one that was looked at.
        state: `current`; `moved` (a pull would bring other bytes); `newer` (there is something newer, but the model
            is pinned to what is here: worth knowing); `unknown` (an origin could not be asked); `local` (made here).
        installed, upstream: in the origin's terms: commits, versions.
        since: when the installed revision arrived, UTC.
        how: the command that gets what is upstream; empty where no command does.
        why: in words.
    """

    model: str
    revision: str
    state: State
    installed: str
    upstream: str
    since: str
    how: str
    why: str

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return dict(vars(self))


def joined(model: str, revision: str, since: str, answers: list[Answer]) -> Finding:
    """One finding from what was answered about a model."""
    answers = answers or [Answer(state="unknown", why="where it is from was not recorded")]
    state = next(state for state in _ORDER if state in {answer.state for answer in answers})
    mine = list(dict.fromkeys(answer for answer in answers if answer.state == state))
    how = next((answer.how for answer in mine if answer.how is not None), f"zoo pull {model} --force")
    return Finding(
        model=model,
        revision=revision,
        state=state,
        installed=_together(answer.installed for answer in mine) or revision[:12],
        upstream=_together(answer.upstream for answer in mine),
        since=since,
        how=how if state in {"moved", "newer"} else "",
        why=_together(answer.why for answer in mine),
    )


def _together(texts: Iterable[str]) -> str:
    parts = [text for text in texts if text]
    return "; ".join(dict.fromkeys(parts))
