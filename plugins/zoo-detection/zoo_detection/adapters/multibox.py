"""The MultiBox loss, as TensorFlow's object detection API computes it for SSD MobileNet v2.

Sources: Liu et al., "SSD: Single Shot MultiBox Detector" (arXiv:1512.02325, section 2.2), and `matcher` and `loss` in
TensorFlow's `research/object_detection/samples/configs/ssd_mobilenet_v2_coco.config`: sigmoids over the background and
all classes (`weighted_sigmoid`), smooth L1 for the box codes, the three hardest negatives for each match and three at
least in a picture, the sum divided by the count of matches. Its suppression among hard examples that overlap by .99 is
left out: anchors hardly ever do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss
from torchvision.ops import box_convert, box_iou

from zoo_detection.ssd import encode_boxes

__all__ = ["BACKGROUND", "IGNORED", "Truth", "match", "multibox_loss"]

BACKGROUND, IGNORED = -1, -2
_MATCHED = 0.5
_NEGATIVES, _LEAST_NEGATIVES = 3, 3


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The objects of one picture.

    Attributes:
        boxes: (objects, 4) corners in fractions of the picture.
        classes: (objects,) from 0, without the background.
        crowd: (objects,) whether it stands for a group.
    """

    boxes: Tensor
    classes: Tensor
    crowd: Tensor


def match(anchors: Tensor, boxes: Tensor, crowd: Tensor) -> Tensor:
    """The number of each anchor's object, `BACKGROUND`, or `IGNORED` for one that lies mostly on a group.

    An anchor belongs to the object that it overlaps most, by half at least; and each object has the anchor that
    overlaps it most, whatever else that overlaps.

    Args:
        anchors: (anchors, 4) as `(centre y, centre x, height, width)`.
        boxes: (objects, 4) corners, in the anchors' unit.
        crowd: (objects,) whether it stands for a group.
    """
    corners = box_convert(anchors[:, [1, 0, 3, 2]], "cxcywh", "xyxy")
    made = torch.full((len(anchors),), BACKGROUND, device=anchors.device)
    if crowd.any():
        made[_inside(corners, boxes[crowd]).amax(1) >= _MATCHED] = IGNORED
    single = (~crowd).nonzero()[:, 0]
    if not len(single):
        return made
    overlap = box_iou(boxes[single], corners)
    best, number = overlap.max(0)
    near = best >= _MATCHED
    made[near] = single[number[near]]
    share, anchor = overlap.max(1)
    for row in share.argsort().tolist():  # of two objects that want one anchor, the one that fits it better has it
        made[anchor[row]] = single[row]
    return made


def multibox_loss(codes: Tensor, logits: Tensor, anchors: Tensor, truths: Sequence[Truth]) -> Tensor:
    """The mean over matches of what classes and boxes cost (a scalar).

    Args:
        codes: (batch, anchors, 4), of the heads.
        logits: (batch, anchors, 1 + classes), the background first.
        anchors: (anchors, 4), of `make_anchors`.
        truths: the objects of each picture.
    """
    total, matches = codes.new_zeros(()), 0
    for code, scores, truth in zip(codes, logits, truths, strict=True):
        found = match(anchors, truth.boxes, truth.crowd)
        positive = found >= 0
        entropy = _entropy(scores, found, truth.classes)
        negative = entropy.detach().masked_fill(found != BACKGROUND, -1.0)
        wanted = max(_NEGATIVES * int(positive.sum()), _LEAST_NEGATIVES)
        hard = negative.topk(min(wanted, int((found == BACKGROUND).sum()))).indices
        wanted_codes = encode_boxes(truth.boxes[found[positive]], anchors[positive])
        boxes = smooth_l1_loss(code[positive], wanted_codes, reduction="sum")
        total = total + entropy[positive].sum() + entropy[hard].sum() + boxes
        matches += int(positive.sum())
    return total / max(matches, 1)


def _entropy(scores: Tensor, found: Tensor, classes: Tensor) -> Tensor:
    """The binary cross entropy of each anchor (anchors,), summed over background and classes."""
    columns = torch.zeros_like(found)
    positive = found >= 0
    columns[positive] = 1 + classes[found[positive]]
    wanted = torch.zeros_like(scores)
    wanted[torch.arange(len(columns), device=columns.device), columns] = 1.0
    return binary_cross_entropy_with_logits(scores, wanted, reduction="none").sum(1)


def _inside(corners: Tensor, boxes: Tensor) -> Tensor:
    """Which share of each corner box lies in each box, (corners, boxes)."""
    upper = torch.max(corners[:, None, :2], boxes[None, :, :2])
    lower = torch.min(corners[:, None, 2:], boxes[None, :, 2:])
    areas = (corners[:, 2:] - corners[:, :2]).prod(1)
    return (lower - upper).clamp(min=0).prod(2) / areas[:, None]
