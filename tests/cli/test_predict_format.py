"""`zoo predict --format`, and how results are written for other programs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_fixtures import Cli, Models
from tests.tiny_speech import noises, write_listener
from zoo.results.formats import FORMATS, formats_of
from zoo.tasks import (
    TASKS,
    Activity,
    Box,
    Detections,
    Segment,
    Segmentation,
    SpeechRegion,
    Transcript,
    TranscriptSegment,
    TranscriptWord,
    Turn,
    Turns,
)

SAID = Transcript(
    "a < b, c",
    (
        TranscriptSegment(0.0, 1.5, "a < b,", (TranscriptWord(0.0, 0.5, "a"),)),
        TranscriptSegment(3661.0004, 3662.9996, "c"),
    ),
    "en",
)


def test_subtitles() -> None:
    assert SAID.to_srt(7) == "7\n00:00:00,000 --> 00:00:01,500\na < b,\n\n8\n01:01:01,000 --> 01:01:03,000\nc\n\n"
    assert SAID.to_vtt().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.500\na &lt; b,\n\n01:01:01.000")
    assert SAID.to_vtt(header=False) == SAID.to_vtt().removeprefix("WEBVTT\n\n")
    assert SAID.to_dict()["segments"][0]["words"] == [{"start": 0.0, "end": 0.5, "text": "a"}]
    assert "words" not in SAID.to_dict()["segments"][1]


def test_turns_and_activity() -> None:
    turns = Turns((Turn(0.0, 1.0, "A"), Turn(1.0, 2.5, "B"), Turn(2.5, 3.0, "A")))
    assert turns.speakers == ("A", "B")
    assert turns.to_rttm("two words").splitlines()[1] == "SPEAKER two_words 1 1.000 1.500 <NA> <NA> B <NA> <NA>"
    heard = Activity((SpeechRegion(0.5, 2.0, 0.9), SpeechRegion(3.0, 3.5, 0.8)), 4.0)
    assert heard.to_dict()["spoken"] == heard.spoken == 2.0
    assert str(Activity((), 4.0)) == "nobody speaks in 4.0 s"


def test_what_is_written_for_coco_is_what_pycocotools_reads() -> None:
    from pycocotools import mask
    from pycocotools.coco import COCO

    on = np.zeros((6, 8))
    on[1:4, 2:7] = 1
    boxes = Detections((Box("cat", 0.9, (2.0, 1.0, 7.0, 4.0), 17), Box("dog", 0.5, (0.0, 0.0, 1.0, 1.0), 18)))
    segments = Segmentation((Segment("cat", 0.9, on, (2.0, 1.0, 7.0, 4.0), 17),))
    truth = COCO()
    truth.dataset = {
        "images": [{"id": 5, "width": 8, "height": 6}],
        "categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}],
        "annotations": [],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        read = truth.loadRes(json.loads(json.dumps(boxes.to_coco(5))))
        rows = segments.to_coco(5)
        truth.loadRes(json.loads(json.dumps(rows)))
        packed = rows[0]["segmentation"] | {"counts": rows[0]["segmentation"]["counts"].encode()}
    assert [a["bbox"] for a in read.anns.values()] == [[2.0, 1.0, 5.0, 3.0], [0.0, 0.0, 1.0, 1.0]]
    assert mask.area(packed) == on.sum() and mask.toBbox(packed).tolist() == [2.0, 1.0, 5.0, 3.0]
    assert rows[0]["bbox"] == [2.0, 1.0, 5.0, 3.0]


def test_every_format_is_of_some_task() -> None:
    results = {task.result for task in TASKS.values()}
    assert {name for result in results for name in formats_of(result)} == set(FORMATS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "str"], "no --format str"),
        (["--format", "srt"], "cannot be written as srt"),
        (["--format", "coco", "--json"], "exclude each other"),
        (["--format", "text", "--json"], "exclude each other"),
        (["--format", "coco", "-o", "x.jsonl"], "exclude each other"),
    ],
)
def test_a_format_that_does_not_fit(cli: Cli, home: Path, models: Models, options: list[str], said: str) -> None:
    outcome = cli("predict", "pics", models.red, *options)
    assert outcome.code != 0 and said in outcome.err and outcome.out == ""


def test_json_by_its_format(cli: Cli, home: Path, models: Models) -> None:
    assert (
        cli("predict", "pics", models.red, "--format", "json").out == cli("predict", "pics", models.red, "--json").out
    )


@pytest.mark.real
def test_real_subtitles(cli: Cli, real_zoo, real_home: Path, tmp_path: Path) -> None:
    if not (espeak := subprocess.run(["which", "espeak-ng"], capture_output=True, text=True, check=False)).stdout:
        pytest.skip(f"espeak-ng is not installed: nothing speaks ({espeak.returncode})")
    real_zoo.pull("whisper-base")
    for name, text in (("one", "Hello world. This is a test."), ("two", "Good morning.")):
        subprocess.run(["espeak-ng", "-s", "140", "-w", tmp_path / f"{name}.wav", text], check=True)
    shown = cli("predict", "whisper-base", tmp_path / "one.wav", "--format", "srt")
    assert re.match(r"1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\n", shown.out) and "world" in shown.out
    several = cli("predict", "whisper-base", tmp_path, "--format", "vtt")
    assert several.code != 0 and "--save" in several.err
    saved = cli("predict", "whisper-base", tmp_path, "--format", "vtt", "--save", tmp_path / "out")
    assert saved.code == 0 and saved.out == ""
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["one.vtt", "two.vtt"]
    assert (tmp_path / "out" / "two.vtt").read_text().startswith("WEBVTT\n\n00:00:")
    bare = cli("predict", "whisper-base", tmp_path / "two.wav", "--format", "srt", "--set", "timestamps=none")
    assert bare.code != 0 and "need times" in bare.err


def test_at_a_terminal_a_transcript_grows(home: Path, tmp_path: Path) -> None:
    listener = write_listener(tmp_path / "listener", "A")
    long = noises(tmp_path / "sounds", {"long": "a"}, seconds=70).parent / "long.wav"
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "zoo", "predict", str(listener), str(long)]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal's end
            while piece := os.read(ours, 1024):
                shown += piece
        os.close(ours)
        _, said = process.communicate(timeout=100)
    assert (process.returncode, shown.decode().split()) == (0, ["A"] * 3), said.decode()
