"""What exists, and where did it come from? The database of models, files, licences, lineage and runs.

Reading commands use `zoo.catalog.hot` (plain `sqlite3`, a millisecond); everything that writes uses
`zoo.catalog.catalog.Catalog` (SQLAlchemy, imported when the first method is called).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.catalog.catalog import Catalog

__all__ = ["Catalog"]


def __getattr__(name: str) -> Any:
    """Import the catalog's class when it is first used (PEP 562); `hot` must stay light."""
    if name == "Catalog":
        from zoo.catalog.catalog import Catalog

        return Catalog
    raise AttributeError(f"module 'zoo.catalog' has no attribute {name!r}")
