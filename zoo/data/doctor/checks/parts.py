"""Are there rows enough in each part, and do the parts fit each other?"""

from __future__ import annotations

from collections.abc import Iterator

from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Material, clip, counted, shown

__all__ = ["empty_parts", "enough", "hidden", "small_test", "unseen"]

_FEWEST = 4  # examples from which some can be held out
_JUDGED = 30  # held-out examples under which a score says little


def enough(material: Material) -> Iterator[Finding]:
    """Anything at all to learn from."""
    if not material.learnt:
        bad = len(material.entries) - len(material.sound)
        text = f"none of {counted(len(material.entries), 'row')} can be used" if bad else "there is nothing in it"
        yield Finding(
            check="no-rows",
            severity="blocking",
            text=text,
            remedy="Mend the rows that the other findings name." if bad else "Give a data set that has rows.",
        )
    elif len(material.learnt) < _FEWEST and material.kind != "text":
        yield Finding(
            check="too-few",
            severity="blocking",
            text=f"{counted(len(material.learnt), 'usable row')}: too few to learn from and to hold some out",
            remedy="Add examples: five of each class are the least that works at all.",
            rows=shown(material.learnt),
            count=len(material.learnt),
        )


def empty_parts(material: Material) -> Iterator[Finding]:
    """A part that is given and has nothing usable in it."""
    for part in material.raw.parts:
        if part not in {"train", "all", *material.hidden} and not any(entry.part == part for entry in material.sound):
            yield Finding(
                check="empty-part",
                severity="blocking",
                text=f"the {part} part is given and has no usable row",
                remedy="Fill it, or take it away: then a part is split off.",
            )


def hidden(material: Material) -> Iterator[Finding]:
    """Parts without labels."""
    for part in material.hidden:
        yield Finding(
            check="hidden-labels",
            severity="note",
            text=f"the {part} part has no labels, as benchmarks have it; it is left aside",
            remedy="Nothing to do: another part is split off to judge by.",
            count=len(material.raw.parts[part]),
        )


def small_test(material: Material) -> Iterator[Finding]:
    """A test part by which little can be said."""
    if 0 < len(material.held) < _JUDGED:
        yield Finding(
            check="small-test",
            severity="warning",
            text=f"the test part has {counted(len(material.held), 'row')}; under {_JUDGED}, a score says little",
            remedy="Hold out more.",
            count=len(material.held),
        )


def unseen(material: Material) -> Iterator[Finding]:
    """Classes that one part has and another lacks."""
    for part in ("validation", "test"):
        entries = [entry for entry in material.sound if entry.part == part]
        there = set(material.count_classes(entries))
        if strange := sorted(there - set(material.classes)):
            rows = [entry for entry in entries if set(strange) & set(material.labels_of(entry))]
            yield Finding(
                check="unseen-class",
                severity="blocking",
                text=f"the {part} part has labels that the training part lacks: {_names(strange)}",
                remedy="Add training examples of them, or take these rows out.",
                rows=shown(rows),
                count=len(rows),
            )
        if there and (absent := sorted(set(material.classes) - there)):
            yield Finding(
                check="untested-class",
                severity="note",
                text=f"the {part} part has no example of {_names(absent)}",
                remedy="Nothing will be known of how well they are told.",
            )


def _names(names: list[str]) -> str:
    said = ", ".join(repr(clip(name, 30)) for name in names[:5])
    return f"{said}, …" if len(names) > 5 else said
