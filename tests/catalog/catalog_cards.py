"""Cards and manifests for the catalog's tests: real names, other facts made up."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import zoo
from zoo.cards import Licence, Metric, ModelCard, Source, WeightFile
from zoo.manifests import Manifest, StoredFile

TIMM = [
    "resnet18.a1_in1k",
    "resnet18.a2_in1k",
    "resnet18.tv_in1k",
    "resnet18d.ra2_in1k",
    "resnet34.a1_in1k",
    "resnet34.tv_in1k",
    "resnet50.a1_in1k",
    "resnet50.a1h_in1k",
    "resnet50.tv_in1k",
    "resnet50.ra_in1k",
    "resnet50_gn.a1h_in1k",
    "resnet50d.a1_in1k",
    "resnet50x4_clip.openai",
    "resnet101.a1_in1k",
    "resnet101.tv_in1k",
    "resnet152.a1h_in1k",
    "resnetaa101d.sw_in12k_ft_in1k",
    "resnetv2_101x1_bit.goog_in21k_ft_in1k",
    "seresnext101_32x4d.gluon_in1k",
    "cspresnet50.ra_in1k",
    "resnest14d.gluon_in1k",
    "mobilenetv2_100.ra_in1k",
    "mobilenetv2_050.lamb_in1k",
    "mobilenetv2_110d.ra_in1k",
    "mobilenetv3_large_100.ra_in1k",
    "mobilevitv2_100.cvnets_in1k",
    "ghostnetv2_100.in1k",
    "tf_efficientnet_lite0.in1k",
    "tf_efficientnet_lite1.in1k",
    "tf_efficientnet_lite2.in1k",
    "efficientnet_lite0.ra_in1k",
    "tf_efficientnetv2_b0.in1k",
    "vit_base_patch16_224.augreg_in1k",
    "vit_base_patch16_224.dino",
    "vit_base_patch32_384.augreg_in21k_ft_in1k",
    "vit_large_patch14_clip_224.laion2b_ft_in1k",
    "flexivit_base.300ep_in1k",
    "flexivit_base.1000ep_in21k",
    "convnext_base.dinov3_lvd1689m",
    "convnextv2_base.fcmae_ft_in1k",
    "deit3_large_patch16_224.fb_in1k",
    "swin_large_patch4_window12_384.ms_in22k",
    "regnety_160.deit_in1k",
    "beit3_base_patch16_224.pt",
    "cait_m48_448.fb_dist_in1k",
    "gernet_s.idstcv_in1k",
]

HUB = {
    "sentence-transformers/all-MiniLM-L6-v2": ("sentence-similarity", "BertModel", 22_713_216),
    "sentence-transformers/all-MiniLM-L12-v2": ("sentence-similarity", "BertModel", 33_360_000),
    "HuggingFaceTB/SmolLM2-135M-Instruct": ("text-generation", "LlamaForCausalLM", 134_515_008),
    "Qwen/Qwen2.5-0.5B-Instruct": ("text-generation", "Qwen2ForCausalLM", 494_032_768),
    "google-bert/bert-base-uncased": ("fill-mask", "BertForMaskedLM", 110_106_428),
    "google-bert/bert-large-cased": ("fill-mask", "BertForMaskedLM", 335_174_458),
    "distilbert/distilbert-base-uncased": ("fill-mask", "DistilBertForMaskedLM", 66_985_530),
    "FacebookAI/roberta-base": ("fill-mask", "RobertaForMaskedLM", 124_697_433),
    "openai/whisper-base": ("automatic-speech-recognition", "WhisperForConditionalGeneration", 72_593_920),
    "openai/whisper-tiny.en": ("automatic-speech-recognition", "WhisperForConditionalGeneration", 37_760_640),
    "microsoft/resnet-50": ("image-classification", "ResNetForImageClassification", 25_613_800),
    "stanford/glove-6b-50d": ("word-analogy", "glove", 20_000_000),
}


def top1(name: str) -> float:
    """A made-up score that depends on the name alone."""
    return 60 + int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % 3000 / 100


def timm_card(name: str, **changes: object) -> ModelCard:
    architecture = name.partition(".")[0]
    card = ModelCard(
        id=f"timm/{name}",
        task="image-classification",
        tasks=("image-feature-extraction",),
        library="timm",
        loader="timm",
        architecture=architecture,
        summary=f"{architecture} image classifier",
        parameters=25_557_032,
        licence=Licence(weights="Apache-2.0", package="Apache-2.0", source="the library's metadata"),
        sources=(Source(uri=f"hf:timm/{name}"),),
        files=(WeightFile(path="model.safetensors", origin=(f"hf:timm/{name}#model.safetensors",), size=1000),),
        metrics=(Metric(name="top1", value=top1(name), dataset="imagenet-1k", source="timm results"),),
        datasets=("imagenet-1k",),
        tags=("default",) if name in {"resnet50.a1_in1k", "resnet18.a1_in1k"} else (),
    )
    return card.replace(**changes)


def hub_card(model_id: str, **changes: object) -> ModelCard:
    task, architecture, parameters = HUB[model_id]
    card = ModelCard(
        id=model_id,
        task=task,
        library="transformers",
        loader="transformers",
        architecture=architecture,
        parameters=parameters,
        licence=Licence(weights="MIT" if "whisper" in model_id else "BSD-3-Clause OR MIT"),
        sources=(Source(uri=f"hf:{model_id}"),),
        metrics=(Metric(name="wer", value=5.0 if "base" in model_id else 8.0),) if "whisper" in model_id else (),
        languages=("de", "en") if "whisper" in model_id else ("en",),
        tags=("café", "sentence-embeddings") if "MiniLM" in model_id else (),
    )
    return card.replace(**changes)


def vision() -> list[ModelCard]:
    return [timm_card(name) for name in TIMM]


def hub() -> list[ModelCard]:
    return [hub_card(name) for name in HUB]


def many(count: int) -> Iterator[ModelCard]:
    """As many cards as wanted, of different names in realistic families."""
    for i in range(count):
        name = TIMM[i % len(TIMM)]
        architecture, _, tag = name.partition(".")
        yield timm_card(f"{architecture}.v{i // len(TIMM)}_{tag}")


def manifest(model: str, *, seed: str = "a", pulled: str = "2026-01-31T09:00:00Z", converted: bool = True) -> Manifest:
    digest = hashlib.sha256(seed.encode()).hexdigest()
    stored = hashlib.sha256(digest.encode()).hexdigest()
    weights = StoredFile(
        path="model.safetensors",
        size=2000,
        sha256=stored if converted else digest,
        format="safetensors",
        origin=(f"hf:{model}#pytorch_model.bin",),
        source_path="pytorch_model.bin" if converted else None,
        source_size=2100 if converted else None,
        source_sha256=digest if converted else None,
    )
    config = StoredFile(path="config.json", size=5, sha256=digest, format="json", origin=(f"hf:{model}#config.json",))
    return Manifest(
        model=model, files=(config, weights), pulled=pulled, upstream=digest[:40], containers={f"hf:{model}": digest}
    )


def run_bare(code: str) -> str:
    """What Python prints with this code when only the zoo's source and the standard library are there."""
    env = {"PYTHONPATH": str(Path(zoo.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-S", "-c", code], check=True, capture_output=True, text=True, env=env)
    return done.stdout.strip()
