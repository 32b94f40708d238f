"""`zoo show`: one model for a reader."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from zoo.cli.render import NOT_STATED, number, safe, size, when

__all__ = ["print_card"]


def print_card(shown: dict[str, Any]) -> None:
    """Print a model's card, licence, origin, files, lineage and runs, headings in bold on a terminal."""
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    for heading, lines in _sections(shown):
        sys.stdout.write(f"{bold}{heading}{plain}\n")
        for name, value in lines:
            sys.stdout.write(f"  {name:<14} {safe(value)}\n" if name else f"  {safe(value)}\n")


def _sections(shown: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    card = shown.get("card") or {}
    yield shown["id"], list(_facts(shown, card))
    yield "licence", list(_licence(card))
    yield "origin", list(_origin(shown, card))
    if facts := card.get("facts"):
        yield "facts come from", list(facts.items())
    for revision in shown.get("revisions", []):
        yield f"revision {revision['revision'][:12]}, here since {when(revision['pulled'])}", list(_files(revision))
    if not shown.get("revisions"):
        yield "files", [("", f"not here; `zoo pull {shown['id']}` fetches them")]
    if lineage := list(_lineage(shown)):
        yield "lineage", lineage
    options = shown.get("options", [])
    for task in dict.fromkeys(option["task"] for option in options):
        mine = [option for option in options if option["task"] == task]
        yield (
            f"options of {task} (--set name=value)",
            [(o["name"], f"{o['help']} (default {o['default']})") for o in mine],
        )


def _facts(shown: dict[str, Any], card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if summary := card.get("summary"):
        yield "", str(summary)
    yield "task", ", ".join([card.get("task", NOT_STATED), *card.get("tasks", [])])
    yield "architecture", f"{card.get('architecture', NOT_STATED)} ({card.get('library', NOT_STATED)})"
    yield "parameters", number(card.get("parameters")) or NOT_STATED
    for metric in card.get("metrics", []):
        yield metric["name"], f"{metric['value']:.4g} on {metric['dataset']} ({metric['source']})"
    for name in ("datasets", "languages", "tags"):
        if values := card.get(name):
            yield name, ", ".join(values[:12]) + (" …" if len(values) > 12 else "")
    if paper := card.get("paper"):
        yield "paper", str(paper)


def _licence(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    licence = card.get("licence", {})
    yield "weights", str(licence.get("weights", NOT_STATED))
    if "package" in licence:
        yield "package", str(licence["package"])
    if "source" in licence:
        yield "read from", str(licence["source"])


def _origin(shown: dict[str, Any], card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for source in card.get("sources", []):
        pin = f", sha256 {source['sha256'][:16]}…" if source.get("sha256") else ""
        yield "source", f"{source['uri']}{pin}"
    if feed := shown.get("feed"):
        named = " ".join(part for part in (feed["name"], feed["version"]) if part)
        yield "catalogued by", f"{named} ({feed['kind']})"


def _files(revision: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for file in revision.get("files", []):
        yield "", f"{file['path']}  {size(file['size'])}  {file['format']}  sha256 {file['sha256'][:16]}…"
        if file.get("source_path"):
            yield "", f"  converted from {file['source_path']}, sha256 {file['source_sha256'][:16]}…"
    for uri, sha256 in (revision.get("containers") or {}).items():
        yield "", f"taken out of {uri}, sha256 {sha256[:16]}…"


def _lineage(shown: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lineage = shown.get("lineage") or {}
    for edge in lineage.get("ancestors", []):
        run = f", run {edge['run']}" if edge.get("run") else ""
        yield "", f"{edge['child']} is {edge['relation']} from {edge['base']}{run}"
    for edge in lineage.get("descendants", []):
        yield "", f"{edge['child']} is {edge['relation']} from {edge['base']}"
