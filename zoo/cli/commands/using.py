"""`zoo predict` and `zoo finetune`: run a model, adapt a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli.options import Batch, Device, Json, Model, Offline, Quiet

__all__ = ["finetune", "predict"]


def predict(
    model: Model,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs or texts; - reads them from standard input, one per line.",
            metavar="INPUT",
            show_default=False,
        ),
    ] = None,
    task: Annotated[str | None, typer.Option(help="One of the model's tasks; its main one when not given.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="An option of the task, repeatable; `zoo show --options` lists them.", metavar="N=V"
        ),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write pictures of the results (speech: WAV files) here.", metavar="DIR")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write all results into this .jsonl or .parquet file; the same command goes on after a break.",
            metavar="FILE",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin the output file again.")] = False,
    on_error: Annotated[
        str,
        typer.Option(help="For inputs that cannot be used: raise, skip, or return an error in their place."),
    ] = "return",
    url: Annotated[bool, typer.Option("--url", help="Fetch inputs that are https:// URLs.")] = False,
    device: Annotated[
        str, typer.Option(help="Where to run: auto, cpu, cuda, cuda:1, mps, xpu, cuda:0,cuda:1.", metavar="DEVICE")
    ] = "auto",
    dtype: Annotated[str, typer.Option(help="Floating-point type: auto, float32, float16, bfloat16.")] = "auto",
    batch: Batch = None,
    compile_: Annotated[bool, typer.Option("--compile", help="Run through torch.compile: slow at first.")] = False,
    autocast: Annotated[
        str | None, typer.Option(help="Compute in this type where it is safe: bfloat16, float16.", metavar="TYPE")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="torch, or onnxruntime where it is faster.")] = None,
    quantize: Annotated[str | None, typer.Option(help="int8, where it is faster and keeps the results.")] = None,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Run a model on pictures, texts or recordings.

    One line per input on standard output, one JSON object per line with --json. An input that cannot be used is named
    on standard error, the others go on, and the exit code tells.

    \b
    Examples:
      zoo predict mobilenetv2_100 cat.jpg pictures/ --save out
      zoo predict all-MiniLM-L6-v2 "A cat sat." --json
      zoo predict mobilenetv2_100 photos/ --output labels.jsonl
      ls *.jpg | zoo predict mobilenetv2_100 -
    """
    from zoo.cli import predicting

    load: dict[str, Any] = {"device": device, "dtype": dtype, "batch": batch}
    further = {"compile": compile_ or None, "autocast": autocast, "engine": engine, "quantize": quantize}
    load |= {name: value for name, value in further.items() if value is not None}

    return predicting.predict(
        model,
        inputs or [],
        task=task,
        settings=settings or [],
        save=save,
        output=output,
        overwrite=overwrite,
        on_error=on_error,
        url=url,
        load=load,
        offline=offline,
        quiet=quiet,
        as_json=as_json,
    )


def finetune(
    model: Model,
    folder_or_table: Annotated[
        str | None,
        typer.Argument(
            help="Folder with one sub-folder of pictures per class, or a CSV, TSV, JSONL or Parquet file.",
            metavar="DATA",
            show_default=False,
        ),
    ] = None,
    data: Annotated[str | None, typer.Option(help="The same as an option.", metavar="DATA")] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the new model; made from base and data if not given.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="image-classification or text-classification.")] = None,
    method: Annotated[str, typer.Option(help="auto, or probe: a linear head on fixed features.")] = "auto",
    test_size: Annotated[float, typer.Option(help="Share of the data that is held out.")] = 0.2,
    limit: Annotated[int | None, typer.Option(help="Use only so many examples, stratified.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Of the split and the folds.")] = 0,
    text_column: Annotated[str | None, typer.Option(help="Column of the texts, for tables.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the labels, for tables.")] = None,
    device: Device = "auto",
    batch: Batch = None,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Adapt a model to labelled data.

    The result is a new model with its lineage; it can be used at once.

    \b
    Examples:
      zoo finetune mobilenetv2_100 pets/ --name my-pets
      zoo finetune all-MiniLM-L6-v2 --data reviews.csv
    """
    from zoo.cli import working

    if (folder_or_table is None) == (data is None):
        raise typer.BadParameter("name the data once: as `zoo finetune MODEL DATA`, or with --data", param_hint="DATA")
    return working.finetune(
        model,
        folder_or_table or data or "",
        offline=offline,
        quiet=quiet,
        as_json=as_json,
        name=name,
        task=task,
        method=method,
        test_size=test_size,
        limit=limit,
        seed=seed,
        text_column=text_column,
        label_column=label_column,
        device=device,
        batch=batch,
    )
