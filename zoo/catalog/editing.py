"""What the catalog does with the user's edits; every method is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from zoo.catalog.database import utc_now
from zoo.catalog.merging import Merging
from zoo.errors import UnknownModel

if TYPE_CHECKING:
    from zoo.catalog.overlay import Edit

__all__ = ["Editing"]


class Editing(Merging):
    """The user's own facts about models: laid over the feeds' cards, and kept whatever the feeds do."""

    def edit(self, model_id: str, changes: Mapping[str, Any]) -> tuple[Edit, ...]:
        """Set facts of a model: `{"licence": "MIT", "tags": {"add": ["fast"]}}`; the same again changes nothing.

        `zoo.catalog.overlay.EDITABLE` names the fields. None takes a fact away, and the feed's own value ends the edit.

        Returns:
            all edits of the model.

        Raises:
            UnknownModel: with the nearest names.
            BadOption: a field is unknown or may not be edited, or a value has another form.
            BadCard: the card would break its schema.
        """
        from zoo.catalog import edits, hot
        from zoo.catalog.overlay import read_changes

        wanted = read_changes(changes)
        with self._write() as session:
            if edits.change(session, model_id, wanted, utc_now()):
                return edits.all_edits(session, model_id)
        raise UnknownModel(model_id, hot.near(self.path, model_id))

    def reset(self, model_id: str, fields: Collection[str] | None = None) -> tuple[str, ...]:
        """Take the feed's values of some fields again, or of all; returns the fields that had an edit.

        The edits of a model whose card is gone for now are forgotten too.

        Raises:
            BadOption: one of `fields` has no edit.
        """
        from zoo.catalog import edits

        with self._write() as session:
            return edits.reset(session, model_id, fields)

    def edits(self, model_id: str | None = None) -> tuple[Edit, ...]:
        """All edits, or those of one model, by model and field."""
        from zoo.catalog import edits

        with self._read() as session:
            return edits.all_edits(session, model_id)
