"""Runs as they are told of by the `record.json` of each, and the lineage that they tell of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.catalog.records import Edge, RunRecord

__all__ = ["edge_of", "records", "run_record"]


def records(home: Path) -> Iterator[Mapping[str, Any]]:
    """The records of the runs of a zoo, without those that cannot be read.

    A run that made no model, such as an evaluation, has no `base`; a `revision` in it is of what it looked at, and is
    left out here.
    """
    for path in sorted((home / "runs").glob("*/record.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if not isinstance(record, dict) or not {"id", "kind", "started", "model"} <= record.keys():
            continue
        makes = record["kind"] == "finetune" and record.get("base")
        yield record if makes else {name: value for name, value in record.items() if name != "revision"}


def run_record(record: Mapping[str, Any]) -> RunRecord:
    """A run's `record.json` as the catalog keeps it."""
    from zoo.catalog.records import RunRecord

    environment = dict(record.get("environment", {}))
    return RunRecord(
        id=record["id"],
        kind=record["kind"],
        started=record["started"],
        model=record["model"],
        argv=tuple(environment.get("argv", ())),
        hyperparameters=record.get("hyperparameters", {}),
        seeds={"seed": record.get("seed")},
        data=record.get("data", {}),
        environment=environment,
        metrics=record.get("metrics", {}),
        ended=record.get("ended"),
        outcome=record.get("outcome", "running"),
    )


def edge_of(record: Mapping[str, Any]) -> Edge:
    """From which model a run's `record.json` says that it made another."""
    from zoo.catalog.records import Edge

    return Edge(
        child=record["model"],
        base=record["base"],
        relation="finetuned",
        child_revision=record.get("revision"),
        base_revision=record.get("base_revision"),
        run=record["id"],
    )
