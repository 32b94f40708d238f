"""Sound classification and text-to-speech models on the hub, with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import NOT_STATED, Metric, ModelCard, Source, WeightFile
from zoo.plugin import FAMILY, arxiv, member, stated

__all__ = ["sound_cards"]

_FAIRSEQ = "https://github.com/facebookresearch/fairseq/blob/3d262bb2"
_MTEB = (
    "https://github.com/embeddings-benchmark/mteb/blob/a905523d0111f999360b312bd4a601a0a97a0e1c/"
    "mteb/models/model_implementations"
)
_AST = "https://github.com/YuanGongND/ast/blob/31088be"
_HUB = "https://huggingface.co"

_SOUNDS = ModelCard(
    id=FAMILY,
    task="audio-classification",
    library="transformers",
    loader="transformers-audio",
    architecture="ASTForAudioClassification",
)
_SPEAKS = _SOUNDS.replace(task="text-to-speech", architecture="VitsModel", family="vits")
# Two repositories make one voice: where the files of each go in the checkpoint, and which they are.
_SPEECHT5 = {
    "microsoft/speecht5_tts": (
        "",
        (
            "added_tokens.json",
            "config.json",
            "preprocessor_config.json",
            "pytorch_model.bin",
            "special_tokens_map.json",
            "spm_char.model",
            "tokenizer_config.json",
        ),
    ),
    "microsoft/speecht5_hifigan": ("vocoder/", ("config.json", "pytorch_model.bin")),
}


def _ast() -> list[ModelCard]:
    family = _SOUNDS.replace(
        family="ast",
        paper=arxiv("2104.01778"),
        licence=stated("BSD-3-Clause", f"{_AST}/LICENSE; hub: mteb's list, {_MTEB}/ast_model.py"),
        datasets=("audioset",),
        tags=("audioset", "sound-events"),
        facts=MappingProxyType({"metrics, datasets": f"{_AST}/README.md, Pretrained Models"}),
    )
    # Steps in time and frequency with the score that the id repeats, and what the README rounds it to.
    strides = (
        ("10-10-0.4593", 0.459),
        ("10-10-0.450", 0.450),
        ("10-10-0.448", 0.448),
        ("12-12-0.447", 0.447),
        ("14-14-0.443", 0.443),
        ("16-16-0.442", 0.442),
    )
    size = {"parameters": 86_600_000, "facts": {"parameters": f"rounded; {_MTEB}/ast_model.py"}}
    return [
        member(
            family,
            f"MIT/ast-finetuned-audioset-{stride}",
            summary=f"Audio spectrogram transformer: 527 kinds of sound, mAP {score:.3f} on AudioSet.",
            metrics=(Metric(name="map", value=score, dataset="audioset", source=f"{_AST}/README.md"),),
            **({**size, "tags": ("default", "popular"), "aliases": ("ast",)} if stride.endswith("4593") else {}),
        )
        for stride, score in strides
    ]


_PROBLEMS = {
    "ks": ("which spoken command is it?", "speech-commands", "keyword-spotting"),
    "sid": ("who speaks?", "voxceleb1", "speaker-identification"),
    "er": ("angry, happy, neutral or sad?", "iemocap", "emotion"),
    "ic": ("what is to be done with which thing, where?", "fluent-speech-commands", "intent"),
}


def _superb() -> list[ModelCard]:
    bodies = (
        ("wav2vec2-base", "Wav2Vec2ForSequenceClassification", "wav2vec2", "wav2vec 2.0 base"),
        ("wav2vec2-large", "Wav2Vec2ForSequenceClassification", "wav2vec2", "wav2vec 2.0 large"),
        ("hubert-base", "HubertForSequenceClassification", "hubert", "HuBERT base"),
        ("hubert-large", "HubertForSequenceClassification", "hubert", "HuBERT large"),
    )
    licence = stated("Apache-2.0", f"hub pages {_HUB}/superb/hubert-large-superb-er and …/hubert-base-superb-er")
    return [
        member(
            _SOUNDS.replace(architecture=kind, family=family, paper=arxiv("2105.01051"), licence=licence),
            f"superb/{body}-superb-{short}",
            summary=f"{name}, SUPERB benchmark: {question}",
            languages=("en",),
            datasets=(data, "superb"),
            tags=("english", "speech", "superb", tag),
            facts={
                "datasets": "https://github.com/s3prl/s3prl/blob/ec8064b5/s3prl/downstream/docs/superb.md",
                "languages": f"{_HUB}/superb/hubert-large-superb-er",
                "licence": "all of SUPERB's models are one series",
            },
        )
        for body, kind, family, name in bodies
        for short, (question, data, tag) in _PROBLEMS.items()
    ]


def _who_and_what() -> list[ModelCard]:
    wav2vec2 = _SOUNDS.replace(architecture="Wav2Vec2ForSequenceClassification", family="wav2vec2")
    mms = wav2vec2.replace(
        family="mms",
        paper=arxiv("2305.13516"),
        licence=stated("CC-BY-NC-4.0", f"{_FAIRSEQ}/examples/mms/README.md, License: code and model weights"),
        languages=("multilingual",),
        tags=("language-identification", "multilingual", "speech"),
        datasets=("fleurs", "mms-lab", "voxlingua107"),
        facts=MappingProxyType({"datasets, languages": f"{_FAIRSEQ}/examples/mms/README.md, table of LID models"}),
    )
    emotion, gender = (
        "ehcalabres/wav2vec2-lg-xlsr-en-speech-emotion-recognition",
        "alefiury/wav2vec2-large-xlsr-53-gender-recognition-librispeech",
    )
    return [
        *(
            member(
                mms,
                f"facebook/mms-lid-{count}",
                summary=f"MMS: which of {count:,} languages is spoken?",
                tags=("default",) if count == 126 else (),
            )
            for count in (126, 256, 512, 1024, 2048, 4017)
        ),
        member(
            wav2vec2,
            emotion,
            summary="wav2vec 2.0 XLSR: which emotion does an English speaker show?",
            licence=stated("Apache-2.0", f"{_HUB}/{emotion}"),
            languages=("en",),
            tags=("emotion", "english", "popular", "speech"),
            facts={"languages": "its name"},
        ),
        member(
            wav2vec2,
            gender,
            summary="wav2vec 2.0 XLSR-53: a woman's or a man's voice?",
            licence=stated("Apache-2.0", f"{_HUB}/{gender}"),
            datasets=("librispeech",),
            tags=("gender", "speech"),
            facts={"datasets": f"{_HUB}/{gender}"},
        ),
    ]


# ISO 639-3 code of the model, ISO 639-1 code, language in words.
_VOICES = (
    ("amh", "am", "Amharic"), ("ara", "ar", "Arabic"), ("ben", "bn", "Bengali"), ("bul", "bg", "Bulgarian"),
    ("cat", "ca", "Catalan"), ("deu", "de", "German"), ("ell", "el", "Greek"), ("eng", "en", "English"),
    ("fas", "fa", "Persian"), ("fin", "fi", "Finnish"), ("fra", "fr", "French"), ("guj", "gu", "Gujarati"),
    ("hau", "ha", "Hausa"), ("heb", "he", "Hebrew"), ("hin", "hi", "Hindi"), ("hun", "hu", "Hungarian"),
    ("ind", "id", "Indonesian"), ("isl", "is", "Icelandic"), ("kan", "kn", "Kannada"), ("kaz", "kk", "Kazakh"),
    ("khm", "km", "Khmer"), ("kor", "ko", "Korean"), ("lav", "lv", "Latvian"), ("mal", "ml", "Malayalam"),
    ("mar", "mr", "Marathi"), ("mya", "my", "Burmese"), ("nld", "nl", "Dutch"), ("pol", "pl", "Polish"),
    ("por", "pt", "Portuguese"), ("ron", "ro", "Romanian"), ("rus", "ru", "Russian"), ("spa", "es", "Spanish"),
    ("swe", "sv", "Swedish"), ("swh", "sw", "Swahili"), ("tam", "ta", "Tamil"), ("tel", "te", "Telugu"),
    ("tha", "th", "Thai"), ("tur", "tr", "Turkish"), ("ukr", "uk", "Ukrainian"), ("vie", "vi", "Vietnamese"),
    ("yor", "yo", "Yoruba"),
)  # fmt: skip


def _voices() -> list[ModelCard]:
    family = _SPEAKS.replace(
        family="mms-tts",
        paper=arxiv("2305.13516"),
        licence=stated(
            "CC-BY-NC-4.0",
            f"{_HUB}/facebook/mms-tts; {_FAIRSEQ}/examples/mms/README.md, License: code and model weights",
        ),
        tags=("mms", "vits"),
        facts=MappingProxyType(
            {"languages": "https://github.com/wannaphong/ttsmms/blob/02ed682/support_list.txt, MMS's list of voices"}
        ),
    )
    exact = "counted on the meta device with transformers' default configuration, which it documents as this model's"
    rounded = "rounded; counted for English, other alphabets differ by 192 a letter"
    return [
        member(
            family,
            f"facebook/mms-tts-{code}",
            summary=f"MMS text-to-speech: a {language} voice (VITS).",
            languages=(short,),
            tags=(language.lower(), *(("default", "popular") if code == "eng" else ())),
            aliases=("mms-tts",) if code == "eng" else (),
            parameters=36_284_592 if code == "eng" else 36_300_000,
            facts={"parameters": exact if code == "eng" else rounded},
        )
        for code, short, language in _VOICES
    ]


def _speakers() -> list[ModelCard]:
    repository = "https://github.com/jaywalnut310/vits/blob/2e561ba/LICENSE; hub page: not looked at"
    vits = _SPEAKS.replace(
        paper=arxiv("2106.06103"),
        licence=stated(NOT_STATED, repository, "MIT"),
        languages=("en",),
        tags=("english", "vits"),
        facts=MappingProxyType({"datasets, languages": "https://github.com/jaywalnut310/vits/blob/2e561ba/README.md"}),
    )
    bark = _SPEAKS.replace(
        architecture="BarkModel",
        family="bark",
        licence=stated("MIT", "https://github.com/suno-ai/bark/blob/f4f32d4/README.md, section License"),
        languages=("de", "en", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh"),
        tags=("multilingual",),
        published="2023-04",
        facts=MappingProxyType(
            {
                "languages": "https://github.com/suno-ai/bark/blob/f4f32d4/README.md, Supported Languages",
                "published": "https://github.com/suno-ai/bark, its first commit",
            }
        ),
    )
    return [
        member(vits, "kakao-enterprise/vits-ljs", summary="VITS: one English speaker.", datasets=("ljspeech",),
               tags=("default",), aliases=("vits",)),
        member(vits, "kakao-enterprise/vits-vctk", summary="VITS: many English speakers.", datasets=("vctk",)),
        member(bark, "suno/bark", summary="Bark: speech with laughter, music and noises, 13 languages.",
               tags=("default", "popular"), aliases=("bark",)),
        member(bark, "suno/bark-small", summary="Bark, the small version.",),
        member(
            _SPEAKS,
            "microsoft/speecht5_tts",
            architecture="SpeechT5ForTextToSpeech",
            loader="speecht5",
            sources=tuple(Source(uri=f"hf:{name}") for name in _SPEECHT5),
            files=tuple(
                WeightFile(path=folder + name, origin=(f"hf:{repository}#{name}",))
                for repository, (folder, names) in _SPEECHT5.items()
                for name in names
            ),
            family="speecht5",
            summary="SpeechT5: English speech in a voice that a speaker vector describes.",
            paper=arxiv("2110.07205"),
            licence=stated("MIT", f"https://github.com/microsoft/SpeechT5/blob/5d66cf5/LICENSE; {_MTEB}"),
            parameters=146_335_465,
            languages=("en",),
            tags=("default", "english", "popular"),
            aliases=("speecht5",),
            facts={
                "parameters, languages": f"{_MTEB}/speecht5_models.py",
                "files": f"the lists of {_HUB}/microsoft/speecht5_tts and, of the vocoder, speecht5_hifigan",
            },
        ),
    ]  # fmt: skip


def sound_cards() -> list[ModelCard]:
    """All cards of this file."""
    return [*_ast(), *_superb(), *_who_and_what(), *_voices(), *_speakers()]
