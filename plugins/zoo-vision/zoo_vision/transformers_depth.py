"""Depth models on the hub, with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import NOT_STATED, ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated

__all__ = ["depth_cards"]

_HUB = "https://huggingface.co"
_ANYTHING = "https://github.com/LiheYoung/Depth-Anything/blob/1d03336"
_ANYTHING2 = "https://github.com/DepthAnything/Depth-Anything-V2/blob/a561b84"
_ZOE = "https://github.com/isl-org/ZoeDepth/blob/d87f17b"
_MIDAS = "https://github.com/isl-org/MiDaS/blob/4545977"
_PRO = "https://github.com/apple/ml-depth-pro/blob/9efe5c1"
_DEPTH = ModelCard(
    id=FAMILY,
    task="depth-estimation",
    library="transformers",
    loader="transformers-vision",
    architecture="DPTForDepthEstimation",
    tags=("monocular",),
)


def depth_cards() -> list[ModelCard]:
    """All cards of this file."""
    one = _DEPTH.replace(
        architecture="DepthAnythingForDepthEstimation",
        family="depth-anything",
        paper=arxiv("2401.10891"),
        licence=stated("Apache-2.0", f"{_ANYTHING}/LICENSE, their repository; hub: not looked at"),
        tags=("monocular", "relative"),
        facts=MappingProxyType({"parameters": f"rounded; {_ANYTHING}/README.md"}),
    )
    two = one.replace(
        family="depth-anything-v2",
        paper=arxiv("2406.09414"),
        facts=MappingProxyType({"parameters": f"rounded; {_ANYTHING2}/README.md, Pre-trained Models"}),
    )
    free = stated("Apache-2.0", f"{_ANYTHING2}/README.md, LICENSE: Small")
    closed = stated("CC-BY-NC-4.0", f"{_ANYTHING2}/README.md, LICENSE: Base, Large and Giant")
    sizes = (("small", 24_800_000, free), ("base", 97_500_000, closed), ("large", 335_300_000, closed))
    metric = f"{_ANYTHING2}/metric_depth/README.md"
    return [
        member(_DEPTH, "Intel/dpt-large", family="dpt", paper=arxiv("2103.13413"),
               licence=stated("Apache-2.0", f"{_HUB}/Intel/dpt-large; the authors': {_MIDAS}/LICENSE", "MIT"),
               summary="DPT large (MiDaS 3.0): relative depth from one picture.",
               tags=("default", "popular", "relative"),
               aliases=("dpt", "midas")),
        member(_DEPTH, "Intel/dpt-hybrid-midas", family="dpt", paper=arxiv("2103.13413"),
               licence=stated("MIT", f"{_MIDAS}/README.md, License; hub: not looked at"),
               summary="DPT hybrid (MiDaS 3.0): relative depth from one picture.", tags=("relative",)),
        *(
            member(one, f"LiheYoung/depth-anything-{size}-hf", parameters=number, tags=("relative",),
                   summary=f"Depth Anything {size}: relative depth from one picture.",
                   aliases=("depth-anything-v1",) if size == "small" else ())
            for size, number, _ in sizes
        ),
        *(
            member(two, f"depth-anything/Depth-Anything-V2-{size.capitalize()}-hf", parameters=number, licence=licence,
                   summary=f"Depth Anything V2 {size}: relative depth from one picture.",
                   tags=("default", "popular") if size == "small" else (),
                   aliases=("depth-anything", "depth-anything-v2") if size == "small" else ())
            for size, number, licence in sizes
        ),
        *(
            member(two, f"depth-anything/Depth-Anything-V2-Metric-{place}-{size.capitalize()}-hf", parameters=number,
                   licence=licence, tags=("metric",), datasets=(data,), facts={"datasets": metric},
                   config={"depth_estimation_type": "metric", "max_depth": far},
                   summary=f"Depth Anything V2 {size}: metres, {place.lower()}, from one picture.")
            for place, data, far in (("Indoor", "hypersim", 20), ("Outdoor", "virtual-kitti-2", 80))
            for size, number, licence in sizes
        ),
        *(
            member(_DEPTH, f"vinvino02/glpn-{data}", architecture="GLPNForDepthEstimation", family="glpn",
                   paper=arxiv("2201.07436"), licence=stated(NOT_STATED, "hub: not looked at"), tags=("metric",),
                   datasets=(full,), summary=f"GLPN: metres from one picture, {full}.", facts={"datasets": "its name"},
                   aliases=("glpn",) if data == "nyu" else ())
            for data, full in (("nyu", "nyu-depth-v2"), ("kitti", "kitti"))
        ),
        *(
            member(_DEPTH, f"Intel/zoedepth-{end}", architecture="ZoeDepthForDepthEstimation", family="zoedepth",
                   paper=arxiv("2302.12288"), datasets=data, tags=("metric",),
                   licence=stated("MIT", f"{_ZOE}/LICENSE, their repository; hub: not looked at"),
                   summary="ZoeDepth: metres from one picture.",
                   facts={"datasets": "its name"}, aliases=("zoedepth",) if end == "nyu-kitti" else ())
            for end, data in (
                ("nyu", ("nyu-depth-v2",)), ("kitti", ("kitti",)), ("nyu-kitti", ("kitti", "nyu-depth-v2"))
            )
        ),
        member(_DEPTH, "apple/DepthPro-hf", architecture="DepthProForDepthEstimation", family="depth-pro",
               paper=arxiv("2410.02073"), tags=("metric",), aliases=("depth-pro",),
               licence=stated("apple-ascl", f"{_PRO}/README.md, License: the weights are under its LICENSE"),
               summary="Depth Pro: metres with sharp edges, from one picture."),
    ]  # fmt: skip
