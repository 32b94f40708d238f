"""SSD with MobileNet v2 in torch, as TensorFlow's object detection API builds it.

Sources: "SSD: Single Shot MultiBox Detector" (arXiv 1512.02325), "MobileNetV2" (arXiv 1801.04381), and TensorFlow's
`research/object_detection/samples/configs/ssd_mobilenet_v2_coco.config` for anchors, box coder and thresholds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["GRIDS", "SsdMobileNetV2", "decode_boxes", "encode_boxes", "make_anchors"]

# Expansion, channels, repeats, stride of the first (MobileNetV2, table 2).
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
_EXTRAS = (512, 256, 256, 128)
_FIRST_FEATURE = 13  # the block whose expanded input, before its stride, is the finest feature map
_FINE, _COARSE = 576, 1280  # channels of the two finest feature maps

GRIDS = (19, 10, 5, 3, 2, 1)  # cells a side of the six feature maps for a 300-pixel picture
_MIN_SCALE, _MAX_SCALE = 0.2, 0.95
_ASPECTS = (1.0, 2.0, 0.5, 3.0, 0.3333)  # 0.3333 is what the config says, not a third
_CODER = (10.0, 10.0, 5.0, 5.0)


def _same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Pad as TensorFlow's "SAME": the odd pixel goes to the bottom and right."""
    pads: list[int] = []
    for size in (x.shape[-1], x.shape[-2]):
        total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(x, pads) if any(pads) else x


class ConvNorm(nn.Module):
    """Convolution with "SAME" padding, batch normalisation (epsilon .001), and ReLU6 where `act`."""

    def __init__(self, c_in: int, c_out: int, size: int, *, stride: int = 1, groups: int = 1, act: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, size, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(c_out, eps=0.001)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """(batch, c_in, height, width) to (batch, c_out, ceil(height / stride), ceil(width / stride))."""
        x = self.norm(self.conv(_same(x, self.conv.kernel_size[0], self.conv.stride[0])))
        return functional.relu6(x) if self.act else x


class Inverted(nn.Module):
    """Inverted residual block; `expanded` gives what lies before its stride."""

    def __init__(self, c_in: int, c_out: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = c_in * expansion
        self.expand = ConvNorm(c_in, wide, 1) if expansion > 1 else None
        self.depthwise = ConvNorm(wide, wide, 3, stride=stride, groups=wide)
        self.project = ConvNorm(wide, c_out, 1, act=False)
        self.residual = stride == 1 and c_in == c_out

    def expanded(self, x: Tensor) -> Tensor:
        """The block's input widened by its expansion."""
        return x if self.expand is None else self.expand(x)

    def forward(self, x: Tensor) -> Tensor:
        """The block's output, with its input added where the shapes allow it."""
        made: Tensor = self.project(self.depthwise(self.expanded(x)))
        return made + x if self.residual else made


class Extra(nn.Module):
    """One of the coarser feature maps: squeeze, halve, widen."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.squeeze = ConvNorm(c_in, c_out // 2, 1)
        self.depthwise = ConvNorm(c_out // 2, c_out // 2, 3, stride=2, groups=c_out // 2)
        self.widen = ConvNorm(c_out // 2, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, c_in, n, n) to (batch, c_out, ceil(n / 2), ceil(n / 2))."""
        made: Tensor = self.widen(self.depthwise(self.squeeze(x)))
        return made


class SsdMobileNetV2(nn.Module):
    """The detector.

    Args:
        classes: outputs an anchor, the background (index 0) among them.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.stem = ConvNorm(3, 32, 3, stride=2)
        self.blocks = nn.ModuleList(_blocks())
        self.last = ConvNorm(_STAGES[-1][1], _COARSE, 1)
        inputs = (_COARSE, *_EXTRAS[:-1])
        self.extras = nn.ModuleList(Extra(a, b) for a, b in zip(inputs, _EXTRAS, strict=True))
        widths = (_FINE, _COARSE, *_EXTRAS)
        counts = [len(shapes) for shapes in _anchor_shapes()]
        self.boxes = nn.ModuleList(nn.Conv2d(w, n * 4, 3, padding=1) for w, n in zip(widths, counts, strict=True))
        self.scores = nn.ModuleList(
            nn.Conv2d(w, n * classes, 3, padding=1) for w, n in zip(widths, counts, strict=True)
        )

    def features(self, x: Tensor) -> list[Tensor]:
        """The six feature maps, finest first, of pictures (batch, 3, 300, 300) in [-1, 1]."""
        made: list[Tensor] = []
        x = self.stem(x)
        for number, block in enumerate(cast("list[Inverted]", self.blocks)):
            if number == _FIRST_FEATURE:
                made.append(block.expanded(x))
            x = block(x)
        made.append(self.last(x))
        for extra in self.extras:
            made.append(extra(made[-1]))
        return made

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Box codes (batch, anchors, 4) and class logits (batch, anchors, classes)."""
        features = self.features(x)
        boxes = [_flat(head(f), 4) for head, f in zip(self.boxes, features, strict=True)]
        scores = [_flat(head(f), self.classes) for head, f in zip(self.scores, features, strict=True)]
        return torch.cat(boxes, 1), torch.cat(scores, 1)


def _blocks() -> list[Inverted]:
    made, c_in = [], 32
    for expansion, c_out, repeats, stride in _STAGES:
        for number in range(repeats):
            made.append(Inverted(c_in, c_out, expansion, stride if number == 0 else 1))
            c_in = c_out
    return made


def _flat(x: Tensor, values: int) -> Tensor:
    """(batch, anchors a cell x values, height, width) to (batch, anchors, values), cells row by row."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, values)


def _anchor_shapes() -> list[list[tuple[float, float]]]:
    """`(scale, aspect)` of the anchors in each cell of each map (`create_ssd_anchors` of the API)."""
    step = (_MAX_SCALE - _MIN_SCALE) / (len(GRIDS) - 1)
    scales = [_MIN_SCALE + step * number for number in range(len(GRIDS))] + [1.0]
    made = [[(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]]  # fewer, and one small, in the finest map
    for scale, above in itertools.pairwise(scales[1:]):
        made.append([*((scale, aspect) for aspect in _ASPECTS), (math.sqrt(scale * above), 1.0)])
    return made


def make_anchors(grids: Sequence[int] = GRIDS) -> Tensor:
    """The anchors (anchors, 4) as `(centre y, centre x, height, width)`, in fractions of the picture, float32."""
    made = []
    for grid, shapes in zip(grids, _anchor_shapes(), strict=True):
        centres = (torch.arange(grid) + 0.5) / grid
        sizes = torch.tensor([(scale / math.sqrt(a), scale * math.sqrt(a)) for scale, a in shapes])
        ys, xs = torch.meshgrid(centres, centres, indexing="ij")
        cells = torch.stack([ys, xs], -1).reshape(-1, 1, 2).expand(-1, len(shapes), 2)
        made.append(torch.cat([cells, sizes.expand(len(cells), -1, 2)], -1).reshape(-1, 4))
    return torch.cat(made)


def decode_boxes(codes: Tensor, anchors: Tensor) -> Tensor:
    """Corners `(x1, y1, x2, y2)` in fractions of the picture from box codes `(y, x, height, width)`.

    Args:
        codes: (…, anchors, 4), of the heads.
        anchors: (anchors, 4), of `make_anchors`.
    """
    y, x, h, w = (codes / codes.new_tensor(_CODER)).unbind(-1)
    cy, cx, ah, aw = anchors.unbind(-1)
    cy, cx, half_h, half_w = y * ah + cy, x * aw + cx, h.exp() * ah / 2, w.exp() * aw / 2
    return torch.stack([cx - half_w, cy - half_h, cx + half_w, cy + half_h], -1)


def encode_boxes(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Box codes `(y, x, height, width)` of corners `(x1, y1, x2, y2)` in fractions of the picture: back again.

    Args:
        boxes: (anchors, 4), each with an area.
        anchors: (anchors, 4), of `make_anchors`.
    """
    x1, y1, x2, y2 = boxes.unbind(-1)
    cy, cx, ah, aw = anchors.unbind(-1)
    codes = ((y1 + y2) / 2 - cy) / ah, ((x1 + x2) / 2 - cx) / aw, ((y2 - y1) / ah).log(), ((x2 - x1) / aw).log()
    return torch.stack(codes, -1) * anchors.new_tensor(_CODER)
