"""The plugin's hooks and cards."""

from __future__ import annotations

import subprocess
import sys

import pytest
import zoo_speech
from zoo_speech.cards import CARDS, LANGUAGES

from zoo.cards import ModelCard
from zoo.plugin import Loader, PluginManager, Runner


def test_no_heavy_import():
    code = (
        "import sys, zoo_speech; list(zoo_speech.zoo_cards()); zoo_speech.zoo_loaders(); zoo_speech.zoo_runners(); "
        "heavy = {'torch', 'transformers', 'tokenizers', 'numpy', 'soundfile', 'soxr'}; "
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_cards_are_valid_and_survive_json(card):
    assert ModelCard.from_dict(card.check().to_dict()).to_dict() == card.to_dict()
    assert card.licence.source and card.facts and card.paper
    sources = {source.uri for source in card.sources}
    assert {uri.partition("#")[0] for file in card.files for uri in file.origin} <= sources


def test_the_packages_card_has_every_size_and_hash():
    card = CARDS[0]
    assert all(file.sha256 and file.size for file in card.files)
    assert all(source.sha256 and source.size for source in card.sources)
    (model,) = [file for file in card.files if file.path == "model.bin"]
    assert [uri.rpartition("/")[2] for uri in model.origin] == ["model.bin.part1", "model.bin.part2"]


def test_languages_are_transformers():
    from transformers.models.whisper.tokenization_whisper import LANGUAGES as PUBLISHED

    assert set(LANGUAGES) == set(PUBLISHED) - {"yue"}
    assert len(LANGUAGES) == 99


# Width, layers of both sides, heads, vocabulary: from the table of arXiv 2212.04356; large-v3 and turbo from
# the model files named in openai/whisper; the distilled ones from huggingface/distil-whisper.
DIMENSIONS = {
    "whisper-base": (512, 6, 6, 8, 51865),
    "openai/whisper-tiny": (384, 4, 4, 6, 51865),
    "openai/whisper-tiny.en": (384, 4, 4, 6, 51864),
    "openai/whisper-base": (512, 6, 6, 8, 51865),
    "openai/whisper-base.en": (512, 6, 6, 8, 51864),
    "openai/whisper-small": (768, 12, 12, 12, 51865),
    "openai/whisper-small.en": (768, 12, 12, 12, 51864),
    "openai/whisper-medium": (1024, 24, 24, 16, 51865),
    "openai/whisper-medium.en": (1024, 24, 24, 16, 51864),
    "openai/whisper-large": (1280, 32, 32, 20, 51865),
    "openai/whisper-large-v2": (1280, 32, 32, 20, 51865),
    "openai/whisper-large-v3": (1280, 32, 32, 20, 51866),
    "openai/whisper-large-v3-turbo": (1280, 32, 4, 20, 51866),
    "distil-whisper/distil-small.en": (768, 12, 4, 12, 51864),
    "distil-whisper/distil-medium.en": (1024, 24, 2, 16, 51864),
    "distil-whisper/distil-large-v2": (1280, 32, 2, 20, 51865),
    "distil-whisper/distil-large-v3": (1280, 32, 2, 20, 51866),
}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_parameters_are_counted(card):
    from zoo_speech.whisper_loader import WhisperLoader

    module = WhisperLoader().blank(card)
    config = module.config
    assert all(parameter.is_meta for parameter in module.parameters())
    assert (
        config.d_model,
        config.encoder_layers,
        config.decoder_layers,
        config.encoder_attention_heads,
        config.vocab_size,
    ) == DIMENSIONS[card.id]
    assert sum(p.numel() for p in module.parameters()) == card.parameters


def test_the_named_classes_exist():
    manager = PluginManager(entries=[])
    manager.register(zoo_speech, "speech")
    assert [card.id for card in manager.cards("speech")][: len(CARDS)] == [card.id for card in CARDS]
    assert len(manager.cards("speech")) > 100
    assert all(issubclass(manager.loader(card.loader), Loader) for card in manager.cards("speech"))
    assert issubclass(manager.runner("whisper", "automatic-speech-recognition"), Runner)
