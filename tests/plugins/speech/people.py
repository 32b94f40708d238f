"""Human recordings of Debian's asterisk-core-sounds packages: one speaker a language, 8 kHz."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from zoo_speech.audio import RATE, read_audio

Samples = npt.NDArray[np.float32]

SHORTEST = 1.5  # seconds


def recordings(language: str) -> dict[str, Path]:
    """The clips of a language by name; skips, with the reason, where they are not installed."""
    package = f"asterisk-core-sounds-{language}-wav"
    listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=False)
    found = {Path(line).stem: Path(line) for line in listed.stdout.splitlines() if line.endswith(".wav")}
    if not found:
        pytest.skip(f"the Debian package {package} is not installed: no human speech")
    return found


def spoken(language: str, count: int) -> list[Samples]:
    """Some clips of a speaker, of at least a second and a half; the same ones each time."""
    paths = sorted(path for name, path in recordings(language).items() if name.startswith(("vm-", "conf-", "agent-")))
    made: list[Samples] = []
    for path in paths:
        if path.stat().st_size > 2 * 8_000 * SHORTEST + 44:
            made.append(read_audio(path))
        if len(made) == count:
            break
    return made


def conversation(turns: Sequence[tuple[str, Iterable[Samples]]]) -> tuple[Samples, list[tuple[float, float, str]]]:
    """Clips one after the other with a third of a second between them, and who speaks when, in seconds."""
    pieces: list[Samples] = []
    said, at = [], 0
    for speaker, clips in turns:
        for clip in clips:
            said.append((at / RATE, (at + len(clip)) / RATE, speaker))
            pieces += [clip, np.zeros(RATE // 3, np.float32)]
            at += len(clip) + RATE // 3
    return np.concatenate(pieces), said
