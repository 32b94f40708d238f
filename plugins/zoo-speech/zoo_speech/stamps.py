"""The option `timestamps` of transcription."""

from __future__ import annotations

from typing import Literal, get_args

from zoo.errors import BadOption

__all__ = ["Stamps", "stamps"]

Stamps = Literal["segment", "word", "none"]


def stamps(given: str | bool) -> Stamps:
    """Which times are wanted; true and false stand for `segment` and `none`.

    Raises:
        BadOption: none of these.
    """
    if isinstance(given, bool):
        return "segment" if given else "none"
    known: tuple[Stamps, ...] = get_args(Stamps)
    for one in known:
        if given == one:
            return one
    raise BadOption(f"option timestamps={given!r} is unknown", f"Known: {', '.join(known)}.")
