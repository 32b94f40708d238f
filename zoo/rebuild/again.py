"""The catalog made again from files, after its loss."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.rebuild.local import local_cards
from zoo.rebuild.runs import edge_of, records, run_record

if TYPE_CHECKING:
    from zoo.rebuild.kept import KeptCatalog
    from zoo.store import Store

__all__ = ["rebuild"]


def rebuild(home: Path, catalog: KeptCatalog, store: Store) -> int:
    """Enter what the files tell into a new catalog; returns how many entries were new.

    What is interrupted is done again at the next opening: the catalog needs it until all of it is there.
    """
    told = list(records(home))
    elsewhere = catalog.suppliers(without="local")
    new = catalog.rebuild_from(
        store.installed(),
        # A plugin that came later may supply a model that was known here only; its card is the better one.
        cards=[card for card in local_cards(home) if card.id.lower() not in elsewhere],
        runs=[run_record(record) for record in told],
        edges=[edge_of(record) for record in told if record.get("revision")],
    )
    return new + catalog.restore()
