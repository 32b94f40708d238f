"""Whisper base learns from a real recording, and hears which language is spoken."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from zoo_speech.adapters.transcripts import WhisperWriter

from zoo.models.training import own_module
from zoo.plugin import Checkpoint, Target

pytestmark = pytest.mark.real
TEXT = Target(kind="transcript")


def recording(language: str, name: str) -> str:
    """The path of a human recording of Debian's asterisk-core-sounds."""
    package = f"asterisk-core-sounds-{language}-wav"
    listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=False)
    found = [line for line in listed.stdout.splitlines() if re.search(rf"/{name}\.wav$", line)]
    if not found or not Path(found[0]).is_file():
        pytest.skip(f"the Debian package {package} is not installed: no human speech to learn from")
    return found[0]


def test_two_steps_teach_a_sentence(real_zoo: Any) -> None:
    """All weights, on one clip, of which the base errs in a word; read as it is transcribed, without variation."""
    pulled = real_zoo.pull("whisper-base")
    adapter = WhisperWriter(Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision))
    said = "weasels have eaten our phone system"
    batch = adapter.batch([adapter.encode(recording("en", "tt-weasels"), said, TEXT, draw=None)], TEXT)
    losses: list[float] = []
    with own_module(real_zoo.zoo, pulled, "automatic-speech-recognition", device="cpu", owner="test") as module:
        made = adapter.trainable(module, TEXT)
        optimiser = torch.optim.AdamW(made.parameters(), lr=adapter.rate["full"])
        for _ in range(2):
            loss, _ = adapter.loss(made, batch, TEXT)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        with torch.no_grad():
            losses.append(adapter.loss(made, batch, TEXT)[0].item())
    assert losses[-1] < 0.7 * losses[0]


def test_the_language_is_heard(real_zoo: Any) -> None:
    """Of human recordings of telephone prompts."""
    model = real_zoo.load("whisper-base", task="audio-classification")
    languages = ("en", "it", "ru")
    found = model.predict([recording(language, "conf-onlyperson") for language in languages])
    assert tuple(result.labels[0].label for result in found) == languages
    assert all(result.labels[0].score > 0.5 for result in found)
