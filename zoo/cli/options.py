"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "Batch",
    "Data",
    "DataOption",
    "Device",
    "Json",
    "Kind",
    "LabelColumn",
    "MaskColumn",
    "Model",
    "Models",
    "Offline",
    "Quiet",
    "SecondColumn",
    "SplitColumn",
    "TextColumn",
    "model_names",
    "named",
    "run_names",
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Offline = Annotated[bool, typer.Option("--offline", help="Open no socket; a missing file is named.")]
Device = Annotated[str, typer.Option(help="Where to run: auto, cpu, cuda, cuda:1, mps, xpu.", metavar="DEVICE")]
Batch = Annotated[int | None, typer.Option(help="Inputs run at once; found by measuring when not given.", min=1)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no messages.")]

Data = Annotated[
    str | None,
    typer.Argument(
        help="Folder with one sub-folder per class, a CSV, TSV, JSONL or Parquet file, COCO, YOLO or VOC boxes, or "
        "hf:owner/data-set.",
        metavar="DATA",
        show_default=False,
    ),
]
DataOption = Annotated[str | None, typer.Option(help="The same as an option.", metavar="DATA")]
Kind = Annotated[
    str | None,
    typer.Option(
        help="Form of the labels: single, multi, regression, tags, pairs, scored, text, mask, boxes, transcript."
    ),
]
TextColumn = Annotated[str | None, typer.Option(help="Column of the inputs (texts, files), for tables.")]
SecondColumn = Annotated[str | None, typer.Option(help="Column of the second texts, for pairs.")]
LabelColumn = Annotated[str | None, typer.Option(help="Column of the labels, for tables.")]
MaskColumn = Annotated[str | None, typer.Option(help="Column of the masks' paths, for tables.")]
SplitColumn = Annotated[str | None, typer.Option(help="Column that says train, validation or test.")]


def named(**columns: str | None) -> dict[str, str]:
    """The columns that were named, by role."""
    return {role: column for role, column in columns.items() if column is not None}


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
