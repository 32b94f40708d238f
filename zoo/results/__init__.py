"""What comes out: one frozen result type per kind of answer. `zoo.tasks` gives these names to everybody.

Every result has `to_dict()` (JSON), a short `str()`, and, where a person would rather look, `draw()`. Arrays may be
numpy arrays; nothing here imports numpy or Pillow before it is needed.
"""

from __future__ import annotations

from zoo.results.base import Classification, Embedding, Label, Result, Similarity
from zoo.results.pictures import Box, DepthMap, Detections, Keypoints, Pose, Segment, Segmentation
from zoo.results.series import Forecast
from zoo.results.sound import (
    Activity,
    Speech,
    SpeechRegion,
    Transcript,
    TranscriptSegment,
    TranscriptWord,
    Turn,
    Turns,
)
from zoo.results.words import Answer, Entities, Entity, Generation, Neighbours, ProteinStructure, TokenFill

__all__ = [
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
    "TokenFill",
    "Transcript",
    "TranscriptSegment",
    "TranscriptWord",
    "Turn",
    "Turns",
]
