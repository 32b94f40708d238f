"""Does something beside the input's meaning give the label away?"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Material, counted, share, shown

__all__ = ["columns", "label_in_text"]

_ENOUGH = 20  # rows, under which an agreement may be chance


def label_in_text(material: Material) -> Iterator[Finding]:
    """Texts that name their own label, and not others."""
    names = {name: re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE) for name in material.classes if name.strip()}
    if material.kind != "single" or not 2 <= len(names) <= 200 or len(material.learnt) < _ENOUGH:
        return
    if all(len(name) < 3 for name in names):
        return  # 0 and 1 are in many texts
    own = [e for e in material.learnt if (label := str(e.row.label)) in names and names[label].search(e.text)]
    if len(own) < 0.5 * len(material.learnt):
        return
    other = sum(any(p.search(e.text) for n, p in names.items() if n != str(e.row.label)) for e in own)
    if other <= 0.2 * len(own):
        yield Finding(
            check="label-in-text",
            severity="warning",
            text=f"{counted(len(own), 'text')} ({share(len(own), len(material.learnt))}) "
            f"{'has' if len(own) == 1 else 'have'} the own label as a word inside, and no other label",
            remedy="If new texts will not have it, take it out: what is learnt is to find that word.",
            rows=shown(own),
            count=len(own),
        )


def columns(material: Material) -> Iterator[Finding]:
    """Other columns that equal the label or go with it, one to one, and columns that say one thing always."""
    if material.kind != "single" or len(material.classes) < 2 or len(material.learnt) < _ENOUGH:
        return
    names = {name for entry in material.learnt[:100] for name in entry.row.columns}
    for name in sorted(names):
        by_value: dict[str, Counter[str]] = defaultdict(Counter)
        for entry in material.learnt:
            by_value[str(entry.row.columns.get(name, ""))][str(entry.row.label)] += 1
        pure = all(len(counts) == 1 for counts in by_value.values())
        if pure and 1 < len(by_value) <= max(2 * len(material.classes), 2) and len(by_value) < len(material.learnt) / 2:
            yield Finding(
                check="column-tells-class",
                severity="note",
                text=f"column {name!r} tells the label in every row",
                remedy="It is not learnt from; do not put it into the texts if it is not known beforehand.",
            )
        elif len(by_value) == 1:
            yield Finding(
                check="constant-column",
                severity="note",
                text=f"column {name!r} has the same value in every row: nothing is to be told by it",
            )
