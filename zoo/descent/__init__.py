"""From which models was a model made, which were made from it, and what do their licences demand of it?

`reading.read` gives a model's `family.Descent`; `tree` and `graphs` draw it; `conflicts.conflicts` compares licences,
of cards that are not in the catalog yet too; `show.with_descent` is what `zoo show` adds. Nothing is imported here:
`zoo show` asks for the last alone, and takes the rest only for models that have a family.
"""

from __future__ import annotations

__all__: list[str] = []
