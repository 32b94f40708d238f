"""Bringing cards into a zoo's catalog and out of it: from a hub, from the user's own files, as JSON lines."""

from __future__ import annotations

from zoo.feeding.cardfiles import add_cards, read_cards, remove_card, template
from zoo.feeding.facts import edit, reset
from zoo.feeding.folders import AddedFolder, add_folder, folder_plugins, remove_folder
from zoo.feeding.hub import Synced, sync_hub
from zoo.feeding.lines import drop_feed, export_cards, import_cards

__all__ = [
    "AddedFolder",
    "Synced",
    "add_cards",
    "add_folder",
    "drop_feed",
    "edit",
    "export_cards",
    "folder_plugins",
    "import_cards",
    "read_cards",
    "remove_card",
    "remove_folder",
    "reset",
    "sync_hub",
    "template",
]
