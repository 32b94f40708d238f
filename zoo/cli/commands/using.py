"""`zoo predict`: run a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli.options import Batch, Json, Model, Offline, Quiet

__all__ = ["predict"]


def predict(
    model: Model,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files (films too), folders, globs or texts; - reads them from standard input, one per line.",
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
        Path | None,
        typer.Option(
            help="Write pictures of the results (speech: WAV files; with --format: text files) here.", metavar="DIR"
        ),
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
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="text, json; srt, vtt: transcripts; rttm: speakers; coco: boxes and masks; csv: forecasts.",
            metavar="FORMAT",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin the output file again.")] = False,
    on_error: Annotated[
        str,
        typer.Option(help="For inputs that cannot be used: raise, skip, or return an error in their place."),
    ] = "return",
    every: Annotated[int, typer.Option(help="Of a film's frames, take each Nth.", min=1, metavar="N")] = 1,
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
      zoo predict whisper-base talk.wav --format srt > talk.srt
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
        format=format_,
        every=every,
    )
