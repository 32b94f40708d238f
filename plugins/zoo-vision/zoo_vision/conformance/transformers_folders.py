"""Folders of transformers: config.json, preprocessor_config.json, model.safetensors; networks of 16 dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard

__all__ = ["clip", "depth_anything", "segformer", "vit"]

LABELS = ("ant", "bee", "cat")
NAMED = {"id2label": dict(enumerate(LABELS)), "label2id": {label: number for number, label in enumerate(LABELS)}}
LAYERS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
SIDE = {"height": 32, "width": 32}
# A tokenizer of CLIP's kind: its own two tokens, letters, and letters that end a word.
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,"
TOKENS = ("<|startoftext|>", "<|endoftext|>", *LETTERS, *(f"{letter}</w>" for letter in LETTERS))


def vit(folder: Path) -> ModelCard:
    """A transformer over patches that tells three classes."""
    import transformers

    config = transformers.ViTConfig(image_size=32, patch_size=8, **LAYERS, **NAMED)
    module = transformers.ViTForImageClassification
    tasks = ("image-classification", "image-feature-extraction")
    return _saved(folder, module, config, transformers.ViTImageProcessor(size=SIDE), tasks)


def segformer(folder: Path) -> ModelCard:
    """A segmenter of three classes."""
    import transformers

    config = transformers.SegformerConfig(
        hidden_sizes=[8, 8, 16, 16],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16,
        **NAMED,
    )
    steps = transformers.SegformerImageProcessor(size={"height": 64, "width": 64})
    return _saved(folder, transformers.SegformerForSemanticSegmentation, config, steps, ("image-segmentation",))


def depth_anything(folder: Path) -> ModelCard:
    """Depth Anything on DINOv2."""
    import transformers

    body = transformers.Dinov2Config(
        image_size=28,
        patch_size=14,
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=2,
        out_indices=[1, 2, 3, 4],
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=body,
        patch_size=14,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=8,
        head_hidden_size=8,
    )
    steps = transformers.DPTImageProcessor(size={"height": 42, "width": 42}, ensure_multiple_of=14)
    return _saved(folder, transformers.DepthAnythingForDepthEstimation, config, steps, ("depth-estimation",))


def clip(folder: Path) -> ModelCard:
    """CLIP, with its tokenizer."""
    import transformers

    words = {"vocab_size": len(TOKENS), "max_position_embeddings": 77, "eos_token_id": 1, "bos_token_id": 0}
    config = transformers.CLIPConfig(
        text_config={**LAYERS, **words, "pad_token_id": 1, "projection_dim": 12},
        vision_config={**LAYERS, "image_size": 32, "patch_size": 8, "projection_dim": 12},
        projection_dim=12,
    )
    steps = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=SIDE)
    tasks = ("zero-shot-image-classification", "image-feature-extraction")
    card = _saved(folder, transformers.CLIPModel, config, steps, tasks)
    vocabulary = {token: number for number, token in enumerate(TOKENS)}
    transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77).save_pretrained(folder)
    return card


def _saved(folder: Path, kind: Any, config: Any, steps: Any, tasks: Sequence[str]) -> ModelCard:
    """Save a model with random weights, large enough that pictures differ in what comes out, and its processor."""
    import torch
    from transformers.utils import logging

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = kind(config).eval()
        with torch.no_grad():
            for parameter in module.parameters():
                if parameter.ndim > 1:
                    parameter.normal_(0, 0.3)
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    module.save_pretrained(folder)
    if bars:
        logging.enable_progress_bar()
    steps.save_pretrained(folder)
    return ModelCard(
        id=f"tiny-{kind.__name__.lower()}",
        task=tasks[0],
        tasks=tuple(tasks[1:]),
        library="transformers",
        loader="transformers-vision",
        architecture=kind.__name__,
    )
