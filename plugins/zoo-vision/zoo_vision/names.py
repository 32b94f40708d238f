"""What timm calls the tensors of checkpoints that other libraries wrote.

Every pair of names is spelled out, none is inferred from the order of the tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from zoo.errors import BadCard

__all__ = ["STYLES", "Style", "timm_name"]


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a library names the layers of an inverted-residual network.

    Attributes:
        root: layers outside the blocks.
        blocks: what stands before a block's number.
        start: the number of the first block.
        first: layers of the first block, which has no expansion.
        other: layers of all other blocks.
    """

    root: Mapping[str, str]
    blocks: str
    start: int
    first: Mapping[str, str]
    other: Mapping[str, str]


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "torchvision-mobilenetv2": Style(
            root={
                "features.0.0": "conv_stem",
                "features.0.1": "bn1",
                "features.18.0": "conv_head",
                "features.18.1": "bn2",
                "classifier.1": "classifier",
            },
            blocks="features.",
            start=1,
            first={"conv.0.0": "conv_dw", "conv.0.1": "bn1", "conv.1": "conv_pw", "conv.2": "bn2"},
            other={
                "conv.0.0": "conv_pw",
                "conv.0.1": "bn1",
                "conv.1.0": "conv_dw",
                "conv.1.1": "bn2",
                "conv.2": "conv_pwl",
                "conv.3": "bn3",
            },
        ),
        "efficientnet-pytorch": Style(
            root={
                "_conv_stem": "conv_stem",
                "_bn0": "bn1",
                "_conv_head": "conv_head",
                "_bn1": "bn2",
                "_fc": "classifier",
            },
            blocks="_blocks.",
            start=0,
            first={"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"},
            other={
                "_expand_conv": "conv_pw",
                "_bn0": "bn1",
                "_depthwise_conv": "conv_dw",
                "_bn1": "bn2",
                "_project_conv": "conv_pwl",
                "_bn2": "bn3",
            },
        ),
    }
)


def timm_name(style: str, name: str, depths: Sequence[int]) -> str:
    """timm's name of a tensor; a name that the style does not have is returned as it is, so that loading reports it.

    Args:
        style: a key of `STYLES`.
        name: the tensor's name in the file.
        depths: blocks in each stage of timm's module, as the files number their blocks without stages.

    Raises:
        BadCard: the style is unknown.
    """
    if style not in STYLES:
        raise BadCard(f"tensor naming style {style!r} is unknown", f"Use one of: {', '.join(STYLES)}.")
    part, dot, kind = name.rpartition(".")
    found = STYLES[style].root.get(part) or _in_block(STYLES[style], part, depths)
    return f"{found}{dot}{kind}" if found else name


def _in_block(style: Style, part: str, depths: Sequence[int]) -> str | None:
    """timm's name of a layer inside a block, or None when `part` is no such layer."""
    number, _, layer = part.removeprefix(style.blocks).partition(".")
    if not part.startswith(style.blocks) or not number.isdecimal():
        return None
    index = int(number) - style.start
    new = (style.first if index == 0 else style.other).get(layer)
    for stage, depth in enumerate(depths):
        if new and 0 <= index < depth:
            return f"blocks.{stage}.{index}.{new}"
        index -= depth
    return None
