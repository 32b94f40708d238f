"""Further speech recognition models on the hub: with decoders, and small ones; with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import NOT_STATED, Metric, ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated
from zoo_speech.transformers_recognition import FAIRSEQ, MTEB, NAMED, TASK, ctc_family

__all__ = ["decoder_cards"]


def _seq2seq() -> list[ModelCard]:
    table = f"{FAIRSEQ}/examples/speech_to_text/docs/librispeech_example.md"
    s2t = ctc_family(
        "Speech2TextForConditionalGeneration",
        "speech2text",
        "2010.05171",
        stated("MIT", f"{FAIRSEQ}/README.md, section License: the pre-trained models too"),
        tags=("english", "seq2seq"),
        facts=MappingProxyType({"parameters, metrics, datasets": table}),
    )
    sizes = (("small", 30, 4.4, 9.0), ("medium", 71, 3.4, 7.9), ("large", 268, 3.2, 7.5))
    moonshine = ModelCard(
        id=FAMILY,
        task=TASK,
        library="transformers",
        loader="transformers-audio",
        architecture="MoonshineForConditionalGeneration",
        family="moonshine",
        paper=arxiv("2410.15608"),
        licence=stated(NOT_STATED, "https://github.com/usefulsensors/moonshine/blob/4a00042/LICENSE", "MIT"),
        languages=("en",),
        tags=("english", "mobile"),
        facts=MappingProxyType({"languages": "https://github.com/usefulsensors/moonshine/blob/4a00042/README.md"}),
    )
    return [
        *(
            member(
                s2t,
                f"facebook/s2t-{size}-librispeech-asr",
                summary=f"Speech2Text {size}: encoder and decoder, trained on 960 hours of read English.",
                parameters=millions * 1_000_000,
                metrics=(
                    Metric(name="wer", value=clean, dataset="librispeech test-clean", source=table),
                    Metric(name="wer-other", value=other, dataset="librispeech test-other", source=table),
                ),
            )
            for size, millions, clean, other in sizes
        ),
        *(
            member(
                moonshine,
                f"UsefulSensors/moonshine-{size}",
                summary=f"Moonshine {size}: English speech recognition for small devices.",
                aliases=("moonshine",) if size == "base" else (),
            )
            for size in ("tiny", "base")
        ),
    ]


# Class, family, paper, id, parameters, licence, words.
_SMALL = (
    ("SpeechT5ForSpeechToText", "speecht5", "2110.07205", "microsoft/speecht5_asr", 151_575_936, "MIT", "SpeechT5"),
    ("UniSpeechSatForCTC", "unispeech-sat", "2110.05752", "microsoft/unispeech-sat-base-100h-libri-ft",
     94_000_000, "Apache-2.0", "UniSpeech-SAT base"),
    ("SEWDForCTC", "sew-d", "2109.06870", "asapp/sew-d-tiny-100k-ft-ls100h", 19_700_000, "Apache-2.0", "SEW-D tiny"),
    ("SEWDForCTC", "sew-d", "2109.06870", "asapp/sew-d-mid-400k-ft-ls100h", 139_000_000, "Apache-2.0", "SEW-D mid"),
    ("SEWDForCTC", "sew-d", "2109.06870", "asapp/sew-d-base-plus-400k-ft-ls100h",
     95_000_000, "Apache-2.0", "SEW-D base plus"),
)  # fmt: skip
_FILES = {"speecht5": "speecht5_models.py", "unispeech-sat": "unispeech_models.py", "sew-d": "sewd_models.py"}


def _small() -> list[ModelCard]:
    return [
        member(
            ctc_family(
                kind,
                family,
                paper,
                stated(licence, f"mteb's list of hub models: {MTEB}/{_FILES[family]}"),
                datasets=() if family == "speecht5" else ("librispeech",),
                facts=MappingProxyType({"languages": f"{MTEB}/{_FILES[family]}"}),
            ),
            model_id,
            summary=f"{name}, fine-tuned on read English.",
            parameters=number,
            facts={"parameters": f"{MTEB}/{_FILES[family]}", "datasets": NAMED},
        )
        for kind, family, paper, model_id, number, licence, name in _SMALL
    ]


def decoder_cards() -> list[ModelCard]:
    """All cards of this file."""
    return [*_seq2seq(), *_small()]
