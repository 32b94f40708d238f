"""Classifiers and encoders of pictures and films on the hub, with the source of each fact.

timm has most of these too, under names of its own, and the short names lead there; these are transformers'. Where
a family's configuration is known it stands in the card, and the parameters are counted from it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from zoo.cards import Metric, ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated

__all__ = ["classifier_cards"]

_HUB = "https://huggingface.co"
_VIT = "https://github.com/google-research/vision_transformer/blob/c6de1e5"
_DEIT = "https://github.com/facebookresearch/deit/blob/7e160fe"
_SWIN = "https://github.com/microsoft/Swin-Transformer/blob/f82860b"
_CONVNEXT = "https://github.com/facebookresearch/ConvNeXt/blob/048efce"
_CONVNEXT2 = "https://github.com/facebookresearch/ConvNeXt-V2/blob/2553895"
_BEIT = "https://github.com/microsoft/unilm/blob/768a3c8"
_AZURE = "https://github.com/Azure/azureml-assets/blob/4b41f8ccbc01cf492767adc586ce1661c54c340a/assets/models/system"
_PAPER_SIZES = "counted on the meta device with the sizes of the paper's table"

Row = tuple[str, int, dict[str, Any], float | None, str]

_ONE_K = ModelCard(
    id=FAMILY,
    task="image-classification",
    library="transformers",
    loader="transformers-vision",
    architecture="ViTForImageClassification",
    tasks=("image-feature-extraction",),
    config=MappingProxyType({"num_classes": 1000, "image_size": 224}),
    datasets=("imagenet-1k",),
    tags=("imagenet",),
)
_LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
_SMALL = {"hidden_size": 384, "num_attention_heads": 6, "intermediate_size": 1536}
_TINY = {"hidden_size": 192, "num_attention_heads": 3, "intermediate_size": 768}


def _rows(family: ModelCard, rows: tuple[Row, ...], source: str = "") -> list[ModelCard]:
    """A row is an id, parameters, the configuration, top-1 accuracy on ImageNet, and words for the summary."""
    return [
        member(
            family,
            model_id,
            summary=words,
            parameters=parameters,
            config=config,
            metrics=() if top1 is None else (Metric(name="top1", value=top1, dataset="imagenet-1k", source=source),),
        )
        for model_id, parameters, config, top1, words in rows
    ]


def _vit() -> list[ModelCard]:
    family = _ONE_K.replace(
        family="vit",
        paper=arxiv("2010.11929"),
        licence=stated("Apache-2.0", f"hub pages ({_HUB}/google/vit-large-patch16-224); {_VIT}/LICENSE"),
        datasets=("imagenet-1k", "imagenet-21k"),
        facts=MappingProxyType({"parameters": _PAPER_SIZES, "datasets": f"{_HUB}/google/vit-large-patch16-224"}),
    )
    rows: tuple[Row, ...] = (
        ("google/vit-base-patch16-224", 86_567_656, {}, None,
         "ViT base, patches of 16 pixels, 224 px."),
        ("google/vit-base-patch16-384", 86_859_496, {"image_size": 384}, None,
         "ViT base, patches of 16 pixels, 384 px."),
        ("google/vit-base-patch32-384", 88_297_192, {"image_size": 384, "patch_size": 32}, None,
         "ViT base, patches of 32, 384 px."),
        ("google/vit-large-patch16-224", 304_326_632, _LARGE, None,
         "ViT large, patches of 16 pixels, 224 px."),
        ("google/vit-large-patch16-384", 304_715_752, {**_LARGE, "image_size": 384}, None,
         "ViT large, patches of 16, 384 px."),
        ("google/vit-large-patch32-384", 306_632_680, {**_LARGE, "image_size": 384, "patch_size": 32}, None,
         "ViT large, patches of 32, 384 px."),
    )  # fmt: skip
    made = _rows(family, rows)
    made[0] = made[0].replace(tags=tuple(sorted({*made[0].tags, "default", "popular"})), aliases=("vit",))
    return made


def _deit() -> list[ModelCard]:
    table = f"{_DEIT}/README_deit.md"
    family = _ONE_K.replace(
        family="deit",
        paper=arxiv("2012.12877"),
        licence=stated("Apache-2.0", f"{_DEIT}/README.md, License; {_AZURE}/facebook-deit-base-patch16-224/spec.yaml"),
        facts=MappingProxyType(
            {"parameters": f"{_PAPER_SIZES}; {table} rounds to the same", "metrics, datasets": table}
        ),
    )
    taught = family.replace(architecture="DeiTForImageClassificationWithTeacher", tags=("distilled", "imagenet"))
    plain: tuple[Row, ...] = (
        ("facebook/deit-tiny-patch16-224", 5_717_416, _TINY, 72.2, "DeiT tiny, 224 px."),
        ("facebook/deit-small-patch16-224", 22_050_664, _SMALL, 79.9, "DeiT small, 224 px."),
        ("facebook/deit-base-patch16-224", 86_567_656, {}, 81.8, "DeiT base, 224 px."),
        ("facebook/deit-base-patch16-384", 86_859_496, {"image_size": 384}, 82.9, "DeiT base, 384 px."),
    )
    distilled: tuple[Row, ...] = (
        ("facebook/deit-tiny-distilled-patch16-224", 5_910_800, _TINY, 74.5, "DeiT tiny, distilled, 224 px."),
        ("facebook/deit-small-distilled-patch16-224", 22_436_432, _SMALL, 81.2, "DeiT small, distilled, 224 px."),
        ("facebook/deit-base-distilled-patch16-224", 87_338_192, {}, 83.4, "DeiT base, distilled, 224 px."),
        (
            "facebook/deit-base-distilled-patch16-384",
            87_630_032,
            {"image_size": 384},
            85.2,
            "DeiT base, distilled, 384 px.",
        ),
    )
    return [
        *_rows(family, plain, table),
        *_rows(taught, distilled, table),
    ]


def _resnet() -> list[ModelCard]:
    family = _ONE_K.replace(
        architecture="ResNetForImageClassification",
        family="resnet",
        paper=arxiv("1512.03385"),
        licence=stated("Apache-2.0", f"hub pages ({_HUB}/microsoft/resnet-50)"),
        facts=MappingProxyType({"parameters": _PAPER_SIZES, "datasets": f"{_HUB}/microsoft/resnet-50"}),
    )
    basic = {"layer_type": "basic", "hidden_sizes": [64, 128, 256, 512]}
    rows: tuple[Row, ...] = (
        (
            "microsoft/resnet-18",
            11_689_512,
            {**basic, "depths": [2, 2, 2, 2]},
            None,
            "ResNet-18 in transformers' form.",
        ),
        (
            "microsoft/resnet-34",
            21_797_672,
            {**basic, "depths": [3, 4, 6, 3]},
            None,
            "ResNet-34 in transformers' form.",
        ),
        ("microsoft/resnet-50", 25_557_032, {}, None, "ResNet-50 in transformers' form."),
        ("microsoft/resnet-101", 44_549_160, {"depths": [3, 4, 23, 3]}, None, "ResNet-101 in transformers' form."),
        ("microsoft/resnet-152", 60_192_808, {"depths": [3, 8, 36, 3]}, None, "ResNet-152 in transformers' form."),
    )
    return _rows(family, rows)


def _swin() -> list[ModelCard]:
    table = f"{_SWIN}/README.md"
    one = _ONE_K.replace(
        architecture="SwinForImageClassification",
        family="swin",
        paper=arxiv("2103.14030"),
        licence=stated("MIT", f"{_SWIN}/LICENSE, the repository that publishes the weights; hub: not looked at"),
        facts=MappingProxyType(
            {"parameters": f"{_PAPER_SIZES}; {table} rounds to the same", "metrics, datasets": table}
        ),
    )
    two = one.replace(architecture="Swinv2ForImageClassification", family="swinv2", paper=arxiv("2111.09883"))
    small = {"depths": [2, 2, 18, 2]}
    base = {**small, "embed_dim": 128, "num_heads": [4, 8, 16, 32]}
    eight = {"image_size": 256, "window_size": 8}
    first: tuple[Row, ...] = (
        ("microsoft/swin-tiny-patch4-window7-224", 28_288_354, {}, 81.2, "Swin tiny, 224 px."),
        ("microsoft/swin-small-patch4-window7-224", 49_606_258, small, 83.2, "Swin small, 224 px."),
        ("microsoft/swin-base-patch4-window7-224", 87_768_224, base, 83.5, "Swin base, 224 px."),
        ("microsoft/swin-base-patch4-window12-384", 87_903_584, {**base, "image_size": 384, "window_size": 12}, 84.5,
         "Swin base, 384 px."),
    )  # fmt: skip
    second: tuple[Row, ...] = (
        ("microsoft/swinv2-tiny-patch4-window8-256", 28_347_154, eight, 81.8, "Swin v2 tiny, 256 px."),
        ("microsoft/swinv2-small-patch4-window8-256", 49_728_418, {**eight, **small}, 83.7, "Swin v2 small, 256 px."),
        ("microsoft/swinv2-base-patch4-window8-256", 87_918_816, {**eight, **base}, 84.2, "Swin v2 base, 256 px."),
    )
    return [
        *_rows(one, first, table),
        *_rows(two, second, table),
    ]


def _convnext() -> list[ModelCard]:
    one = _ONE_K.replace(
        architecture="ConvNextForImageClassification",
        family="convnext",
        paper=arxiv("2201.03545"),
        licence=stated("MIT", f"{_CONVNEXT}/README.md, License; hub: not looked at"),
        facts=MappingProxyType(
            {
                "parameters": f"{_PAPER_SIZES}; the README rounds to the same",
                "metrics, datasets": f"{_CONVNEXT}/README.md",
            }
        ),
    )
    two = one.replace(
        architecture="ConvNextV2ForImageClassification",
        family="convnextv2",
        paper=arxiv("2301.00808"),
        licence=stated("CC-BY-NC-4.0", f"{_CONVNEXT2}/README.md, License: the ImageNet models are under a CC-BY-NC"),
        facts=MappingProxyType(
            {
                "parameters": f"{_PAPER_SIZES}; the README rounds to the same",
                "metrics, datasets": f"{_CONVNEXT2}/README.md",
            }
        ),
    )
    deep = {"depths": [3, 3, 27, 3]}
    base, large = {**deep, "hidden_sizes": [128, 256, 512, 1024]}, {**deep, "hidden_sizes": [192, 384, 768, 1536]}
    flat = {"depths": [2, 2, 6, 2]}
    nano = {"depths": [2, 2, 8, 2], "hidden_sizes": [80, 160, 320, 640]}
    first: tuple[Row, ...] = (
        ("facebook/convnext-tiny-224", 28_589_128, {}, 82.1, "ConvNeXt tiny, 224 px."),
        ("facebook/convnext-small-224", 50_223_688, deep, 83.1, "ConvNeXt small, 224 px."),
        ("facebook/convnext-base-224", 88_591_464, base, 83.8, "ConvNeXt base, 224 px."),
        ("facebook/convnext-base-384", 88_591_464, {**base, "image_size": 384}, 85.1, "ConvNeXt base, 384 px."),
        ("facebook/convnext-large-224", 197_767_336, large, 84.3, "ConvNeXt large, 224 px."),
    )
    second: tuple[Row, ...] = (
        ("facebook/convnextv2-atto-1k-224", 3_708_400, {**flat, "hidden_sizes": [40, 80, 160, 320]}, 76.7,
         "ConvNeXt V2 atto."),
        ("facebook/convnextv2-femto-1k-224", 5_233_240, {**flat, "hidden_sizes": [48, 96, 192, 384]}, 78.5,
         "ConvNeXt V2 femto."),
        ("facebook/convnextv2-pico-1k-224", 9_066_280, {**flat, "hidden_sizes": [64, 128, 256, 512]}, 80.3,
         "ConvNeXt V2 pico."),
        ("facebook/convnextv2-nano-1k-224", 15_623_800, nano, 81.9,
         "ConvNeXt V2 nano."),
        ("facebook/convnextv2-tiny-1k-224", 28_635_496, {}, 83.0, "ConvNeXt V2 tiny."),
        ("facebook/convnextv2-base-1k-224", 88_717_800, base, 84.9, "ConvNeXt V2 base."),
        ("facebook/convnextv2-large-1k-224", 197_956_840, large, 85.8, "ConvNeXt V2 large."),
    )  # fmt: skip
    return [
        *_rows(one, first, f"{_CONVNEXT}/README.md"),
        *_rows(two, second, f"{_CONVNEXT2}/README.md"),
    ]


def _beit() -> list[ModelCard]:
    family = _ONE_K.replace(
        architecture="BeitForImageClassification",
        family="beit",
        paper=arxiv("2106.08254"),
        licence=stated(
            "Apache-2.0",
            f"{_AZURE}/microsoft-beit-base-patch16-224-pt22k-ft22k/spec.yaml for its sibling; the authors': "
            f"{_BEIT}/LICENSE",
            "MIT",
        ),
        datasets=("imagenet-1k", "imagenet-22k"),
        facts=MappingProxyType({"datasets": f"{_BEIT}/beit/README.md"}),
    )
    return [
        member(family, "microsoft/beit-base-patch16-224", summary="BEiT base, 224 px."),
        member(family, "microsoft/beit-large-patch16-224", summary="BEiT large, 224 px."),
        member(family, "microsoft/beit-base-patch16-384", summary="BEiT base, 384 px.", config={"image_size": 384}),
        member(family, "microsoft/beit-large-patch16-512", summary="BEiT large, 512 px.", config={"image_size": 512}),
    ]  # fmt: skip


def classifier_cards() -> list[ModelCard]:
    """All cards of this file."""
    return [*_vit(), *_deit(), *_resnet(), *_swin(), *_convnext(), *_beit()]
