"""Windows of a stream: where they are cut, how speech is packed into them, and how their times are told back."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from zoo_speech.audio import RATE, read_audio, stream_audio
from zoo_speech.windows import Clock, Piece, Window, cut_windows, heard_windows, pack_windows

from zoo.errors import BadData
from zoo.tasks import Activity, SpeechRegion

LIMIT = 30 * RATE


def blocks(samples: np.ndarray, size: int = 70_000) -> Iterator[np.ndarray]:
    return (samples[at : at + size] for at in range(0, len(samples), size))


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)


def regions(*times: tuple[float, float]) -> list[SpeechRegion]:
    return [SpeechRegion(start, end, 0.9) for start, end in times]


def source(window: Window, samples: np.ndarray) -> np.ndarray:
    return np.concatenate([samples[p.begin : p.begin + p.length] for p in window.clock.pieces])


@pytest.mark.parametrize("size", [1000, 70_000, 10**7])
def test_windows_are_cut_at_the_quietest_moment(size):
    sound = noise(70)
    sound[27 * RATE : int(27.4 * RATE)] = 0
    sound[52 * RATE : int(52.3 * RATE)] = 0
    made = list(cut_windows(blocks(sound, size)))
    assert np.array_equal(np.concatenate([window.samples for window in made]), sound)
    cuts = [window.clock.end for window in made]
    assert [window.clock.start for window in made] == [0, *cuts[:-1]]
    assert 27 <= cuts[0] <= 27.4 and 52 <= cuts[1] <= 52.3 and cuts[2] == 70


@pytest.mark.parametrize("seconds", [0.5, 29.99, 30.0])
def test_what_fits_is_one_window(seconds):
    (window,) = cut_windows(blocks(noise(seconds)))
    assert len(window.samples) == int(seconds * RATE)


def test_speech_is_packed_and_pauses_are_left_out():
    sound = noise(50)
    spoken = [(5, 17), (17.2, 20), (24, 36), (40, 44), (46.5, 80)]
    made = list(pack_windows(blocks(sound), regions(*spoken)))
    assert [len(window.clock.pieces) for window in made] == [2, 2]
    for window in made:
        assert len(window.samples) <= LIMIT
        assert np.array_equal(window.samples, source(window, sound))
    begins = [piece.begin / RATE for window in made for piece in window.clock.pieces]
    assert begins == pytest.approx([4.8, 23.8, 39.8, 46.3])  # a fifth of a second before
    assert made[-1].clock.end == 50


def test_a_region_longer_than_a_window_is_parted_where_it_is_quiet():
    sound = noise(90)
    sound[37 * RATE : int(37.4 * RATE)] = 0
    made = list(pack_windows(blocks(sound), regions((10, 60), (64, 65))))
    assert [round(window.clock.start, 1) for window in made] == [9.8, pytest.approx(37.2, abs=0.2)]
    assert sum(len(window.samples) for window in made) == (50.4 + 1.4) * RATE


def test_a_long_pause_ends_a_window():
    made = list(pack_windows(blocks(noise(40)), regions((1, 2), (7, 8), (13.5, 14), (30, 31))))
    assert [[round(p.begin / RATE, 1) for p in window.clock.pieces] for window in made] == [[0.8, 6.8], [13.3], [29.8]]


def test_nothing_said_is_no_window():
    assert list(pack_windows(blocks(noise(40)), [])) == []
    assert list(pack_windows(blocks(noise(4)), regions((9, 12)))) == []


def test_times_are_those_of_the_recording():
    """Two pieces: 0-10 s of the window are 100-110 s, 10-20 s are 200-210 s; half a second at each edge is padding."""
    pieces = (
        Piece(begin=100 * RATE, length=10 * RATE, place=0, lead=RATE // 2, trail=RATE // 2),
        Piece(begin=200 * RATE, length=10 * RATE, place=10 * RATE, lead=RATE // 2, trail=RATE // 2),
    )
    clock = Clock(pieces)
    assert clock.times(1, 3) == (101, 103)
    assert clock.times(12, 14.5) == (202, 204.5)
    assert clock.times(8, 12) == (108, 202)
    assert clock.times(8, 10.3) == (108, 110)  # ends before the second piece's speech begins
    assert clock.times(9.7, 13) == (200, 203)  # begins after the first piece's speech
    assert clock.times(9.6, 9.9) == (109.6, 109.9)  # wholly in the joint
    assert clock.times(19.8, 30) == (209.8, 210)
    assert (clock.start, clock.end) == (100, 210)


def test_speech_is_asked_of_the_other_model_and_files_are_read_twice(tmp_path):
    asked = []

    def other(model: str, task: str) -> SimpleNamespace:
        def predict(value):
            asked.append((model, task, len(read_audio(value))))
            return Activity(tuple(regions((1, 2), (5, 6))), 60)

        return SimpleNamespace(predict=predict)

    import soundfile

    soundfile.write(tmp_path / "a.wav", noise(60), RATE)
    with (tmp_path / "a.wav").open("rb") as stream:
        (window,) = heard_windows(SimpleNamespace(other=other), stream, "some-vad")
    assert asked == [("some-vad", "voice-activity-detection", 60 * RATE)]
    assert [round(p.begin / RATE, 2) for p in window.clock.pieces] == [0.8, 4.8]


def test_silent_windows_are_left_out():
    sound = noise(100)
    sound[31 * RATE : 90 * RATE] = 0
    made = list(heard_windows(SimpleNamespace(), (sound, RATE), None))
    assert len(made) == 3
    assert all(np.abs(window.samples).max() > 0 for window in made)


def test_an_hour_takes_the_memory_of_a_minute(tmp_path):
    import soundfile

    path = tmp_path / "hour.wav"
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16") as file:
        for _ in range(60):
            file.write(noise(30)[: 60 * 8000])
    tracemalloc.start()
    seconds = sum(len(window.samples) for window in cut_windows(stream_audio(path))) / RATE
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds == pytest.approx(3600, abs=0.01)
    assert peak < 20 * 2**20  # the samples alone are 230 MB


def test_a_fault_in_the_middle_is_raised_when_it_is_met():
    sound = noise(100)
    sound[80 * RATE] = np.nan
    windows = cut_windows(stream_audio((sound, RATE)))
    assert next(windows).clock.start == 0
    with pytest.raises(BadData, match="not numbers"):
        list(windows)


def test_a_fault_at_the_beginning_is_raised_at_once():
    for value in (b"", b"RIFF", (np.full(RATE, np.nan), RATE), "absent.wav"):
        with pytest.raises(BadData):
            stream_audio(value)
