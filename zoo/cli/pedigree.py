"""`zoo lineage`: read a model's family and write it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cli.render import emit_json, safe
from zoo.errors import BadInput, BadOption, UnknownModel

if TYPE_CHECKING:
    from zoo.descent.conflicts import Conflict, Inherited
    from zoo.descent.family import Descent

__all__ = ["CONFLICT", "lineage"]

CONFLICT = 1  # exit code of --strict where licences conflict
_MOST_SAID = 20


def lineage(
    ref: str,
    *,
    dot: bool = False,
    mermaid: bool = False,
    as_json: bool = False,
    depth: int | None = None,
    output: str | Path | None = None,
    strict: bool = False,
) -> int:
    """Print a model's family as a tree, a graph or JSON, or write it into a file; the exit code."""
    if dot + mermaid + as_json > 1:
        raise BadOption("--dot, --mermaid and --json exclude each other", "Choose one of them.")
    descent, to = _read(ref, depth), Path(output) if output is not None else None
    if as_json and to is None:
        emit_json(descent.to_dict())
    else:
        _write(_text(descent, "dot" if dot else "mermaid" if mermaid else "json" if as_json else "", to), to)
    return CONFLICT if strict and any(found.severity == "conflict" for found in descent.conflicts) else 0


def _read(ref: str, depth: int | None) -> Descent:
    """The family of a catalogued model, or of one that is only named as the base of another."""
    from zoo.descent.reading import read
    from zoo.refs import Ref
    from zoo.registry import Registry
    from zoo.resolve import known_id

    path, parsed = Registry().ready(), Ref.parse(ref)
    try:
        name, note = known_id(path, parsed)
    except UnknownModel as unknown:
        try:
            return read(path, parsed.name, depth=depth)
        except UnknownModel:
            raise unknown from None
    if note:
        print(f"zoo: {note}", file=sys.stderr)
    return read(path, name, depth=depth)


def _text(descent: Descent, form: str, to: Path | None) -> str:
    if form == "dot":
        from zoo.descent.graphs import dot

        return dot(descent)
    if form == "mermaid":
        from zoo.descent.graphs import mermaid

        return mermaid(descent)
    if form == "json":
        return json.dumps(descent.to_dict(), indent=2, ensure_ascii=False) + "\n"
    return _for_a_reader(descent, to)


def _for_a_reader(descent: Descent, to: Path | None) -> str:
    from zoo.cli.card import written
    from zoo.descent.tree import ASCII, UNICODE, tree

    strokes = UNICODE if to is not None or _can_write("".join(UNICODE)) else ASCII
    drawn = [safe(line) for line in tree(descent, strokes)]
    if not (descent.up or descent.down):
        drawn.append("nothing is known of a model that it was made from, or that was made from it")
    sections = [
        ("what its bases ask", _some([("", f"{i.model}, {_asked(i)}") for i in descent.inherited])),
        ("licences that do not fit", _some(_grouped(descent.conflicts))),
        ("licences that changed", _some([("", text) for text in descent.licence_changes])),
    ]
    said = written([(heading, lines) for heading, lines in sections if lines], plain=to is not None)
    return "\n".join([*drawn, *said]) + "\n"


def _asked(base: Inherited) -> str:
    from zoo.descent.wording import licence_text

    return f"{licence_text(base.licence)}: {'; '.join(base.obligations)}"


def _grouped(found: Iterable[Conflict]) -> list[tuple[str, str]]:
    """One sentence for all models that are alike in conflict with one base."""
    alike: dict[tuple[str, str, str], list[Conflict]] = {}
    for conflict in found:
        alike.setdefault((conflict.severity, conflict.base, conflict.licence), []).append(conflict)
    return [(group[0].severity, _sentence(group)) for group in alike.values()]


def _sentence(group: list[Conflict]) -> str:
    first = group[0]
    others = f"{first.model}, like {len(group) - 1} more," if len(group) > 1 else first.model
    return others + first.text.removeprefix(first.model)


def _some(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    rest = len(lines) - _MOST_SAID
    return [*lines[:_MOST_SAID], ("", f"and {rest} more; --json has all")] if rest > 0 else lines


def _can_write(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _write(text: str, path: Path | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}", "Name another file with -o.") from error
