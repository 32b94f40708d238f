"""A model's family as a graph for other programs: Graphviz' DOT and Mermaid."""

from __future__ import annotations

from collections.abc import Iterator

from zoo.catalog.records import Edge
from zoo.descent.family import Descent
from zoo.descent.wording import about, step

__all__ = ["dot", "mermaid"]


def dot(descent: Descent) -> str:
    """The family in the DOT language (https://graphviz.org/doc/info/lang.html), one statement a line."""
    lines = ["digraph lineage {", "  rankdir=TB;", "  node [shape=box];"]
    lines += [f"  {_quoted(name)} {_dot_attributes(descent, name)};" for name in descent.drawn]
    lines += [
        f"  {_quoted(edge.base)} -> {_quoted(edge.child)} [label={_quoted(_step(descent, edge))}];"
        for edge in _edges(descent)
    ]
    for number, (name, text, upwards) in enumerate(_left_out(descent)):
        rest = f'"… {number}"'
        ends = (rest, _quoted(name)) if upwards else (_quoted(name), rest)
        lines.append(f"  {rest} [label={_quoted(text)}, shape=plaintext];")
        lines.append(f"  {ends[0]} -> {ends[1]};")
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(descent: Descent) -> str:
    """The family as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html)."""
    number = {name: f"n{i}" for i, name in enumerate(descent.drawn)}
    lines = ["flowchart TD"]
    lines += [f'  {number[name]}["{_entities(_label(descent, name))}"]' for name in number]
    lines += [
        f'  {number[edge.base]} -->|"{_entities(_step(descent, edge))}"| {number[edge.child]}'
        for edge in _edges(descent)
    ]
    for i, (name, text, upwards) in enumerate(_left_out(descent)):
        lines.append(f'  m{i}["{_entities(text)}"]')
        lines.append(f"  m{i} --> {number[name]}" if upwards else f"  {number[name]} --> m{i}")
    lines += ["  classDef asked stroke-width:3px", f"  class {number[descent.model]} asked"]
    if bad := [number[name] for name in number if _in_conflict(descent, name)]:
        lines += ["  classDef conflict stroke:#c00", f"  class {','.join(bad)} conflict"]
    return "\n".join(lines) + "\n"


def _label(descent: Descent, name: str) -> str:
    return "\n".join([name, *about(descent, descent.kin[name])])


def _step(descent: Descent, edge: Edge) -> str:
    return "\n".join(step(descent, edge, edge.child_revision))


def _edges(descent: Descent) -> list[Edge]:
    """Both directions, each edge once: a cycle has it above and below."""
    return list(dict.fromkeys((*descent.up, *descent.down)))


def _left_out(descent: Descent) -> Iterator[tuple[str, str, bool]]:
    for more, upwards in ((descent.more_up, True), (descent.more_down, False)):
        for name in sorted(more):
            yield name, f"… {more[name]} more", upwards


def _in_conflict(descent: Descent, name: str) -> bool:
    return any(found.model == name and found.severity == "conflict" for found in descent.conflicts)


def _dot_attributes(descent: Descent, name: str) -> str:
    made = [f"label={_quoted(_label(descent, name))}"]
    made += ["penwidth=3"] if name == descent.model else []
    made += [] if descent.kin[name].known else ["style=dashed"]
    made += ["color=red"] if _in_conflict(descent, name) else []
    return f"[{', '.join(made)}]"


def _quoted(text: str) -> str:
    """A DOT string: in quotes only the quote needs escaping, but labels read backslashes, and `\\n` ends a line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n") + '"'


def _entities(text: str) -> str:
    """A Mermaid label: what its grammar or HTML would read goes as the code of the letter, lines by `<br/>`."""
    kept = "".join(f"#{ord(c)};" if c in '"#<>&`|\\' or not (c.isprintable() or c == "\n") else c for c in text)
    return kept.replace("\n", "<br/>")
