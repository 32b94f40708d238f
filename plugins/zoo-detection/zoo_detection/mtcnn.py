"""MTCNN: faces by three small networks, each of which looks more closely at what the one before it found.

Source: "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks" (arXiv 1604.02878). Sizes,
thresholds and the arithmetic of boxes are those that the weights were made for:
`models/mtcnn.py` and `models/utils/detect_face.py` of https://github.com/timesler/facenet-pytorch.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d
from torchvision.ops import nms

__all__ = ["Found", "Mtcnn"]

_FIELD, _STRIDE = 12, 2  # what one output of the first network sees, and how far the next one is
_FACTOR = 0.709  # from one scale of the picture to the next
_SCALE_IOU, _FIRST_IOU, _SECOND_IOU, _LAST_SHARE = 0.5, 0.7, 0.7, 0.7
_MOST = 512  # crops that a network is given at once


@dataclass(frozen=True, kw_only=True)
class Found:
    """Faces of one picture: corners (n, 4) and points (n, 5, 2) in its pixels, scores (n,) best first."""

    corners: Tensor
    scores: Tensor
    points: Tensor


def _stage(*widths: tuple[int, int, int, int]) -> nn.Sequential:
    """Convolutions as (channels in, channels out, kernel, pool), pool 0 for none; each with its own ReLU."""
    layers: list[nn.Module] = []
    for c_in, c_out, kernel, pool in widths:
        layers += [nn.Conv2d(c_in, c_out, kernel), nn.PReLU(c_out)]
        if pool:
            layers.append(nn.MaxPool2d(pool, 2, ceil_mode=True))
    return nn.Sequential(*layers)


class Proposals(nn.Module):
    """P-Net: for each place of a picture whether a face is there, and where its edges are."""

    def __init__(self) -> None:
        super().__init__()
        self.body = _stage((3, 10, 3, 2), (10, 16, 3, 0), (16, 32, 3, 0))
        self.score = nn.Conv2d(32, 2, 1)
        self.edges = nn.Conv2d(32, 4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n, h, w) and shifts of the edges (n, 4, h, w), of pictures in [-1, 1]."""
        x = self.body(x)
        return self.score(x).softmax(1)[:, 1], self.edges(x)


class Refining(nn.Module):
    """R-Net: the same for crops of 24 x 24 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.body = _stage((3, 28, 3, 3), (28, 48, 3, 3), (48, 64, 2, 0))
        self.dense = nn.Sequential(nn.Linear(576, 128), nn.PReLU(128))
        self.score = nn.Linear(128, 2)
        self.edges = nn.Linear(128, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n,) and shifts of the edges (n, 4), of crops (n, 3, 24, 24) in [-1, 1]."""
        x = self.dense(_flat(self.body(x)))
        return self.score(x).softmax(1)[:, 1], self.edges(x)


class Output(nn.Module):
    """O-Net: the same for crops of 48 x 48 pixels, with five points."""

    def __init__(self) -> None:
        super().__init__()
        self.body = _stage((3, 32, 3, 3), (32, 64, 3, 3), (64, 64, 3, 2), (64, 128, 2, 0))
        self.dense = nn.Sequential(nn.Linear(1152, 256), nn.PReLU(256))
        self.score = nn.Linear(256, 2)
        self.edges = nn.Linear(256, 4)
        self.points = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores (n,), shifts (n, 4), and points (n, 10), all x before all y, of crops (n, 3, 48, 48) in [-1, 1]."""
        x = self.dense(_flat(self.body(x)))
        return self.score(x).softmax(1)[:, 1], self.edges(x), self.points(x)


def _flat(x: Tensor) -> Tensor:
    """Features in the order of the framework that the weights were trained in: columns, rows, channels."""
    return x.permute(0, 3, 2, 1).flatten(1)


class Mtcnn(nn.Module):
    """The cascade."""

    def __init__(self) -> None:
        super().__init__()
        self.pnet, self.rnet, self.onet = Proposals(), Refining(), Output()

    def forward(self, picture: Tensor, smallest: float, thresholds: Sequence[float]) -> Found:
        """The faces of one picture.

        Args:
            picture: (3, height, width), RGB in 0..255.
            smallest: side in pixels of the smallest face that is looked for.
            thresholds: lowest score of each network, 0 to 1.
        """
        made = self._proposed(picture, smallest, thresholds[0])
        made = self._refined(picture, made, thresholds[1])
        return self._final(picture, made, thresholds[2])

    def _proposed(self, picture: Tensor, smallest: float, threshold: float) -> Tensor:
        """Squares (n, 4) where a face may be."""
        found, shifts, scores = [], [], []
        for scale in _scales(min(picture.shape[-2:]), smallest):
            size = [int(side * scale + 1) for side in picture.shape[-2:]]
            score, edges = self.pnet(_normalised(adaptive_avg_pool2d(picture[None], size)))
            rows, columns = (score[0] >= threshold).nonzero(as_tuple=True)
            at = torch.stack([columns, rows], 1).to(picture) * _STRIDE
            corners = torch.cat([((at + 1) / scale).floor(), ((at + _FIELD) / scale).floor()], 1)
            kept = nms(corners, score[0, rows, columns], _SCALE_IOU)
            found.append(corners[kept])
            shifts.append(edges[0][:, rows, columns].T[kept])
            scores.append(score[0, rows, columns][kept])
        if not found:
            return picture.new_zeros(0, 4)
        corners, moved = torch.cat(found), torch.cat(shifts)
        kept = nms(corners, torch.cat(scores), _FIRST_IOU)
        return _squares(_shifted(corners[kept], moved[kept], 0))

    def _refined(self, picture: Tensor, squares: Tensor, threshold: float) -> Tensor:
        """Those of the squares that the second network takes for a face, moved to it."""
        squares, crops = _crops(picture, squares, 24)
        if not len(squares):
            return squares
        score, edges = _batched(self.rnet, crops)
        sure = score > threshold
        squares, score, edges = squares[sure], score[sure], edges[sure]
        kept = nms(squares, score, _SECOND_IOU)
        return _squares(_shifted(squares[kept], edges[kept], 1))

    def _final(self, picture: Tensor, squares: Tensor, threshold: float) -> Found:
        """The faces that the third network is sure of."""
        squares, crops = _crops(picture, squares, 48)
        if not len(squares):
            return Found(
                corners=squares.new_zeros(0, 4), scores=squares.new_zeros(0), points=squares.new_zeros(0, 5, 2)
            )
        score, edges, points = _batched(self.onet, crops)
        sure = score > threshold
        squares, score, edges, points = squares[sure], score[sure], edges[sure], points[sure]
        sides = squares[:, 2:] - squares[:, :2] + 1
        placed = points.reshape(-1, 2, 5).transpose(1, 2) * sides[:, None] + squares[:, None, :2] - 1
        corners = _shifted(squares, edges, 1)
        kept = _outermost(corners, score)
        return Found(corners=corners[kept], scores=score[kept], points=placed[kept])


def _scales(side: int, smallest: float) -> list[float]:
    """By how much the picture is scaled so that faces from `smallest` on fill what the first network sees."""
    first = _FIELD / smallest
    every = (first * _FACTOR**step for step in itertools.count())
    return list(itertools.takewhile(lambda scale: side * scale >= _FIELD, every))


def _normalised(pixels: Tensor) -> Tensor:
    return (pixels - 127.5) * 0.0078125


def _shifted(corners: Tensor, shifts: Tensor, more: int) -> Tensor:
    """Edges moved by shares of the box's sides, which the later networks count with one pixel `more`."""
    sides = (corners[:, 2:] - corners[:, :2] + more).repeat(1, 2)
    return corners + shifts * sides


def _squares(corners: Tensor) -> Tensor:
    """The squares around the boxes' middles, with the longer sides."""
    sides = corners[:, 2:] - corners[:, :2]
    longest = sides.amax(1, keepdim=True)
    starts = corners[:, :2] + sides / 2 - longest / 2
    return torch.cat([starts, starts + longest], 1)


def _crops(picture: Tensor, squares: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The squares that show something of the picture, and what they show of it, scaled to `size` and normalised."""
    height, width = picture.shape[-2:]
    made, shown = [], []
    for number, (x1, y1, x2, y2) in enumerate(squares.trunc().long().tolist()):
        part = picture[:, max(y1, 1) - 1 : min(y2, height), max(x1, 1) - 1 : min(x2, width)]
        if y2 > 0 and x2 > 0 and part.numel():
            made.append(adaptive_avg_pool2d(part[None], (size, size)))
            shown.append(number)
    return squares[shown], _normalised(torch.cat(made)) if made else picture.new_zeros(0, 3, size, size)


def _batched(net: nn.Module, crops: Tensor) -> list[Tensor]:
    made = [net(part) for part in crops.split(_MOST)]
    return [torch.cat(outputs) for outputs in zip(*made, strict=True)]


def _outermost(corners: Tensor, scores: Tensor) -> Tensor:
    """Suppression, best first, of what lies mostly inside a better box, or has most of one inside: places (n,)."""
    areas = (corners[:, 2:] - corners[:, :2] + 1).prod(1)
    left = scores.argsort(descending=True, stable=True)
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        lows = torch.maximum(corners[left, :2], corners[best, :2])
        highs = torch.minimum(corners[left, 2:], corners[best, 2:])
        shared = (highs - lows + 1).clamp(min=0).prod(1) / torch.minimum(areas[left], areas[best])
        left = left[shared <= _LAST_SHARE]
    return torch.tensor(kept, dtype=torch.long, device=corners.device)
