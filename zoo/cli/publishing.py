"""What `zoo publish` prints: the file, what is in it, and how it is installed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.render import emit_json, safe, size

if TYPE_CHECKING:
    from zoo.publishing import Published

__all__ = ["publish"]


def publish(model: str, to: Path, wishes: Mapping[str, Any], *, dry_run: bool, offline: bool, as_json: bool) -> int:
    """Publish a model, and print what came of it; notes go to standard error."""
    from zoo.publishing import publish as make
    from zoo.registry import Registry

    made = make(Registry(offline=True if offline else None), model, to, dry_run=dry_run, **wishes)
    for note in made.notes:
        print(f"zoo: {safe(note)}", file=sys.stderr)
    if as_json:
        emit_json({**made.to_dict(), "dry_run": dry_run})
    else:
        for line in _lines(made, dry_run=dry_run):
            print(line)
    return 0


def _lines(made: Published, *, dry_run: bool) -> Iterator[str]:
    state = "would be written" if dry_run else "written" if made.written else "is there already, the same"
    yield f"{safe(str(made.path))}  {size(made.size)}  {state}"
    yield f"  model     {safe(made.id)} @ {made.installed_revision[:12]}"
    yield f"  licence   {safe(made.licence)}"
    yield f"  packed    {_files(made.packed)}"
    if made.referred:
        places = sorted({uri.partition("#")[0] for file in made.referred for uri in file.origin})
        few = ", ".join(map(safe, places[:3])) + (f" and {len(places) - 3} more" if len(places) > 3 else "")
        yield f"  referred  {_files(made.referred)}: {few}"
    if not dry_run:
        what = "build it with" if made.path.is_dir() else "install it with"
        command = "pip wheel --no-deps" if made.path.is_dir() else "pip install"
        yield f"{what}: {command} {shlex.quote(str(made.path))}"


def _files(files: Any) -> str:
    count = len(files)
    if not count:
        return "nothing"
    return f"{count} file{'' if count == 1 else 's'}, {size(sum(file.size for file in files))}"
