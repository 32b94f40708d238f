"""`zoo alias` and `zoo deprecate`: names of the user's own for revisions, and models not to be chosen any more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli.options import Json, Model, model_names
from zoo.cli.render import emit_json, print_table, safe, when

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["alias_history", "alias_list", "alias_set", "alias_unset", "deprecate"]

_SHORT = 12

Alias = Annotated[str, typer.Argument(help="A word, such as prod.", metavar="NAME", show_default=False)]
Revised = Annotated[
    str,
    typer.Argument(
        help="The model, its newest revision or the one after @: an alias, 7 or more digits, a hub commit.",
        autocompletion=model_names,
        metavar="MODEL[@REV]",
        show_default=False,
    ),
]
Maybe = Annotated[
    str | None,
    typer.Argument(
        help="A name of the catalog; all models if not given.",
        autocompletion=model_names,
        metavar="MODEL",
        show_default=False,
    ),
]


def _registry() -> Registry:
    from zoo.registry import Registry

    return Registry()


def _short(revision: str | None) -> str:
    return revision[:_SHORT] if revision else ""


def alias_set(name: Alias, model: Revised, as_json: Json = False) -> int:
    """Let a name mean a revision of a model, from now on.

    It is typed after the model, `my-model@prod`, wherever a model can be named. Setting it again moves it; the history
    keeps each move, so that it can be moved back.

    \b
    Examples:
      zoo alias set prod my-model
      zoo alias set prod my-model@3f2a1b9
    """
    from zoo import identity

    move = identity.set_alias(_registry(), name, model)
    if move.note:
        print(f"zoo: {safe(move.note)}", file=sys.stderr)
    if as_json:
        emit_json(move.to_dict())
    elif not move.changed:
        print(f"{move.model}@{name} is {_short(move.revision)} already")
    else:
        before = f", was {_short(move.previous)}" if move.previous else ""
        print(f"{move.model}@{name} is {_short(move.revision)}{before}")
    return 0


def alias_unset(name: Alias, model: Model, as_json: Json = False) -> int:
    """Remove an alias of a model; its history stays.

    \b
    Example:
      zoo alias unset prod my-model
    """
    from zoo import identity

    move = identity.unset_alias(_registry(), name, model)
    if as_json:
        emit_json(move.to_dict())
    else:
        print(f"{move.model}@{name} is no more, was {_short(move.previous)}")
    return 0


def alias_list(model: Maybe = None, as_json: Json = False) -> int:
    """List the aliases, of all models or of one."""
    from zoo import identity

    rows = identity.aliases(_registry(), model)
    if as_json:
        emit_json(rows)
    elif rows:
        columns = ("model", "alias", "revision", "upstream", "since")
        table = [
            [row["model"], row["alias"], _short(row["revision"]), _short(row["upstream"]), when(row["since"])]
            for row in rows
        ]
        print_table(columns, table, least=("upstream", "since"))
    else:
        print("no alias is set; `zoo alias set NAME MODEL` sets one", file=sys.stderr)
    return 0


def alias_history(model: Model, as_json: Json = False) -> int:
    """Show how the aliases of a model moved: when, from which revision to which, the oldest first.

    \b
    Example:
      zoo alias history my-model
    """
    from zoo import identity

    steps = identity.alias_history(_registry(), model)
    if as_json:
        emit_json([step.to_dict() for step in steps])
    elif steps:
        columns = ("when", "alias", "what", "from", "to", "by")
        table = [[when(s.changed), s.alias, s.what, _short(s.previous), _short(s.revision), s.who or ""] for s in steps]
        shown = len(columns) if any(step.who for step in steps) else len(columns) - 1
        print_table(columns[:shown], [row[:shown] for row in table])
    else:
        print("no alias was ever set", file=sys.stderr)
    return 0


def deprecate(
    model: Model,
    reason: Annotated[str | None, typer.Option(help="Why, in a sentence.", metavar="TEXT")] = None,
    use: Annotated[
        str | None,
        typer.Option(help="The model to take instead.", autocompletion=model_names, metavar="MODEL"),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="It may be chosen again.")] = False,
    as_json: Json = False,
) -> int:
    """Say that a model should not be chosen any more.

    It still loads, with a warning that names what to take instead; `zoo search` leaves it out unless asked.

    \b
    Examples:
      zoo deprecate u2netp --reason "too coarse for portraits" --use mobilenetv2_100
      zoo deprecate u2netp --undo
    """
    from zoo import identity

    if undo:
        if reason is not None or use is not None:
            raise typer.BadParameter("give either --undo, or --reason and --use", param_hint="--undo")
        name, was = identity.undeprecate(_registry(), model)
        if as_json:
            emit_json({"model": name, "deprecated": None, "changed": was})
        else:
            print(f"{name} may be chosen again" if was else f"{name} was not deprecated")
        return 0
    if reason is None:
        raise typer.BadParameter('say why: --reason "…"', param_hint="--reason")
    made = identity.deprecate(_registry(), model, reason, use)
    if as_json:
        emit_json(made.to_dict())
    else:
        print(safe(str(made)))
    return 0
