"""The data's labels in a model's own spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zoo.errors import BadData, nearest

__all__ = ["found_among", "labels_of", "matched"]

MOST_NAMED = 8


def labels_of(runner: Any) -> tuple[str, ...]:
    """The names of a runner's classes in the order of their numbers; none where it does not say."""
    found = getattr(runner, "labels", ())
    return tuple(found[number] for number in sorted(found)) if isinstance(found, Mapping) else tuple(found)


def matched(wanted: Iterable[str], known: Sequence[str], model: str) -> dict[str, str]:
    """The model's name of each label of the data: the same, or the same but for capitals and spaces around.

    Raises:
        BadData: names the labels that the model does not know, with the nearest that it does.
    """
    labels = sorted(set(wanted))
    made = found_among(labels, known)
    if missing := [label for label in labels if label not in made]:
        raise _unknown(missing, known, model)
    return made


def found_among(wanted: Iterable[str], known: Sequence[str]) -> dict[str, str]:
    """As `matched`, of those labels that the model knows."""
    exact = set(known)
    folded = {_folded(name): name for name in reversed(known)}
    names = {label: label if label in exact else folded.get(_folded(label)) for label in wanted}
    return {label: name for label, name in names.items() if name is not None}


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _unknown(missing: Sequence[str], known: Sequence[str], model: str) -> BadData:
    said = []
    for label in missing[:MOST_NAMED]:
        near = nearest(label, known, 1)
        said.append(f"{label!r} (nearest: {near[0]!r})" if near else repr(label))
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    some = ", ".join(repr(name) for name in known[:MOST_NAMED])
    ellipsis = ", …" if len(known) > MOST_NAMED else ""
    return BadData(
        f"{model} does not know these labels of the data: {', '.join(said)}{more}",
        f"It knows {len(known)}: {some}{ellipsis}. Rename those of the data, or fine-tune the model on it first.",
    )
