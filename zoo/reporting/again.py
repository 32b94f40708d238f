"""The papers of a run that lies in the zoo, made from what its folder holds, and from its data where that is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BadInput, ZooError
from zoo.reporting.sections import mapping
from zoo.reporting.writing import papers

if TYPE_CHECKING:
    from zoo.data import Split
    from zoo.registry import Registry
    from zoo.runs import RecordedRun

__all__ = ["papers_again"]


def papers_again(registry: Registry, run: RecordedRun) -> list[Path]:
    """Write a run's papers again; returns their paths.

    The most wrong examples are those that were kept. Where none were (an evaluation keeps none), they are taken from
    the data, if it is where it was and as it was.

    Raises:
        BadInput: the run's record cannot be read.
        ResourceError: the disk refuses.
    """
    if run.outcome == "unreadable":
        raise BadInput(f"the record of run {run.id} cannot be read", f"See {run.path / 'record.json'}.")
    split = None if (run.path / "examples.json").is_file() else _judged(registry, run.record)
    return papers(run.path, record=run.record, card=registry.card(run.model) if run.model else None, split=split)


def _judged(registry: Registry, record: Mapping[str, Any]) -> Split | None:
    """The rows that a run was judged on; None where they cannot be had again."""
    from zoo.data import read_again

    told = mapping(record.get("data"))
    wanted = mapping(told.get("split_ids")).get(str(told.get("part") or "test"))
    if wanted is None or not mapping(record.get("evaluation")).get("worst"):
        return None
    try:
        data = read_again(mapping(told.get("recipe")), cache=registry.cache / "datasets", offline=True)
    except (ZooError, KeyError, TypeError, ValueError):  # gone, changed, or told of by a record of another form
        return None
    return next((part for part in data.parts.values() if part.identity == wanted), None)
