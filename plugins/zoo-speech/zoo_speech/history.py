"""Models that every introduction to speech names, and that nobody keeps: what they were, and what to take today."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import Licence, ModelCard

__all__ = ["history_cards"]


def history_cards() -> list[ModelCard]:
    """Cards without files: they are found and shown, and pulling them says what stands in their place."""
    return [_deepspeech(), _wavenet()]


def _deepspeech() -> ModelCard:
    readme = "https://github.com/mozilla/DeepSpeech/blob/6913ae8/README.rst"
    return ModelCard(
        id="deepspeech",
        task="automatic-speech-recognition",
        summary="Deep Speech (2014): a recurrent network that wrote letters straight from speech. Today: Whisper.",
        library="tensorflow",
        loader="history",
        architecture="DeepSpeech",
        published="2014-12",
        licence=Licence(package="MPL-2.0", source="https://github.com/mozilla/DeepSpeech/blob/6913ae8/LICENSE"),
        tags=("history", "speech"),
        languages=("en",),
        family="deepspeech",
        aliases=("deep-speech",),
        paper="https://arxiv.org/abs/1412.5567",
        deprecated="Mozilla discontinued it in June 2025 after no release since 2020, and its weights are TensorFlow "
        "graphs, not safetensors",
        replaced_by="whisper-base",
        facts=MappingProxyType(
            {
                "deprecated": f"{readme}: This project is now discontinued (commit of 2025-06-19); the last release, "
                "v0.9.3: https://worldofsoftware.org/mozilla-formally-discontinues-its-deepspeech-project",
                "paper": f"{readme}: based on Baidu's Deep Speech research paper",
                "published": "the month of the paper's arXiv number",
                "languages": f"{readme}, at commit 0f475f7: a pre-trained English model",
            }
        ),
    )


def _wavenet() -> ModelCard:
    return ModelCard(
        id="wavenet",
        task="text-to-speech",
        summary="WaveNet (2016): sound made sample by sample by dilated convolutions. Today: VITS and hibari.",
        library="tensorflow",
        loader="history",
        architecture="WaveNet",
        published="2016-09",
        licence=Licence(),
        tags=("history", "speech", "vocoder"),
        family="wavenet",
        paper="https://arxiv.org/abs/1609.03499",
        deprecated="we know of no weights of it that anybody maintains in a safe format; its blocks live on in VITS",
        replaced_by="hibari-tts",
        facts=MappingProxyType(
            {
                "deprecated": "https://github.com/ibab/tensorflow-wavenet/blob/01b8b05/README.md: code to train one by "
                "TensorFlow 0.10, without weights; VITS: class VitsWaveNet of transformers' modeling_vits.py",
                "published": "the month of the paper's arXiv number",
            }
        ),
    )
