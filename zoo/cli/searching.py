"""`zoo search`: ask the catalog and print rows, counts, or why nothing fits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

from zoo.catalog.asking import asked, metric_names
from zoo.catalog.query import Query
from zoo.cli.columns import chosen, print_rows, usual
from zoo.cli.fast import MOST
from zoo.cli.render import emit_json, print_error, safe
from zoo.errors import BadOption, NotFound

__all__ = ["search"]


class _Page(NamedTuple):
    limit: int
    offset: int
    number: int | None  # None when --offset said where to begin


def search(
    words: list[str],
    *,
    task: str | None = None,
    library: str | None = None,
    licence: str | None = None,
    installed: bool = False,
    sort: str | None = None,
    columns: str | None = None,
    limit: int = 20,
    page: int | None = None,
    offset: int | None = None,
    facets: bool = False,
    similar_to: str | None = None,
    as_json: bool = False,
) -> int:
    """Print the models that fit; exit code 3 when there is none."""
    from zoo.registry import Registry

    path = Registry().ready()
    names, words = _facet_names(words) if facets else ((), words)
    where = _page(limit, page, offset)
    query = asked(path, words, sort=sort, task=task, library=library, licence=licence, installed=installed or None)
    if similar_to is not None:
        if facets or query != Query():
            raise BadOption("--similar-to stands alone", f"Run `zoo search --similar-to {similar_to}`, with --limit.")
        return _similar(path, similar_to, where.limit, columns, as_json)
    if facets:
        from zoo.cli.counts import print_counts

        return 0 if print_counts(path, query, names, as_json=as_json) else _nothing(path, query)
    return _print_found(path, query, where, columns, as_json)


def _page(limit: int, page: int | None, offset: int | None) -> _Page:
    if page is not None and offset is not None:
        raise BadOption("--page and --offset both say where to begin", "Give one of them.")
    if offset is not None:
        return _Page(limit, offset, None)
    number = page or 1
    return _Page(limit, min((number - 1) * limit, MOST), number)


def _print_found(path: Path, query: Query, where: _Page, columns: str | None, as_json: bool) -> int:
    from zoo.catalog import hot

    found = hot.search(path, query, limit=where.limit, offset=where.offset)
    shown = usual(query) if columns is None else chosen(columns, lambda: metric_names(path))
    if as_json:
        emit_json(found.rows)
    elif found.rows:
        print_rows(found.rows, shown)
        _say_deprecated(found.rows)
        _say_more(found, where)
    if found.rows:
        return 0
    if found.total:
        fit = f"{found.total:,} model{'s' * (found.total != 1)} fit"
        print_error(NotFound(f"nothing is so far down: {fit}", "Begin with a smaller --page or --offset."))
        return NotFound.exit_code
    return _nothing(path, query)


def _nothing(path: Path, query: Query) -> int:
    from zoo.catalog.advice import nothing_fits

    print_error(nothing_fits(path, query))
    return NotFound.exit_code


def _say_deprecated(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if why := row.get("deprecated"):
            reason = f": {safe(why)}" if isinstance(why, str) else f"; `zoo show {row['id']}` says why"
            print(f"zoo: {row['id']} is deprecated{reason}", file=sys.stderr)


def _say_more(found: Any, where: _Page) -> None:
    """`20 of 1,969 models; --page 2 goes on`, on standard error."""
    last = where.offset + len(found.rows)
    if last >= found.total and found.exact and not where.offset:
        return
    which = f"{where.offset + 1:,}-{last:,}" if where.offset else f"{last:,}"
    total = f"{found.total:,}" if found.exact else f"more than {found.total:,}"
    goes_on = f"--page {where.number + 1}" if where.number else f"--offset {last}"
    print(
        f"{which} of {total} models" + (f"; {goes_on} goes on" if last < found.total or not found.exact else ""),
        file=sys.stderr,
    )


def _similar(path: Path, name: str, limit: int, columns: str | None, as_json: bool) -> int:
    from zoo.catalog import hot
    from zoo.refs import Ref
    from zoo.resolve import known_id

    model, note = known_id(path, Ref.parse(name))
    if note:
        print(f"zoo: {note}", file=sys.stderr)
    rows = hot.similar(path, model, limit)
    if as_json:
        emit_json(rows)
    elif rows:
        shown = (
            chosen(columns, lambda: metric_names(path))
            if columns
            else ["model", "task", "params", "licence", "metric", "here", "why"]
        )
        print_rows(rows, shown)
    if rows:
        return 0
    print_error(NotFound(f"nothing is like {model}", f"`zoo show {model}` shows what is known of it."))
    return NotFound.exit_code


def _facet_names(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """What `--facets` counts by, and the words without it: `vit task,lang` -> `(("task", "lang"), ["vit"])`."""
    from zoo.cli.counts import facet_names

    names = [facet_names(word) for word in words]
    return tuple(dict.fromkeys(n for found in names for n in found)), [
        word for word, found in zip(words, names, strict=True) if not found
    ]
