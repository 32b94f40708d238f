"""transformers' models of masks: tiny ones with random weights, against the processors' own post-processing."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from zoo_vision.transformers_cards import transformers_cards
from zoo_vision.transformers_loader import TransformersVisionLoader
from zoo_vision.transformers_segments import SegmentOptions, TransformersSegmentation

from zoo.cards import ModelCard
from zoo.errors import BadOption
from zoo.models.context import Context
from zoo.plugin import Checkpoint
from zoo.tasks import Segmentation

# In COCO a cat is number 17, and grass is stuff.
NAMES = {0: "cat", 1: "grass", 2: "dog"}
NAMED: dict[str, Any] = {"id2label": NAMES, "label2id": {name: number for number, name in NAMES.items()}}
PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))


def swin(stages: int = 4) -> Any:
    return transformers.SwinConfig(
        image_size=64, embed_dim=8, depths=[1] * stages, num_heads=[1, 2, 2, 2], window_size=4,
        out_features=[f"stage{n + 1}" for n in range(stages)],
    )  # fmt: skip


def mask2former() -> Any:
    config = transformers.Mask2FormerConfig(
        backbone_config=swin(), feature_size=32, mask_feature_size=32, hidden_dim=32, encoder_feedforward_dim=32,
        encoder_layers=1, decoder_layers=2, num_attention_heads=2, dim_feedforward=32, num_queries=6, **NAMED,
    )  # fmt: skip
    return transformers.Mask2FormerForUniversalSegmentation(config)


def maskformer() -> Any:
    decoder = transformers.DetrConfig(
        d_model=16, encoder_layers=1, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, num_queries=6,
    )  # fmt: skip
    config = transformers.MaskFormerConfig(
        backbone_config=swin(), decoder_config=decoder, fpn_feature_size=32, mask_feature_size=32, **NAMED
    )
    return transformers.MaskFormerForInstanceSegmentation(config)


def detr() -> Any:
    body = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 16, 16], depths=[1] * 4, layer_type="basic",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = transformers.DetrConfig(
        backbone_config=body, d_model=128, encoder_layers=1, decoder_layers=2, encoder_attention_heads=8,
        decoder_attention_heads=8, encoder_ffn_dim=32, decoder_ffn_dim=32, num_queries=6, **NAMED,
    )  # fmt: skip
    return transformers.DetrForSegmentation(config)


def oneformer() -> Any:
    config = transformers.OneFormerConfig(
        backbone_config=swin(), hidden_dim=32, conv_dim=32, mask_dim=32, encoder_layers=1, decoder_layers=2,
        encoder_feedforward_dim=32, dim_feedforward=32, num_attention_heads=2, num_queries=6, query_dec_layers=1,
        text_encoder_width=32, text_encoder_n_layers=1, text_encoder_num_layers=1, text_encoder_proj_layers=1,
        text_encoder_vocab_size=40, text_encoder_n_ctx=4, is_training=False, **NAMED,
    )  # fmt: skip
    return transformers.OneFormerForUniversalSegmentation(config)


SQUARE = {"height": 64, "width": 64}
FAMILIES = {
    "Mask2FormerForUniversalSegmentation": (mask2former, transformers.Mask2FormerImageProcessor),
    "MaskFormerForInstanceSegmentation": (maskformer, transformers.MaskFormerImageProcessor),
    "DetrForSegmentation": (detr, transformers.DetrImageProcessor),
    "OneFormerForUniversalSegmentation": (oneformer, transformers.OneFormerImageProcessor),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    """`made(kind)`: a tiny model in a folder, its module and processor, and what the loader makes of the folder."""
    known: dict[str, Any] = {}

    def make(kind: str) -> Any:
        if kind not in known:
            folder = tmp_path_factory.mktemp(kind)
            torch.manual_seed(3)
            build, processor = FAMILIES[kind]
            module, steps = build().eval(), processor(size=SQUARE)
            with torch.no_grad():
                for name, parameter in module.named_parameters():
                    if any(part in name for part in ("class_predictor", "class_labels", "class_embed")):
                        parameter.normal_(0, 1.5)
            module.save_pretrained(folder)
            steps.save_pretrained(folder)
            if kind.startswith("OneFormer"):
                words(folder)
            known[kind] = folder, module, steps
        return known[kind]

    return make


def words(folder: Path) -> None:
    """A tokenizer of CLIP's kind, and the list of classes by a name that only the hub has."""
    tokens = ["<|startoftext|>", "<|endoftext|>", "the</w>", "task</w>", "is</w>", "panoptic</w>", "instance</w>"]
    tokens += [letter + end for letter in "thetaskispno" for end in ("", "</w>")]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
    given = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps(given | {"class_info_file": "coco_panoptic.json"}))


def opened(folder: Path, kind: str, **card: Any) -> tuple[Any, TransformersSegmentation]:
    card = {"id": "tiny", "datasets": ("coco",)} | card
    one = ModelCard(
        task="image-segmentation", library="transformers", loader="transformers-vision", architecture=kind, **card
    )
    checkpoint = Checkpoint(card=one, path=folder, revision="0" * 64)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="tiny")
    module = TransformersVisionLoader().load(checkpoint, context)
    assert context.unmet(module) == []
    return module, TransformersSegmentation(checkpoint)


def segment(module: Any, runner: TransformersSegmentation, **options: Any) -> tuple[Segmentation, Any]:
    """The result, and the module's outputs of which it was made."""
    given = SegmentOptions(**options)
    examples = list(runner.prepare(PICTURE, given))
    with torch.inference_mode():
        outputs = runner.forward(module, runner.collate(examples), given)
        (found,) = runner.finish(outputs, examples, given)
    return found, SimpleNamespace(**outputs)


@pytest.mark.parametrize("kind", FAMILIES)
def test_segments_are_those_of_the_processors_own_post_processing(made: Any, kind: str) -> None:
    folder, own, steps = made(kind)
    module, runner = opened(folder, kind)
    sizes, limit = [(48, 64)], 0.2 if "OneFormer" not in kind else 0.01
    found, outputs = segment(module, runner, kind="instance", threshold=limit)
    more, words = ({"task_inputs": runner._sentence("instance")}, True) if "OneFormer" in kind else ({}, False)
    given = steps(images=PICTURE, return_tensors="pt", **({"task_inputs": ["instance"]} if words else {}))
    with torch.inference_mode():
        wanted = own(pixel_values=given["pixel_values"], **more)
    for name, value in vars(outputs).items():
        torch.testing.assert_close(value, wanted[name], rtol=1e-4, atol=1e-4)
    if words:  # its own post-processing of single objects is wrong, and the others ask the hub for names
        steps = transformers.Mask2FormerImageProcessor()

    (single,) = steps.post_process_instance_segmentation(outputs, threshold=limit, target_sizes=sizes)
    assert found.segments
    scores = sorted((info["score"] for info in single["segments_info"]), reverse=True)
    assert [one.score for one in found.segments] == pytest.approx(scores)
    for one in found.segments:
        assert one.mask.shape == (48, 64)
        assert set(np.unique(one.mask)) <= {0.0, 1.0}
        rows, columns = one.mask.nonzero()
        assert one.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert one.category == {"cat": 17, "dog": 18, "grass": None}[one.label]

    shared, outputs = segment(module, runner, kind="panoptic", threshold=limit)
    (whole,) = steps.post_process_panoptic_segmentation(
        outputs, threshold=limit, target_sizes=sizes, label_ids_to_fuse=set()
    )
    total = sum((one.mask for one in shared.segments), np.zeros((48, 64)))
    assert total.max() <= 1
    covered = np.isin(whole["segmentation"].numpy(), [info["id"] for info in whole["segments_info"]])
    assert (total > 0).sum() == covered.sum()
    assert sum(one.label == "grass" for one in shared.segments) <= 1
    assert all((one.box is None) == (one.label == "grass") for one in shared.segments)

    classes, outputs = segment(module, runner, kind="semantic")
    (best,) = steps.post_process_semantic_segmentation(outputs, target_sizes=sizes)
    assert {one.label for one in classes.segments} == {NAMES[n] for n in best.unique().tolist()}
    for one in classes.segments:
        assert np.array_equal(one.mask > 0.5, best.numpy() == NAMED["label2id"][one.label])


def test_stuff_of_one_class_is_one_region(made: Any) -> None:
    folder, *_ = made("Mask2FormerForUniversalSegmentation")
    _, runner = opened(folder, "Mask2FormerForUniversalSegmentation")
    maps = torch.tensor([[1, 1, 2, 3, 4, 0]])
    infos = [{"id": n, "label_id": k, "score": n / 10} for n, k in ((1, 1), (2, 0), (3, 1), (4, 0))]
    made_ = runner._panoptic({"segmentation": maps, "segments_info": infos})
    assert [(one.label, one.score, one.mask.tolist()) for one in made_] == [
        ("grass", 0.3, [[1, 1, 0, 1, 0, 0]]),
        ("cat", 0.2, [[0, 0, 1, 0, 0, 0]]),
        ("cat", 0.4, [[0, 0, 0, 0, 1, 0]]),
    ]
    assert [one.box for one in made_] == [None, (2, 0, 3, 1), (4, 0, 5, 1)]


def test_every_card_of_masks_knows_what_it_was_trained_for() -> None:
    wanted = {"coco-panoptic": "panoptic", "coco-instance": "instance", "semantic": "semantic", "-ade": "semantic"}
    seen = 0
    for card in transformers_cards():
        if card.task == "image-segmentation" and not card.architecture.endswith("ForSemanticSegmentation"):
            runner = TransformersSegmentation(Checkpoint(card=card, path=Path(), revision="0" * 64))
            kind = next((kind for end, kind in wanted.items() if end in card.id), "panoptic")
            assert runner._kind(SegmentOptions()) == kind, card.id
            seen += 1
    assert seen > 20


def test_options_are_checked(made: Any, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="threshold"):
        SegmentOptions(threshold=2.0)
    card = next(c for c in transformers_cards() if c.architecture == "SegformerForSemanticSegmentation")
    runner = TransformersSegmentation(Checkpoint(card=card, path=tmp_path, revision="0" * 64))
    with pytest.raises(BadOption, match="gives each pixel a class"):
        runner.prepare(PICTURE, SegmentOptions(kind="instance"))
