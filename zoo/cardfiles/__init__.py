"""Cards that people write: YAML and JSON files, alone, in a folder, or in an installed package.

`reading` reads them strictly, `fields` knows the forms of their fields, `origins` says what a relative `file:` means,
`packages` finds the folder of an installed package without importing it. Nothing is imported here, so that a room that
needs one of them takes no other.
"""

from __future__ import annotations

__all__: list[str] = []
