"""`zoo show`: one model for a reader."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from zoo.cli.render import NOT_STATED, number, safe, size, when

__all__ = ["print_card", "written"]

Lines = list[tuple[str, str]]

_LABEL = 14
_MOST = 12


def print_card(shown: dict[str, Any]) -> None:
    """Print a model's card, licence, origin, files, lineage and runs, headings in bold on a terminal."""
    sys.stdout.write("".join(f"{line}\n" for line in written(list(_sections(shown)))))


def written(sections: Iterable[tuple[str, Lines]], *, plain: bool = False) -> list[str]:
    """Headings, each with its `(label, text)` lines below; wrapped to the terminal's width, if it is one.

    `plain` writes as for a file: not wrapped, no bold.
    """
    at_terminal = sys.stdout.isatty() and not plain
    width = shutil.get_terminal_size().columns if at_terminal else None
    bold, normal = ("\x1b[1m", "\x1b[0m") if at_terminal else ("", "")
    made = []
    for heading, lines in sections:
        made.append(f"{bold}{safe(heading)}{normal}")
        for label, text in lines:
            made += _line(label, safe(text), width)
    return made


def _line(label: str, text: str, width: int | None) -> list[str]:
    start = f"  {label:<{_LABEL}} " if label else "  "
    if width is None or len(start) + len(text) <= width:
        return [start + text]
    rest = " " * (len(start) if label else 4)
    if width < len(rest) + 20:  # no room beside the label: below it
        start, rest = f"  {label}\n    " if label else "  ", "    "
    room = max(width - len(rest), 10)
    pieces = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    return (start + f"\n{rest}".join(pieces)).split("\n")


def _sections(shown: dict[str, Any]) -> Iterator[tuple[str, Lines]]:
    card = shown.get("card") or {}
    yield shown["id"], list(_facts(shown, card))
    yield "licence", list(_licence(shown, card))
    yield "origin", list(_origin(shown, card))
    if facts := card.get("facts"):
        yield "facts come from", list(_sources_of_facts(facts))
    if yours := list(_yours(shown)):
        yield "yours", yours
    for revision in shown.get("revisions", []):
        names = "".join(f", @{alias}" for alias in revision.get("aliases", []))
        heading = f"revision {revision['revision'][:12]}, here since {when(revision['pulled'])}{names}"
        yield heading, list(_files(revision))
    if not shown.get("revisions"):
        yield "files", [("", f"not here; `zoo pull {shown['id']}` fetches them")]
    if lineage := list(_lineage(shown)):
        yield "lineage", lineage
    yield from _options(shown.get("options", []))


def _facts(shown: dict[str, Any], card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if summary := card.get("summary"):
        yield "", str(summary)
    if reason := card.get("deprecated"):
        instead = card.get("replaced_by")
        yield "deprecated", f"{reason.rstrip('.')}; take {instead} instead" if instead else str(reason)
    yield "task", ", ".join([card.get("task", NOT_STATED), *card.get("tasks", [])])
    yield "architecture", f"{card.get('architecture', NOT_STATED)} ({card.get('library', NOT_STATED)})"
    yield from _names(shown, card)
    yield from _numbers(shown, card)
    for metric in card.get("metrics", []):
        yield metric["name"], f"{metric['value']:.4g} on {metric['dataset']} ({metric['source']})"
    for name in ("datasets", "languages", "tags"):
        if values := card.get(name):
            yield name, _some(values)
    if paper := card.get("paper"):
        yield "paper", str(paper)


def _some(values: Sequence[str]) -> str:
    return ", ".join(values[:_MOST]) + (" …" if len(values) > _MOST else "")


def _names(shown: dict[str, Any], card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    variants = shown.get("variants") or {}
    if family := card.get("family"):
        count = (variants.get("family") or {}).get("models", 0)
        yield "family", f"{family}, {count:,} models" if count > 1 else str(family)
    if short := variants.get("short"):
        default = short.get("default")
        which = "; this is the default" if default == shown["id"] else f"; the default is {default}" if default else ""
        yield "variants", f"{short['models']:,} of {short['name']}{which}"
    if aliases := card.get("aliases"):
        yield "also called", ", ".join(aliases)


def _numbers(shown: dict[str, Any], card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "parameters", number(card.get("parameters")) or NOT_STATED
    macs = card.get("macs")
    yield "macs", f"{number(macs, 'G')} multiply-accumulates an input" if macs is not None else NOT_STATED
    yield "size", size(_weights(shown, card)) or NOT_STATED
    if asked := _input(shown, card):
        yield "input", asked
    yield "published", str(card.get("published") or NOT_STATED)
    downloads = card.get("downloads")
    yield "downloads", f"{downloads:,} in 30 days" if downloads is not None else NOT_STATED


def _weights(shown: dict[str, Any], card: dict[str, Any]) -> int | None:
    """Bytes of the files: as the card lists or states them, else as the catalog knows, else as they are here."""
    sizes = [file.get("size") for file in card.get("files", [])]
    listed = sum(sizes) if sizes and all(sizes) else None
    here = next((row["size"] for row in shown.get("revisions", [])), None)
    return listed or card.get("size") or shown.get("size") or here


def _input(shown: dict[str, Any], card: dict[str, Any]) -> str:
    """The picture that the model takes: `224 x 224 pixels, 3 channels`."""
    shape = (card.get("config") or {}).get("input_size")
    if isinstance(shape, list | tuple) and len(shape) >= 2:
        channels = f", {shape[0]} channels" if len(shape) == 3 else ""
        return f"{shape[-1]} x {shape[-2]} pixels{channels}"
    return f"{shown['input']:,} pixels" if shown.get("input") else ""


def _licence(shown: dict[str, Any], card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    from zoo.licences import obligations

    licence = card.get("licence", {})
    weights = str(licence.get("weights") or NOT_STATED)
    yield "weights", _classed(weights)
    if "package" in licence:
        yield "package", _classed(str(licence["package"]))
    yield "asks", "; ".join(obligations(weights))
    if "source" in licence:
        yield "read from", str(licence["source"])
    for base in shown.get("inherited", []):
        yield "inherited", f"{base['model']}, {_classed(base['licence'])}: {'; '.join(base['obligations'])}"
    for found in shown.get("conflicts", []):
        yield str(found["severity"]), str(found["text"])
    for text in shown.get("licence_changes", []):
        yield "changed", str(text)


def _classed(expression: str) -> str:
    from zoo.licences import licence_class

    kind = licence_class(expression)
    return expression if kind == expression else f"{expression} ({kind})"


def _origin(shown: dict[str, Any], card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for source in card.get("sources", []):
        pin = f", sha256 {source['sha256'][:16]}…" if source.get("sha256") else ""
        yield "source", f"{source['uri']}{pin}"
    if feed := shown.get("feed"):
        named = " ".join(part for part in (feed["name"], feed["version"]) if part)
        synced = f", synced {when(feed['synced'])}" if feed.get("synced") else ""
        yield "catalogued by", f"{named} ({feed['kind']}){synced}"


def _sources_of_facts(facts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each source once, with the facts that were read there."""
    by_source: dict[str, list[str]] = {}
    for name, source in facts.items():
        by_source.setdefault(source, []).append(name)
    for source, names in by_source.items():
        label = ", ".join(names)
        yield (label, source) if len(label) <= _LABEL else ("", f"{label}: {source}")


def _yours(shown: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the user added: edits with the feed's own value beside them, notes."""
    for edit in shown.get("edits") or []:
        offered = edit.get("offered")
        feed = f" (its feed says {_value(offered)})" if offered is not None else ""
        yield "edited", f"{edit['field']}: {_value(edit.get('value'))}{feed}"
    for note in shown.get("notes") or []:
        told = note if isinstance(note, dict) else {"text": note}
        day = f"{told['written'][:10]}  " if told.get("written") else ""
        yield "note", f"{day}{told['text']}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_value(part)}" for name, part in value.items() if part)
    if isinstance(value, list | tuple):
        return ", ".join(_value(part) for part in value)
    return NOT_STATED if value in {None, ""} else str(value)


def _files(revision: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for file in revision.get("files", []):
        yield "", f"{file['path']}  {size(file['size'])}  {file['format']}  sha256 {file['sha256'][:16]}…"
        if file.get("source_path"):
            yield "", f"  converted from {file['source_path']}, sha256 {file['source_sha256'][:16]}…"
    for uri, sha256 in (revision.get("containers") or {}).items():
        yield "", f"taken out of {uri}, sha256 {sha256[:16]}…"


def _lineage(shown: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lineage = shown.get("lineage") or {}
    for end in ("ancestors", "descendants"):
        edges = lineage.get(end, [])
        for edge in edges[:_MOST]:
            run = f", run {edge['run']}" if edge.get("run") else ""
            how = "made from" if edge["relation"] == "declared" else f"{edge['relation']} from"
            yield "", f"{edge['child']} is {how} {edge['base']}{run}"
        if len(edges) > _MOST:
            yield "", f"and {len(edges) - _MOST:,} more; `zoo lineage {shown['id']}` draws them"


def _options(options: list[dict[str, Any]]) -> Iterator[tuple[str, Lines]]:
    for task in dict.fromkeys(option["task"] for option in options):
        mine = [option for option in options if option["task"] == task]
        lines = [(o["name"], f"{o['help']} (default {o['default']})") for o in mine]
        yield f"options of {task} (--set name=value)", lines
