"""All checks on one data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.doctor.checks import CHECKS
from zoo.data.doctor.findings import Diagnosis, Finding
from zoo.data.doctor.material import Material
from zoo.errors import BadData
from zoo.tasks import LEARNT, TargetKind

if TYPE_CHECKING:
    from zoo.data import Columns, RawData

__all__ = ["diagnose", "examine"]

_REMEDY = "Give a folder, a table, or a data set of the hub, that has rows."


def examine(raw: RawData, *, deep: bool = True) -> Diagnosis:
    """Look a data set through.

    Args:
        raw: as `read_raw` read it.
        deep: decode every picture and recording (of more than 5,000, a sample of so many) and look for near-duplicates;
            else look at the beginnings of files and for equal ones.
    """
    material = Material(raw, deep=deep)
    findings = [finding for check in CHECKS if check.fits(material) for finding in check.look(material)]
    return Diagnosis(
        name=raw.name,
        task=raw.task,
        kind=raw.kind,
        counts={part: len(rows) for part, rows in raw.parts.items()},
        findings=tuple(findings),
        deep=deep,
    )


def diagnose(
    source: Any,
    task: str,
    *,
    kind: TargetKind | None = None,
    columns: Columns | None = None,
    cache: Path | None = None,
    offline: bool = False,
    deep: bool = True,
) -> tuple[RawData | None, Diagnosis]:
    """Read a data set and look it through; one that cannot be read is a diagnosis too, without data.

    Args: see `zoo.data.read_raw` and `examine`.
    """
    from zoo.data import read_raw

    try:
        raw = read_raw(source, task, kind=kind, columns=columns, cache=cache, offline=offline)
    except BadData as error:
        name = Path(str(source)).stem if isinstance(source, str | Path) else "data"
        finding = Finding(check="unusable", severity="blocking", text=error.cause, remedy=error.remedy or _REMEDY)
        kind = kind or LEARNT.get(task, ("single",))[0]
        return None, Diagnosis(name=name, task=task, kind=kind, findings=(finding,), deep=deep)
    return raw, examine(raw, deep=deep)
