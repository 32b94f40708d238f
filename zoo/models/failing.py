"""Inputs that cannot be used: what stands for them among the results, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zoo.errors import BadData, ResourceError, ZooError

__all__ = ["Failure", "OnError", "named", "run_failure", "too_big", "unburdened"]

OnError = Literal["raise", "skip", "return"]


@dataclass(frozen=True)
class Failure:
    """Stands for the result of an input that could not be used, when failures are returned."""

    error: ZooError

    def to_dict(self) -> dict[str, Any]:
        """`{"error": cause}`."""
        return {"error": self.error.cause}

    def __str__(self) -> str:
        return self.error.cause


def named(number: int, value: Any) -> str:
    """How an input is called in messages: its place, counted from 1, and a path or text in short."""
    if not isinstance(value, str | Path):
        return f"input {number + 1}"
    text = " ".join(str(value).split())
    return f"input {number + 1} ({text if len(text) <= 60 else text[:57] + '…'})"


def too_big(name: str, device: str) -> ResourceError:
    """One input alone needs more memory than there is."""
    return ResourceError(
        f"{name} alone does not fit into the memory of {device}", "Make it smaller, or use another device."
    )


def run_failure(name: str, error: Exception) -> ZooError:
    """The model, or a step before or after it, broke on one input; what the zoo raised on purpose is passed on."""
    if isinstance(error, ZooError):
        return error
    said = " ".join(str(error).split())[:300]
    return BadData(
        f"{name} cannot be run: {type(error).__name__}{': ' if said else ''}{said}",
        "Leave it out, or go on without such inputs: on_error='skip' or 'return'.",
    )


def unburdened(error: ZooError) -> ZooError:
    """The same error without its frames: kept as a result, it would keep every picture and tensor in them."""
    seen: set[int] = set()
    part: BaseException | None = error
    while part is not None and id(part) not in seen:
        seen.add(id(part))
        part.__traceback__ = None
        part = part.__cause__ or part.__context__
    return error
