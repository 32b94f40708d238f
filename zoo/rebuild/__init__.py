"""What must not be lost with the database: kept as files in the home, and entered again from them."""

from __future__ import annotations

from zoo.rebuild.again import rebuild
from zoo.rebuild.kept import KeptCatalog
from zoo.rebuild.local import drop_card, keep_card, write_json
from zoo.rebuild.runs import run_record

__all__ = ["KeptCatalog", "drop_card", "keep_card", "rebuild", "run_record", "write_json"]
