"""Writing a plugin's first files: a whole distribution from a template, with a tiny model that has learnt already."""

from __future__ import annotations

from zoo.authoring.kinds import DOMAINS, KINDS, Kind, kind_of
from zoo.authoring.naming import Names, names_of
from zoo.authoring.writing import Written, write_plugin

__all__ = ["DOMAINS", "KINDS", "Kind", "Names", "Written", "kind_of", "names_of", "write_plugin"]
