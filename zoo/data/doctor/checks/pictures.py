"""Can every picture be seen as it was meant, and does it show anything?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from zoo.data.doctor.contents import Picture
from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Entry, Material, clip, counted, share, shown

__all__ = ["PLAIN_MODES", "animated", "flat", "odd_modes", "size_tells", "sizes", "tiny"]

PLAIN_MODES = ("RGB", "L", "1")
_TINY = 8  # pixels a side
_SPREAD = 10


def _known(material: Material) -> list[tuple[Entry, Picture]]:
    known = [(entry, material.pictures.get(entry.number)) for entry in material.sound]
    return [(entry, picture) for entry, picture in known if picture is not None and picture.problem is None]


def sizes(material: Material) -> Iterator[Finding]:
    """How large the pictures are."""
    areas = sorted((p.size[0] * p.size[1], p.size) for _, p in _known(material) if all(p.size))
    if not areas:
        return
    low, middle, high = areas[0][1], areas[len(areas) // 2][1], areas[-1][1]
    same = low == high
    text = (
        f"all {counted(len(areas), 'picture')} have"
        if same
        else f"from {low[0]} x {low[1]} to {high[0]} x {high[1]}, mostly about"
    )
    yield Finding(check="sizes", severity="note", text=f"{text} {middle[0]} x {middle[1]} pixels")


def tiny(material: Material) -> Iterator[Finding]:
    """Pictures with next to no pixels."""
    bad = {entry.number: picture for entry, picture in _known(material) if min(picture.size) < _TINY}
    if bad:
        rows = [entry for entry in material.sound if entry.number in bad]
        yield Finding(
            check="tiny-pictures",
            severity="warning",
            text=f"{counted(len(bad), 'picture')} ({share(len(bad), len(material.sound))}) "
            f"{'is' if len(bad) == 1 else 'are'} under {_TINY} pixels high or wide",
            remedy="Look whether they are previews or placeholders, and replace them or take them out.",
            rows=shown(rows, lambda e: "{} x {}".format(*bad[e.number].size)),
            count=len(bad),
        )


def flat(material: Material) -> Iterator[Finding]:
    """Pictures of one colour, several of them equal in that to nothing to be learnt."""
    bad = [entry for entry, picture in _known(material) if picture.flat and min(picture.size) >= _TINY]
    if bad:
        yield Finding(
            check="blank-pictures",
            severity="warning",
            text=f"{counted(len(bad), 'picture')} ({share(len(bad), len(material.sound))}) "
            f"{'has' if len(bad) == 1 else 'have'} one colour all over",
            remedy="Take them out if the colour is not what is to be learnt.",
            rows=shown(bad),
            count=len(bad),
        )


def odd_modes(material: Material) -> Iterator[Finding]:
    """Pictures that are not plain RGB or grey: they are converted, and that may not be what was meant."""
    modes = {entry.number: picture.mode for entry, picture in _known(material) if picture.mode not in PLAIN_MODES}
    if modes:
        rows = [entry for entry in material.sound if entry.number in modes]
        said = ", ".join(f"{mode} {count:,}" for mode, count in Counter(modes.values()).most_common())
        yield Finding(
            check="odd-modes",
            severity="note",
            text=f"{counted(len(modes), 'picture')} ({share(len(modes), len(material.sound))}) "
            f"{'is' if len(modes) == 1 else 'are'} neither RGB nor grey: {said}",
            remedy="They are converted when read, transparency onto white; --fix writes them so as PNG.",
            rows=shown(rows, lambda entry: modes[entry.number]),
            count=len(modes),
            fixable=True,
        )


def animated(material: Material) -> Iterator[Finding]:
    """Pictures with several frames, of which the first is seen."""
    bad = [entry for entry, picture in _known(material) if picture.animated]
    if bad:
        yield Finding(
            check="animated",
            severity="warning",
            text=f"{counted(len(bad), 'picture')} {'has' if len(bad) == 1 else 'have'} several frames or pages; "
            "only the first is seen",
            remedy="Write the frames that matter as pictures of their own.",
            rows=shown(bad),
            count=len(bad),
        )


def size_tells(material: Material) -> Iterator[Finding]:
    """Classes that differ in the size, mode or format of their files: a model may learn that and nothing else."""
    if material.kind != "single" or len(material.classes) < 2 or len(material.learnt) < 20:
        return
    forms: dict[Any, Counter[str]] = defaultdict(Counter)
    for entry, picture in _known(material):
        if entry.part in {"train", "all"}:
            forms[picture.size, picture.mode, picture.format].update(material.labels_of(entry))
    total = sum(counts.total() for counts in forms.values())
    if not 2 <= len(forms) <= total / _SPREAD:
        return
    right = sum(counts.most_common(1)[0][1] for counts in forms.values()) / total
    base = material.classes.most_common(1)[0][1] / material.classes.total()
    if right >= 0.95 and right - base >= 0.2:
        said = ", ".join(
            f"{clip(counts.most_common(1)[0][0], 20)!r} {form[0][0]} x {form[0][1]} {form[1]} {form[2]}".rstrip()
            for form, counts in sorted(forms.items(), key=lambda item: -item[1].total())[:3]
        )
        yield Finding(
            check="file-tells-class",
            severity="warning",
            text=f"size, mode and format of the file tell the class in {100 * right:.0f} % of the pictures: {said}",
            remedy="A model may learn how the files were made: bring all classes to one size and format.",
        )
