"""`zoo plugin add` and `zoo plugin remove`: call and print."""

from __future__ import annotations

import sys

from zoo.cli.render import emit_json, safe
from zoo.cli.working import open_zoo

__all__ = ["add", "remove"]


def add(folder: str, *, name: str | None, as_json: bool) -> int:
    """Make a folder of cards a plugin and name its models."""
    from zoo import feeding

    made = feeding.add_folder(open_zoo(), folder, name)
    for warning in made.warnings:
        print(f"zoo: {safe(warning)}", file=sys.stderr)
    if as_json:
        emit_json(made.to_dict())
        return 0
    count = "1 model" if len(made.models) == 1 else f"{len(made.models)} models"
    print(f"{safe(made.name)}: {count} of {safe(str(made.folder))}")
    for model in made.models:
        print(f"  {model}")
    return 0


def remove(name: str, *, as_json: bool) -> int:
    """Take a folder out of the plugins."""
    from zoo import feeding

    folder = feeding.remove_folder(open_zoo(), name)
    if as_json:
        emit_json({"name": name, "folder": str(folder)})
    else:
        print(f"removed plugin {safe(name)}; {safe(str(folder))} stays as it is")
    return 0
