"""`zoo tag` and `zoo note`: words and notes of the user's own for models."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.cli.options import Json, Model, model_names
from zoo.cli.render import emit_json, print_table, when

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["note_add", "note_list", "note_remove", "tag_add", "tag_list", "tag_remove"]

Maybe = Annotated[
    str | None,
    typer.Argument(
        help="A name of the catalog; all models if not given.",
        autocompletion=model_names,
        metavar="MODEL",
        show_default=False,
    ),
]
Words = Annotated[list[str], typer.Argument(help="Words, such as fast.", metavar="WORD", show_default=False)]


def _registry() -> Registry:
    from zoo.registry import Registry

    return Registry()


def tag_add(model: Model, words: Words, as_json: Json = False) -> int:
    """Add tags to a model, under which `zoo search` finds it.

    \b
    Example:
      zoo tag add mobilenetv2_100 fast approved
      zoo search tag:approved
    """
    from zoo import identity

    return _print_tags(identity.add_tags(_registry(), model, words), as_json)


def tag_remove(model: Model, words: Words, as_json: Json = False) -> int:
    """Remove tags from a model: your own, and in this zoo also those of its card.

    \b
    Example:
      zoo tag remove mobilenetv2_100 fast
    """
    from zoo import identity

    return _print_tags(identity.remove_tags(_registry(), model, words), as_json)


def tag_list(model: Maybe = None, as_json: Json = False) -> int:
    """List your own tags with their models, or all tags of one model."""
    from zoo import identity

    if model is not None:
        return _print_tags(identity.tags(_registry(), model), as_json)
    rows = identity.own_tags(_registry())
    if as_json:
        emit_json(rows)
    elif rows:
        print_table(("tag", "models"), [[row["tag"], ", ".join(row["models"])] for row in rows])
    else:
        print("there are no tags of your own; `zoo tag add MODEL WORD` adds one", file=sys.stderr)
    return 0


def _print_tags(rows: list[dict[str, Any]], as_json: bool) -> int:
    if as_json:
        emit_json(rows)
    elif rows:
        print_table(("model", "tag", "yours"), [[r["model"], r["tag"], "yes" if r["yours"] else ""] for r in rows])
    else:
        print("it has no tags", file=sys.stderr)
    return 0


def note_add(
    model: Model,
    text: Annotated[str, typer.Argument(help="The note.", metavar="TEXT", show_default=False)],
    as_json: Json = False,
) -> int:
    """Write a note about a model, which `zoo show` shows with its time.

    \b
    Example:
      zoo note add mobilenetv2_100 "wrong on night pictures, see report 12"
    """
    from zoo import identity

    made = identity.add_note(_registry(), model, text)
    if as_json:
        emit_json(made)
    else:
        print(f"note {made['key']} about {made['model']}")
    return 0


def note_list(model: Maybe = None, as_json: Json = False) -> int:
    """List the notes, about all models or one, the oldest first."""
    from zoo import identity

    rows = identity.notes(_registry(), model)
    if as_json:
        emit_json(rows)
    elif rows:
        table = [[r["model"], str(r["key"]), when(r["written"]), " ".join(r["text"].split())] for r in rows]
        print_table(("model", "number", "written", "note"), table, right=("number",), least=("written",))
    else:
        print("there are no notes; `zoo note add MODEL TEXT` writes one", file=sys.stderr)
    return 0


def note_remove(
    model: Model,
    number: Annotated[int, typer.Argument(help="As `zoo note list` shows it.", metavar="NUMBER", show_default=False)],
    as_json: Json = False,
) -> int:
    """Remove a note about a model.

    \b
    Example:
      zoo note remove mobilenetv2_100 3
    """
    from zoo import identity

    removed = identity.remove_note(_registry(), model, number)
    if as_json:
        emit_json({"model": removed, "key": number})
    else:
        print(f"removed note {number} about {removed}")
    return 0
