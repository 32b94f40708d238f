"""Models that write about pictures, on the hub, with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from zoo.cards import NOT_STATED, Metric, ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated

__all__ = ["writing_cards"]

_HUB = "https://huggingface.co"
_BLIP = "https://github.com/salesforce/BLIP/blob/056a169"
_GIT = "https://github.com/microsoft/GenerativeImage2Text/blob/faae4fb"
_TROCR = "https://github.com/microsoft/unilm/blob/768a3c8"
_VILT = "https://github.com/dandelin/ViLT/blob/762fd39"
_LLAVA = "https://github.com/haotian-liu/LLaVA/blob/c121f04"
_SMOL = "https://github.com/huggingface/smollm/blob/a041759"
_MTEB = (
    "https://github.com/embeddings-benchmark/mteb/blob/a905523d0111f999360b312bd4a601a0a97a0e1c/"
    "mteb/models/model_implementations"
)

_CAPTIONS = ModelCard(
    id=FAMILY,
    task="image-to-text",
    library="transformers",
    loader="transformers-vision",
    architecture="BlipForConditionalGeneration",
    tags=("captions",),
)


def _captions() -> list[ModelCard]:
    blip = _CAPTIONS.replace(
        architecture="BlipForConditionalGeneration",
        family="blip",
        paper=arxiv("2201.12086"),
        licence=stated("BSD-3-Clause", f"{_BLIP}/LICENSE.txt; mteb's list of hub models: {_MTEB}/blip_models.py"),
        facts=MappingProxyType({"parameters": f"{_MTEB}/blip_models.py"}),
    )
    asks = blip.replace(
        task="visual-question-answering",
        architecture="BlipForQuestionAnswering",
        tags=("questions",),
    )
    two = blip.replace(
        architecture="Blip2ForConditionalGeneration",
        family="blip2",
        paper=arxiv("2301.12597"),
        licence=stated("MIT", f"mteb's list of hub models: {_MTEB}/blip2_models.py"),
        facts=MappingProxyType({"parameters": f"rounded; {_MTEB}/blip2_models.py"}),
    )
    git = _CAPTIONS.replace(
        architecture="GitForCausalLM",
        family="git",
        paper=arxiv("2205.14100"),
        licence=stated("MIT", f"{_GIT}/LICENSE, the repository with the weights; hub: not looked at"),
        facts=MappingProxyType({"metrics, datasets": f"{_GIT}/README.md"}),
    )
    coco = {"datasets": ("coco",)}
    return [
        member(blip, "Salesforce/blip-image-captioning-base", summary="BLIP base: says what a picture shows.",
               parameters=224_726_017, tags=("default", "popular"), aliases=("blip",)),
        member(blip, "Salesforce/blip-image-captioning-large", summary="BLIP large: says what a picture shows.",
               parameters=446_128_642),
        member(asks, "Salesforce/blip-vqa-base", summary="BLIP base: answers questions on a picture.",
               parameters=384_672_572, aliases=("blip-vqa",), tags=("default",)),
        member(asks, "Salesforce/blip-vqa-capfilt-large", summary="BLIP, filtered captions: answers questions.",
               parameters=384_672_572),
        member(two, "Salesforce/blip2-opt-2.7b", summary="BLIP-2 on OPT 2.7B: captions, and answers on a picture.",
               parameters=3_740_000_000, tags=("default",), aliases=("blip-2", "blip2")),
        member(two, "Salesforce/blip2-opt-6.7b-coco", summary="BLIP-2 on OPT 6.7B, captions of COCO.",
               parameters=7_750_000_000, **coco, facts={"datasets": "its name"}),
        member(git, "microsoft/git-base", summary="GIT base: says what a picture shows.", tags=("default",)),
        member(git, "microsoft/git-base-coco", summary="GIT base, captions of COCO.", **coco,
               metrics=(Metric(name="cider", value=131.4, dataset="coco", source=f"{_GIT}/README.md"),)),
        member(git, "microsoft/git-large-coco", summary="GIT large, captions of COCO.", **coco,
               metrics=(Metric(name="cider", value=138.5, dataset="coco", source=f"{_GIT}/README.md"),)),
        member(git, "microsoft/git-base-textcaps", summary="GIT base, captions that read the words in a picture.",
               datasets=("textcaps",),
               metrics=(Metric(name="cider", value=64.9, dataset="textcaps val", source=f"{_GIT}/README.md"),)),
        member(_CAPTIONS, "nlpconnect/vit-gpt2-image-captioning", architecture="VisionEncoderDecoderModel",
               family="vit-gpt2", licence=stated(NOT_STATED, "hub: not looked at"), tags=("popular",),
               config={"encoder": {"model_type": "vit"},
                       "decoder": {"model_type": "gpt2", "add_cross_attention": True}},
               summary="ViT and GPT-2: says what a picture shows.", aliases=("vit-gpt2",)),
        member(_CAPTIONS, "dandelin/vilt-b32-finetuned-vqa", task="visual-question-answering",
               architecture="ViltForQuestionAnswering", family="vilt", paper=arxiv("2102.03334"),
               licence=stated("Apache-2.0", f"{_VILT}/LICENSE, the repository with the weights"),
               summary="ViLT: answers questions on a picture, without a CNN.", tags=("popular", "questions"),
               aliases=("vilt",)),
    ]  # fmt: skip


def _reading() -> list[ModelCard]:
    table = f"{_TROCR}/trocr/README.md"
    family = _CAPTIONS.replace(
        architecture="VisionEncoderDecoderModel",
        family="trocr",
        paper=arxiv("2109.10282"),
        licence=stated("MIT", f"{_TROCR}/LICENSE, the repository with the weights; the hub pages state none"),
        tags=("ocr",),
        config=MappingProxyType({"encoder": {"model_type": "vit"}, "decoder": {"model_type": "trocr"}}),
        facts=MappingProxyType({"parameters, metrics, datasets": f"rounded; {table}"}),
    )
    rows = (
        ("small", 62, "handwritten", 4.22), ("base", 334, "handwritten", 3.42), ("large", 558, "handwritten", 2.89),
        ("small", 62, "printed", 95.86), ("base", 334, "printed", 96.34), ("large", 558, "printed", 96.60),
    )  # fmt: skip
    return [
        member(
            family,
            f"microsoft/trocr-{size}-{kind}",
            summary=f"TrOCR {size}: reads one line of {kind} English.",
            parameters=millions * 1_000_000,
            datasets=("iam",) if kind == "handwritten" else ("sroie",),
            metrics=(
                Metric(
                    name="cer" if kind == "handwritten" else "f1",
                    value=score,
                    dataset="iam" if kind == "handwritten" else "sroie",
                    source=table,
                ),
            ),
            tags=(kind, *(("default", "popular") if (size, kind) == ("base", "printed") else ())),
            aliases=("trocr",) if (size, kind) == ("base", "printed") else (),
        )
        for size, millions, kind, score in rows
    ]


def _talks() -> list[ModelCard]:
    talks = _CAPTIONS.replace(task="image-text-to-text", tags=("chat", "multimodal"))
    unseen = stated(
        NOT_STATED, f"{_LLAVA}/README.md: subject to the licences of its language model and data; hub: not looked at"
    )
    unlooked = stated(NOT_STATED, "hub: not looked at")
    llava = talks.replace(
        architecture="LlavaForConditionalGeneration", family="llava", paper=arxiv("2310.03744"), licence=unseen
    )
    qwen = talks.replace(
        architecture="Qwen2VLForConditionalGeneration", family="qwen2-vl", paper=arxiv("2409.12191"),
        licence=stated("Apache-2.0", f"{_HUB}/Qwen/Qwen2-VL-2B-Instruct"),
    )  # fmt: skip
    five = qwen.replace(
        architecture="Qwen2_5_VLForConditionalGeneration", family="qwen2.5-vl", paper=arxiv("2502.13923"),
        licence=stated(NOT_STATED, "hub: not looked at"),
    )  # fmt: skip
    smol = talks.replace(
        architecture="Idefics3ForConditionalGeneration", family="smolvlm",
        paper=arxiv("2504.05299"), licence=stated(NOT_STATED, f"{_SMOL}/LICENSE is of the code; hub: not looked at"),
    )  # fmt: skip
    named = "the number in its name"
    rows: tuple[tuple[ModelCard, str, int | None, str, tuple[str, ...]], ...] = (
        (llava, "llava-hf/llava-1.5-7b-hf", 7_000_000_000, "LLaVA 1.5 on Vicuna 7B", ("llava",)),
        (llava, "llava-hf/llava-1.5-13b-hf", 13_000_000_000, "LLaVA 1.5 on Vicuna 13B", ()),
        (qwen, "Qwen/Qwen2-VL-2B-Instruct", 2_000_000_000, "Qwen2-VL 2B", ("qwen2-vl",)),
        (qwen, "Qwen/Qwen2-VL-7B-Instruct", 7_000_000_000, "Qwen2-VL 7B", ()),
        (five, "Qwen/Qwen2.5-VL-3B-Instruct", 3_000_000_000, "Qwen2.5-VL 3B", ("qwen2.5-vl",)),
        (five, "Qwen/Qwen2.5-VL-7B-Instruct", 7_000_000_000, "Qwen2.5-VL 7B", ()),
        (smol, "HuggingFaceTB/SmolVLM-256M-Instruct", 256_000_000, "SmolVLM 256M, the smallest of its kind", ()),
        (smol, "HuggingFaceTB/SmolVLM-500M-Instruct", 500_000_000, "SmolVLM 500M", ()),
        (smol, "HuggingFaceTB/SmolVLM-Instruct", None, "SmolVLM", ("smolvlm",)),
    )
    made = [
        member(
            family, model_id, parameters=parameters, summary=f"{words}: talks about pictures.",
            aliases=aliases, tags=("default", "popular") if aliases else (),
            facts={} if parameters is None else {"parameters": f"rounded; {named}"},
        )
        for family, model_id, parameters, words, aliases in rows
    ]  # fmt: skip
    last: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
        ("llava-hf/llava-v1.6-mistral-7b-hf", "LlavaNextForConditionalGeneration", "llava", "LLaVA 1.6, 7B", {}),
        ("google/paligemma-3b-mix-224", "PaliGemmaForConditionalGeneration", "paligemma", "PaliGemma 3B, 224 px",
         {"paper": arxiv("2407.07726"), "aliases": ("paligemma",), "licence": unlooked}),
        ("HuggingFaceM4/idefics2-8b", "Idefics2ForConditionalGeneration", "idefics2", "Idefics2 8B",
         {"paper": arxiv("2405.02246"), "aliases": ("idefics2",), "licence": unlooked}),
    )  # fmt: skip
    return made + [
        member(talks.replace(licence=unseen), model_id, architecture=kind, family=family,
               summary=f"{words}: talks about pictures.", **own)
        for model_id, kind, family, words, own in last
    ]  # fmt: skip


def writing_cards() -> list[ModelCard]:
    """All cards of this file."""
    return [*_captions(), *_reading(), *_talks()]
