"""`zoo plugin new`: write, and say how to go on."""

from __future__ import annotations

from pathlib import Path

from zoo.cli.render import emit_json, safe

__all__ = ["new"]


def new(
    name: str, *, domain: str | None, task: str | None, into: Path | None, author: str | None, as_json: bool
) -> int:
    """Write a plugin and print its folder and the next commands."""
    from zoo.authoring import write_plugin

    made = write_plugin(name, domain=domain, task=task, into=into, author=author)
    if as_json:
        emit_json(made.to_dict())
        return 0
    count = f"{len(made.files)} files"
    print(safe(f"{made.folder}: {count}, with the model {made.model} for {made.kind.task}"))
    print("\nGo on with")
    for command in made.next:
        print(f"  {safe(command)}")
    return 0
