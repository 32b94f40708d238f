"""Segmentation models on the hub, with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from zoo.cards import NOT_STATED, Metric, ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated

__all__ = ["mask_cards"]

_HUB = "https://huggingface.co"
_SEGFORMER = "https://github.com/NVlabs/SegFormer/blob/65fa8cf"
# SegFormer's licence has no SPDX name; like CC BY-NC it allows no commercial use, its research clause goes further.
_NVIDIA = "research-only"
_SEGFORMER_SIZES = (
    "https://github.com/huggingface/transformers/blob/03fed90423ea807eff69fefad2452f0cd73b69a6/"
    "src/transformers/models/segformer/convert_segformer_original_to_pytorch.py"
)
_MASK2FORMER = "https://github.com/facebookresearch/Mask2Former/blob/9b0651c"
_MASKFORMER = "https://github.com/facebookresearch/MaskFormer/blob/da3e60d"
_ONEFORMER = "https://github.com/SHI-Labs/OneFormer/blob/4962ef6"
_SAM = "https://github.com/facebookresearch/segment-anything/blob/dca509f"
_SAM2 = "https://github.com/facebookresearch/sam2/blob/2b90b9f"
_DETR = "https://github.com/facebookresearch/detr/blob/29901c5"
_AZURE = "https://github.com/Azure/azureml-assets/blob/4b41f8ccbc01cf492767adc586ce1661c54c340a/assets/models/system"

_MASKS = ModelCard(
    id=FAMILY,
    task="image-segmentation",
    library="transformers",
    loader="transformers-vision",
    architecture="SegformerForSemanticSegmentation",
)
_MIX = {"hidden_sizes": [64, 128, 320, 512], "decoder_hidden_size": 768}
_SIZES: dict[str, dict[str, Any]] = {
    "b0": {},
    "b1": {**_MIX, "decoder_hidden_size": 256},
    "b2": {**_MIX, "depths": [3, 4, 6, 3]},
    "b3": {**_MIX, "depths": [3, 4, 18, 3]},
    "b4": {**_MIX, "depths": [3, 8, 27, 3]},
    "b5": {**_MIX, "depths": [3, 6, 40, 3]},
}


def _segformer() -> list[ModelCard]:
    family = _MASKS.replace(
        family="segformer",
        paper=arxiv("2105.15203"),
        licence=stated(
            _NVIDIA,
            f"{_SEGFORMER}/README.md, License: non-commercially, for research or evaluation; "
            f"{_HUB}/nvidia/segformer-b0-finetuned-ade-512-512 says `other`",
            "other",
        ),
        tags=("semantic",),
        facts=MappingProxyType(
            {
                "parameters": f"counted on the meta device with the sizes of {_SEGFORMER_SIZES}",
                "datasets": _SEGFORMER_SIZES,
            }
        ),
    )
    ade = family.replace(
        datasets=("ade20k",), tags=("ade20k", "semantic"), config=MappingProxyType({"num_classes": 150})
    )
    city = family.replace(
        datasets=("cityscapes",),
        tags=("cityscapes", "semantic", "street"),
        config=MappingProxyType({"num_classes": 19}),
    )
    rows = (
        ("nvidia/segformer-b0-finetuned-ade-512-512", 3_752_694, ade),
        ("nvidia/segformer-b1-finetuned-ade-512-512", 13_715_798, ade),
        ("nvidia/segformer-b2-finetuned-ade-512-512", 27_461_974, ade),
        ("nvidia/segformer-b3-finetuned-ade-512-512", 47_337_814, ade),
        ("nvidia/segformer-b4-finetuned-ade-512-512", 64_108_374, ade),
        ("nvidia/segformer-b5-finetuned-ade-640-640", 84_708_694, ade),
        ("nvidia/segformer-b0-finetuned-cityscapes-1024-1024", 3_719_027, city),
        ("nvidia/segformer-b1-finetuned-cityscapes-1024-1024", 13_682_131, city),
        ("nvidia/segformer-b2-finetuned-cityscapes-1024-1024", 27_361_235, city),
        ("nvidia/segformer-b3-finetuned-cityscapes-1024-1024", 47_237_075, city),
        ("nvidia/segformer-b4-finetuned-cityscapes-1024-1024", 64_007_635, city),
        ("nvidia/segformer-b5-finetuned-cityscapes-1024-1024", 84_607_955, city),
    )
    best = "nvidia/segformer-b0-finetuned-ade-512-512"
    return [
        member(
            shared,
            model_id,
            summary=f"SegFormer {model_id[17:19].upper()}: a class for each pixel of "
            f"{'any picture, 150 classes' if shared is ade else 'a street scene'}.",
            parameters=parameters,
            config={**_SIZES[model_id[17:19]], "image_size": int(model_id.rpartition("-")[2])},
            tags=("default", "popular") if model_id == best else (),
            aliases=("segformer",) if model_id == best else (),
        )
        for model_id, parameters, shared in rows
    ]


# End of the id, name of the score, score, data set as the id has it; from the model zoo's tables.
_M2F = (
    ("swin-tiny-coco-panoptic", "pq", 53.2, "coco"),
    ("swin-small-coco-panoptic", "pq", 54.6, "coco"),
    ("swin-base-coco-panoptic", "pq", 55.1, "coco"),
    ("swin-large-coco-panoptic", "pq", 57.8, "coco"),
    ("swin-tiny-coco-instance", "map", 45.0, "coco"),
    ("swin-small-coco-instance", "map", 46.3, "coco"),
    ("swin-base-coco-instance", "map", 46.7, "coco"),
    ("swin-large-coco-instance", "map", 50.1, "coco"),
    ("swin-tiny-ade-semantic", "miou", 47.7, "ade20k"),
    ("swin-small-ade-semantic", "miou", 51.3, "ade20k"),
    ("swin-large-ade-semantic", "miou", 56.1, "ade20k"),
    ("swin-tiny-cityscapes-semantic", "miou", 82.1, "cityscapes"),
    ("swin-small-cityscapes-semantic", "miou", 82.6, "cityscapes"),
    ("swin-large-cityscapes-semantic", "miou", 83.3, "cityscapes"),
)
# The tables' AP of Mask2Former's Swin-B with ImageNet-1k is that of the 1k body; the hub's base models name none.
_UNSURE = {"swin-base-coco-panoptic", "swin-base-coco-instance"}


def _transformers() -> list[ModelCard]:
    zoo = f"{_MASK2FORMER}/MODEL_ZOO.md"
    two = _MASKS.replace(
        architecture="Mask2FormerForUniversalSegmentation",
        family="mask2former",
        paper=arxiv("2112.01527"),
        licence=stated(
            "MIT",
            f"{_MASK2FORMER}/README.md, License: the majority of it; "
            f"{_HUB}/facebook/mask2former-swin-large-ade-semantic says `other`",
            "other",
        ),
        facts=MappingProxyType({"metrics, datasets": zoo}),
    )
    one = _MASKS.replace(
        architecture="MaskFormerForInstanceSegmentation",
        family="maskformer",
        paper=arxiv("2107.06278"),
        licence=stated(
            "CC-BY-NC-4.0",
            f"{_MASKFORMER}/README.md, License: the majority of it; {_HUB}/facebook/maskformer-swin-large-coco says "
            "`other`",
            "other",
        ),
        facts=MappingProxyType({"datasets": "its name"}),
    )
    return [
        *(
            member(
                two,
                f"facebook/mask2former-{end}",
                summary=f"Mask2Former, {end.replace('-', ' ').replace('swin', 'Swin')} segmentation.",
                metrics=() if end in _UNSURE else (Metric(name=name, value=score, dataset=data, source=zoo),),
                datasets=(data,),
                tags=(data, end.rpartition("-")[2], *(("default",) if end == "swin-tiny-coco-panoptic" else ())),
                aliases=("mask2former",) if end == "swin-tiny-coco-panoptic" else (),
            )
            for end, name, score, data in _M2F
        ),
        *(
            member(
                one,
                f"facebook/maskformer-swin-{size}-{data}",
                summary=f"MaskFormer on Swin {size}, {'COCO panoptic' if data == 'coco' else 'ADE20k'} segmentation.",
                datasets=("coco" if data == "coco" else "ade20k",),
                tags=("coco", "panoptic") if data == "coco" else ("ade20k", "semantic"),
                aliases=("maskformer",) if (size, data) == ("base", "coco") else (),
            )
            for data in ("coco", "ade")
            for size in ("tiny", "small", "base", "large")
        ),
        *_oneformer(),
        *_upernet(),
        member(
            _MASKS,
            "facebook/detr-resnet-50-panoptic",
            architecture="DetrForSegmentation",
            family="detr",
            paper=arxiv("2005.12872"),
            licence=stated("Apache-2.0", f"{_DETR}/README.md, License"),
            summary="DETR on ResNet-50: every pixel of a picture, things and stuff.",
            datasets=("coco",),
            tags=("coco", "panoptic"),
            metrics=(Metric(name="pq", value=43.4, dataset="coco val5k", source=f"{_DETR}/README.md"),),
            facts={"datasets": f"{_DETR}/README.md"},
        ),
    ]


def _oneformer() -> list[ModelCard]:
    rows = (
        ("shi-labs/oneformer_ade20k_swin_tiny", "ade20k", None),
        ("shi-labs/oneformer_ade20k_swin_large", "ade20k", ("miou", 57.0)),
        ("shi-labs/oneformer_coco_swin_large", "coco", ("pq", 57.9)),
        ("shi-labs/oneformer_cityscapes_swin_large", "cityscapes", ("miou", 83.0)),
    )
    table = f"{_ONEFORMER}/README.md"
    return [
        member(
            _MASKS,
            model_id,
            architecture="OneFormerForUniversalSegmentation",
            family="oneformer",
            paper=arxiv("2211.06220"),
            licence=stated("MIT", f"{_ONEFORMER}/LICENSE, the repository with the weights; hub: not looked at"),
            summary=f"OneFormer, {model_id.rpartition('_')[2]} Swin, {data}: semantic, instance or panoptic.",
            parameters=219_000_000 if score else None,
            metrics=(Metric(name=score[0], value=score[1], dataset=data, source=f"{_ONEFORMER}/README.md"),)
            if score
            else (),
            datasets=(data,),
            tags=(data, "panoptic", "semantic"),
            aliases=("oneformer",) if score is None else (),
            facts={"parameters, metrics, datasets": f"rounded; {table}"} if score else {"datasets": "its name"},
        )
        for model_id, data, score in rows
    ]


def _upernet() -> list[ModelCard]:
    bodies = [("convnext", size) for size in ("tiny", "small", "base", "large", "xlarge")]
    bodies += [("swin", size) for size in ("tiny", "small", "base", "large")]
    return [
        member(
            _MASKS,
            f"openmmlab/upernet-{body}-{size}",
            architecture="UperNetForSemanticSegmentation",
            family="upernet",
            paper=arxiv("1807.10221"),
            licence=stated(NOT_STATED, "hub: not looked at"),
            summary=f"UPerNet on {'ConvNeXt' if body == 'convnext' else 'Swin'} {size}: a class for each pixel.",
            tags=("semantic",),
            aliases=("upernet",) if (body, size) == ("convnext", "small") else (),
        )
        for body, size in bodies
    ]


def _anything() -> list[ModelCard]:
    sam = _MASKS.replace(
        task="mask-generation",
        architecture="SamModel",
        family="sam",
        paper=arxiv("2304.02643"),
        licence=stated("Apache-2.0", f"{_SAM}/README.md, License; {_AZURE}/facebook-sam-vit-base/spec.yaml"),
        datasets=("sa-1b",),
        tags=("segment-anything",),
        facts=MappingProxyType({"datasets": f"{_AZURE}/facebook-sam-vit-base/spec.yaml"}),
    )
    sam2 = sam.replace(
        architecture="Sam2Model",
        family="sam2",
        paper=arxiv("2408.00714"),
        licence=stated("Apache-2.0", f"{_SAM2}/README.md, License: the model checkpoints"),
        datasets=(),
        facts=MappingProxyType({"parameters": f"rounded; {_SAM2}/README.md, Model Description"}),
    )
    huge = {"hidden_size": 1280, "num_hidden_layers": 32, "num_attention_heads": 16}
    rows: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("base", "B", {}),
        ("large", "L", {"vision_config": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}}),
        ("huge", "H", {"vision_config": huge}),
    )
    return [
        *(
            member(
                sam,
                f"facebook/sam-vit-{size}",
                summary=f"Segment Anything, ViT-{letter}: masks for points, boxes, or of all that there is.",
                config=config,
                tags=("default", "popular") if size == "base" else (),
                aliases=("sam", "segment-anything") if size == "base" else (),
            )
            for size, letter, config in rows
        ),
        *(
            member(
                sam2,
                f"facebook/sam2.1-hiera-{size}",
                summary=f"Segment Anything 2.1, Hiera {size}: masks for points and boxes.",
                parameters=parameters,
                tags=("default",) if size == "tiny" else (),
                aliases=("sam2",) if size == "tiny" else (),
            )
            for size, parameters in (
                ("tiny", 38_900_000),
                ("small", 46_000_000),
                ("base-plus", 80_800_000),
                ("large", 224_400_000),
            )
        ),
    ]


def mask_cards() -> list[ModelCard]:
    """All cards of this file."""
    return [*_segformer(), *_transformers(), *_anything()]
