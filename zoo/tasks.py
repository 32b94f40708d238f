"""What goes in and what comes out: the task vocabulary, with the result type of each task (`zoo.results`).

Task names are the hub's pipeline tags; one that no hub has is marked `own`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoo.results import (
    Activity,
    Answer,
    Box,
    Classification,
    DepthMap,
    Detections,
    Embedding,
    Entities,
    Entity,
    Forecast,
    Generation,
    Keypoints,
    Label,
    Neighbours,
    Pose,
    ProteinStructure,
    Result,
    Segment,
    Segmentation,
    Similarity,
    Speech,
    SpeechRegion,
    TokenFill,
    Transcript,
    TranscriptSegment,
    TranscriptWord,
    Turn,
    Turns,
)

__all__ = [
    "LEARNT",
    "TASKS",
    "Activity",
    "Answer",
    "Box",
    "Classification",
    "DepthMap",
    "Detections",
    "Embedding",
    "Entities",
    "Entity",
    "Forecast",
    "Generation",
    "InputKind",
    "Keypoints",
    "Label",
    "Neighbours",
    "Pose",
    "ProteinStructure",
    "Result",
    "Segment",
    "Segmentation",
    "Similarity",
    "Speech",
    "SpeechRegion",
    "TargetKind",
    "Task",
    "TokenFill",
    "Transcript",
    "TranscriptSegment",
    "TranscriptWord",
    "Turn",
    "Turns",
]

InputKind = Literal["image", "text", "audio", "video", "pair", "series"]

# The forms of what is learnt: one class of several, several at once, a number, a tag for each word, pairs of texts that
# belong together, pairs with how alike they are, the text itself, a class for each pixel, labelled boxes, and what is
# said.
TargetKind = Literal["single", "multi", "regression", "tags", "pairs", "scored", "text", "mask", "boxes", "transcript"]

# Which tasks can be learnt from data, in which forms; the first is meant where the data does not say otherwise.
LEARNT: dict[str, tuple[TargetKind, ...]] = {
    "image-classification": ("single", "multi"),
    "text-classification": ("single", "multi", "regression"),
    "audio-classification": ("single",),
    "token-classification": ("tags",),
    "feature-extraction": ("pairs", "scored"),
    "fill-mask": ("text",),
    "text-generation": ("text",),
    "image-segmentation": ("mask",),
    "object-detection": ("boxes",),
    "automatic-speech-recognition": ("transcript",),
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of work.

    Attributes:
        name: the hub's pipeline tag, or the zoo's own name where `own` is True.
        input: what one input is: a picture, a text, a recording, a film, a `pair` (a text and others to compare it
            with), or a `series` (numbers in the order of time).
        result: the type of one result.
        summary: one line.
        own: True where no hub has this tag.
    """

    name: str
    input: InputKind
    result: type[Result]
    summary: str
    own: bool = False


def _table(*tasks: Task) -> dict[str, Task]:
    return {task.name: task for task in tasks}


TASKS: dict[str, Task] = _table(
    Task(name="image-classification", input="image", result=Classification, summary="What is in the picture?"),
    Task(name="image-feature-extraction", input="image", result=Embedding, summary="A vector for a picture."),
    Task(name="image-segmentation", input="image", result=Segmentation, summary="Which pixels belong together?"),
    Task(name="object-detection", input="image", result=Detections, summary="Which objects, and where?"),
    Task(name="keypoint-detection", input="image", result=Keypoints, summary="Where are the joints of each figure?"),
    Task(name="depth-estimation", input="image", result=DepthMap, summary="How far is each pixel?"),
    Task(name="mask-generation", input="image", result=Segmentation, summary="Which regions does the picture have?"),
    Task(name="video-classification", input="video", result=Classification, summary="What happens in the film?"),
    Task(name="image-to-text", input="image", result=Generation, summary="What does the picture show, or say?"),
    Task(name="image-text-to-text", input="image", result=Generation, summary="An answer about a picture and a text."),
    Task(name="visual-question-answering", input="image", result=Classification, summary="Answers on a picture."),
    Task(
        name="zero-shot-image-classification",
        input="image",
        result=Classification,
        summary="Which of your own labels fits the picture?",
    ),
    Task(
        name="zero-shot-object-detection",
        input="image",
        result=Detections,
        summary="Where are the things that you name?",
    ),
    Task(name="text-classification", input="text", result=Classification, summary="Which class is the text?"),
    Task(name="token-classification", input="text", result=Entities, summary="Which words are names, places, …?"),
    Task(name="question-answering", input="pair", result=Answer, summary="Where in the text is the answer?"),
    Task(
        name="zero-shot-classification",
        input="text",
        result=Classification,
        summary="Which of your own labels fits the text?",
    ),
    Task(name="translation", input="text", result=Generation, summary="The text in another language."),
    Task(name="summarization", input="text", result=Generation, summary="The text, shorter."),
    Task(name="feature-extraction", input="text", result=Embedding, summary="A vector for a text or word."),
    Task(name="sentence-similarity", input="pair", result=Similarity, summary="How alike are sentences?"),
    Task(name="text-ranking", input="pair", result=Similarity, summary="How well do texts answer a question?"),
    Task(name="fill-mask", input="text", result=TokenFill, summary="Which word is hidden?"),
    Task(name="text-generation", input="text", result=Generation, summary="How does the text go on?"),
    Task(name="word-analogy", input="text", result=Neighbours, summary="Nearest words, analogies.", own=True),
    Task(
        name="protein-folding",
        input="text",
        result=ProteinStructure,
        summary="The shape of a protein, from its sequence.",
        own=True,
    ),
    Task(name="automatic-speech-recognition", input="audio", result=Transcript, summary="What was said?"),
    Task(name="audio-classification", input="audio", result=Classification, summary="What is to be heard?"),
    Task(name="voice-activity-detection", input="audio", result=Activity, summary="When does somebody speak?"),
    Task(name="audio-feature-extraction", input="audio", result=Embedding, summary="A vector for a voice.", own=True),
    Task(name="speaker-verification", input="pair", result=Similarity, summary="Is it the same voice?", own=True),
    Task(name="speaker-diarization", input="audio", result=Turns, summary="Who speaks when?", own=True),
    Task(name="text-to-speech", input="text", result=Speech, summary="The text, spoken."),
    Task(name="time-series-forecasting", input="series", result=Forecast, summary="How does the series go on?"),
)
