"""What the tests of fine-tuning detectors share: pictures of coloured rectangles, and some steps of learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.ops import box_iou

from zoo.data import LabelledBox
from zoo.plugin import Target

__all__ = ["TARGET", "learn", "recall", "scenes"]

COLOURS = {"red": (220, 30, 30), "blue": (20, 40, 210)}
TARGET = Target(kind="boxes", labels=tuple(COLOURS))

Scene = tuple[Image.Image, tuple[LabelledBox, ...]]


def scenes(count: int, side: int = 96, seed: int = 0) -> list[Scene]:
    """Grey squares with a red rectangle in the left half and a blue one in the right half."""
    generator, made = np.random.default_rng(seed), []
    for _ in range(count):
        pixels, boxes = generator.normal(110, 8, (side, side, 3)), []
        for place, (name, colour) in enumerate(COLOURS.items()):
            wide, high = (int(n) for n in generator.integers(side // 4, side * 4 // 10, 2))
            x, y = (
                int(generator.integers(0, side // 2 - wide)) + place * side // 2,
                int(generator.integers(side - high)),
            )
            pixels[y : y + high, x : x + wide] = np.array(colour) + generator.normal(0, 8, (high, wide, 3))
            boxes.append(LabelledBox(name, (float(x), float(y), float(x + wide), float(y + high))))
        made.append((Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), tuple(boxes)))
    return made


def learn(
    adapter: Any, module: torch.nn.Module, data: Sequence[Scene], *, steps: int, rate: float, batch: int = 8
) -> list[float]:
    """Some steps of AdamW on what is not frozen; the losses."""
    optimiser = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], rate)
    examples = [adapter.encode(picture, boxes, TARGET, draw=None) for picture, boxes in data]
    losses = []
    for step in range(steps):
        chosen = [examples[(step * batch + place) % len(examples)] for place in range(batch)]
        module.train()
        loss, _ = adapter.loss(module, adapter.batch(chosen, TARGET), TARGET)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    module.eval()
    return losses


def recall(runner: Any, module: torch.nn.Module, data: Sequence[Scene], threshold: float = 0.3) -> float:
    """Which share of the objects a runner finds with their class and an overlap of half at least."""
    options = runner.Options(threshold=threshold)
    hits = []
    for picture, boxes in data:
        examples = list(runner.prepare(picture, options))
        with torch.inference_mode():
            outputs = runner.forward(module, runner.collate(examples), options)
        found = runner.merge(runner.finish(outputs, examples, options), options).boxes
        for one in boxes:
            same = torch.tensor([box.box for box in found if box.label == one.label]).reshape(-1, 4)
            hits.append(bool((box_iou(torch.tensor([one.box]), same) >= 0.5).any()))
    return sum(hits) / len(hits)
