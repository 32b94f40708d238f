"""Rows that are there twice, or nearly, within a part and across parts; and equal inputs with different labels."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

from zoo.data.boxes import LabelledBox
from zoo.data.doctor.findings import Finding, Severity
from zoo.data.doctor.material import SHOWN, Entry, Material, clip, counted, share

__all__ = ["across", "conflicts", "near_across", "near_within", "repeated", "same_label", "within"]

_ORDER = {"test": 0, "validation": 1}
_LEAKED = 0.5  # of a part, from which its score measures memory and little else
_MANY = 0.01


def within(material: Material) -> Iterator[Finding]:
    """The same input with the same label several times in one part."""
    groups = [repeated(group) for group in material.same]
    spare = [entry for group in groups for entry in group]
    if not spare:
        return
    split_off = "all" in material.raw.parts
    many = len(spare) >= _MANY * len(material.sound)
    harm = "; split off at random, copies would stand on both sides" if split_off else ""
    yield Finding(
        check="duplicates",
        severity="warning" if many and material.kind != "text" else "note",
        text=f"{counted(len(spare), 'row')} ({share(len(spare), len(material.sound))}) "
        f"{'repeats' if len(spare) == 1 else 'repeat'} another{harm}",
        remedy="--fix keeps the first of each.",
        rows=_pairs(material.same, _first_and_repeated),
        count=len(spare),
        fixable=True,
    )


def repeated(group: list[Entry]) -> list[Entry]:
    """All but the first of each part and label."""
    seen: set[tuple[str, str]] = set()
    spare = []
    for entry in group:
        key = (entry.part, same_label(entry))
        if key in seen:
            spare.append(entry)
        seen.add(key)
    return spare


def same_label(entry: Entry) -> str:
    """Equal for equal labels."""
    return repr(entry.row.label)


def _first_and_repeated(group: list[Entry]) -> list[Entry]:
    spare = repeated(group)
    if not spare:
        return []
    first = next(e for e in group if (e.part, same_label(e)) == (spare[0].part, same_label(spare[0])))
    return [first, *spare]


def across(material: Material) -> Iterator[Finding]:
    """The same input in what is learnt from and in what is judged by."""
    groups = [group for group in material.same if _crosses(group)]
    yield from _leaks(material, groups, "leak", "also in another part", fixable=True)


def near_across(material: Material) -> Iterator[Finding]:
    """Nearly the same input in what is learnt from and in what is judged by."""
    groups = [group for group in material.near if _crosses(group)]
    yield from _leaks(material, groups, "near-leak", "nearly the same as one in another part", fixable=False)


def _crosses(group: list[Entry]) -> bool:
    return len({entry.part for entry in group}) > 1


def _leaks(material: Material, groups: list[list[Entry]], check: str, what: str, *, fixable: bool) -> Iterator[Finding]:
    for part in ("test", "validation"):
        held = [e for group in groups for e in group if e.part == part and _learnt_elsewhere(group, part)]
        if not held:
            continue
        whole = sum(entry.part == part for entry in material.sound)
        severity: Severity = "blocking" if fixable and len(held) > _LEAKED * whole else "warning"
        verb = "is" if len(held) == 1 else "are"
        yield Finding(
            check=check,
            severity=severity,
            text=f"{counted(len(held), 'row')} of the {part} part ({share(len(held), whole)}) {verb} {what}",
            remedy="The score would measure memory. "
            + ("--fix keeps them where they are judged by." if fixable else "Look at them; keep each on one side."),
            rows=_pairs(groups, functools.partial(_part_first, part)),
            count=len(held),
            fixable=fixable,
        )


def _part_first(part: str, group: list[Entry]) -> list[Entry]:
    """One of a part beside one that is learnt from before it; none where the group has no such two."""
    inside = [entry for entry in group if entry.part == part]
    before = [entry for entry in group if _ORDER.get(entry.part, 2) > _ORDER[part]]
    return [inside[0], before[0]] if inside and before else []


def _learnt_elsewhere(group: list[Entry], part: str) -> bool:
    """Whether a part that is learnt from before this one is judged by has one of the group."""
    return any(_ORDER.get(entry.part, 2) > _ORDER[part] for entry in group)


def near_within(material: Material) -> Iterator[Finding]:
    """Nearly the same input several times in one part."""
    groups = [group for group in material.near if not _crosses(group)]
    spare = sum(len(group) - 1 for group in groups)
    if not spare:
        return
    split_off = "all" in material.raw.parts
    many = spare >= 10 * _MANY * len(material.sound)
    yield Finding(
        check="near-duplicates",
        severity="warning" if split_off and many else "note",
        text=f"{counted(spare, 'row')} ({share(spare, len(material.sound))}) are nearly the same as another",
        remedy="Where they are versions of one thing, give a split that keeps them on one side." if split_off else "",
        rows=_pairs(groups, list),
        count=spare,
    )


def conflicts(material: Material) -> Iterator[Finding]:
    """The same input with different labels."""
    groups = [group for group in material.same if len({same_label(entry) for entry in group}) > 1]
    rows = sum(len(group) for group in groups)
    if not rows or material.kind in {"pairs", "text", "mask"}:
        return
    yield Finding(
        check="conflict",
        severity="warning",
        text=f"{counted(len(groups), 'input')} in {counted(rows, 'row')} have different labels",
        remedy="Decide which label is right; only you can.",
        rows=_pairs(groups, _different, labels=True),
        count=rows,
    )


def _different(group: list[Entry]) -> list[Entry]:
    first = group[0]
    return [first, *[entry for entry in group if same_label(entry) != same_label(first)]]


def _label_of(entry: Entry) -> str:
    label = entry.row.label
    if isinstance(label, tuple) and all(isinstance(one, LabelledBox) for one in label):
        return counted(len(label), "box", "boxes")
    return clip(str(label), 30)


def _pairs(
    groups: Iterable[list[Entry]], pick: Callable[[list[Entry]], list[Entry]], *, labels: bool = False
) -> tuple[str, ...]:
    """`a = b "text"` of some groups."""
    named: list[str] = []
    for group in groups:
        picked = pick(group)
        if len(picked) < 2:
            continue
        said = [f"{e.row.where} ({_label_of(e)})" if labels else e.row.where for e in picked[:2]]
        begins = f' "{clip(picked[0].text, 40)}"' if picked[0].text.strip() else ""
        named.append(f"{' = '.join(said)}{begins}")
        if len(named) == SHOWN:
            break
    return tuple(named)
