"""Bringing cards into a zoo's catalog and out of it: from a hub, from the user's own files, as JSON lines."""

from __future__ import annotations

from zoo.feeding.cardfiles import add_cards, read_cards, remove_card, template
from zoo.feeding.facts import edit, reset
from zoo.feeding.hub import Synced, sync_hub
from zoo.feeding.lines import drop_feed, export_cards, import_cards

__all__ = [
    "Synced",
    "add_cards",
    "drop_feed",
    "edit",
    "export_cards",
    "import_cards",
    "read_cards",
    "remove_card",
    "reset",
    "sync_hub",
    "template",
]
