"""Do the boxes lie in their pictures, and is there enough of each class?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from zoo.data.doctor.boxed import Drawn, declared_size
from zoo.data.doctor.findings import Finding, Severity
from zoo.data.doctor.material import SHOWN, Entry, Material, clip, counted, share, shown

__all__ = [
    "classes",
    "crowded",
    "faulty",
    "left_aside",
    "no_objects",
    "objects",
    "picture_sizes",
    "repeated",
    "small",
    "without_objects",
    "wrong_sizes",
]

# By fault: the check's name, its severity, what is said of one box and of several, and the remedy.
_FAULTS: dict[str, tuple[str, Severity, str, str, str]] = {
    "malformed": (
        "bad-boxes",
        "blocking",
        "is not four numbers that make a box",
        "are not four numbers that make a box",
        "Correct them, or leave these pictures out with --fix.",
    ),
    "category": (
        "unknown-category",
        "blocking",
        "has a category that is none",
        "have a category that is none",
        "Add the category to the list, or drop these boxes with --fix.",
    ),
    "negative": (
        "negative-boxes",
        "blocking",
        "has its second corner before the first",
        "have their second corner before the first",
        "Look whether corners were written as width and height, or leave these pictures out with --fix.",
    ),
    "empty": ("empty-boxes", "blocking", "has no area", "have no area", "Draw them anew, or drop them with --fix."),
    "outside": (
        "boxes-outside",
        "blocking",
        "lies outside of its picture, or reaches far over the edge",
        "lie outside of their pictures, or reach far over the edge",
        "Look whether the pictures were made smaller after they had been drawn; --fix clips them, and drops what is "
        "wholly outside.",
    ),
    "edge": (
        "boxes-over-edge",
        "warning",
        "reaches a little over the edge of its picture",
        "reach a little over the edge of their pictures",
        "--fix clips them.",
    ),
}
_TINY, _SMALL = 2, 8  # pixels wide or high
_FEW = 10  # objects of a class under which little can be learnt or said
_UNEVEN = 20  # times as many objects of one class as of another
_CROWDED = 100  # objects of a picture that COCO's measure counts
_SAID = 5


def faulty(material: Material) -> Iterator[Finding]:
    """Boxes that no picture, or not theirs, can have."""
    total = len(material.drawn)
    for fault, (check, severity, single, several, remedy) in _FAULTS.items():
        bad = [one for one in material.drawn if one.fault == fault]
        if bad:
            yield Finding(
                check=check,
                severity=severity,
                text=f"{_boxes(len(bad))} of {total:,} {single if len(bad) == 1 else several}",
                remedy=remedy,
                rows=_named(material, bad),
                count=len({one.entry for one in bad}),
                fixable=True,
            )


def _boxes(count: int) -> str:
    return counted(count, "box", "boxes")


def _named(material: Material, boxes: Iterable[Drawn], why: Callable[[Drawn], str] | None = None) -> tuple[str, ...]:
    """Some boxes, with their pictures and what is wrong with them."""
    rows = {entry.number: entry.row for entry in material.entries}
    named = []
    for one, _ in zip(boxes, range(SHOWN), strict=False):
        row = rows[one.entry]
        said = why(one) if why else one.said
        if one.fault == "malformed" and row.problem:
            named.append(f"{row.where} {row.problem}")
        else:
            named.append(f"{row.where} box {one.number} ({clip(one.box.label or 'no label', 30)}) {said}")
    return tuple(dict.fromkeys(named))


def wrong_sizes(material: Material) -> dict[int, str]:
    """Numbers of the rows whose picture is not as large as its annotation says, with both sizes."""
    bad = {}
    for entry in material.entries if material.kind == "boxes" else ():
        said, real = declared_size(entry.row.columns), material.upright.get(entry.number)
        if said is not None and real is not None and said != real:
            turned = ", turned by a quarter" if said == real[::-1] else ""
            bad[entry.number] = "is {} x {}, its annotation says {} x {}{}".format(*real, *said, turned)
    return bad


def picture_sizes(material: Material) -> Iterator[Finding]:
    """Pictures of another size than that in which their boxes were drawn."""
    bad = wrong_sizes(material)
    if bad:
        rows = [entry for entry in material.entries if entry.number in bad]
        yield Finding(
            check="picture-size",
            severity="blocking",
            text=f"{counted(len(bad), 'picture')} of {len(material.entries):,} "
            f"{'has' if len(bad) == 1 else 'have'} another size than the annotation says",
            remedy="Give the pictures in which the boxes were drawn; or correct width and height, if the boxes fit; or "
            "leave these pictures out with --fix.",
            rows=shown(rows, lambda entry: bad[entry.number]),
            count=len(bad),
            fixable=True,
        )


def no_objects(material: Material) -> Iterator[Finding]:
    """Nothing but pictures without objects."""
    if material.learnt and not material.classes:
        yield Finding(
            check="no-objects",
            severity="blocking",
            text=f"none of {counted(len(material.learnt), 'picture')} to learn from has an object",
            remedy="Add pictures with boxes; look whether the annotations are where they are looked for.",
            count=len(material.learnt),
        )


def without_objects(material: Material) -> Iterator[Finding]:
    """Pictures that show what is not to be found."""
    bad = [entry for entry in material.sound if not entry.row.label]
    if bad and material.classes:
        yield Finding(
            check="without-objects",
            severity="warning" if len(bad) > len(material.sound) / 2 else "note",
            text=f"{counted(len(bad), 'picture')} ({share(len(bad), len(material.sound))}) "
            f"{'has' if len(bad) == 1 else 'have'} no object",
            remedy="Fine where there is none: that is learnt too. If they were not drawn yet, take them out.",
            rows=shown(bad),
            count=len(bad),
        )


def repeated(material: Material) -> Iterator[Finding]:
    """The same box of the same class twice in a picture."""
    bad = [one for one in material.drawn if one.repeated and one.fault is None]
    if bad:
        yield Finding(
            check="duplicate-boxes",
            severity="warning",
            text=f"{_boxes(len(bad))} of {len(material.drawn):,} {'repeats' if len(bad) == 1 else 'repeat'} another "
            "of the same picture",
            remedy="--fix keeps the first of each.",
            rows=_named(material, bad, lambda one: "is there already"),
            count=len({one.entry for one in bad}),
            fixable=True,
        )


def small(material: Material) -> Iterator[Finding]:
    """Boxes of so few pixels that nothing is to be seen in them."""
    good = [one for one in material.drawn if one.fault in {None, "edge"} and not one.box.crowd]
    tiny = [one for one in good if _side(one) < _TINY]
    if tiny:
        yield Finding(
            check="tiny-boxes",
            severity="warning",
            text=f"{_boxes(len(tiny))} ({share(len(tiny), len(good))}) {'is' if len(tiny) == 1 else 'are'} under "
            f"{_TINY} pixels wide or high",
            remedy="Look whether they are slips of the mouse, and take them out.",
            rows=_named(material, tiny, _large),
            count=len({one.entry for one in tiny}),
        )
    little = [one for one in good if _TINY <= _side(one) < _SMALL]
    if little:
        yield Finding(
            check="small-boxes",
            severity="note",
            text=f"{_boxes(len(little))} ({share(len(little), len(good))}) {'is' if len(little) == 1 else 'are'} under "
            f"{_SMALL} pixels wide or high, which most detectors miss",
            remedy="Learn and predict on tiles, or on larger pictures, if these are what is to be found.",
            rows=_named(material, little, _large),
            count=len({one.entry for one in little}),
        )


def _side(one: Drawn) -> float:
    x1, y1, x2, y2 = one.box.box
    return min(x2 - x1, y2 - y1)


def _large(one: Drawn) -> str:
    x1, y1, x2, y2 = one.box.box
    return f"is {x2 - x1:.3g} x {y2 - y1:.3g} pixels"


def classes(material: Material) -> Iterator[Finding]:
    """Classes without objects, or with few, and how unequal they are."""
    if not material.classes:
        return
    held = set(material.count_classes(entry for entry in material.sound if entry.part not in {"train", "all"}))
    absent = [name for name in material.raw.classes if name not in material.classes]
    untaught = [name for name in absent if name in held]
    if untaught:
        yield Finding(
            check="unseen-class",
            severity="warning",
            text=f"what is judged by has objects of classes that the training part lacks: {_names(untaught)}",
            remedy="None of them will be found: add training pictures of them, or leave the classes out.",
        )
    if unused := [name for name in absent if name not in held]:
        yield Finding(
            check="unused-class",
            severity="note",
            text=f"{counted(len(unused), 'class', 'classes')} of {len(material.raw.classes):,} "
            f"{'has' if len(unused) == 1 else 'have'} no object: {_names(unused)}",
            remedy="Take them out of the list if they are not to be found.",
        )
    few = [name for name, count in material.classes.items() if count < _FEW]
    if few:
        said = ", ".join(f"{clip(repr(name), 30)} {material.classes[name]}" for name in few[:_SAID])
        yield Finding(
            check="few-objects",
            severity="warning",
            text=f"{counted(len(few), 'class', 'classes')} of {len(material.classes):,} "
            f"{'has' if len(few) == 1 else 'have'} under {_FEW} objects to learn from: {said}"
            + (", …" if len(few) > _SAID else ""),
            remedy="Add pictures of them; expect wide intervals for these classes.",
        )
    yield from _balance(material.classes)


def _balance(found: Counter[str]) -> Iterator[Finding]:
    (top, most), *_, (least, fewest) = [*found.most_common(), *found.most_common()[-1:]]
    if len(found) > 1:
        uneven = most >= _UNEVEN * fewest
        text = f"{len(found):,} classes: {clip(repr(top), 30)} has {most:,} objects, {clip(repr(least), 30)} {fewest:,}"
        remedy = "Judge by the precision of each class, not by the mean alone." if uneven else ""
        yield Finding(check="balance", severity="warning" if uneven else "note", text=text, remedy=remedy)


def _names(names: Sequence[str]) -> str:
    said = ", ".join(clip(repr(name), 30) for name in names[:_SAID])
    return f"{said}, …" if len(names) > _SAID else said


def objects(material: Material) -> Iterator[Finding]:
    """How many objects there are, and how large."""
    counts = sorted(len(material.labels_of(entry)) for entry in material.sound)
    if not counts or not counts[-1]:
        return
    groups = sum(one.crowd for entry in material.sound for one in entry.row.label)
    text = f"{counted(sum(counts), 'object')} in {counted(len(counts), 'picture')}: {counts[0]:,} to {counts[-1]:,} a "
    text += f"picture, mostly about {counts[len(counts) // 2]:,}"
    if groups:
        text += f"; {_boxes(groups)} of groups, or difficult, count for nothing"
    yield Finding(check="objects", severity="note", text=text)


def crowded(material: Material) -> Iterator[Finding]:
    """Pictures with more objects than are counted."""
    bad: list[Entry] = [entry for entry in material.sound if len(entry.row.label) > _CROWDED]
    if bad:
        yield Finding(
            check="crowded-pictures",
            severity="note",
            text=f"{counted(len(bad), 'picture')} {'has' if len(bad) == 1 else 'have'} over {_CROWDED} objects: COCO's "
            f"measure counts the {_CROWDED} surest finds of a picture, and some detectors make no more",
            remedy="Cut them into tiles.",
            rows=shown(bad, lambda entry: counted(len(entry.row.label), "object")),
            count=len(bad),
        )


def left_aside(material: Material) -> Iterator[Finding]:
    """What the reader leaves aside on purpose."""
    for note in material.raw.notes:
        yield Finding(check="left-aside", severity="note", text=note)
