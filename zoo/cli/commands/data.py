"""`zoo data`: look through data before a model learns from it, and bring it into another form."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import (
    Json,
    Kind,
    LabelColumn,
    MaskColumn,
    Offline,
    SecondColumn,
    SplitColumn,
    TextColumn,
    named,
)

__all__ = ["convert", "doctor"]


def convert(
    source: Annotated[
        str,
        typer.Argument(
            help="COCO's JSON or folder, a folder in the form of YOLO or Pascal VOC, a table, hf:owner/data-set.",
            metavar="SOURCE",
            show_default=False,
        ),
    ],
    dest: Annotated[str, typer.Argument(help="The folder to be made.", metavar="DEST", show_default=False)],
    to: Annotated[str, typer.Option(help="The form to write: coco, yolo or voc.", show_default=False)],
    task: Annotated[str, typer.Option(help="What the data is for.")] = "object-detection",
    link: Annotated[
        bool, typer.Option("--link/--copy", help="Link pictures (hard), where the file system can, or copy them.")
    ] = False,
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Write labelled boxes anew in the form of COCO, YOLO or Pascal VOC.

    DEST is there whole or not at all, and the data itself is never changed. Data with faults is refused: `zoo data
    doctor` names them, and mends what is safe with --fix.

    \b
    Examples:
      zoo data convert annotations/instances_train.json cats-yolo --to yolo
      zoo data convert VOC2012/ voc-as-coco --to coco --link
    """
    from zoo.cli import data as looking

    looking.convert(source, dest, to=to, task=task, link=link, offline=offline, as_json=as_json)


def doctor(
    data: Annotated[
        str,
        typer.Argument(
            help="A folder, a CSV, TSV, JSONL, JSON or Parquet file, a text file, or hf:owner/data-set.",
            metavar="DATA",
            show_default=False,
        ),
    ],
    task: Annotated[str, typer.Option(help="What is to be learnt: image-classification, text-classification …")],
    kind: Kind = None,
    text_column: TextColumn = None,
    second_column: SecondColumn = None,
    label_column: LabelColumn = None,
    mask_column: MaskColumn = None,
    split_column: SplitColumn = None,
    deep: Annotated[
        bool, typer.Option("--deep/--quick", help="Decode pictures and look for near-duplicates, or not.")
    ] = True,
    fix: Annotated[bool, typer.Option("--fix", help="Write a copy with what can safely be mended.")] = False,
    out: Annotated[
        str | None, typer.Option(help="Where --fix writes; NAME-fixed beside the data if not given.", metavar="DIR")
    ] = None,
    offline: Offline = False,
    as_json: Json = False,
) -> int:
    """Say whether data is fit to learn from, and why not.

    The exit code is 0 when it is ready or usable, and 4 when it is broken. The data itself is never changed.

    \b
    Examples:
      zoo data doctor reviews.csv --task text-classification
      zoo data doctor pets/ --task image-classification --fix --out pets-mended
    """
    from zoo.cli import data as looking

    columns = named(text=text_column, second=second_column, label=label_column, mask=mask_column, split=split_column)
    return looking.doctor(
        data, task, kind=kind, columns=columns, deep=deep, fix=fix, out=out, offline=offline, as_json=as_json
    )
