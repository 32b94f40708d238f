"""`zoo search`, `zoo list`, `zoo show`: read the catalog and print."""

from __future__ import annotations

import sys
from typing import Any

from zoo.cli.render import emit_json, number, print_error, print_table, size, when, written_licence
from zoo.errors import NotFound, nearest

__all__ = ["list_models", "search", "show"]


def search(
    words: list[str],
    *,
    task: str | None = None,
    library: str | None = None,
    licence: str | None = None,
    installed: bool = False,
    limit: int = 20,
    as_json: bool = False,
) -> int:
    """Print the models that fit; exit code 3 when there is none."""
    from zoo.catalog import hot
    from zoo.registry import Registry

    path = Registry().ready()
    query = " ".join(words)
    filters: dict[str, Any] = {"task": task, "library": library, "licence": licence, "installed": installed or None}
    rows, total = hot.search(path, query, limit=limit, **filters)
    if as_json:
        emit_json(rows)
    elif rows:
        columns = ("model", "task", "params", "size", "licence", "metric", "here")
        print_table(
            columns, [_row(row) for row in rows], right=("params", "size"), least=("size", "metric", "task", "licence")
        )
        if total > len(rows):
            print(f"{len(rows)} of {total} models; --limit shows more", file=sys.stderr)
    if rows:
        return 0
    near = hot.near(path, query) if query else []
    print_error(_nothing_fits(query, near, {name: value for name, value in filters.items() if value}))
    return NotFound.exit_code


def _nothing_fits(query: str, near: list[str], filters: dict[str, Any]) -> NotFound:
    from zoo.tasks import TASKS

    if (task := filters.get("task")) and task not in TASKS:
        known = nearest(task, TASKS) or sorted(TASKS)
        return NotFound(f"there is no task {task!r}", f"Did you mean {', '.join(known)}?")
    asked = [f"{name} {value}" if isinstance(value, str) else name for name, value in filters.items()]
    what = " and ".join(([repr(query)] if query else []) + asked)
    hint = f"Did you mean {', '.join(near)}?" if near else "Use fewer or other words; `zoo search` alone shows all."
    return NotFound(f"no model fits {what}", hint)


def _row(row: dict[str, Any]) -> list[str]:
    metrics = row.get("metrics") or []
    metric = f"{metrics[0]['name']} {metrics[0]['value']:.4g}" if metrics else ""
    return [
        row["id"],
        row.get("task", ""),
        number(row.get("parameters")),
        size(row.get("size")),
        written_licence(row.get("licence")),
        metric,
        "yes" if row["installed"] else "",
    ]


def list_models(*, as_json: bool = False) -> int:
    """Print the installed models."""
    from zoo.catalog import hot
    from zoo.registry import Registry

    rows = hot.listing(Registry().ready())
    if as_json:
        emit_json(rows)
    elif not rows:
        print("nothing is installed yet; `zoo search` finds models, `zoo pull NAME` fetches one", file=sys.stderr)
    else:
        table = [
            [
                row["id"],
                row.get("task", ""),
                size(row.get("size")),
                written_licence(row.get("licence")),
                revision["revision"][:12],
                when(revision["pulled"]),
            ]
            for row in rows
            for revision in row["revisions"]
        ]
        print_table(
            ("model", "task", "size", "licence", "revision", "since"),
            table,
            right=("size",),
            least=("since", "task", "revision", "licence"),
        )
    return 0


def show(ref: str, *, as_json: bool = False) -> int:
    """Print all that is known of a model."""
    from zoo.registry import Registry

    shown = Registry().show(ref)
    if note := shown.get("note"):
        print(f"zoo: {note}", file=sys.stderr)
    if as_json:
        emit_json(shown)
    else:
        from zoo.cli.card import print_card

        print_card(shown)
    return 0
