"""Encoders of pictures, and classifiers of films, on the hub, with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from zoo.cards import NOT_STATED, Metric, ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated

__all__ = ["encoder_cards"]

_HUB = "https://huggingface.co"
_DINO = "https://github.com/facebookresearch/dino/blob/7c446df"
_DINO2 = "https://github.com/facebookresearch/dinov2/blob/b8931f7"
_MAE = "https://github.com/facebookresearch/mae/blob/efb2a80"
_VIDEOMAE = "https://github.com/MCG-NJU/VideoMAE/blob/14ef8d8"
_TIMESFORMER = "https://github.com/facebookresearch/TimeSformer/blob/a5ef29a"
_MTEB = (
    "https://github.com/embeddings-benchmark/mteb/blob/a905523d0111f999360b312bd4a601a0a97a0e1c/"
    "mteb/models/model_implementations"
)
_COUNTED = "counted on the meta device with the sizes of the paper's table"

_FEATURES = ModelCard(
    id=FAMILY,
    task="image-feature-extraction",
    library="transformers",
    loader="transformers-vision",
    architecture="ViTModel",
)
_SMALL = {"hidden_size": 384, "num_attention_heads": 6}
_LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
_GIANT = {"hidden_size": 1536, "num_hidden_layers": 40, "num_attention_heads": 24, "use_swiglu_ffn": True}


def _dinov2() -> list[ModelCard]:
    shared = _FEATURES.replace(
        family="dinov2",
        paper=arxiv("2304.07193"),
        licence=stated("Apache-2.0", f"{_DINO2}/README.md, License: code and model weights"),
        config=MappingProxyType({"image_size": 518, "patch_size": 14}),
        tags=("self-supervised",),
        datasets=("lvd-142m",),
        facts=MappingProxyType(
            {"parameters": _COUNTED, "metrics": f"{_DINO2}/README.md", "datasets": f"{_DINO2}/MODEL_CARD.md"}
        ),
    )
    plain = shared.replace(architecture="Dinov2Model")
    registers = shared.replace(
        architecture="Dinov2WithRegistersModel",
        paper=arxiv("2309.16588"),
        config=MappingProxyType({**shared.config, "num_register_tokens": 4}),
    )
    headed = shared.replace(
        task="image-classification",
        tasks=("image-feature-extraction",),
        architecture="Dinov2ForImageClassification",
        config=MappingProxyType({**shared.config, "num_classes": 1000}),
        datasets=("imagenet-1k", "lvd-142m"),
        tags=("imagenet", "self-supervised"),
    )
    # id, parameters, size, configuration, top-1 on ImageNet by k nearest neighbours or by the linear layer.
    rows: tuple[tuple[str, int, str, dict[str, Any], float, ModelCard], ...] = (
        ("facebook/dinov2-small", 22_056_576, "small", _SMALL, 79.0, plain),
        ("facebook/dinov2-base", 86_580_480, "base", {}, 82.1, plain),
        ("facebook/dinov2-large", 304_368_640, "large", _LARGE, 83.5, plain),
        ("facebook/dinov2-giant", 1_136_480_768, "giant", _GIANT, 83.5, plain),
        ("facebook/dinov2-with-registers-small", 22_058_112, "small with registers", _SMALL, 79.1, registers),
        ("facebook/dinov2-with-registers-base", 86_583_552, "base with registers", {}, 82.0, registers),
        ("facebook/dinov2-with-registers-large", 304_372_736, "large with registers", _LARGE, 83.8, registers),
        ("facebook/dinov2-with-registers-giant", 1_136_486_912, "giant with registers", _GIANT, 83.7, registers),
        ("facebook/dinov2-small-imagenet1k-1-layer", 22_825_576, "small with a linear layer", _SMALL, 81.1, headed),
        ("facebook/dinov2-base-imagenet1k-1-layer", 88_117_480, "base with a linear layer", {}, 84.5, headed),
        ("facebook/dinov2-large-imagenet1k-1-layer", 306_417_640, "large with a linear layer", _LARGE, 86.3, headed),
        ("facebook/dinov2-giant-imagenet1k-1-layer", 1_139_553_768, "giant with a linear layer", _GIANT, 86.5, headed),
    )
    return [
        member(
            family,
            model_id,
            summary=f"DINOv2 {size}: features of pictures, learnt without labels.",
            parameters=parameters,
            config=config,
            metrics=(
                Metric(
                    name="top1" if family is headed else "knn-top1",
                    value=score,
                    dataset="imagenet-1k",
                    source=f"{_DINO2}/README.md",
                ),
            ),
            tags=("default", "popular") if model_id == "facebook/dinov2-base" else (),
            aliases=("dinov2",) if model_id == "facebook/dinov2-base" else (),
        )
        for model_id, parameters, size, config, score, family in rows
    ]


def _older() -> list[ModelCard]:
    dino = _FEATURES.replace(
        family="dino",
        paper=arxiv("2104.14294"),
        licence=stated("Apache-2.0", f"{_DINO}/README.md, License"),
        datasets=("imagenet-1k",),
        tags=("self-supervised",),
        facts=MappingProxyType({"parameters, metrics, datasets": f"rounded; {_DINO}/README.md, Pretrained models"}),
    )
    mae = _FEATURES.replace(
        architecture="ViTMAEModel",
        family="vit-mae",
        paper=arxiv("2111.06377"),
        licence=stated("CC-BY-NC-4.0", f"{_MAE}/README.md, License; hub: not looked at"),
        datasets=("imagenet-1k",),
        tags=("self-supervised",),
        facts=MappingProxyType({"datasets": f"{_MAE}/README.md"}),
    )
    small = {**_SMALL, "intermediate_size": 1536}
    sizes: tuple[tuple[str, int, float, dict[str, Any]], ...] = (
        ("facebook/dino-vits16", 21, 77.0, small),
        ("facebook/dino-vits8", 21, 79.7, {**small, "patch_size": 8}),
        ("facebook/dino-vitb16", 85, 78.2, {}),
    )
    return [
        *(
            member(
                dino,
                model_id,
                summary=f"DINO {model_id[-6:].replace('vit', 'ViT-').strip('-')}: features learnt without labels.",
                parameters=millions * 1_000_000,
                config=config,
                metrics=(Metric(name="linear-top1", value=score, dataset="imagenet-1k", source=f"{_DINO}/README.md"),),
                tags=("default",) if model_id.endswith("s16") else (),
                aliases=("dino",) if model_id.endswith("s16") else (),
            )
            for model_id, millions, score, config in sizes
        ),
        *(
            member(
                mae,
                f"facebook/vit-mae-{size}",
                summary=f"Masked autoencoder, ViT {size}: features learnt by filling in pictures.",
                config=config,
                tags=("default",) if size == "base" else (),
                aliases=("mae", "vit-mae") if size == "base" else (),
            )
            for size, config in (
                ("base", {}),
                ("large", {**_LARGE, "intermediate_size": 4096}),
                ("huge", {"hidden_size": 1280, "num_hidden_layers": 32, "intermediate_size": 5120, "patch_size": 14}),
            )
        ),
        member(
            _FEATURES,
            "google/vit-base-patch16-224-in21k",
            family="vit",
            paper=arxiv("2010.11929"),
            summary="ViT base of ImageNet-21k without its classifier, to fine-tune.",
            licence=stated("Apache-2.0", "https://github.com/google-research/vision_transformer/blob/c6de1e5/LICENSE"),
            datasets=("imagenet-21k",),
            facts={"datasets": "its name"},
        ),
    ]


def _films() -> list[ModelCard]:
    films = _FEATURES.replace(task="video-classification", tags=("video",))
    videomae = films.replace(
        architecture="VideoMAEForVideoClassification",
        family="videomae",
        paper=arxiv("2203.12602"),
        licence=stated(
            "CC-BY-NC-4.0",
            f"hub pages ({_HUB}/MCG-NJU/videomae-base-finetuned-kinetics); {_VIDEOMAE}/README.md, License",
        ),
        datasets=("kinetics-400",),
        config=MappingProxyType({"num_classes": 400}),
        facts=MappingProxyType({"datasets": f"{_VIDEOMAE}/MODEL_ZOO.md"}),
    )
    timesformer = films.replace(
        architecture="TimesformerForVideoClassification",
        family="timesformer",
        paper=arxiv("2102.05095"),
        licence=stated("CC-BY-NC-4.0", f"{_TIMESFORMER}/README.md, License; hub: not looked at"),
        facts=MappingProxyType({"metrics, datasets": f"{_TIMESFORMER}/README.md, Model Zoo"}),
    )
    clips = (
        ("facebook/timesformer-base-finetuned-k400", "kinetics-400", 400, 77.9, "8 pictures of 224 px"),
        ("facebook/timesformer-base-finetuned-k600", "kinetics-600", 600, 79.1, "8 pictures of 224 px"),
        ("facebook/timesformer-base-finetuned-ssv2", "something-something-v2", 174, 59.1, "8 pictures of 224 px"),
        ("facebook/timesformer-hr-finetuned-k400", "kinetics-400", 400, 79.6, "16 pictures of 448 px"),
        ("facebook/timesformer-hr-finetuned-k600", "kinetics-600", 600, 81.8, "16 pictures of 448 px"),
        ("facebook/timesformer-hr-finetuned-ssv2", "something-something-v2", 174, 61.8, "16 pictures of 448 px"),
    )
    base = "MCG-NJU/videomae-base-finetuned-kinetics"
    return [
        member(videomae, base, summary="VideoMAE base: 400 human actions.", tags=("default", "popular"),
               aliases=("videomae",)),
        member(videomae, "MCG-NJU/videomae-large-finetuned-kinetics", summary="VideoMAE large: 400 human actions.",
               config={**_LARGE, "intermediate_size": 4096}),
        member(videomae, "MCG-NJU/videomae-huge-finetuned-kinetics", summary="VideoMAE huge: 400 human actions."),
        member(videomae, "MCG-NJU/videomae-base-finetuned-ssv2", summary="VideoMAE base: 174 ways of handling things.",
               datasets=("something-something-v2",), config={"num_classes": 174}),
        *(
            member(
                timesformer,
                model_id,
                summary=f"TimeSformer, {data}: {shape}.",
                datasets=(data,),
                config={"num_classes": classes},
                metrics=(Metric(name="top1", value=score, dataset=data, source=f"{_TIMESFORMER}/README.md"),),
                tags=("default",) if model_id.endswith("base-finetuned-k400") else (),
                aliases=("timesformer",) if model_id.endswith("base-finetuned-k400") else (),
            )
            for model_id, data, classes, score, shape in clips
        ),
        member(
            films,
            "google/vivit-b-16x2-kinetics400",
            architecture="VivitForVideoClassification",
            family="vivit",
            paper=arxiv("2103.15691"),
            licence=stated(NOT_STATED, "https://github.com/google-research/scenic/blob/4a38d47/LICENSE", "Apache-2.0"),
            summary="ViViT base: 400 human actions.",
            datasets=("kinetics-400",),
            config={"num_classes": 400},
            aliases=("vivit",),
            facts={"datasets": "its name"},
        ),
    ]  # fmt: skip


def encoder_cards() -> list[ModelCard]:
    """All cards of this file."""
    return [*_dinov2(), *_older(), *_films()]
