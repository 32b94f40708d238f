"""How the answer of `zoo fit` is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.cli.render import emit_json, print_table, safe, size

if TYPE_CHECKING:
    from zoo.fitting import Fit

__all__ = ["fit"]

_NO_ROOM = 7
_PARTS = ("weights", "activations", "gradients", "optimizer", "features")


def fit(model: str, *, memory: str | None, as_json: bool, **asked: Any) -> int:
    """Print the answer; returns 0 when the model fits as asked, 7 when it does not or its size is not known."""
    from zoo.fitting import Question, fit, read_bytes
    from zoo.registry import Registry

    question = Question(memory=None if memory is None else read_bytes(memory), **asked)
    made = fit(Registry(offline=True, quiet=True), model, question)
    if as_json:
        emit_json(made.to_dict())
    else:
        _print(made)
    return 0 if made.fits else _NO_ROOM


def _print(made: Fit) -> None:
    print(safe(f"{made.model}: {made}"))
    print()
    rows = [_row(verdict) for verdict in made.to_dict()["devices"]]
    shown = [part for part in _PARTS if any(row[part] for row in rows)]
    columns = ["device", "dtype", *shown, "total", "room", "fits", "largest batch"]
    right = [*shown, "total", "room", "largest batch"]
    print_table(columns, [[row[column] for column in columns] for row in rows], right)
    print()
    for line in _lines(made):
        print(safe(line))


def _row(verdict: dict[str, Any]) -> dict[str, str]:
    needs = verdict["needs"] or {}
    largest = verdict["largest_batch"]
    return {
        **{part: size(needs[part]) if needs.get(part) else "" for part in _PARTS},
        "device": verdict["device"],
        "dtype": verdict["dtype"],
        "total": size(needs.get("total")),
        "room": size(verdict["room"]),
        "fits": "yes" if verdict["fits"] else "no" if needs else "",
        "largest batch": "" if largest is None else f"{largest:,}",
    }


def _lines(made: Fit) -> list[str]:
    inputs = ", ".join(f"{name} {' x '.join(map(str, shape)) or 'one'}" for name, shape in made.inputs.items())
    found = [
        f"inputs    {made.question.batch} of {inputs}" if inputs else "inputs    not known",
        f"weights   {made.source}",
        f"download  {_download(made)}",
    ]
    return [*found, *(f"note      {note}" for note in made.notes)]


def _download(made: Fit) -> str:
    if made.download.here:
        return "none, its files are here"
    return f"{size(made.download.size) or 'of a size not stated'}, {size(made.download.free)} free on the disk"
