"""How speech models learn: what they are told of recordings and transcripts, and what is written of it."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from zoo_speech.adapters.sounds import TransformersSoundTuner, WhisperSoundTuner
from zoo_speech.adapters.transcripts import IGNORED, WhisperWriter
from zoo_speech.adapters.varying import masked
from zoo_speech.cards import CARDS
from zoo_speech.transformers_loader import TransformersAudioLoader
from zoo_speech.whisper_loader import WhisperLoader

from zoo.cards import ModelCard
from zoo.errors import BadData, UnknownTask
from zoo.models.context import Context
from zoo.plugin import HEAD_FILE, Checkpoint, Target

RATE = 16_000
TEXT = Target(kind="transcript")
KINDS = Target(kind="single", labels=("high", "low"))
SMALL = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "conv_dim": (8, 8),
    "conv_kernel": (10, 8), "conv_stride": (8, 8), "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip
# Numbers of conftest's vocabulary: a to d are 0 to 3.
END, START, DE, TRANSCRIBE, NO_TIMES = 8, 9, 11, 13, 17


def noise(seconds: float, seed: int = 0) -> tuple[np.ndarray, int]:
    return np.random.default_rng(seed).normal(0, 0.2, int(seconds * RATE)).astype(np.float32), RATE


def checkpoint_in(folder: Path, card: ModelCard = CARDS[0], **config: Any) -> Checkpoint:
    return Checkpoint(card=card.replace(config={**card.config, **config}), path=folder, revision="0" * 64)


def loaded(loader: Any, checkpoint: Checkpoint, folder: Path) -> Any:
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="tiny")
    module = loader().load(checkpoint, context)
    assert context.unmet(module) == []
    return module


@pytest.fixture
def german(tiny_folder: Path) -> Checkpoint:
    """The tiny Whisper, which is told that all is German."""
    return checkpoint_in(tiny_folder, language="de", num_mel_bins=80)


@pytest.fixture
def writer(german: Checkpoint) -> WhisperWriter:
    return WhisperWriter(german)


class Always(random.Random):
    """Draws the same number again and again."""

    def __init__(self, value: float) -> None:
        super().__init__(0)
        self.value = value

    def random(self) -> float:
        return self.value


def test_a_lesson_is_prompt_text_and_end(writer: WhisperWriter) -> None:
    made = writer.encode(noise(2), " ab cd ", TEXT, draw=None)
    assert made.tokens == (START, DE, TRANSCRIBE, NO_TIMES, 0, 1, 2, 3, END)
    assert made.learnt == (False,) * 4 + (True,) * 5
    assert made.features.shape == (80, 3000)


def test_half_of_the_lessons_have_times_that_are_not_learnt(writer: WhisperWriter) -> None:
    made = writer.encode(noise(2), "ab", TEXT, draw=Always(0.4))
    assert made.tokens == (START, DE, TRANSCRIBE, NO_TIMES + 1, 0, 1, NO_TIMES + 1 + 100, END)
    assert made.learnt == (False,) * 4 + (True, True, False, True)
    assert writer.encode(noise(2), "ab", TEXT, draw=Always(0.6)).tokens[3] == NO_TIMES


def test_the_loss_is_that_of_transformers(writer: WhisperWriter, tiny: Any) -> None:
    batch = writer.batch([writer.encode(noise(1, n), "abcd"[n:], TEXT, draw=None) for n in range(3)], TEXT)
    assert batch["labels"][2].tolist() == [IGNORED, IGNORED, IGNORED, 2, 3, END, IGNORED, IGNORED]
    with torch.no_grad():
        loss, outputs = writer.loss(tiny, batch, TEXT)
        assert loss.item() == pytest.approx(tiny(**batch).loss.item(), rel=1e-5)
    assert outputs[:, 1].tolist() == [5, 4, 3]
    assert (outputs[:, 0].sum() / 12).item() == pytest.approx(loss.item())


def test_a_model_of_many_languages_is_told_the_one_that_it_hears(tiny_folder: Path, tiny: Any) -> None:
    """The tiny model's first step, recomputed here, chooses between its two languages."""
    writer = WhisperWriter(checkpoint_in(tiny_folder))
    batch = writer.batch([writer.encode(noise(1, n), "ab", TEXT, draw=None) for n in range(4)], TEXT)
    with torch.no_grad():
        first = tiny(input_features=batch["input_features"], decoder_input_ids=torch.full((4, 1), START)).logits[:, 0]
        ids = batch["decoder_input_ids"].clone()
        ids[:, 1] = 10 + first[:, 10:12].argmax(1)
        expected = tiny(**{**batch, "decoder_input_ids": ids}).loss.item()
        assert writer.loss(tiny, batch, TEXT)[0].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("value", "text", "cause"),
    [
        (noise(1), "  ", "the transcript is empty"),
        (noise(1), None, "the transcript is empty"),
        (noise(31), "ab", "lasts 31.0 s"),
        ((np.zeros(RATE, np.float32), RATE), "ab", "silent"),
        (noise(1), "ab<|endoftext|>", "own signs"),
        (noise(1), "ab" * 300, "600 tokens"),
    ],
)
def test_what_cannot_be_learnt_is_said(writer: WhisperWriter, value: Any, text: Any, cause: str) -> None:
    with pytest.raises(BadData, match=cause) as caught:
        writer.encode(value, text, TEXT, draw=None)
    assert caught.value.remedy


def test_masks_are_small_and_leave_the_original_alone() -> None:
    features = torch.randn(80, 3000, generator=torch.Generator().manual_seed(0))
    before = features.clone()
    changed = [(masked(features, 400, random.Random(seed)) != features).nonzero() for seed in range(30)]
    assert torch.equal(features, before)
    assert any(len(places) for places in changed)
    assert all(len(places) <= 10 * 3000 + 20 * 80 for places in changed)
    frames = [int(places[:, 1].max()) for places in changed if 0 < len(places) < 3000]  # no band, only a moment
    assert all(frame < 400 for frame in frames)


def test_every_weight_has_its_layer_and_every_low_rank_place_is_linear(writer: WhisperWriter, tiny: Any) -> None:
    from zoo.finetuning.training.learner import groups_of

    layers = writer.layers(tiny)
    groups = groups_of(tiny, layers)
    assert groups["model.encoder.conv1.weight"] == 0 < groups["model.encoder.layers.0.fc1.weight"]
    assert groups["model.encoder.layers.1.fc1.weight"] < groups["model.decoder.embed_tokens.weight"]
    assert groups["model.decoder.layers.1.fc2.weight"] < groups["model.decoder.layer_norm.weight"] == len(layers) - 1
    places = writer.lora(tiny)
    assert len(places) == 2 * (4 + 2) + 2 * (8 + 2)
    assert all(isinstance(tiny.get_submodule(name), torch.nn.Linear) for name in places)


def test_all_weights_are_a_folder_that_loader_and_transformers_read(
    german: Checkpoint, writer: WhisperWriter, tmp_path: Path, tiny: Any
) -> None:
    module = loaded(WhisperLoader, german, tmp_path)
    with torch.no_grad():
        module.model.decoder.embed_tokens.weight.mul_(1.5)
    new = tmp_path / "new"
    new.mkdir()
    made = writer.save(writer.trainable(module, TEXT), TEXT, new, method="full")
    assert made.config == {"language": "de"}
    assert made.drop == ("model.bin",)
    (new / "tokenizer.json").write_bytes(german.file("tokenizer.json").read_bytes())
    again = loaded(WhisperLoader, checkpoint_in(new), tmp_path)
    theirs = transformers.WhisperForConditionalGeneration.from_pretrained(new)
    batch = {"input_features": torch.randn(1, 80, 3000), "decoder_input_ids": torch.tensor([[START, DE]])}
    with torch.no_grad():
        expected = module(**batch).logits
        assert torch.equal(again(**batch).logits, expected)
        assert torch.allclose(theirs.eval()(**batch).logits, expected, atol=1e-5)
    before, after = writer.tokens, WhisperWriter(checkpoint_in(new)).tokens
    assert dataclasses.replace(after, tokenizer=before.tokenizer) == before
    extractor = transformers.AutoFeatureExtractor.from_pretrained(new)
    assert extractor.feature_size == 80


def test_low_rank_adapters_leave_nothing_else(writer: WhisperWriter, tiny: Any, tmp_path: Path) -> None:
    made = writer.save(tiny, TEXT, tmp_path, method="lora")
    assert (made.files, made.config) == ((), {"language": "de"})


# Classes of recordings


ARCHITECTURES = {
    "wav2vec2": ("Wav2Vec2ForCTC", "Wav2Vec2Config", {}),
    "wav2vec2-robust": (
        "Wav2Vec2Model",
        "Wav2Vec2Config",
        {"feat_extract_norm": "layer", "do_stable_layer_norm": True},
    ),
    "hubert": ("HubertForSequenceClassification", "HubertConfig", {}),
    "wavlm": ("WavLMForCTC", "WavLMConfig", {}),
    "unispeech-sat": ("UniSpeechSatForSequenceClassification", "UniSpeechSatConfig", {}),
    "data2vec": ("Data2VecAudioForCTC", "Data2VecAudioConfig", {"conv_pos_kernel_size": 3}),
    "sew": ("SEWForCTC", "SEWConfig", {"squeeze_factor": 2}),
    "ast": ("ASTForAudioClassification", "ASTConfig", {"max_length": 64, "num_mel_bins": 32}),
}


def transformer(folder: Path, name: str) -> Checkpoint:
    """A tiny model of an architecture, with random weights, saved by transformers."""
    kind, config, more = ARCHITECTURES[name]
    small = {key: value for key, value in SMALL.items() if name != "ast" or "conv" not in key}
    torch.manual_seed(0)
    module = getattr(transformers, kind)(getattr(transformers, config)(**small, **more))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.2)
    module.eval().save_pretrained(folder)
    extractor: Any = transformers.Wav2Vec2FeatureExtractor()
    if name == "ast":
        extractor = transformers.ASTFeatureExtractor(max_length=64, num_mel_bins=32)
    extractor.save_pretrained(folder)
    task = "audio-classification" if "Classification" in kind else "automatic-speech-recognition"
    card = ModelCard(id="tiny", task=task, library="transformers", loader="transformers-audio", architecture=kind)
    return Checkpoint(card=card, path=folder, revision="0" * 64)


@pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask")  # transformers' WavLM, of its own masks
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_head_stands_on_any_encoder(name: str, tmp_path: Path) -> None:
    checkpoint = transformer(tmp_path, name)
    adapter = TransformersSoundTuner(checkpoint)
    module = loaded(TransformersAudioLoader, checkpoint, tmp_path)
    examples = [adapter.encode(noise(s, n), "low", KINDS, draw=None) for n, s in enumerate((1.0, 0.6))]
    batch = adapter.batch(examples, KINDS)
    labels = batch.pop("labels")
    assert labels.tolist() == [1, 1]
    with torch.inference_mode():
        features = adapter.features(module, batch)
        alone = adapter.features(module, adapter.runner.collate([examples[0].heard]))
    assert features.shape == (2, 16)
    assert torch.allclose(features[:1], alone, atol=1e-4)  # the longer one is not padded

    trained = adapter.trainable(module, KINDS).eval()
    new = tmp_path / "new"
    new.mkdir()
    made = adapter.save(trained, KINDS, new, method="full")
    assert set(made.files) == {HEAD_FILE, "model.safetensors"}
    (new / "config.json").write_bytes((tmp_path / "config.json").read_bytes())
    card = checkpoint.card.replace(task="audio-classification", config=made.config)
    again = loaded(TransformersAudioLoader, Checkpoint(card=card, path=new, revision="0" * 64), tmp_path)
    with torch.inference_mode():
        assert torch.equal(again(**batch).logits, trained(**batch).logits)
    places = adapter.lora(trained)
    assert len(places) >= 4
    # WavLM reads the weights of its attention past the layers.
    assert any("attention" in place for place in places) == (name != "wavlm")


def test_what_is_padding_is_not_heard(tmp_path: Path) -> None:
    adapter = TransformersSoundTuner(transformer(tmp_path, "wav2vec2-robust"))
    module = loaded(TransformersAudioLoader, adapter.checkpoint, tmp_path)
    heard = [adapter.encode(noise(s, n), "low", KINDS, draw=None).heard for n, s in enumerate((1.0, 0.4))]
    with torch.inference_mode():
        both = adapter.features(module, adapter.runner.collate(heard))
        alone = adapter.features(module, adapter.runner.collate(heard[1:]))
    assert torch.allclose(both[1:], alone, atol=1e-4)


def test_models_that_measure_the_whole_recording_hear_one_at_a_time(tmp_path: Path) -> None:
    assert TransformersSoundTuner(transformer(tmp_path / "a", "wav2vec2")).runner.batch == 1
    assert TransformersSoundTuner(transformer(tmp_path / "b", "wav2vec2-robust")).runner.batch == 4


def test_a_voice_has_no_encoder_of_sound() -> None:
    from zoo_speech.heads import encoder_of

    config = transformers.VitsConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, ffn_dim=8, flow_size=8, upsample_initial_channel=32
    )
    with torch.device("meta"):
        voice = transformers.VitsModel(config)
    with pytest.raises(UnknownTask, match="no encoder of sound"):
        encoder_of(voice, "voice")


def test_whisper_hears_only_what_is_sound(tiny_folder: Path, tmp_path: Path) -> None:
    checkpoint = checkpoint_in(tiny_folder)
    adapter = WhisperSoundTuner(checkpoint)
    module = loaded(WhisperLoader, checkpoint, tmp_path)
    batch = adapter.batch([adapter.encode(noise(2), "high", KINDS, draw=None)], KINDS)
    assert (batch.pop("labels").tolist(), batch["frames"].tolist()) == ([0], [200])
    with torch.inference_mode():
        features = adapter.features(module, batch)
        states = module.model.encoder(batch["input_features"]).last_hidden_state
    assert torch.allclose(features, states[:, :100].mean(1), atol=1e-5)


@pytest.mark.parametrize("method", ["head", "full"])
def test_a_whisper_with_a_head_is_loaded_again(tiny_folder: Path, tmp_path: Path, method: str) -> None:
    checkpoint = checkpoint_in(tiny_folder)
    adapter = WhisperSoundTuner(checkpoint)
    trained = adapter.trainable(loaded(WhisperLoader, checkpoint, tmp_path), KINDS).eval()
    new = tmp_path / "new"
    new.mkdir()
    made = adapter.save(trained, KINDS, new, method=method)
    if method == "head":
        assert made.files == (HEAD_FILE,)
        (new / "model.bin").write_bytes((tiny_folder / "model.bin").read_bytes())
    else:
        assert made.drop == ("model.bin",)
    again = loaded(WhisperLoader, checkpoint_in(new, **made.config), tmp_path)
    assert not any(name.startswith("decoder") for name, _ in again.named_parameters())
    batch = adapter.runner.collate([adapter.encode(noise(1), "low", KINDS, draw=None).heard])
    with torch.inference_mode():
        assert torch.equal(again(**batch).logits, trained(**batch).logits)
    assert len(adapter.lora(trained)) == 2 * (4 + 2)
    assert adapter.layers(trained)[-1] == ["head"]


def test_of_a_long_recording_a_part_is_learnt_from(tiny_folder: Path) -> None:
    adapter = WhisperSoundTuner(checkpoint_in(tiny_folder))
    drawn = [adapter.encode(noise(40), "low", KINDS, draw=random.Random(n)).heard.frames for n in range(6)]
    assert len(set(drawn)) == 2
    assert adapter.encode(noise(40), "low", KINDS, draw=None).heard.frames in set(drawn)


def test_an_unknown_label_is_said(tiny_folder: Path) -> None:
    with pytest.raises(BadData, match="'middle'"):
        WhisperSoundTuner(checkpoint_in(tiny_folder)).encode(noise(1), "middle", KINDS, draw=None)


# What a head, or Whisper's own tokens, say of a recording


def test_languages_are_told_without_a_head(tiny_folder: Path, tmp_path: Path) -> None:
    from zoo_speech.hearing import WhisperSounds

    checkpoint = checkpoint_in(tiny_folder)
    module, runner = loaded(WhisperLoader, checkpoint, tmp_path), WhisperSounds(checkpoint)
    options = runner.Options(top_k=2)
    examples = list(runner.prepare(noise(1), options))
    with torch.inference_mode():
        outputs = runner.forward(module, runner.collate(examples), options)
    found = runner.merge(runner.finish(outputs, examples, options), options)
    assert {label.label for label in found.labels} == {"en", "de"} == set(runner.labels)
    assert sum(label.score for label in found.labels) == pytest.approx(1)


def test_parts_are_joined_as_a_linear_head_would_see_their_mean() -> None:
    from zoo_speech.hearing import classified, joined
    from zoo_speech.transformers_runners import SoundOptions

    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    made = joined(classified(logits.softmax(-1), "abcd"), SoundOptions(top_k=2))
    expected = logits.mean(0).softmax(-1)
    best = expected.argsort(descending=True)[:2].tolist()
    assert [label.label for label in made.labels] == ["abcd"[k] for k in best]
    assert [label.score for label in made.labels] == pytest.approx(expected[best].tolist(), rel=1e-4)


def test_silence_is_no_class(tiny_folder: Path) -> None:
    from zoo_speech.hearing import WhisperSounds

    runner = WhisperSounds(checkpoint_in(tiny_folder))
    with pytest.raises(BadData, match="silent"):
        list(runner.prepare((np.zeros(RATE, np.float32), RATE), runner.Options()))


def test_a_head_on_voices_is_applied_to_them(tmp_path: Path) -> None:
    from safetensors.torch import save_file
    from zoo_speech.adapters.sounds import SpeakerSoundTuner
    from zoo_speech.speaker_encoder import SpeakerLoader, VoiceEncoder
    from zoo_speech.speaker_sounds import SpeakerSounds

    card = ModelCard(id="v", task="audio-feature-extraction", library="zoo", loader="speaker-encoder", architecture="-")
    torch.manual_seed(0)
    save_file(VoiceEncoder().state_dict(), tmp_path / "model.safetensors")
    weight, bias = torch.randn(2, 256), torch.randn(2)
    head = SpeakerSoundTuner(Checkpoint(card=card, path=tmp_path, revision="0" * 64)).head(weight, bias, KINDS)
    save_file(dict(head.tensors), tmp_path / HEAD_FILE)
    checkpoint = Checkpoint(card=card.replace(config=head.config), path=tmp_path, revision="0" * 64)
    module, runner = loaded(SpeakerLoader, checkpoint, tmp_path), SpeakerSounds(checkpoint)
    options = runner.Options(top_k=2)
    examples = list(runner.prepare(noise(3), options))
    batch = runner.collate(examples)
    with torch.inference_mode():
        made = runner.merge(runner.finish(runner.forward(module, batch, options), examples, options), options)
        expected = (module(batch).mean(0) @ weight.T + bias).softmax(-1)
    assert len(examples) > 1
    assert {label.label: label.score for label in made.labels} == pytest.approx(
        dict(zip(KINDS.labels, expected.tolist(), strict=True)), rel=1e-4
    )
