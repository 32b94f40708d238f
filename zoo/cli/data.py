"""`zoo data doctor` and `zoo data convert`: call and print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.render import emit_json, safe

if TYPE_CHECKING:
    from zoo.data.doctor import Diagnosis, Mended

__all__ = ["convert", "doctor"]

_BROKEN = 4
_VERDICTS = {
    "ready": "ready: nothing stands in the way",
    "usable": "usable: it can be learnt from; read the warnings first",
    "broken": "broken: it cannot be learnt from as it is",
}


def doctor(
    data: str,
    task: str,
    *,
    kind: Any,
    columns: Mapping[str, str],
    deep: bool,
    fix: bool,
    out: str | None,
    offline: bool,
    as_json: bool,
) -> int:
    """Print what was found, the verdict first, and what was mended; returns 0, or 4 when the data is broken."""
    from zoo.data import Columns
    from zoo.data.doctor import diagnose, mend
    from zoo.settings import Settings

    settings = Settings.read()
    raw, found = diagnose(
        data,
        task,
        kind=kind,
        columns=Columns.of(columns),
        cache=settings.home / "cache" / "datasets",
        offline=offline or settings.offline,
        deep=deep,
    )
    mended = None
    if fix and raw is not None and any(finding.fixable for finding in found.findings):
        mended = mend(raw, found, _out(data, out))
    if as_json:
        emit_json({**found.to_dict(), "fixed": mended.to_dict() if mended else None})
    else:
        _print(found)
        if fix:
            _print_mended(mended)
    return _BROKEN if found.verdict == "broken" else 0


def convert(source: str, dest: str, *, to: Any, task: str, link: bool, offline: bool, as_json: bool) -> None:
    """Write the data anew in another form, and print what was written."""
    from zoo.data import convert as convert_boxes
    from zoo.settings import Settings

    settings = Settings.read()
    made = convert_boxes(
        source,
        dest,
        to=to,
        task=task,
        link=link,
        cache=settings.home / "cache" / "datasets",
        offline=offline or settings.offline,
    )
    if as_json:
        emit_json(made.to_dict())
        return
    parts = ", ".join(f"{count:,} {part}" for part, count in made.counts.items() if part != "all")
    total = sum(made.counts.values())
    print(safe(f"written to {made.path}"))
    print(
        f"{total:,} {'picture' if total == 1 else 'pictures'}{f' ({parts})' if parts else ''} with {made.boxes:,} "
        f"{'box' if made.boxes == 1 else 'boxes'} of {len(made.classes):,} "
        f"{'class' if len(made.classes) == 1 else 'classes'}"
    )
    for note in made.notes:
        print(safe(f"note: {note}"))


def _out(data: str, out: str | None) -> Path:
    if out is not None:
        return Path(out).expanduser()
    path = Path(data.removeprefix("hf:").replace("@", "-") if data.startswith("hf:") else data).expanduser()
    return Path(f"{path.name}-fixed") if data.startswith("hf:") else path.resolve().with_name(f"{path.stem}-fixed")


def _print(found: Diagnosis) -> None:
    rows = ", ".join(
        f"{count:,} {part}" if part != "all" else f"{count:,} rows" for part, count in found.counts.items()
    )
    about = f"{found.task}, {found.kind}" + (f": {rows}" if rows else "")
    print(safe(f"{found.name}: {_VERDICTS[found.verdict]}"))
    print(safe(about))
    for finding in found.findings:
        print()
        print(safe(f"{finding.severity:<8}  {finding.check}: {finding.text}"))
        for row in finding.rows:
            print(safe(f"            {row}"))
        if finding.remedy:
            print(safe(f"          {finding.remedy}"))


def _print_mended(mended: Mended | None) -> None:
    print()
    if mended is None:
        print("nothing was written: there is nothing that can safely be mended")
        return
    print(safe(f"written to {mended.path}"))
    for line in mended.changes:
        print(safe(f"  {line}"))
