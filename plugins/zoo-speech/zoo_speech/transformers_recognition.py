"""Speech recognition models on the hub, for the loader `transformers-audio`, with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import NOT_STATED, Licence, ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated

__all__ = ["FAIRSEQ", "MTEB", "NAMED", "TASK", "ctc_family", "recognition_cards"]

TASK = "automatic-speech-recognition"
FAIRSEQ = "https://github.com/facebookresearch/fairseq/blob/3d262bb2"
MTEB = (
    "https://github.com/embeddings-benchmark/mteb/blob/a905523d0111f999360b312bd4a601a0a97a0e1c/"
    "mteb/models/model_implementations"
)
_SPRINT = "https://github.com/jonatasgrosman/wav2vec2-sprint/blob/eb0b8d6"
_HUB = "https://huggingface.co"
# What is said in LibriSpeech, Libri-Light and Switchboard is English.
_HEARD = "the language of its training data"
NAMED = "its name: 960h and 100h are the usual parts of LibriSpeech"
_COUNTED = "counted on the meta device with transformers' default configuration, which it documents as this model's"


def ctc_family(architecture: str, family: str, paper: str, licence: Licence, **shared: object) -> ModelCard:
    """What the models of one family share that write English letter by letter."""
    made = ModelCard(
        id=FAMILY,
        task=TASK,
        library="transformers",
        loader="transformers-audio",
        architecture=architecture,
        family=family,
        paper=arxiv(paper),
        licence=licence,
        languages=("en",),
        tags=("ctc", "english"),
        datasets=("librispeech",),
    )
    made = made.replace(**shared)
    return made.replace(facts=MappingProxyType({"languages": _HEARD, **made.facts}))


def _wav2vec2() -> list[ModelCard]:
    page = f"{_HUB}/facebook/wav2vec2-large-960h-lv60-self"
    repository = f"{FAIRSEQ}/README.md, section License: the pre-trained models too"
    family = ctc_family(
        "Wav2Vec2ForCTC",
        "wav2vec2",
        "2006.11477",
        stated(
            "Apache-2.0", f"hub page and mteb's list of hub models ({MTEB}/wav2vec2_models.py); {repository}", "MIT"
        ),
        facts=MappingProxyType({"datasets": f"{FAIRSEQ}/examples/wav2vec/README.md, Pre-trained models"}),
    )
    base = {"parameters": 94_396_320, "facts": {"parameters": _COUNTED}}
    large = {
        "parameters": 317_000_000,
        "config": {
            "hidden_size": 1024,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "intermediate_size": 4096,
        },
        "facts": {"parameters": f"rounded; {MTEB}/wav2vec2_models.py, facebook/wav2vec2-large"},
    }
    light = {**large, "datasets": ("libri-light",)}
    robust = {**light, "paper": arxiv("2104.01027"), "licence": stated(NOT_STATED, "hub page: not looked at", "MIT")}
    return [
        member(
            family,
            "facebook/wav2vec2-base-960h",
            summary="wav2vec 2.0 base, fine-tuned on 960 hours of read English.",
            tags=("default", "popular"),
            aliases=("wav2vec", "wav2vec2"),
            **base,
        ),
        member(
            family,
            "facebook/wav2vec2-base-100h",
            summary="wav2vec 2.0 base, fine-tuned on 100 hours of English.",
            **base,
        ),
        member(
            family,
            "facebook/wav2vec2-large-960h",
            summary="wav2vec 2.0 large, fine-tuned on 960 hours of read English.",
            **large,
        ),
        member(
            family,
            "facebook/wav2vec2-large-960h-lv60",
            summary="wav2vec 2.0 large, pre-trained on 60,000 hours of audio books, tuned on 960 hours of English.",
            **light,
        ),
        member(
            family,
            "facebook/wav2vec2-large-960h-lv60-self",
            summary="wav2vec 2.0 large with self-training, fine-tuned on 960 hours of English.",
            tags=("self-training",),
            **{**light, "facts": {**large["facts"], "licence": page}},  # type: ignore[dict-item]
        ),
        member(
            family,
            "facebook/wav2vec2-large-robust-ft-libri-960h",
            summary="wav2vec 2.0 large of several domains, fine-tuned on 960 hours of read English.",
            **{**robust, "datasets": ("common-voice", "fisher", "libri-light", "switchboard")},
        ),
        member(
            family,
            "facebook/wav2vec2-large-robust-ft-swbd-300h",
            summary="wav2vec 2.0 large of several domains, fine-tuned on 300 hours of telephone calls.",
            **{**robust, "datasets": ("common-voice", "fisher", "libri-light", "switchboard")},
        ),
        member(
            family,
            "facebook/wav2vec2-lv-60-espeak-cv-ft",
            summary="wav2vec 2.0 large that writes phonemes (IPA) in 26 languages.",
            tags=("multilingual", "phonemes"),
            **{**light, "paper": arxiv("2109.11680"), "datasets": ("common-voice", "libri-light"), "languages": ()},
        ),
    ]


# Language in words, ISO 639-1 code, end of the id where it is not the word.
_NATIONS = (
    ("arabic", "ar", ""),
    ("chinese", "zh", "chinese-zh-cn"),
    ("dutch", "nl", ""),
    ("english", "en", ""),
    ("finnish", "fi", ""),
    ("french", "fr", ""),
    ("german", "de", ""),
    ("greek", "el", ""),
    ("hungarian", "hu", ""),
    ("italian", "it", ""),
    ("japanese", "ja", ""),
    ("persian", "fa", ""),
    ("polish", "pl", ""),
    ("portuguese", "pt", ""),
    ("russian", "ru", ""),
    ("spanish", "es", ""),
)


def _xlsr() -> list[ModelCard]:
    page = f"{_HUB}/jonatasgrosman/wav2vec2-large-xlsr-53-german"
    family = ctc_family(
        "Wav2Vec2ForCTC",
        "wav2vec2",
        "2006.13979",
        stated("Apache-2.0", f"{page} for German; {_SPRINT}/MODEL_CARD.md, the template of all of these cards"),
        languages=(),
        tags=("ctc", "xlsr-53"),
        datasets=("common-voice",),
        base="facebook/wav2vec2-large-xlsr-53",
        parameters=317_000_000,
        config=MappingProxyType(
            {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
        ),
        facts=MappingProxyType(
            {
                "base, datasets": f"{_SPRINT}/MODEL_CARD.md",
                "languages": "its name",
                "id": f"{_SPRINT}/README.md, Finetuned models (English: its author's huggingsound)",
                "parameters": f"rounded, of its base: {MTEB}/wav2vec2_models.py, facebook/wav2vec2-large-xlsr-53",
            }
        ),
    )
    return [
        member(
            family,
            f"jonatasgrosman/wav2vec2-large-xlsr-53-{end or word}",
            summary=f"wav2vec 2.0 XLSR-53, fine-tuned on {word.capitalize()} speech.",
            languages=(code,),
            tags=(word,),
        )
        for word, code, end in _NATIONS
    ]


def _others() -> list[ModelCard]:
    mit = stated("MIT", f"{FAIRSEQ}/README.md, section License: the pre-trained models too")
    hubert = ctc_family(
        "HubertForCTC",
        "hubert",
        "2106.07447",
        mit,
        datasets=("libri-light", "librispeech"),
        facts=MappingProxyType({"parameters, datasets": f"rounded; {FAIRSEQ}/examples/hubert/README.md"}),
    )
    data2vec = ctc_family(
        "Data2VecAudioForCTC",
        "data2vec-audio",
        "2202.03555",
        mit,
        facts=MappingProxyType({"parameters": f"{MTEB}/data2vec_models.py", "datasets": NAMED}),
    )
    mms = ctc_family(
        "Wav2Vec2ForCTC",
        "mms",
        "2305.13516",
        stated("CC-BY-NC-4.0", f"{FAIRSEQ}/examples/mms/README.md, License: code and model weights"),
        languages=("multilingual",),
        tags=("adapters", "ctc", "multilingual"),
        parameters=1_000_000_000,
        facts=MappingProxyType(
            {
                "datasets, languages": f"{FAIRSEQ}/examples/mms/README.md",
                "parameters": f"rounded; {MTEB}/mms_models.py",
            }
        ),
    )
    return [
        member(
            hubert,
            "facebook/hubert-large-ls960-ft",
            summary="HuBERT large, fine-tuned on 960 hours of read English.",
            parameters=316_000_000,
            tags=("default",),
            aliases=("hubert",),
        ),
        member(
            hubert,
            "facebook/hubert-xlarge-ls960-ft",
            summary="HuBERT extra large, fine-tuned on 960 hours of read English.",
            parameters=1_000_000_000,
        ),
        *(
            member(
                data2vec,
                f"facebook/data2vec-audio-{size}-960h",
                summary=f"data2vec {size} for speech, fine-tuned on 960 hours of read English.",
                parameters=number,
            )
            for size, number in (("base", 93_164_288), ("large", 313_276_416))
        ),
        member(
            mms,
            "facebook/mms-1b-all",
            summary="MMS: speech recognition in 1,162 languages, a small adapter for each.",
            datasets=("common-voice", "fleurs", "mls", "mms-lab", "voxpopuli"),
            tags=("default",),
            aliases=("mms",),
        ),
        member(mms, "facebook/mms-1b-fl102", summary="MMS: speech recognition in 102 languages.", datasets=("fleurs",)),
        member(
            mms, "facebook/mms-1b-l1107", summary="MMS: speech recognition in 1,107 languages.", datasets=("mms-lab",)
        ),
    ]


def recognition_cards() -> list[ModelCard]:
    """All cards of this file."""
    return [*_wav2vec2(), *_xlsr(), *_others()]
