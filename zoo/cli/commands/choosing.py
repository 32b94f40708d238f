"""`zoo recommend`: which model for my data?"""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import (
    Batch,
    Device,
    Json,
    LabelColumn,
    Offline,
    Quiet,
    SplitColumn,
    TextColumn,
    model_names,
    named,
)

__all__ = ["recommend"]


def recommend(
    data: Annotated[
        str,
        typer.Argument(
            help="Folder with one sub-folder per class, a CSV, TSV, JSONL or Parquet file, or hf:owner/data-set.",
            metavar="DATA",
            show_default=False,
        ),
    ],
    task: Annotated[
        str | None,
        typer.Option(
            help="image-, text-, audio-classification, object-detection, automatic-speech-recognition; by itself what "
            "the data is fit for."
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Form of the labels: single, multi, regression, boxes, transcript.")
    ] = None,
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            help="Compare these models only, repeatable; all that are here when not given.",
            metavar="MODEL",
            autocompletion=model_names,
        ),
    ] = None,
    download: Annotated[
        int, typer.Option(help="Fetch so many models of the catalog besides, small ones first.", min=0, metavar="N")
    ] = 0,
    max_params: Annotated[
        str | None, typer.Option(help="Only models of so many parameters at most: 30M.", metavar="N")
    ] = None,
    max_ms: Annotated[
        float | None, typer.Option(help="Only models that take so many milliseconds for an input here, at most.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Only models of this licence: commercial, permissive, Apache-2.0 …")
    ] = None,
    sample: Annotated[int, typer.Option(help="Examples to measure on, at most.", min=10)] = 1000,
    seed: Annotated[int, typer.Option(help="Of the held-out part, the sample and the folds.")] = 0,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    split_column: SplitColumn = None,
    then_finetune: Annotated[
        bool, typer.Option("--then-finetune", help="Go on and fine-tune the recommended model.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="Name of the model that --then-finetune makes.")] = None,
    device: Device = "auto",
    batch: Batch = None,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Rank models for data of your own, without training them.

    Every model's features of a sample are computed once; the predicted score is that of a linear head on them, by
    cross-validation. Detectors and transcribers are run on the sample as they are, and judged by mAP or WER. What was
    computed is kept, so that the same command is quick the second time, and goes on where it was stopped.

    \b
    Examples:
      zoo recommend pets/
      zoo recommend reviews.csv --max-ms 50 --licence commercial
      zoo recommend pets/ --download 3 --then-finetune --name my-pets
    """
    from zoo.cli import choosing

    if name is not None and not then_finetune:
        raise typer.BadParameter("there is nothing to name without --then-finetune", param_hint="--name")
    return choosing.recommend(
        data,
        task=task,
        kind=kind,
        candidates=tuple(candidates or ()),
        download=download,
        max_params=max_params,
        max_ms=max_ms,
        licence=licence,
        sample=sample,
        seed=seed,
        columns=named(text=text_column, label=label_column, split=split_column),
        device=device,
        batch=batch,
        then_finetune=then_finetune,
        name=name,
        offline=offline,
        quiet=quiet,
        as_json=as_json,
    )
