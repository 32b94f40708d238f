"""What margins do to transformers' detectors: pictures of one batch are padded to a common size at right and below.

DETR and its nearest relatives are told by a mask where a picture ends: their positions, and with these their boxes, are
parts of the picture without its margin (Carion et al., arXiv:2005.12872; `normalize_coords` of their sine positions,
`valid_ratios` of Deformable DETR, arXiv:2010.04159). All others see the margin as a part of the picture. Some of them
take a mask and never look at it (RT-DETR, D-FINE); LW-DETR's and RF-DETR's bodies do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from zoo.plugin import Checkpoint, read_object

__all__ = ["apart", "heeds_margins"]

_HEED = frozenset({"conditional_detr", "dab-detr", "deformable_detr", "detr", "table-transformer"})


def heeds_margins(checkpoint: Checkpoint) -> bool:
    """Whether the model is told where pictures end, by the `model_type` of its config.json."""
    return read_object(checkpoint, "config.json").get("model_type") in _HEED


def apart(pixels: Tensor, shown: Tensor, run: Callable[[Tensor, list[int]], Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """What a model gives that does not know where pictures end: those of one size are run together, without margins.

    Args:
        pixels: (batch, 3, height, width).
        shown: (batch, height, width), 1 for a picture, 0 for its margin.
        run: from pictures and their places in the batch to outputs (pictures, …).

    Returns:
        outputs (batch, …) in the batch's order.
    """
    sizes: dict[tuple[int, int], list[int]] = {}
    ends = zip(shown[:, :, 0].sum(1).tolist(), shown[:, 0].sum(1).tolist(), strict=True)
    for place, (height, width) in enumerate(ends):
        sizes.setdefault((int(height), int(width)), []).append(place)
    if len(sizes) == 1:
        return dict(run(pixels, list(range(len(pixels)))))
    runs = [run(pixels[places, :, :height, :width], places) for (height, width), places in sizes.items()]
    order = torch.tensor([place for places in sizes.values() for place in places], device=pixels.device).argsort()
    return {name: torch.cat([one[name] for one in runs])[order] for name in runs[0]}
