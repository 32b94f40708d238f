"""Local cards and runs as files, and the catalog made again from them after its loss."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard, canonical_json
from zoo.errors import BadCard

if TYPE_CHECKING:
    from zoo.catalog.catalog import Catalog
    from zoo.catalog.records import Edge, RunRecord
    from zoo.store import Store

__all__ = ["drop_card", "keep_card", "rebuild", "run_record", "write_json"]


def write_json(path: Path, value: Any) -> None:
    """Write a value's canonical JSON, whole or not at all; raises `ResourceError` when the disk refuses."""
    from zoo.store.disk import write_text, writing

    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, canonical_json(value) + "\n")


def keep_card(home: Path, card: ModelCard) -> None:
    """Keep the card of a model that only this zoo knows as a file."""
    write_json(_card_path(home, card.id), card.to_dict())


def drop_card(home: Path, model: str) -> None:
    """Remove the file of a card, if there is one."""
    _card_path(home, model).unlink(missing_ok=True)


def _card_path(home: Path, model: str) -> Path:
    return home / "cards" / f"{model}.json"


def rebuild(home: Path, catalog: Catalog, store: Store) -> int:
    """Enter what the files tell into a new catalog; returns how many entries were new."""
    records = list(_records(home))
    return catalog.rebuild_from(
        store.installed(),
        cards=list(_cards(home)),
        runs=[run_record(record) for record in records],
        edges=[_edge(record) for record in records if record.get("revision")],
    )


def _cards(home: Path) -> Iterator[ModelCard]:
    for path in sorted((home / "cards").rglob("*.json")):
        try:
            yield ModelCard.from_dict(json.loads(path.read_text(encoding="utf-8"))).check()
        except (ValueError, BadCard):
            continue  # half of a rebuild is better than none; `zoo doctor` names the model that lacks its card


def _records(home: Path) -> Iterator[Mapping[str, Any]]:
    for path in sorted((home / "runs").glob("*/record.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        if isinstance(record, dict) and {"id", "kind", "started", "model", "base"} <= record.keys():
            yield record


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


def _edge(record: Mapping[str, Any]) -> Edge:
    from zoo.catalog.records import Edge

    return Edge(
        child=record["model"],
        base=record["base"],
        relation="finetuned",
        child_revision=record.get("revision"),
        base_revision=record.get("base_revision"),
        run=record["id"],
    )
