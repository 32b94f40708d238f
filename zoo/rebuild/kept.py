"""A catalog that keeps, beside its database, files of what only its database would know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.catalog import hot
from zoo.catalog.catalog import Catalog
from zoo.rebuild import curation

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from zoo.catalog.preparing import Numbered
    from zoo.catalog.records import Feed, SyncReport

__all__ = ["KeptCatalog"]

_RESTORED = "restored"


class KeptCatalog(Catalog):
    """The catalog of a home: after every transaction the files of `zoo.rebuild.curation` are as the database is.

    The database is what holds. A crash between the two leaves older files, and the next transaction renews them.

    Args:
        path: the SQLite file.
        shipped: the shipped database, instead of the one that came with the zoo.
    """

    @property
    def curation(self) -> Path:
        """The folder of the files."""
        return curation.folder_of(self.path)

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with super()._write() as session:
            yield session
        self.keep()

    def _sync_many(
        self, feed: Feed, cards: Iterable[Numbered], report: Callable[[int], None] | None = None
    ) -> SyncReport:
        # Very many cards are written into a copy of the database, and not by `_write`.
        made = super()._sync_many(feed, cards, report)
        self.keep()
        return made

    def keep(self) -> list[str]:
        """Bring the files up to date; returns the names of those that were written.

        Raises:
            ResourceError: the disk refuses. What was written into the database stays.
        """
        # A new database knows nothing yet: it must take the files in before it may replace them.
        return curation.keep(self.path, self.curation) if self._is_restored() else []

    @property
    def needs_rebuild(self) -> bool:
        """Whether the database is new, so that all that the files tell must be entered into it."""
        return super().needs_rebuild or not self._is_restored()

    def restore(self) -> int:
        """Enter what the files tell; what is there already stays. Returns how much was new.

        Interrupted, it is done again at the next opening, for until its end `needs_rebuild` holds.
        """
        from zoo.catalog import local
        from zoo.catalog.database import utc_now
        from zoo.rebuild import restoring

        new = restoring.restore_feeds(self, self.curation)
        with self._write() as session:
            new += restoring.restore(session, self.curation)
            local.put_setting(session, _RESTORED, utc_now())
        return new

    def _is_restored(self) -> bool:
        return hot.setting(self.path, _RESTORED) is not None
