"""Are the tags of words a sequence that means something (begin, inside, outside)?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Material, counted, share, shown

__all__ = ["first_misplaced", "no_entities", "sequences"]

_PREFIXES = ("B-", "I-", "E-", "S-", "L-", "U-", "M-")


def first_misplaced(tags: Sequence[str]) -> int | None:
    """The place of the first `I-X` that follows neither `B-X` nor `I-X`."""
    before = "O"
    for place, tag in enumerate(tags):
        if tag.startswith("I-") and before not in {f"B-{tag[2:]}", tag}:
            return place
        before = tag
    return None


def sequences(material: Material) -> Iterator[Finding]:
    """`I-X` without a beginning, in data that marks beginnings."""
    tags = set(material.classes)
    if not any(tag.startswith("B-") for tag in tags):
        return  # IO tags, or none of this form
    places = {e.number: first_misplaced(e.row.label) for e in material.sound if isinstance(e.row.label, tuple)}
    bad = [entry for entry in material.sound if places.get(entry.number) is not None]
    if bad:
        yield Finding(
            check="tag-order",
            severity="warning",
            text=f"{counted(len(bad), 'row')} ({share(len(bad), len(material.sound))}) "
            f"{'has' if len(bad) == 1 else 'have'} an I- tag that no B- or I- tag of its kind precedes",
            remedy="Begin each name with B-; only you can say where one begins.",
            rows=shown(bad, lambda entry: _said(entry.row.value, entry.row.label, places[entry.number])),
            count=len(bad),
        )


def _said(words: Sequence[str], tags: Sequence[str], place: int | None) -> str:
    at = place or 0
    return f"word {at + 1}, {words[at]!r}: {tags[at]} after {tags[at - 1] if at else 'the start'}"


def no_entities(material: Material) -> Iterator[Finding]:
    """Rows and tags: what share of the words is anything at all."""
    outside, total = material.classes.get("O", 0), material.classes.total()
    if total and outside:
        yield Finding(
            check="tags",
            severity="warning" if outside > 0.99 * total else "note",
            text=f"{share(total - outside, total)} of {total:,} words have a tag other than O",
            remedy="There is very little to find; add rows that have names." if outside > 0.99 * total else "",
        )
