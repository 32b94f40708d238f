"""What people call things: phrases of common speech with the tasks, languages and words that cards use for them.

A synonym widens: a model fits "speech to text" by these words, or because it does automatic-speech-recognition. Where a
phrase means less than a whole task ("sentiment" is one kind of text-classification), it adds words and no task.

Sources: the tasks' names and the terms with which the hub's task pages introduce them; ISO 639-1 for the languages.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

__all__ = ["FILLERS", "LANGUAGES", "LICENCES", "PHRASES", "TASK_NAMES", "Meaning", "hints", "read"]


class Meaning(NamedTuple):
    """What a phrase stands for besides its own words."""

    tasks: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    also: tuple[tuple[str, ...], ...] = ()


# Phrases by the tasks that they mean. A phrase is found in the order and with the words written here.
_TASKS: dict[tuple[str, ...], str] = {
    ("image-classification",): "image classification, image classifier, image classifiers, image recognition, "
    "classify image, classify images, classify pictures, picture classifier, picture classification, photo classifier",
    ("image-feature-extraction",): "image feature extraction, image embedding, image embeddings, picture embeddings, "
    "image features, visual features",
    ("image-segmentation",): "image segmentation, segmentation, segment, segmenter, semantic segmentation, "
    "instance segmentation, panoptic segmentation, segment images",
    ("object-detection",): "object detection, object detector, object detectors, detection, detector, detectors, "
    "detect objects, bounding boxes",
    ("keypoint-detection",): "keypoint detection, keypoint, keypoints, pose, pose estimation, body pose, human pose, "
    "landmarks",
    ("depth-estimation",): "depth estimation, depth, depth map, monocular depth",
    ("mask-generation",): "mask generation, segment anything",
    ("video-classification",): "video classification, video classifier, action recognition, activity recognition",
    ("image-to-text",): "image to text, caption, captions, captioning, image caption, image captioning, ocr, "
    "text recognition, optical character recognition, handwriting recognition",
    ("image-text-to-text",): "image text to text, vision language model, visual language model, vlm, multimodal llm",
    ("visual-question-answering",): "visual question answering, vqa",
    ("zero-shot-image-classification",): "zero shot image classification",
    ("zero-shot-object-detection",): "zero shot object detection, open vocabulary detection",
    ("text-classification",): "text classification, text classifier, text classifiers, document classification, "
    "classify text, classify texts",
    ("token-classification",): "token classification, ner, named entity, named entities, named entity recognition, "
    "entity recognition, entity extraction, pos tagging, part of speech",
    ("question-answering",): "question answering, qa, extractive qa, reading comprehension",
    ("zero-shot-classification",): "zero shot classification, zero shot text classification",
    ("zero-shot-classification", "zero-shot-image-classification", "zero-shot-object-detection"): "zero shot",
    ("translation",): "translation, translate, translator, translating, machine translation",
    ("summarization",): "summarization, summarisation, summarize, summarise, summary, summaries, summarizer, "
    "summariser",
    ("feature-extraction",): "feature extraction",
    ("feature-extraction", "image-feature-extraction", "sentence-similarity"): "embedding, embeddings, embed, embedder",
    ("sentence-similarity",): "sentence similarity, text similarity, semantic similarity, similarity, paraphrase, "
    "sentence embedding, sentence embeddings, text embedding, text embeddings, sentence encoder, "
    "sentence transformer, sentence transformers, semantic search",
    ("text-ranking",): "text ranking, rerank, reranker, rerankers, reranking, re rank, re ranker, cross encoder",
    ("fill-mask",): "fill mask, masked language model, masked language modeling, masked language modelling, "
    "masked lm, mlm",
    ("text-generation",): "text generation, generate text, chat, chatbot, chat model, llm, llms, large language model, "
    "language model, causal language model, causal lm",
    ("word-analogy",): "word analogy, word vector, word vectors, word embedding, word embeddings",
    ("protein-folding",): "protein folding, protein structure, structure prediction, fold proteins",
    ("automatic-speech-recognition",): "automatic speech recognition, speech recognition, speech to text, stt, asr, "
    "transcribe, transcription, transcriber, transcript, dictation, voice recognition",
    ("audio-classification",): "audio classification, audio classifier, sound classification, music genre, "
    "audio tagging, sound event, keyword spotting",
    ("voice-activity-detection",): "voice activity detection, speech detection, vad, speech activity detection, "
    "silence detection",
    ("audio-feature-extraction",): "audio feature extraction, audio embedding, audio embeddings, voice embedding, "
    "speaker embedding, speaker embeddings, voice encoder, speaker encoder",
    ("speaker-verification",): "speaker verification, voice verification, same voice, same speaker",
    ("speaker-diarization",): "speaker diarization, speaker diarisation, diarization, diarisation, who speaks when",
    ("text-to-speech",): "text to speech, tts, speech synthesis, voice synthesis, speak, read aloud",
    ("time-series-forecasting",): "time series forecasting, time series, time series forecast, time series prediction, "
    "forecasting, forecast, forecaster, forecasts, demand forecasting, predict time series",
}  # fmt: skip

# Phrases that are narrower than a task: other words under which cards speak of the same.
_WORDS: dict[str, str] = {
    "sentiment": "sst, sst2",
    "sentiment analysis": "sentiment, sst, sst2",
    "sentiment classification": "sentiment, sst, sst2",
    "sentiment classifier": "sentiment, sst, sst2",
    "opinion mining": "sentiment, sst2",
    "emotion recognition": "emotion",
    "natural language inference": "nli, mnli",
    "entailment": "nli, mnli",
    "nli": "mnli, entailment",
    "vision transformer": "vit",
    "vision transformers": "vit",
    "u net": "unet, u2net",
    "unet": "u2net",
    "u2 net": "u2net",
    "faster rcnn": "fasterrcnn",
    "faster r cnn": "fasterrcnn",
    "mask rcnn": "maskrcnn",
    "mask r cnn": "maskrcnn",
    "keypoint rcnn": "keypointrcnn",
    "keypoint r cnn": "keypointrcnn",
    "word 2 vec": "word2vec",
    "picture": "image",
    "pictures": "image",
    "photo": "image",
    "photos": "image",
    "face recognition": "face",
    "background removal": "salient, rembg",
    "remove background": "salient, rembg",
    "licence plate": "plate",
    "license plate": "plate",
    "hate speech": "hate, toxic, offensive",
    "toxicity": "toxic",
    "spoken": "speech",
}

# Words that say nothing of a model; they need not fit as long as another word is there.
FILLERS = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "best",
        "for",
        "from",
        "get",
        "good",
        "i",
        "in",
        "into",
        "me",
        "model",
        "models",
        "my",
        "need",
        "network",
        "of",
        "on",
        "that",
        "the",
        "to",
        "want",
        "which",
        "with",
    ]
)

# Other ways to write a licence's class (`zoo.licences.CLASSES`).
LICENCES = {
    "nc": "non-commercial",
    "noncommercial": "non-commercial",
    "not-stated": "not stated",
    "none": "not stated",
    "openrail": "rail",
    "research": "research-only",
    "unknown": "not stated",
    "unstated": "not stated",
}

_CODES = """
af afrikaans, am amharic, ar arabic, as assamese, az azerbaijani, be belarusian, bg bulgarian, bn bengali, bo tibetan,
br breton, bs bosnian, ca catalan, cs czech, cy welsh, da danish, de german, el greek, en english, eo esperanto,
es spanish, et estonian, eu basque, fa persian, fa farsi, fi finnish, fo faroese, fr french, fy frisian, ga irish,
gl galician, gu gujarati, ha hausa, he hebrew, hi hindi, hr croatian, ht haitian, hu hungarian, hy armenian,
id indonesian, ig igbo, is icelandic, it italian, ja japanese, jv javanese, ka georgian, kk kazakh, km khmer,
kn kannada, ko korean, ku kurdish, ky kyrgyz, la latin, lb luxembourgish, ln lingala, lo lao, lt lithuanian,
lv latvian, mg malagasy, mi maori, mk macedonian, ml malayalam, mn mongolian, mr marathi, ms malay, mt maltese,
my burmese, ne nepali, nl dutch, no norwegian, oc occitan, or odia, pa punjabi, pl polish, ps pashto, pt portuguese,
qu quechua, ro romanian, ru russian, rw kinyarwanda, sa sanskrit, sd sindhi, si sinhala, sk slovak, sl slovenian,
sn shona, so somali, sq albanian, sr serbian, su sundanese, sv swedish, sw swahili, ta tamil, te telugu, tg tajik,
th thai, ti tigrinya, tk turkmen, tl tagalog, tn tswana, tr turkish, tt tatar, ug uyghur, uk ukrainian, ur urdu,
uz uzbek, vi vietnamese, wo wolof, xh xhosa, yi yiddish, yo yoruba, zh chinese, zh mandarin, zu zulu
"""
LANGUAGES: dict[str, str] = {
    name: code for code, name in (entry.split() for entry in _CODES.replace("\n", " ").split(","))
}

TASK_NAMES = frozenset(task for tasks in _TASKS for task in tasks)


def _table() -> dict[tuple[str, ...], Meaning]:
    made: dict[tuple[str, ...], Meaning] = {(name,): Meaning(langs=(code,)) for name, code in LANGUAGES.items()}
    for tasks, phrases in _TASKS.items():
        made |= {tuple(phrase.split()): Meaning(tasks=tasks) for phrase in phrases.split(", ")}
    for phrase, words in _WORDS.items():
        made[tuple(phrase.split())] = Meaning(also=tuple((word,) for word in words.split(", ")))
    return made


PHRASES = _table()
_LONGEST = max(map(len, PHRASES))


def read(
    words: list[str],
) -> list[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[tuple[str, ...], ...]]]:
    """The words, parted into the longest phrases that have a meaning: `(words, tasks, langs, also)` each."""
    made = []
    start = 0
    while start < len(words):
        for length in range(min(_LONGEST, len(words) - start), 0, -1):
            phrase = tuple(words[start : start + length])
            if length == 1 or phrase in PHRASES:
                made.append((phrase, *PHRASES.get(phrase, Meaning())))
                start += length
                break
    return made


# Phrases after which a family of models is called; these come first among all that do the same.
_CALLED = {("sentence", second): "sentence" for second in ("embedding", "embeddings", "encoder", "transformer")}


def hints(words: list[str]) -> tuple[str, ...]:
    """Words in the names of models that are called after what was typed.

    "german to english" gives `("deen",)`, as translation models write it; "sentence embeddings" `("sentence",)`.
    """
    called = tuple(_CALLED[pair] for pair in itertools.pairwise(words) if pair in _CALLED)
    return called + tuple(
        LANGUAGES[first] + LANGUAGES[second]
        for first, link, second in zip(words, words[1:], words[2:], strict=False)
        if link in {"to", "into"} and first in LANGUAGES and second in LANGUAGES
    )
