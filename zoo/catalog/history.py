"""What was done: runs, and which model was made from which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import null, select, update
from sqlalchemy.orm import Session

from zoo.catalog import kinship
from zoo.catalog.records import Edge, Lineage, RunRecord
from zoo.catalog.schema import LineageRow, ModelRow, RunRow
from zoo.errors import CatalogError, NotFound

__all__ = ["add_edge", "all_runs", "finish", "forget_run", "lineage", "one_run", "resume", "start"]


def start(session: Session, run: RunRecord) -> bool:
    """Enter a run; the same again changes nothing, another with its id is refused."""
    row = session.get(RunRow, run.id)
    if row is None:
        session.add(RunRow(**run.to_dict()))
        return True
    if _record(row) != run:
        raise CatalogError(f"there is already another run {run.id!r}", "Use another id.")
    return False


def finish(session: Session, run_id: str, outcome: str, ended: str, changes: Mapping[str, Any]) -> bool:
    """Enter how a run ended; the same again changes nothing, another end than the one entered is refused."""
    row = session.get(RunRow, run_id)
    if row is None:
        raise _unknown(run_id)
    if row.outcome not in {"running", outcome}:
        raise CatalogError(f"run {run_id!r} has already ended: {row.outcome}", "A run's end is entered once.")
    if row.outcome == outcome:
        return False
    row.outcome, row.ended = outcome, ended
    for name, value in changes.items():
        setattr(row, name, value)
    return True


def resume(session: Session, run_id: str) -> bool:
    """Enter that a run which was stopped goes on; False when it counts as running. One that is done stays done."""
    row = session.get(RunRow, run_id)
    if row is None:
        raise _unknown(run_id)
    if row.outcome == "done":
        raise CatalogError(f"run {run_id!r} is done", "Begin a new run.")
    changed = row.outcome != "running"
    row.outcome, row.ended = "running", None
    return changed


def forget_run(session: Session, run_id: str) -> bool:
    """Remove a run; the lineage that names it stays, without it. False when there is none."""
    row = session.get(RunRow, run_id)
    if row is None:
        return False
    session.execute(update(LineageRow).where(LineageRow.run == run_id).values(run=None))
    session.delete(row)
    return True


def all_runs(session: Session, kind: str | None, model: str | None) -> tuple[RunRecord, ...]:
    """All runs, of a kind or model where given, the latest first."""
    wanted = select(RunRow).order_by(RunRow.started.desc(), RunRow.id)
    wanted = wanted if kind is None else wanted.where(RunRow.kind == kind)
    wanted = wanted if model is None else wanted.where(RunRow.model == model)
    return tuple(_record(row) for row in session.scalars(wanted))


def one_run(session: Session, run_id: str) -> RunRecord:
    """A run by its id; raises `NotFound`."""
    row = session.get(RunRow, run_id)
    if row is None:
        raise _unknown(run_id)
    return _record(row)


def _unknown(run_id: str) -> NotFound:
    return NotFound(f"there is no run {run_id!r}", "The runs of a model are in `zoo show MODEL`.")


def _record(row: RunRow) -> RunRecord:
    values = {column.name: getattr(row, column.name) for column in RunRow.__table__.columns}
    return RunRecord(**{**values, "argv": tuple(row.argv)})


def add_edge(session: Session, edge: Edge) -> bool:
    """Enter that one model was made from another; False when that is known."""
    if edge.child == edge.base and edge.child_revision == edge.base_revision:
        raise CatalogError(f"{edge.child!r} cannot be made from itself", "Name the base model.")
    if edge.run is not None and session.get(RunRow, edge.run) is None:
        raise _unknown(edge.run)
    known = select(LineageRow).where(
        *(
            getattr(LineageRow, name).is_(null()) if value is None else getattr(LineageRow, name) == value
            for name, value in vars(edge).items()
        )
    )
    if session.scalars(known).first():
        return False
    session.add(LineageRow(**vars(edge)))
    return True


def lineage(session: Session, model: str) -> Lineage:
    """The models that a model came from, and those made from it; a card's `base` counts where no edge says more."""
    return Lineage(
        ancestors=tuple(kinship.walk(model, lambda names: _edges(session, names, up=True), lambda e: e.base)),
        descendants=tuple(kinship.walk(model, lambda names: _edges(session, names, up=False), lambda e: e.child)),
    )


def _edges(session: Session, names: Sequence[str], *, up: bool) -> list[Edge]:
    end, card_end = (LineageRow.child, ModelRow.id) if up else (LineageRow.base, ModelRow.base)
    rows = session.scalars(select(LineageRow).where(end.in_(names)))
    made = [Edge(**{name: getattr(row, name) for name in Edge.__dataclass_fields__}) for row in rows]
    known = select(LineageRow.key).where(LineageRow.child == ModelRow.id, LineageRow.base == ModelRow.base).exists()
    cards = session.execute(
        select(ModelRow.id, ModelRow.base).where(card_end.in_(names), ModelRow.base.is_not(None), ~known)
    )
    made += [Edge(child=child, base=base, relation="declared") for child, base in cards if base is not None]
    return sorted(
        made,
        key=lambda e: tuple(
            str(v or "") for v in (e.child, e.base, e.relation, e.child_revision, e.base_revision, e.run)
        ),
    )
