"""`zoo list`, `zoo show`: read the catalog and print."""

from __future__ import annotations

import sys

from zoo.cli.render import emit_json, print_table, size, when, written_licence

__all__ = ["list_models", "show"]


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
