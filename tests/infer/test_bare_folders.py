"""`zoo predict ./folder input` on folders that only their configuration describes, as transformers saves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from tests.tiny import SPECIAL, WORDS, tokenizer
from tests.tiny_fixtures import Cli, Models
from zoo.errors import BadOption
from zoo.tasks import Speech

SIZE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
SEEN = {**SIZE, "image_size": 32, "patch_size": 8}
NAMES = {"id2label": {0: "ant", 1: "bee"}, "label2id": {"ant": 0, "bee": 1}}
SIDE = {"height": 32, "width": 32}
HEARD = {
    **SIZE, "conv_dim": (8, 8), "conv_kernel": (10, 8), "conv_stride": (8, 8), "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}  # fmt: skip


def saved(folder: Path, module: Any, *parts: Any) -> Path:
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim:
                parameter.normal_(0, 0.3)
    module.eval().save_pretrained(folder)
    for part in parts:
        part.save_pretrained(folder)
    return folder


def classifier(folder: Path) -> Path:
    module = transformers.ViTForImageClassification(transformers.ViTConfig(**SEEN, **NAMES))
    return saved(folder, module, transformers.ViTImageProcessor(size=SIDE))


def body(folder: Path) -> Path:
    module = transformers.Dinov2Model(transformers.Dinov2Config(**SEEN))
    return saved(folder, module, transformers.BitImageProcessor(size={"shortest_edge": 32}, crop_size=SIDE))


def detector(folder: Path) -> Path:
    config = transformers.YolosConfig(**{**SEEN, "image_size": [32, 32]}, num_detection_tokens=3, **NAMES)
    processor = transformers.YolosImageProcessor(size={"shortest_edge": 32, "longest_edge": 48})
    return saved(folder, transformers.YolosForObjectDetection(config), processor)


def regions(folder: Path) -> Path:
    config = transformers.SegformerConfig(
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2], decoder_hidden_size=16,
        **NAMES,
    )  # fmt: skip
    module = transformers.SegformerForSemanticSegmentation(config)
    return saved(folder, module, transformers.SegformerImageProcessor(size=SIDE))


def depths(folder: Path) -> Path:
    backbone = transformers.Dinov2Config(
        image_size=28, patch_size=14, hidden_size=16, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=2,
        out_indices=[1, 2, 3, 4], apply_layernorm=True, reshape_hidden_states=False,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, patch_size=14, reassemble_hidden_size=16, neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=8, head_hidden_size=8,
    )  # fmt: skip
    processor = transformers.DPTImageProcessor(size={"height": 42, "width": 42}, ensure_multiple_of=14)
    return saved(folder, transformers.DepthAnythingForDepthEstimation(config), processor)


def words_and_pictures(folder: Path) -> Path:
    """Saved with transformers 5's one file for both processors."""
    text = {**SIZE, "vocab_size": len(SPECIAL) + len(WORDS), "max_position_embeddings": 16, "eos_token_id": 3}
    config = transformers.CLIPConfig(text_config=text, vision_config=SEEN, projection_dim=12)
    pictures = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=SIDE)
    both = transformers.CLIPProcessor(pictures, tokenizer((*SPECIAL, *WORDS)))
    made = saved(folder, transformers.CLIPModel(config), both)
    assert not (made / "preprocessor_config.json").exists()
    return made


def letters(folder: Path) -> Path:
    folder.mkdir()
    known = ("<pad>", "<s>", "</s>", "<unk>", "|", "A", "B", "C")
    (folder / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(known)}))
    config = transformers.HubertConfig(vocab_size=len(known), pad_token_id=0, **HEARD)
    both = transformers.Wav2Vec2Processor(
        transformers.Wav2Vec2FeatureExtractor(), transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    )
    return saved(folder, transformers.HubertForCTC(config), both)


def sounds(folder: Path) -> Path:
    config = transformers.Wav2Vec2Config(classifier_proj_size=8, **HEARD, **NAMES)
    module = transformers.Wav2Vec2ForSequenceClassification(config)
    return saved(folder, module, transformers.Wav2Vec2FeatureExtractor())


def voice(folder: Path) -> Path:
    folder.mkdir()
    known = ("<pad>", " ", *"abcdefghijklmnopqrstuvwxyz", "<unk>")
    (folder / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(known)}))
    config = transformers.VitsConfig(
        vocab_size=len(known), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, ffn_dim=16, flow_size=16,
        spectrogram_bins=9, upsample_initial_channel=16, upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8],
        resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]], prior_encoder_num_flows=1, wavenet_dilation_rate=1,
        prior_encoder_num_wavenet_layers=1, posterior_encoder_num_wavenet_layers=1, depth_separable_num_layers=1,
        duration_predictor_num_flows=1, sampling_rate=8_000,
    )  # fmt: skip
    # Random weights of any size would make letters last for hours, so these stay as the class makes them.
    transformers.VitsModel(config).eval().save_pretrained(folder)
    transformers.VitsTokenizer(str(folder / "vocab.json"), phonemize=False).save_pretrained(folder)
    return folder


@pytest.fixture
def inputs(models: Models, tmp_path: Path) -> dict[str, str]:
    """A picture, a recording and a text."""
    recording = tmp_path / "noise.wav"
    Speech(samples=np.random.default_rng(0).normal(0, 0.2, 16_000), rate=16_000).save(recording)
    return {"image": str(models.red), "audio": str(recording), "text": "a cat"}


@pytest.mark.parametrize(
    ("make", "given", "task", "key"),
    [
        (classifier, "image", "image-classification", "labels"),
        (body, "image", "image-feature-extraction", "vector"),
        (detector, "image", "object-detection", "boxes"),
        (regions, "image", "image-segmentation", "segments"),
        (depths, "image", "depth-estimation", "size"),
        (letters, "audio", "automatic-speech-recognition", "text"),
        (sounds, "audio", "audio-classification", "labels"),
        (voice, "text", "text-to-speech", "seconds"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_bare_folder_is_used(
    cli: Cli, home: Path, inputs: dict[str, str], tmp_path: Path, make: Any, given: str, task: str, key: str
) -> None:
    found = cli("predict", make(tmp_path / "mine"), inputs[given], "--json")
    assert found.code == 0, found.err
    assert found.json["task"] == task
    assert key in found.json["result"]


def test_labels_of_ones_own(cli: Cli, home: Path, inputs: dict[str, str], tmp_path: Path) -> None:
    folder = words_and_pictures(tmp_path / "mine")
    found = cli("predict", folder, inputs["image"], "--json", "--set", "labels=cat, dog")
    assert found.code == 0, found.err
    assert {row["label"] for row in found.json["result"]["labels"]} == {"cat", "dog"}
    features = cli("predict", folder, inputs["image"], "--json", "--task", "image-feature-extraction")
    assert len(features.json["result"]["vector"]) == 12
    missing = cli("predict", folder, inputs["image"])
    assert missing.code == BadOption.exit_code
    assert "--set labels=" in missing.err


def test_a_folder_that_nothing_loads_leaves_nothing(
    cli: Cli, home: Path, inputs: dict[str, str], tmp_path: Path
) -> None:
    config = transformers.Wav2Vec2Config(**HEARD)
    folder = saved(tmp_path / "mine", transformers.Wav2Vec2ForXVector(config), transformers.Wav2Vec2FeatureExtractor())
    found = cli("predict", folder, inputs["audio"])
    assert found.code != 0
    assert "Wav2Vec2ForXVector" in found.err
    assert "local/mine" not in cli("list").out
