"""Is there something to hear in every recording, and are they of one kind?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Material, counted, share, shown

__all__ = ["durations", "rates", "silent"]

_SHORT, _LONG = 0.1, 30.0  # seconds


def durations(material: Material) -> Iterator[Finding]:
    """How long the recordings are."""
    seconds = {number: fact.seconds for number, fact in material.recordings.items() if fact.rate and not fact.problem}
    if not seconds:
        return
    ordered = sorted(seconds.values())
    middle = ordered[len(ordered) // 2]
    yield Finding(
        check="durations",
        severity="note",
        text=f"recordings from {ordered[0]:.1f} to {ordered[-1]:.1f} s, half of them under {middle:.1f} s",
    )
    for check, what, bad in (
        ("short-recordings", f"shorter than {_SHORT:g} s", {n for n, s in seconds.items() if s < _SHORT}),
        (
            "long-recordings",
            f"longer than {_LONG:g} s: models hear a part",
            {n for n, s in seconds.items() if s > _LONG},
        ),
    ):
        told_otherwise = check == "long-recordings" and material.kind == "transcript"
        if bad and not told_otherwise:
            rows = [entry for entry in material.sound if entry.number in bad]
            yield Finding(
                check=check,
                severity="warning" if check == "short-recordings" or len(bad) > 0.1 * len(seconds) else "note",
                text=f"{counted(len(bad), 'recording')} ({share(len(bad), len(seconds))}) "
                f"{'is' if len(bad) == 1 else 'are'} {what}",
                remedy="Look whether they are whole." if check == "short-recordings" else "Cut them to what matters.",
                rows=shown(rows, lambda entry: f"{seconds[entry.number]:.2f} s"),
                count=len(bad),
            )


def silent(material: Material) -> Iterator[Finding]:
    """Recordings without a sound."""
    bad = [entry for entry in material.sound if (fact := material.recordings.get(entry.number)) and fact.silent]
    if bad:
        yield Finding(
            check="silent",
            severity="warning",
            text=f"{counted(len(bad), 'recording')} ({share(len(bad), len(material.sound))}) "
            f"{'is' if len(bad) == 1 else 'are'} silent",
            remedy="Take them out, if silence is not what is to be learnt.",
            rows=shown(bad),
            count=len(bad),
        )


def rates(material: Material) -> Iterator[Finding]:
    """Samples a second, where they differ."""
    counts = Counter(fact.rate for fact in material.recordings.values() if fact.rate)
    if len(counts) > 1:
        said = ", ".join(f"{rate:,} Hz {share(n, counts.total())}" for rate, n in counts.most_common(5))
        yield Finding(
            check="mixed-rates",
            severity="note",
            text=f"recordings were made at different rates: {said}",
            remedy="They are brought to one rate when read; look whether the rate goes with the class.",
        )
