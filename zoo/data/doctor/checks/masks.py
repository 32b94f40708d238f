"""Do the masks fit their pictures, and do they show what is to be learnt?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Material, counted, share, shown
from zoo.data.masks import IGNORED

__all__ = ["one_class", "sizes", "unreadable", "values", "wrong_sizes"]

_SHADES = 32  # different values from which a mask without names is rather a picture with soft edges


def unreadable(material: Material) -> Iterator[Finding]:
    """Masks that cannot be read."""
    bad = material.bad_masks
    if bad:
        entries = [entry for entry in material.entries if entry.number in bad]
        yield Finding(
            check="bad-masks",
            severity="blocking",
            text=f"{counted(len(entries), 'mask')} of {len(material.entries):,} cannot be used",
            remedy="Mend them, or leave these rows out with --fix.",
            rows=shown(entries, lambda entry: bad[entry.number]),
            count=len(entries),
            fixable=True,
        )


def wrong_sizes(material: Material) -> dict[int, str]:
    """Numbers of the rows whose mask has another size than the picture, with both sizes."""
    bad = {}
    for entry in material.sound if material.kind == "mask" else ():
        mask, picture = material.masks[entry.number], material.pictures[entry.number]
        if all(mask.size) and all(picture.size) and mask.size != picture.size:
            bad[entry.number] = "mask {} x {}, picture {} x {}".format(*mask.size, *picture.size)
    return bad


def sizes(material: Material) -> Iterator[Finding]:
    """Masks that are not as large as their pictures."""
    bad = wrong_sizes(material)
    if bad:
        rows = [entry for entry in material.sound if entry.number in bad]
        yield Finding(
            check="mask-size",
            severity="blocking",
            text=f"{counted(len(bad), 'mask')} of {len(material.sound):,} "
            f"{'has' if len(bad) == 1 else 'have'} another size than the picture",
            remedy="Make them anew at the picture's size, or leave these rows out with --fix.",
            rows=shown(rows, lambda entry: bad[entry.number]),
            count=len(bad),
            fixable=True,
        )


def values(material: Material) -> Iterator[Finding]:
    """Values that no class has, and how much of the pictures each value takes."""
    total = _total(material)
    if len(total) < 2:
        return
    names = material.raw.classes
    strange = sorted(value for value in total if value >= len(names) and value != IGNORED) if len(names) > 2 else []
    if strange:
        rows = [e for e in material.sound if set(strange) & set(material.masks[e.number].values)]
        said = ", ".join(map(str, strange[:5])) + (", …" if len(strange) > 5 else "")
        yield Finding(
            check="mask-values",
            severity="blocking",
            text=f"{counted(len(rows), 'mask')} of {len(material.sound):,} have values that no class has: {said}",
            remedy=f"Classes 0 to {len(names) - 1} have names: name all, or write {IGNORED} where none is meant.",
            rows=shown(rows),
            count=len(rows),
        )
    elif len(total) > _SHADES and not names:
        yield Finding(
            check="mask-shades",
            severity="warning",
            text=f"the masks have {len(total)} different values, each of which would be a class",
            remedy="Soft edges, or JPEG: save the class of each pixel as PNG, without smoothing.",
        )
    else:
        named = [
            (names[value] if value < len(names) else f"value {value}", count) for value, count in sorted(total.items())
        ]
        said = ", ".join(f"{name} {share(count, total.total())}" for name, count in named)
        yield Finding(check="mask-shares", severity="note", text=f"of all pixels of the masks: {said}")


def one_class(material: Material) -> Iterator[Finding]:
    """Masks that show one class alone: all of them, or some."""
    seen = {entry.number: found for entry in material.sound if (found := material.masks[entry.number].values)}
    total = _total(material)
    plain = [entry for entry in material.sound if len(seen.get(entry.number, ())) == 1]
    if len(total) == 1:
        yield Finding(
            check="one-class",
            severity="blocking",
            text=f"all pixels of all {counted(len(seen), 'mask')} have the value {next(iter(total))}",
            remedy="At least two classes are needed; look how the masks were written.",
            count=len(seen),
        )
    elif plain:
        yield Finding(
            check="plain-masks",
            severity="warning" if len(plain) > len(seen) / 2 else "note",
            text=f"{counted(len(plain), 'mask')} ({share(len(plain), len(seen))}) "
            f"{'shows' if len(plain) == 1 else 'show'} one class alone",
            remedy="Fine where the picture has nothing to find; else the masks were written wrongly.",
            rows=shown(plain),
            count=len(plain),
        )


def _total(material: Material) -> Counter[int]:
    total: Counter[int] = Counter()
    for entry in material.sound:
        total.update(material.masks[entry.number].values)
    return total
