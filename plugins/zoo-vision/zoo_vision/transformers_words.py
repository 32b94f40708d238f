"""Models that put pictures and words into one space, on the hub, with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import NOT_STATED, Metric, ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated

__all__ = ["word_cards"]

_CLIP = "https://github.com/openai/CLIP/blob/d05afc4"
_OPEN = "https://github.com/mlfoundations/open_clip/blob/89fb801"
_CHINESE = "https://github.com/OFA-Sys/Chinese-CLIP/blob/31863c7"
_AZURE = "https://github.com/Azure/azureml-assets/blob/4b41f8ccbc01cf492767adc586ce1661c54c340a/assets/models/system"
_MTEB = (
    "https://github.com/embeddings-benchmark/mteb/blob/a905523d0111f999360b312bd4a601a0a97a0e1c/"
    "mteb/models/model_implementations"
)

_ZERO_SHOT = ModelCard(
    id=FAMILY,
    task="zero-shot-image-classification",
    tasks=("image-feature-extraction",),
    library="transformers",
    loader="transformers-vision",
    architecture="CLIPModel",
    tags=("contrastive", "open-vocabulary"),
    languages=("en",),
)


def _clip() -> list[ModelCard]:
    openai = _ZERO_SHOT.replace(
        family="clip",
        paper=arxiv("2103.00020"),
        licence=stated(
            "MIT", f"{_CLIP}/LICENSE, the repository with the weights; {_AZURE}/openai-clip-vit-base-patch32"
        ),
        facts=MappingProxyType({"parameters": f"{_MTEB}/clip_models.py", "languages": f"{_CLIP}/model-card.md"}),
    )
    laion = openai.replace(
        licence=stated("MIT", f"mteb's list of hub models: {_MTEB}/openclip_models.py"),
        tags=("contrastive", "laion", "open-vocabulary"),
        facts=MappingProxyType(
            {
                "datasets, metrics": f"{_OPEN}/docs/PRETRAINED.md, and its name",
                "parameters, languages": f"{_MTEB}/openclip_models.py",
            }
        ),
    )
    shapes = (
        ("openai/clip-vit-base-patch32", 151_277_313, "ViT-B/32", ("default", "popular")),
        ("openai/clip-vit-base-patch16", 149_620_737, "ViT-B/16", ()),
        ("openai/clip-vit-large-patch14", 427_616_513, "ViT-L/14", ("popular",)),
        ("openai/clip-vit-large-patch14-336", None, "ViT-L/14, 336 px", ()),
    )
    # id, parameters, zero-shot top-1 on ImageNet, data set, words
    others: tuple[tuple[str, int, float | None, str, str], ...] = (
        ("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", 151_277_313, 66.6, "laion-2b-en", "ViT-B/32"),
        ("laion/CLIP-ViT-L-14-laion2B-s32B-b82K", 427_616_513, 75.3, "laion-2b-en", "ViT-L/14"),
        ("laion/CLIP-ViT-H-14-laion2B-s32B-b79K", 986_109_441, 78.0, "laion-2b-en", "ViT-H/14"),
        ("laion/CLIP-ViT-g-14-laion2B-s34B-b88K", 1_367_000_000, None, "laion-2b-en", "ViT-g/14"),
        ("laion/CLIP-ViT-bigG-14-laion2B-39B-b160k", 2_539_567_105, None, "laion-2b-en", "ViT-bigG/14"),
        ("laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K", 151_000_000, None, "datacomp-1b", "ViT-B/32"),
        ("laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K", 150_000_000, None, "datacomp-1b", "ViT-B/16"),
        ("laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K", 427_616_513, 79.2, "datacomp-1b", "ViT-L/14"),
    )
    table = f"{_OPEN}/docs/PRETRAINED.md"
    return [
        *(
            member(
                openai,
                model_id,
                summary=f"CLIP {shape}: pictures and words in one space.",
                parameters=parameters,
                tags=tags,
                aliases=("clip",) if "default" in tags else (),
            )
            for model_id, parameters, shape, tags in shapes
        ),
        *(
            member(
                laion,
                model_id,
                summary=f"CLIP {shape}, trained in the open on {data}.",
                parameters=parameters,
                datasets=(data,),
                paper=arxiv("2304.14108" if data == "datacomp-1b" else "2210.08402"),
                metrics=()
                if score is None
                else (Metric(name="zero-shot-top1", value=score, dataset="imagenet-1k", source=table),),
            )
            for model_id, parameters, score, data, shape in others
        ),
    ]


# End of the id, parameters: all from mteb's list of hub models.
_SIGLIP = (
    ("siglip-base-patch16-224", 203_155_970), ("siglip-base-patch16-256", 203_202_050),
    ("siglip-base-patch16-256-multilingual", 370_626_050), ("siglip-base-patch16-384", 203_447_810),
    ("siglip-base-patch16-512", 203_791_874), ("siglip-large-patch16-256", 652_150_786),
    ("siglip-large-patch16-384", 652_478_466), ("siglip-so400m-patch14-224", 877_360_306),
    ("siglip-so400m-patch14-384", 877_960_498), ("siglip2-base-patch16-224", 375_187_970),
    ("siglip2-base-patch16-256", 375_234_050), ("siglip2-base-patch16-384", 375_479_810),
    ("siglip2-base-patch16-512", 375_823_874), ("siglip2-base-patch32-256", 376_856_066),
    ("siglip2-large-patch16-256", 881_526_786), ("siglip2-large-patch16-384", 881_854_466),
    ("siglip2-large-patch16-512", 882_313_218), ("siglip2-so400m-patch14-224", 1_135_463_602),
    ("siglip2-so400m-patch14-384", 1_136_008_498), ("siglip2-so400m-patch16-512", 1_136_555_698),
    ("siglip2-giant-opt-patch16-384", 1_871_885_426),
)  # fmt: skip
_NAMED = {"siglip-base-patch16-224": ("siglip",), "siglip2-base-patch16-224": ("siglip2",)}


def _siglip() -> list[ModelCard]:
    family = _ZERO_SHOT.replace(
        architecture="SiglipModel",
        licence=stated("Apache-2.0", f"mteb's list of hub models: {_MTEB}/siglip_models.py"),
        datasets=("webli",),
        facts=MappingProxyType({"parameters, datasets, languages": f"{_MTEB}/siglip_models.py"}),
    )
    return [
        member(
            family,
            f"google/{end}",
            family="siglip2" if "siglip2" in end else "siglip",
            paper=arxiv("2502.14786" if "siglip2" in end else "2303.15343"),
            summary=f"SigLIP{' 2' if 'siglip2' in end else ''} {end.partition('-')[2].replace('-', ' ')}: "
            "pictures and words in one space, by a sigmoid loss.",
            parameters=parameters,
            tags=(
                *(("multilingual",) if "multilingual" in end or "siglip2" in end else ()),
                *(("default",) if end in _NAMED else ()),
            ),
            aliases=_NAMED.get(end, ()),
        )
        for end, parameters in _SIGLIP
    ]


def _foreign() -> list[ModelCard]:
    chinese = _ZERO_SHOT.replace(
        architecture="ChineseCLIPModel",
        family="chinese-clip",
        paper=arxiv("2211.01335"),
        licence=stated(NOT_STATED, f"{_CHINESE} has no licence file; hub: not looked at"),
        languages=("zh",),
        tags=("chinese", "contrastive", "open-vocabulary"),
        facts=MappingProxyType({"parameters, languages": f"rounded; {_CHINESE}/README_En.md"}),
    )
    return [
        *(
            member(
                chinese,
                f"OFA-Sys/chinese-clip-vit-{end}",
                summary=f"CLIP for Chinese, ViT {end.replace('-', ' ')}.",
                parameters=millions * 1_000_000,
                aliases=("chinese-clip",) if millions == 188 else (),
            ).replace(languages=("zh",))
            for end, millions in (
                ("base-patch16", 188),
                ("large-patch14", 406),
                ("large-patch14-336px", 407),
                ("huge-patch14", 958),
            )
        ),
        member(
            _ZERO_SHOT,
            "kakaobrain/align-base",
            architecture="AlignModel",
            family="align",
            paper=arxiv("2102.05918"),
            licence=stated(NOT_STATED, f"mteb's list of hub models has none: {_MTEB}/align_models.py"),
            summary="ALIGN: EfficientNet and BERT, pictures and words in one space.",
            parameters=172_117_841,
            aliases=("align",),
            facts={"parameters, languages": f"{_MTEB}/align_models.py"},
        ),
    ]


def word_cards() -> list[ModelCard]:
    """All cards of this file."""
    return [*_clip(), *_siglip(), *_foreign()]
