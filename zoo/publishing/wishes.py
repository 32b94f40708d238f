"""What the publisher asked for, and what came of it checked: names, version, licence, author."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_VERSION", "WEIGHTS", "Wishes"]

DEFAULT_VERSION = "1.0"
WEIGHTS = ("all", "own", "none")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How to publish a model.

    Attributes:
        name: of the distribution, as pip installs it; `zoo-` and the model's last name when None.
        version: of the distribution; published once, then raised by hand.
        id: the model's id on the machines that install it; its id here when None.
        weights: `all`: every file is packed; `own`: files that came unchanged from a public origin stay there, pinned,
            and only the others are packed; `none`: nothing is packed, the files lie at `at`.
        at: where the files have been put, for `none`: `hf:owner/name@commit` or `https://…/folder`.
        licence: SPDX expression of the weights' licence, instead of the one on the card.
        summary: one line, instead of the card's.
        author: `Name`, or `Name <address>`.
        folder: write the project folder instead of the wheel, to be edited and built by hand.
        despite_licence: publish although the licences along the lineage do not allow it.
    """

    name: str | None = None
    version: str = DEFAULT_VERSION
    id: str | None = None
    weights: str = "all"
    at: str | None = None
    licence: str | None = None
    summary: str | None = None
    author: str | None = None
    folder: bool = False
    despite_licence: bool = False
