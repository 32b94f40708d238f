"""Are the pairs two texts each?"""

from __future__ import annotations

from collections.abc import Iterator

from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Material, counted, share, shown
from zoo.data.doctor.near import plain

__all__ = ["identical"]


def identical(material: Material) -> Iterator[Finding]:
    """Pairs of a text with itself, from which nothing is learnt."""
    bad = [
        e
        for e in material.sound
        if isinstance(e.row.value, tuple) and len({plain(str(one)) for one in e.row.value}) == 1
    ]
    if bad:
        yield Finding(
            check="identical-pairs",
            severity="warning" if len(bad) >= 0.01 * len(material.sound) else "note",
            text=f"{counted(len(bad), 'pair')} ({share(len(bad), len(material.sound))}) "
            f"{'has' if len(bad) == 1 else 'have'} the same text on both sides",
            remedy="Take them out: nothing is learnt from them.",
            rows=shown(bad),
            count=len(bad),
        )
