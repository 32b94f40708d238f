"""Cards of the voice models that packages carry: read from the wheel as it lies on the package index."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import Licence, Metric, ModelCard, Source, WeightFile

__all__ = ["packaged_cards"]

_COUNTED = "counted over the loaded module"


def packaged_cards() -> list[ModelCard]:
    """All of them."""
    return [_silero_vad(), _resemblyzer(), _hibari()]


def _silero_vad() -> ModelCard:
    wheel = "pypi:silero-vad==6.2.3"
    readme = "the wheel's METADATA"
    return ModelCard(
        id="silero-vad",
        task="voice-activity-detection",
        summary="Silero VAD 6: when somebody speaks, in frames of 32 ms; small and quick.",
        library="zoo",
        loader="silero-vad",
        architecture="SileroVad",
        parameters=309_633,
        published="2021",
        licence=Licence(weights="MIT", package="MIT", source="licenses/LICENSE in the wheel; METADATA, Key Features"),
        sources=(
            Source(
                uri=wheel, size=11_317_527, sha256="7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8"
            ),
        ),
        files=(
            WeightFile(
                path="silero_vad_16k_sequence.onnx",
                origin=(f"{wheel}#silero_vad/data/silero_vad_16k_sequence.onnx",),
                size=1_246_165,
                sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
            ),
        ),
        tags=("default", "popular", "speech", "vad"),
        languages=("multilingual",),
        family="silero-vad",
        aliases=("silero", "vad"),
        facts=MappingProxyType(
            {
                "parameters": f"{_COUNTED}; the Fourier basis is one of them",
                "published": "https://github.com/snakers4/silero-vad/blob/005886e/README.md, the year of its citation",
                "languages": f"{readme}: trained on corpora of over 6000 languages",
                "files": "its initializers equal the weights of the wheel's silero_vad.onnx in every frame's result; "
                "the wheel's silero_vad_16k.safetensors holds other ones",
            }
        ),
    )


def _resemblyzer() -> ModelCard:
    wheel = "pypi:Resemblyzer==0.1.4"
    return ModelCard(
        id="resemblyzer",
        task="audio-feature-extraction",
        tasks=("speaker-verification", "speaker-diarization"),
        summary="Resemblyzer: a voice as 256 numbers; the same voice or another, and who speaks when.",
        library="zoo",
        loader="speaker-encoder",
        architecture="VoiceEncoder",
        config=MappingProxyType({"dimensions": 256}),
        parameters=1_423_616,
        published="2017-10",
        licence=Licence(
            weights="Apache-2.0", package="Apache-2.0", source="LICENSE in the wheel, which holds the weights too"
        ),
        sources=(
            Source(
                uri=wheel, size=15_747_704, sha256="8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f"
            ),
        ),
        files=(
            WeightFile(
                path="pretrained.pt",
                origin=(f"{wheel}#resemblyzer/pretrained.pt",),
                size=17_090_379,
                sha256="39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
            ),
        ),
        tags=("default", "popular", "speaker", "speech"),
        languages=("en",),
        family="resemblyzer",
        aliases=("ge2e", "voice-encoder"),
        paper="arXiv:1710.10467",
        facts=MappingProxyType(
            {
                "parameters": f"{_COUNTED}, without the two scalars of its training loss",
                "published": "month of the paper's arXiv number; the wheel is of 2023",
                "languages": "METADATA: best on English, and decently on other languages",
                "paper": "METADATA: the paper from which the voice encoder was implemented",
            }
        ),
    )


_HIBARI_FILES = (
    ("hibari.onnx", 7_936_868, "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"),
    ("lexicon_us_gold.json.gz", 719_352, "63ae94f8ef0e906d5b24fe9b59ffcbd1529aca5686a774610e43973cbaa86ad2"),
    ("lexicon_us_silver.json.gz", 682_530, "c4c2546ebf1eb07010331e7ef785a431aa17ba8e7bfb6b4af8d654ee96a71fd3"),
    ("normalize.json", 6_769, "d478ff05404bc43ac3e0468e306674e51085f1b1afc94cdef7c7ea4fb0d56bd8"),
    ("oov.json", 2_273, "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c"),
    ("oov.onnx", 2_975_020, "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76"),
    ("vocab.json", 1_144, "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d"),
)


def _hibari() -> ModelCard:
    wheel = "pypi:hibari-tts==0.2.1"
    table = "the wheel's METADATA, its table of voices (50 unseen sentences; by its author)"
    return ModelCard(
        id="hibari-tts",
        task="text-to-speech",
        summary="hibari: small English text to speech, one American woman's voice (heart), 24 kHz.",
        library="onnx",
        loader="onnx-voice",
        architecture="hibari",
        config=MappingProxyType({"sampling_rate": 24_000, "voice": "heart"}),
        parameters=6_150_000,
        published="2026-10",
        licence=Licence(
            weights="Apache-2.0", package="Apache-2.0", source="licenses/LICENSE and licenses/NOTICE in the wheel"
        ),
        sources=(
            Source(
                uri=wheel, size=14_032_178, sha256="49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3"
            ),
        ),
        files=tuple(
            WeightFile(path=name, origin=(f"{wheel}#hibari/assets/{name}",), size=size, sha256=sha256)
            for name, size, sha256 in _HIBARI_FILES
        ),
        metrics=(
            Metric(name="utmos", value=4.43, source=table),
            Metric(name="wer", value=2.7, source=f"{table}, Whisper base, in percent"),
        ),
        tags=("default", "english", "onnx", "popular"),
        languages=("en",),
        family="hibari",
        aliases=("hibari", "tts"),
        base="hexgrad/Kokoro-82M",
        facts=MappingProxyType(
            {
                "parameters": "METADATA: 6.15 M, rounded",
                "published": "the dates of the wheel's files",
                "base": "licenses/NOTICE: distilled from Kokoro-82M, voice af_heart",
                "languages": "METADATA, its summary",
                "macs": "not counted: the weights are a graph of another engine",
            }
        ),
    )
