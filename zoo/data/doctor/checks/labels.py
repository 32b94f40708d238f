"""Is there something to learn in the labels: classes, their spelling, their sizes, numbers?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Material, clip, counted, share, shown
from zoo.data.doctor.spelling import PERHAPS_MISSING, right_spellings

__all__ = ["balance", "classes", "few", "many", "missing", "numbers", "rare", "spelling", "spellings"]

_DOMINANT, _UNEVEN = 0.9, 10  # the share and the ratio of sizes from which classes are called unbalanced
_FEW = 20  # examples a class under which only a probe is likely to work
_TINY = 5
_MANY, _THIN = 1_000, 10
_SAID = 5


def classes(material: Material) -> Iterator[Finding]:
    """One class only: whatever is learnt would say it always."""
    found = sorted(material.classes)
    if not material.learnt or len(found) >= (1 if material.kind == "multi" else 2):
        return
    count = counted(len(material.learnt), "example")
    only = (
        f"{'all' if len(material.learnt) > 1 else 'the'} {count} have the label {found[0]!r}"
        if found
        else "no row has a label"
    )
    yield Finding(
        check="one-class",
        severity="blocking",
        text=f"at least two classes are needed: {only}",
        remedy="Add examples of other classes, or name another column of labels with --label-column.",
        count=len(material.learnt),
    )


def missing(material: Material) -> Iterator[Finding]:
    """Labels that are how programs, or people, write that there is none."""
    bad = material.no_labels
    if bad:
        names = sorted({str(entry.row.label) for entry in bad})
        yield Finding(
            check="missing-labels",
            severity="blocking",
            text=f"{counted(len(bad), 'row')} with the label {_names(names)}, which is none",
            remedy="Fill them in, or leave the rows out with --fix.",
            rows=shown(bad),
            count=len(bad),
            fixable=True,
        )
    names = sorted(name for name in material.classes if name.strip().lower() in PERHAPS_MISSING)
    rows = [entry for entry in material.learnt if entry.row.label in names]
    if rows:
        yield Finding(
            check="placeholder-labels",
            severity="warning",
            text=f"{counted(len(rows), 'row')} with the label {_names(names)}: a class, or no label at all?",
            remedy="If there is none, empty the cell and leave the row out.",
            rows=shown(rows),
            count=len(rows),
        )


def rare(material: Material) -> Iterator[Finding]:
    """Classes with one example: it cannot be learnt from and held out too."""
    single = [name for name, count in sorted(material.classes.items()) if count < 2]
    if not single or len(material.classes) < 2:
        return
    wanted = set(single)
    rows = [entry for entry in material.learnt if wanted & set(material.labels_of(entry))]
    text = f"{counted(len(single), 'class', 'classes')} of {len(material.classes):,} have one example: {_names(single)}"
    remedy = "Add examples, join classes, or drop these."
    if material.kind == "single" and _all_numbers(material):
        remedy = "The labels look like numbers: if they are, learn a regression with --kind regression."
    alike = set(single) <= set(spellings(material))
    if alike:
        remedy = "They are others in another spelling: --fix writes them alike."
    severe = material.kind == "single" and not material.held
    yield Finding(
        check="rare-class",
        severity="blocking" if severe else "warning",
        text=text.replace("have one", "has one") if len(single) == 1 else text,
        remedy=remedy,
        rows=shown(rows),
        count=len(rows),
        fixable=alike,
    )


def _names(names: list[str]) -> str:
    said = ", ".join(clip(repr(name), 30) for name in names[:_SAID])
    return f"{said}, …" if len(names) > _SAID else said


def _all_numbers(material: Material) -> bool:
    return all(_is_number(name) for name in material.classes)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def many(material: Material) -> Iterator[Finding]:
    """Very many classes, or classes that are numbers in disguise."""
    count, rows = len(material.classes), len(material.learnt)
    if material.kind == "single" and count > 20 and count > rows / 2 and _all_numbers(material):
        yield Finding(
            check="numbers-as-classes",
            severity="warning",
            text=f"the labels are {count:,} different numbers in {rows:,} rows: as classes each is learnt by itself",
            remedy="If they are amounts or grades, learn a regression: --kind regression.",
        )
    elif count >= _MANY and rows / count < _THIN:
        yield Finding(
            check="many-classes",
            severity="warning",
            text=f"{count:,} classes with {rows / count:.1f} examples each, on average",
            remedy="Join classes, or compare with examples instead: `feature-extraction` finds the nearest ones.",
        )


def spellings(material: Material) -> dict[str, str]:
    """What each label should be written as, where that is not how it is."""
    return right_spellings(material.count_classes(material.sound))


def spelling(material: Material) -> Iterator[Finding]:
    """Labels that differ only in capitals, spaces or the normal form of their letters: one class made several."""
    right = spellings(material)
    if not right:
        return
    wanted = set(right)
    rows = [entry for entry in material.sound if wanted & set(material.labels_of(entry))]
    known = set(material.classes)
    twins = [name for name in right if right[name] in known or list(right.values()).count(right[name]) > 1]
    some = ", ".join(f"{ascii(a) if not a.isascii() else repr(a)} for {b!r}" for a, b in list(right.items())[:_SAID])
    what = (
        f"{'differs' if len(right) == 1 else 'differ'} only in capitals, spaces or unicode form from others"
        if twins
        else f"{'has' if len(right) == 1 else 'have'} spaces to spare or odd unicode"
    )
    yield Finding(
        check="label-spelling",
        severity="warning" if twins else "note",
        text=f"{counted(len(right), 'label')} {what}: {some}",
        remedy="--fix writes them alike.",
        rows=shown(rows),
        count=len(rows),
        fixable=True,
    )


def balance(material: Material) -> Iterator[Finding]:
    """How the examples are spread over the classes, and what a constant guess scores."""
    if material.kind != "single" or len(material.classes) < 2:
        return
    (top, most), *_, (least, fewest) = material.classes.most_common()
    total = material.classes.total()
    uneven = most / total >= _DOMINANT or most / fewest >= _UNEVEN
    text = f"{len(material.classes):,} classes; always saying {clip(repr(top), 30)} is right for {share(most, total)}"
    if uneven:
        text += f"; {clip(repr(least), 30)} has {counted(fewest, 'example')}, {clip(repr(top), 30)} {most:,}"
    yield Finding(
        check="balance",
        severity="warning" if uneven else "note",
        text=text,
        remedy="Judge by macro F1 and by the scores of each class, not by accuracy." if uneven else "",
    )


def few(material: Material) -> Iterator[Finding]:
    """So few examples that not every method can work."""
    if material.kind not in {"single", "multi"} or len(material.classes) < 2:
        return
    mean = len(material.learnt) / len(material.classes)
    if mean >= _FEW:
        return
    yield Finding(
        check="few-examples",
        severity="warning" if mean < _TINY else "note",
        text=f"{counted(round(mean), 'example')} a class, on average: too few to train all of a model",
        remedy="Use --method probe, which works from about five examples a class; expect wide intervals.",
    )


def numbers(material: Material) -> Iterator[Finding]:
    """Numbers to learn: whether they differ, and whether some lie far off."""
    values = [entry.row.label for entry in material.learnt if isinstance(entry.row.label, int | float)]
    if not values:
        return
    if len(set(values)) == 1:
        yield Finding(
            check="constant-number",
            severity="blocking",
            text=f"all {counted(len(values), 'label')} are {values[0]:g}: there is nothing to learn",
            remedy="Name another column of labels with --label-column.",
        )
        return
    ordered = sorted(values)
    low, middle, high = (ordered[int(len(ordered) * part)] for part in (0.25, 0.5, 0.75))
    reach = 10 * (high - low)
    far = [
        e
        for e in material.learnt
        if reach and isinstance(e.row.label, int | float) and abs(e.row.label - middle) > reach
    ]
    if far:
        yield Finding(
            check="far-numbers",
            severity="warning",
            text=f"{counted(len(far), 'label')} lie far from the others, of which half are from {low:g} to {high:g}",
            remedy="Look whether they are meant; a few such numbers can rule the loss.",
            rows=shown(far, lambda entry: f"{entry.row.label:g}"),
            count=len(far),
        )
    common, times = Counter(values).most_common(1)[0]
    yield Finding(
        check="numbers",
        severity="note",
        text=f"numbers from {ordered[0]:g} to {ordered[-1]:g}, half of them from {low:g} to {high:g}"
        + (f"; {common:g} is {share(times, len(values))} of them" if times > len(values) / 2 else ""),
    )
