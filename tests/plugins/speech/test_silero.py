"""Voice activity: the module against the wheel's own graph, the rules of regions, and real recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from zoo_speech.audio import RATE, read_audio
from zoo_speech.packaged import packaged_cards
from zoo_speech.silero import BEFORE, FRAME, WEIGHTS, SileroLoader
from zoo_speech.silero_activity import (
    ActivityOptions,
    ActivityPart,
    DetectVoice,
    cut_stretches,
    speech_regions,
)
from zoo_speech.silero_weights import read_initializers

from tests.plugins.speech.people import recordings
from zoo.errors import BadData, BadOption, IntegrityError, WeightsMismatch
from zoo.models.context import Context
from zoo.plugin import Checkpoint
from zoo.tasks import Activity

CARD = packaged_cards()[0]


@pytest.fixture(scope="module")
def vad(real_zoo):
    with real_zoo.load("silero-vad") as model:
        yield model


@pytest.fixture(scope="module")
def voice():
    """Some seconds of a person."""
    clips = recordings("en")
    return np.concatenate([read_audio(clips[name]) for name in ("vm-intro", "conf-getpin", "hello-world")])


@pytest.mark.real
def test_every_frame_is_that_of_the_wheels_graph(real_zoo, vad, voice):
    import onnxruntime

    graph = onnxruntime.InferenceSession((real_zoo.pull("silero-vad").path / WEIGHTS).read_bytes())
    padded = np.pad(voice, (BEFORE, -len(voice) % FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, BEFORE + FRAME)[::FRAME]
    rest = np.zeros((1, 1, 128), np.float32)
    wanted = graph.run(["speech_probs"], {"input": np.ascontiguousarray(frames), "h": rest, "c": rest})[0].ravel()
    (part,) = vad.parts((voice, RATE))
    assert len(wanted) == len(part.probabilities) > 200
    assert np.abs(part.probabilities - wanted).max() < 1e-4


@pytest.mark.real
def test_people_are_heard_and_noise_is_not(vad, voice):
    quiet = np.zeros(2 * RATE, np.float32)
    found = vad.predict((np.concatenate([quiet, voice, quiet]), RATE))
    assert found.seconds == pytest.approx(4 + len(voice) / RATE)
    assert found.regions[0].start == pytest.approx(2.1, abs=0.2)
    assert found.regions[-1].end == pytest.approx(2 + len(voice) / RATE, abs=0.4)
    assert min(region.score for region in found.regions) > 0.9
    noise = np.random.default_rng(0).normal(0, 0.05, 3 * RATE).astype(np.float32)
    assert [str(one) for one in vad.predict([(quiet, RATE), (noise, RATE)])] == [
        "nobody speaks in 2.0 s", "nobody speaks in 3.0 s",
    ]  # fmt: skip


@pytest.mark.real
def test_where_a_recording_is_cut_changes_nothing(vad, voice):
    """A minute before a stretch settles the network: pieces give the regions of the whole."""
    pause = np.zeros(RATE, np.float32)
    long = np.concatenate([piece for _ in range(5) for piece in (voice, pause)])
    runner, module, options = DetectVoice(vad.engine.runner.checkpoint), vad.engine.module, ActivityOptions()
    stretches = list(cut_stretches([long], frames=500, settle=500))
    assert len(stretches) >= 2
    with torch.inference_mode():
        parts = [runner.finish(runner.forward(module, runner.collate([one]), options), [one], options)[0]
                 for one in stretches]  # fmt: skip
    whole, joined = vad.predict((long, RATE)), runner.merge(parts, options)
    assert [(r.start, r.end) for r in joined.regions] == [(r.start, r.end) for r in whole.regions]
    assert joined.seconds == whole.seconds


def activity(*parts: tuple[float, int], length: int | None = None, **options: float) -> list[tuple[float, float]]:
    """Regions in frames, of probabilities that hold for so many frames each."""
    probabilities = np.concatenate([np.full(count, value, np.float32) for value, count in parts])
    settings = ActivityOptions(**{"pad": 0.0, **options})
    made = speech_regions(probabilities, length or len(probabilities) * FRAME, settings)
    return [(region.start * RATE / FRAME, region.end * RATE / FRAME) for region in made]


def test_regions_as_upstream_makes_them():
    assert activity((0.1, 10), (0.9, 20), (0.1, 10)) == [(10, 30)]
    # .4 is not below .35: speech goes on; .34 is
    assert activity((0.9, 20), (0.4, 20), (0.9, 20)) == [(0, 60)]
    assert activity((0.9, 20), (0.34, 20), (0.9, 20)) == [(0, 20), (40, 60)]
    # .4 is not .5: speech does not begin
    assert activity((0.4, 60)) == []
    # a pause of 100 ms (more than three frames) ends speech, a shorter one does not
    assert activity((0.9, 20), (0.0, 3), (0.9, 20)) == [(0, 43)]
    assert activity((0.9, 20), (0.0, 5), (0.9, 20)) == [(0, 20), (25, 45)]
    assert activity((0.9, 20), (0.0, 5), (0.9, 20), min_silence=0.2) == [(0, 45)]
    # more than a quarter of a second: 7 frames are not, 8 are
    assert activity((0.0, 9), (0.9, 7), (0.0, 9)) == []
    assert activity((0.0, 9), (0.9, 8), (0.0, 9)) == [(9, 17)]
    assert activity((0.9, 20), length=20 * FRAME - 100) == [(0, 20 - 100 / FRAME)]
    assert activity((0.7, 20), threshold=0.8) == []


def test_padding_stays_in_the_recording_and_meets_in_the_middle():
    pad = FRAME / RATE  # one frame
    assert activity((0.0, 10), (0.9, 20), (0.0, 10), pad=pad) == [(9, 31)]
    assert activity((0.9, 20), (0.0, 5), (0.9, 20), pad=4 * pad) == [(0, 22.5), (22.5, 45)]


def test_the_score_is_the_mean_probability():
    probabilities = np.array([0.0] * 5 + [0.6] * 10 + [1.0] * 10 + [0.0] * 5, np.float32)
    (region,) = speech_regions(probabilities, len(probabilities) * FRAME, ActivityOptions())
    assert region.score == pytest.approx(0.8)


@pytest.mark.parametrize("length", [1, 511, 512, 513, 2_048, 5_000, 12_345])
@pytest.mark.parametrize("block", [400, 512, 3_000])
def test_stretches_hold_every_sample_once(length, block):
    samples = np.arange(1, length + 1, dtype=np.float32)
    blocks = [samples[at : at + block] for at in range(0, length, block)]
    before = np.zeros(BEFORE, np.float32)
    at = 0
    for one in cut_stretches(blocks, frames=4, settle=2):
        assert (len(one.samples) - BEFORE) % FRAME == 0
        new = one.samples[BEFORE + one.settle * FRAME :][: one.length]
        assert one.start * FRAME == at
        assert np.array_equal(new, samples[at : at + one.length])
        lead = one.samples[: BEFORE + one.settle * FRAME]
        assert np.array_equal(lead, np.concatenate([before, samples[:at]])[-len(lead) :])
        at += one.length
    assert at == length


def test_speech_over_an_edge_is_one_region(tmp_path):
    runner = DetectVoice(Checkpoint(card=CARD, path=tmp_path, revision="0" * 64))
    parts = [
        ActivityPart((), 0.0, np.array(values, np.float32), len(values) * FRAME)
        for values in ([0.0] * 10 + [0.9] * 5, [0.9] * 5 + [0.0] * 10)
    ]
    found = runner.merge(parts, ActivityOptions(pad=0.0))
    assert [(r.start, r.end) for r in found.regions] == [(10 * FRAME / RATE, 20 * FRAME / RATE)]
    assert type(found) is Activity


@pytest.mark.parametrize("wrong", [{"threshold": 0.0}, {"threshold": 1.5}, {"min_speech": -1.0}, {"pad": float("nan")}])
def test_options_that_make_no_sense(wrong):
    with pytest.raises(BadOption):
        ActivityOptions(**wrong)


def test_what_is_no_recording_is_refused(tmp_path):
    runner = DetectVoice(Checkpoint(card=CARD, path=tmp_path, revision="0" * 64))
    for value in (tmp_path / "none.wav", b"", (np.zeros(0), RATE)):
        with pytest.raises(BadData):
            next(runner.prepare(value, ActivityOptions()))


def field(number: int, content: bytes | int) -> bytes:
    """A field of a protocol buffer; short contents only."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


def model(*tensors: bytes) -> bytes:
    return field(1, 8) + field(7, b"".join(field(5, tensor) for tensor in tensors))


def tensor(name: str, values: list[float], kind: int = 1) -> bytes:
    raw = np.array(values, "<f4").tobytes()
    return field(1, len(values)) + field(2, kind) + field(8, name.encode()) + field(9, raw)


def test_weights_are_read_without_the_graph(tmp_path: Path):
    path = tmp_path / "a.onnx"
    path.write_bytes(model(tensor("one", [1, 2, 3]), tensor("whole", [0], kind=7), tensor("two", [4])))
    made = read_initializers(path)
    assert {name: array.tolist() for name, array in made.items()} == {"one": [1, 2, 3], "two": [4]}


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 40, b"PK\x03\x04 no model", model(), model(tensor("one", [1, 2, 3])[:-4]),
     model(tensor("one", [1, 2, 3]))[:-5], model(field(1, 9) + tensor("one", [1]))],
)  # fmt: skip
def test_damaged_weights_are_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(IntegrityError):
        read_initializers(path)


def test_another_models_weights_are_refused(tmp_path: Path):
    (tmp_path / WEIGHTS).write_bytes(model(tensor("one", [1, 2, 3])))
    checkpoint = Checkpoint(card=CARD, path=tmp_path, revision="0" * 64)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=tmp_path, model="silero-vad")
    with pytest.raises(WeightsMismatch):
        SileroLoader().load(checkpoint, context)
