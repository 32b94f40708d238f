"""`zoo fit`: does a model fit, where, and what would make it fit?"""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import Json, Model

__all__ = ["fit"]


def fit(
    model: Model,
    finetune: Annotated[
        str | None,
        typer.Option(help="Ask for fine-tuning: probe, head, lora or full; to run it if not given.", metavar="METHOD"),
    ] = None,
    batch: Annotated[int, typer.Option(help="Inputs at once.")] = 1,
    length: Annotated[
        int | None, typer.Option(help="Of texts, in tokens; the model's longest, 512 at most, if not given.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="Of the weights: auto, float32, bfloat16, float16.")] = "auto",
    quantize: Annotated[str | None, typer.Option(help="int8, on the CPU.", metavar="int8")] = None,
    checkpointing: Annotated[
        bool, typer.Option("--checkpointing", help="Train with gradient checkpointing: slower, with less memory.")
    ] = False,
    device: Annotated[
        str | None, typer.Option(help="Ask about this device alone: cpu, cuda:1 …", metavar="DEVICE")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="Ask about a device that is not here: 8GB.", metavar="SIZE")
    ] = None,
    as_json: Json = False,
) -> int:
    """Say whether a model fits, where, and what would make it fit.

    Nothing is fetched and no connection is opened. The exit code is 0 when it fits as asked, and 7 when it does not.

    \b
    Examples:
      zoo fit resnet50 --batch 64
      zoo fit bert-base-uncased --finetune full --memory 8GB
    """
    from zoo.cli import fitting

    return fitting.fit(
        model,
        finetune=finetune,
        batch=batch,
        length=length,
        dtype=dtype,
        quantize=quantize,
        checkpointing=checkpointing,
        device=device,
        memory=memory,
        as_json=as_json,
    )
