"""Object detectors on the hub, for the loader `transformers-detection`, with the source of each fact.

Where a family's configurations are known, they stand in the cards, and the parameters are counted from them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from zoo.cards import Metric, ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated

__all__ = ["transformers_cards"]

_HUB = "https://huggingface.co"
_YOLOS = "https://github.com/hustvl/YOLOS/blob/5717fc2"
_DETR = "https://github.com/facebookresearch/detr/blob/29901c5"
_CONDITIONAL = "https://github.com/Atten4Vis/ConditionalDETR/blob/8ea7c3f"
_DEFORMABLE = "https://github.com/fundamentalvision/Deformable-DETR/blob/11169a6"
_RTDETR = "https://github.com/lyuwenyu/RT-DETR/blob/068dfde"
_DFINE = "https://github.com/Peterande/D-FINE/blob/4a1f73a"
_TABLES = "https://github.com/microsoft/table-transformer/blob/16d124f"
_SCENIC = "https://github.com/google-research/scenic/blob/4a38d47"
_GROUNDING = "https://github.com/IDEA-Research/GroundingDINO/blob/856dde2"
_DAB = "https://github.com/IDEA-Research/DAB-DETR/blob/723ddb8"
_CONVERSION = (
    "https://github.com/huggingface/transformers/blob/01080c629600d4ff3121446bb4f4a2e240c2cf41/"
    "src/transformers/models/yolos/convert_yolos_to_pytorch.py"
)
_CLASSES = 91  # COCO's ids up to 90, those without pictures too, and 0

_COCO = ModelCard(
    id=FAMILY,
    task="object-detection",
    library="transformers",
    loader="transformers-detection",
    architecture="DetrForObjectDetection",
    datasets=("coco",),
    tags=("coco",),
)


def _ap(value: float, source: str, dataset: str = "coco val2017") -> tuple[Metric, ...]:
    return (Metric(name="map", value=value, dataset=dataset, source=source),)


def _yolos() -> list[ModelCard]:
    family = _COCO.replace(
        architecture="YolosForObjectDetection",
        family="yolos",
        paper=arxiv("2106.00666"),
        licence=stated("Apache-2.0", f"hub pages ({_HUB}/hustvl/yolos-small); the authors': {_YOLOS}/LICENSE", "MIT"),
        config=MappingProxyType({"num_classes": _CLASSES}),
        tags=("coco", "transformer", "yolo"),
        facts=MappingProxyType(
            {
                "parameters": f"counted on the meta device with the configuration of {_CONVERSION}",
                "metrics, datasets": f"{_YOLOS}/README.md, Main Results",
            }
        ),
    )
    small = {"hidden_size": 384, "intermediate_size": 1536, "num_attention_heads": 6}
    tiny = {
        **{"hidden_size": 192, "intermediate_size": 768, "num_attention_heads": 3},
        **{"image_size": [800, 1333], "use_mid_position_embeddings": False},
    }
    wide = {"hidden_size": 330, "intermediate_size": 1320, "num_attention_heads": 6, "num_hidden_layers": 14}
    rows: tuple[tuple[str, int, float, str, dict[str, Any]], ...] = (
        ("hustvl/yolos-tiny", 6_488_736, 28.7, "tiny", tiny),
        ("hustvl/yolos-small", 30_684_768, 36.1, "small", small),
        ("hustvl/yolos-small-300", 30_684_768, 36.1, "small, its body trained for 300 epochs", small),
        ("hustvl/yolos-small-dwr", 27_561_696, 37.6, "small, fast scaling of width and resolution", wide),
        ("hustvl/yolos-base", 127_798_368, 42.0, "base", {"image_size": [800, 1344]}),
    )
    name = (
        "a plain vision transformer that took YOLO's name; Ultralytics' YOLO (AGPL) is another thing, not loaded here"
    )
    made = [
        member(
            family,
            model_id,
            summary=f"YOLOS {size}: {name}.",
            parameters=parameters,
            config=config,
            metrics=_ap(score, f"{_YOLOS}/README.md"),
        )
        for model_id, parameters, score, size, config in rows
    ]
    made[0] = made[0].replace(tags=tuple(sorted({*made[0].tags, "default", "popular"})), aliases=("yolo", "yolos"))
    return made


def _detr() -> list[ModelCard]:
    family = _COCO.replace(
        family="detr",
        paper=arxiv("2005.12872"),
        licence=stated("Apache-2.0", f"{_DETR}/README.md, License; {_HUB}/facebook/detr-resnet-101"),
        config=MappingProxyType({"num_classes": _CLASSES}),
        tags=("coco", "transformer"),
        facts=MappingProxyType(
            {
                "metrics, datasets": f"{_DETR}/README.md, Model Zoo",
                "parameters": "counted on the meta device: transformers' default configuration, with the name's ResNet",
            }
        ),
    )
    deep = {"depths": [3, 4, 23, 3], "model_type": "resnet", "out_features": ["stage4"]}
    rows: tuple[tuple[str, int, float, str, dict[str, Any]], ...] = (
        ("facebook/detr-resnet-50", 41_524_768, 42.0, "on ResNet-50", {}),
        ("facebook/detr-resnet-50-dc5", 41_524_768, 43.3, "on ResNet-50, last stage dilated", {}),
        ("facebook/detr-resnet-101", 60_464_672, 43.5, "on ResNet-101", {"backbone_config": deep}),
        (
            "facebook/detr-resnet-101-dc5",
            60_464_672,
            44.9,
            "on ResNet-101, last stage dilated",
            {"backbone_config": deep},
        ),
    )
    made = [
        member(
            family,
            model_id,
            summary=f"DETR {where}: objects as a set, no anchors and no suppression.",
            parameters=parameters,
            config=config,
            metrics=_ap(score, f"{_DETR}/README.md", "coco val5k"),
        )
        for model_id, parameters, score, where, config in rows
    ]
    made[0] = made[0].replace(tags=tuple(sorted({*made[0].tags, "default", "popular"})), aliases=("detr",))
    return made


# Class, family, paper, authors' repository and its licence file, id, millions of parameters, AP, summary.
_RELATIVES = (
    ("ConditionalDetrForObjectDetection", "conditional-detr", "2108.06152", _CONDITIONAL,
     "microsoft/conditional-detr-resnet-50", None, None, "Conditional DETR on ResNet-50: learns faster than DETR."),
    ("DeformableDetrForObjectDetection", "deformable-detr", "2010.04159", _DEFORMABLE,
     "SenseTime/deformable-detr", 40, 44.5, "Deformable DETR: looks at few points of several scales."),
    ("DeformableDetrForObjectDetection", "deformable-detr", "2010.04159", _DEFORMABLE,
     "SenseTime/deformable-detr-with-box-refine", 41, 46.2, "Deformable DETR with refinement of its boxes."),
    ("DeformableDetrForObjectDetection", "deformable-detr", "2010.04159", _DEFORMABLE,
     "SenseTime/deformable-detr-with-box-refine-two-stage", 41, 46.9, "Deformable DETR in two stages."),
    ("DabDetrForObjectDetection", "dab-detr", "2201.12329", _DAB,
     "IDEA-Research/dab-detr-resnet-50", None, None, "DAB-DETR on ResNet-50: queries that are boxes."),
    ("RTDetrForObjectDetection", "rt-detr", "2304.08069", _RTDETR,
     "PekingU/rtdetr_r18vd", 20, 46.5, "RT-DETR on ResNet-18: in real time."),
    ("RTDetrForObjectDetection", "rt-detr", "2304.08069", _RTDETR,
     "PekingU/rtdetr_r34vd", 31, 48.9, "RT-DETR on ResNet-34: in real time."),
    ("RTDetrForObjectDetection", "rt-detr", "2304.08069", _RTDETR,
     "PekingU/rtdetr_r50vd", 42, 53.1, "RT-DETR on ResNet-50: in real time."),
    ("RTDetrForObjectDetection", "rt-detr", "2304.08069", _RTDETR,
     "PekingU/rtdetr_r101vd", 76, 54.3, "RT-DETR on ResNet-101: in real time."),
    ("RTDetrForObjectDetection", "rt-detr", "2304.08069", _RTDETR,
     "PekingU/rtdetr_r18vd_coco_o365", 20, 49.2, "RT-DETR on ResNet-18, Objects365 first."),
    ("RTDetrForObjectDetection", "rt-detr", "2304.08069", _RTDETR,
     "PekingU/rtdetr_r50vd_coco_o365", 42, 55.3, "RT-DETR on ResNet-50, Objects365 first."),
    ("RTDetrForObjectDetection", "rt-detr", "2304.08069", _RTDETR,
     "PekingU/rtdetr_r101vd_coco_o365", 76, 56.2, "RT-DETR on ResNet-101, Objects365 first."),
    ("DFineForObjectDetection", "d-fine", "2410.13842", _DFINE,
     "ustc-community/dfine-nano-coco", 4, 42.8, "D-FINE nano: boxes as distributions, in real time."),
    ("DFineForObjectDetection", "d-fine", "2410.13842", _DFINE,
     "ustc-community/dfine-small-coco", 10, 48.5, "D-FINE small: boxes as distributions, in real time."),
    ("DFineForObjectDetection", "d-fine", "2410.13842", _DFINE,
     "ustc-community/dfine-medium-coco", 19, 52.3, "D-FINE medium: boxes as distributions, in real time."),
    ("DFineForObjectDetection", "d-fine", "2410.13842", _DFINE,
     "ustc-community/dfine-large-coco", 31, 54.0, "D-FINE large: boxes as distributions, in real time."),
    ("DFineForObjectDetection", "d-fine", "2410.13842", _DFINE,
     "ustc-community/dfine-xlarge-coco", 62, 55.8, "D-FINE extra large: boxes as distributions, in real time."),
)  # fmt: skip
_DEFAULTS = {
    "PekingU/rtdetr_r50vd": ("rt-detr", "rtdetr"),
    "SenseTime/deformable-detr": ("deformable-detr",),
    "ustc-community/dfine-medium-coco": ("d-fine", "dfine"),
}


def _relatives() -> list[ModelCard]:
    return [
        member(
            _COCO.replace(
                architecture=kind,
                family=family,
                paper=arxiv(paper),
                licence=stated(
                    "Apache-2.0", f"{repository}/LICENSE, the repository of the authors; hub: not looked at"
                ),
            ),
            model_id,
            summary=summary,
            parameters=None if millions is None else millions * 1_000_000,
            metrics=() if score is None else _ap(score, f"{repository}/README.md"),
            datasets=("objects365",) if "o365" in model_id else (),
            aliases=_DEFAULTS.get(model_id, ()),
            tags=("transformer", *(("default",) if model_id in _DEFAULTS else ())),
            facts={"datasets": f"{repository}/README.md"}
            | ({} if millions is None else {"parameters": f"rounded; {repository}/README.md"}),
        )
        for kind, family, paper, repository, model_id, millions, score, summary in _RELATIVES
    ]


def _tables() -> list[ModelCard]:
    family = _COCO.replace(
        architecture="TableTransformerForObjectDetection",
        family="table-transformer",
        paper=arxiv("2110.00061"),
        licence=stated("MIT", f"{_TABLES}/LICENSE, the repository of the authors; hub: not looked at"),
        datasets=("pubtables-1m",),
        tags=("documents", "tables"),
        facts=MappingProxyType({"datasets": f"{_TABLES}/README.md, Model Weights"}),
    )
    return [
        member(family, "microsoft/table-transformer-detection", summary="Table Transformer: tables on a page.",
               tags=("default",), aliases=("table-transformer", "tatr")),
        member(family, "microsoft/table-transformer-structure-recognition",
               summary="Table Transformer: rows, columns and headings of a table."),
        member(family, "microsoft/table-transformer-structure-recognition-v1.1-all", datasets=("fintabnet",),
               summary="Table Transformer 1.1: rows, columns and headings of a table."),
    ]  # fmt: skip


# End of the id, AP and AP of rare classes on LVIS, summary.
_OWLS = (
    ("owlvit-base-patch32", 19.3, 16.9, "OWL-ViT on CLIP's ViT-B/32: boxes for the words that you give."),
    ("owlvit-base-patch16", 20.8, 17.1, "OWL-ViT on CLIP's ViT-B/16: boxes for the words that you give."),
    ("owlvit-large-patch14", 34.6, 31.2, "OWL-ViT on CLIP's ViT-L/14: boxes for the words that you give."),
    ("owlv2-base-patch16", 26.5, 29.5, "OWLv2 base, self-trained: boxes for the words that you give."),
    ("owlv2-base-patch16-finetuned", 41.4, 36.2, "OWLv2 base, self-trained, then fine-tuned."),
    ("owlv2-base-patch16-ensemble", 43.9, 40.5, "OWLv2 base, the mean of both: boxes for the words that you give."),
    ("owlv2-large-patch14", 32.8, 34.6, "OWLv2 large, self-trained: boxes for the words that you give."),
    ("owlv2-large-patch14-finetuned", 48.8, 44.0, "OWLv2 large, self-trained, then fine-tuned."),
    ("owlv2-large-patch14-ensemble", 44.6, 42.6, "OWLv2 large, the mean of both."),
)
_NAMED = {"owlvit-base-patch32": ("owl-vit", "owlvit"), "owlv2-base-patch16-ensemble": ("owlv2",)}


def _open() -> list[ModelCard]:
    table = f"{_SCENIC}/scenic/projects/owl_vit/README.md"
    shared = _COCO.replace(task="zero-shot-object-detection", tags=("open-vocabulary",), datasets=())
    owl = shared.replace(
        licence=stated("Apache-2.0", f"{_SCENIC}/LICENSE; {_HUB}/google/owlv2-large-patch14-ensemble"),
        facts=MappingProxyType({"metrics": table}),
    )
    grounding = shared.replace(
        architecture="GroundingDinoForObjectDetection",
        family="grounding-dino",
        paper=arxiv("2303.05499"),
        licence=stated("Apache-2.0", f"{_GROUNDING}/LICENSE, the repository of the authors; hub: not looked at"),
        facts=MappingProxyType({"metrics, datasets": f"{_GROUNDING}/README.md, Checkpoints"}),
    )
    return [
        *(
            member(
                owl,
                f"google/{end}",
                architecture="Owlv2ForObjectDetection" if "owlv2" in end else "OwlViTForObjectDetection",
                family="owlv2" if "owlv2" in end else "owlvit",
                paper=arxiv("2306.09683" if "owlv2" in end else "2205.06230"),
                summary=summary,
                metrics=(
                    Metric(name="map", value=score, dataset="lvis", source=table),
                    Metric(name="map-rare", value=rare, dataset="lvis", source=table),
                ),
                aliases=_NAMED.get(end, ()),
                tags=("default", "popular") if end in _NAMED else (),
            )
            for end, score, rare, summary in _OWLS
        ),
        member(
            grounding,
            "IDEA-Research/grounding-dino-tiny",
            summary="Grounding DINO on Swin-T: boxes for a phrase; never saw COCO.",
            datasets=("cap4m", "goldg", "objects365"),
            metrics=_ap(48.4, f"{_GROUNDING}/README.md", "coco val2017, zero-shot"),
            tags=("default", "popular"),
            aliases=("grounding-dino", "groundingdino"),
        ),
        member(
            grounding,
            "IDEA-Research/grounding-dino-base",
            summary="Grounding DINO on Swin-B: boxes for a phrase.",
            datasets=("cap4m", "coco", "goldg", "objects365", "odinw-35", "openimages", "refcoco"),
            metrics=_ap(56.7, f"{_GROUNDING}/README.md"),
        ),
    ]


def transformers_cards() -> list[ModelCard]:
    """All cards of this file."""
    return [*_detr(), *_yolos(), *_relatives(), *_tables(), *_open()]
