"""Recordings with what is said in them: every form that they come in, and what the doctor says of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import soundfile

from tests.data.making import parquet, sounds, write, write_lines
from tests.tiny_speech import noises
from zoo.data import Columns, RawData, read_again, read_labelled, read_raw, split_data
from zoo.data.doctor import diagnose
from zoo.errors import BadData

HEARD = "automatic-speech-recognition"
SAID = {"one": "Hello, there.", "two": "All is well.", "three": "Good bye!"}


def good(raw: RawData) -> list[tuple[str, str]]:
    """Name and transcript of each row."""
    assert not raw.problems
    rows = [row for rows in raw.parts.values() for row in rows]
    assert [row.problem for row in rows] == [None] * len(rows)
    assert raw.kind == "transcript"
    return [(row.value.stem if isinstance(row.value, Path) else row.value, row.label) for row in rows]


def moved(folder: Path, where: str) -> Path:
    """The recordings of `noises` alone, below a folder."""
    noises(folder / where, SAID)
    (folder / where / "clips.csv").unlink()
    return folder


@pytest.mark.parametrize(
    ("heard", "said"), [("file_name", "text"), ("Path", "Sentence"), ("audio_filepath", "normalized_text"), ("x", "y")]
)
def test_tables_by_usual_names_and_by_given_ones(tmp_path: Path, heard: str, said: str) -> None:
    folder = moved(tmp_path, "sounds")
    rows = [{heard: f"sounds/{name}.wav", said: text, "speaker": "me"} for name, text in SAID.items()]
    table = write_lines(folder / "train.jsonl", rows)
    columns = Columns(text="x", label="y") if heard == "x" else None
    raw = read_raw(table, HEARD, columns=columns)
    assert good(raw) == list(SAID.items())
    assert raw.columns == {"text": heard, "label": said}
    assert raw.parts["all"][0].columns == {"speaker": "me"}


def test_parquet_of_the_datasets_library_and_rows_of_python(tmp_path: Path) -> None:
    noises(tmp_path, SAID)
    held = {name: (tmp_path / f"{name}.wav").read_bytes() for name in SAID}
    rows = [{"audio": {"bytes": held[name], "path": f"{name}.wav"}, "text": text} for name, text in SAID.items()]
    wanted = [(held[name], text) for name, text in SAID.items()]
    assert good(read_raw(parquet(tmp_path / "d.parquet", rows), HEARD)) == wanted
    assert good(read_raw(rows, HEARD)) == wanted
    pairs = [(str(tmp_path / f"{name}.wav"), text) for name, text in SAID.items()]
    assert good(read_raw({"train": pairs, "test": pairs}, HEARD)) == 2 * list(SAID.items())


def test_folders(tmp_path: Path) -> None:
    described = moved(tmp_path / "described", ".")
    write(
        described / "metadata.csv", "file_name,transcription\n" + "".join(f'{n}.wav,"{t}"\n' for n, t in SAID.items())
    )
    assert good(read_raw(described, HEARD)) == list(SAID.items())
    beside = moved(tmp_path / "beside", "a/b")
    for name, text in SAID.items():
        write(beside / "a/b" / f"{name}.txt", f"{text}\n")
    raw = read_raw(beside, HEARD)
    assert sorted(good(raw)) == sorted(SAID.items())
    assert raw.parts["all"][0].where == "a/b/one.wav"
    for part in ("train", "test"):
        shutil.copytree(beside / "a", tmp_path / "parted" / part)
    assert set(read_raw(tmp_path / "parted", HEARD).parts) == {"train", "test"}


def test_lists_of_librispeech_and_clips_of_common_voice(tmp_path: Path) -> None:
    spoken = moved(tmp_path / "libri", "19/198")
    lines = [f"{name} {text.upper()}" for name, text in SAID.items()]
    write(spoken / "19/198/19-198.trans.txt", "\n".join(lines))
    assert sorted(good(read_raw(spoken, HEARD))) == sorted((name, text.upper()) for name, text in SAID.items())
    write(spoken / "19/198/19-198.trans.txt", "\n".join([*lines[1:], "four IS NOT THERE"]))
    raw = read_raw(spoken, HEARD)
    assert [(row.where, row.problem) for row in raw.parts["all"] if row.problem] == [
        ("19/198/one.wav", "has no transcript of its name beside it")
    ]
    assert "four has a transcript and no recording" in raw.problems[0].text
    common = moved(tmp_path / "common", "clips")
    for part in ("train", "dev"):
        rows = "".join(f"me\t{name}.wav\t{text}\n" for name, text in SAID.items())
        write(common / f"{part}.tsv", f"client_id\tpath\tsentence\n{rows}")
    assert good(read_raw(common, HEARD)) == 2 * list(SAID.items())
    assert good(read_raw(common / "dev.tsv", HEARD)) == list(SAID.items())


def test_what_is_told_apart_from_classification(tmp_path: Path) -> None:
    folder = sounds(tmp_path / "classes", {"cat": 3, "dog": 3})
    with pytest.raises(BadData) as caught:
        read_raw(folder, HEARD)
    assert "clip.txt" in caught.value.remedy
    table = write(tmp_path / "classes.csv", "audio,label\nclasses/cat/0.wav,cat\nclasses/dog/0.wav,dog\n")
    (problem,) = read_raw(table, HEARD).problems
    assert (problem.check, problem.text) == ("column", "classes has no transcript column")
    assert not read_raw(table, "audio-classification").problems
    spoken = noises(tmp_path / "spoken", SAID)
    assert [problem.check for problem in read_raw(spoken, "audio-classification").problems] == ["column"]


def test_equal_recordings_stay_together_and_are_found_again(tmp_path: Path) -> None:
    said = {f"clip{number}": f"number {number}" for number in range(20)}
    noises(tmp_path, said)
    for number in range(10):
        shutil.copy(tmp_path / f"clip{number}.wav", tmp_path / f"copy{number}.wav")
    names = [*said, *(f"copy{number}" for number in range(10))]
    table = write(tmp_path / "all.csv", "path,sentence\n" + "".join(f"{n}.wav,{n[:4]} is heard\n" for n in names))
    data = split_data(read_labelled(table, HEARD), seed=1)
    assert (len(data.test), data.classes) == (6, ())
    hashes = [set(part.hashed().hashes) for part in data.parts.values()]
    assert not hashes[0] & hashes[1] | hashes[0] & hashes[2] | hashes[1] & hashes[2]
    assert read_again(data.recipe).split_ids == data.split_ids
    table.write_text(table.read_text().replace("copy is heard", "something else"))
    with pytest.raises(BadData, match="not as it was"):
        read_again(data.recipe)


def test_what_cannot_be_used_blocks(tmp_path: Path) -> None:
    table = noises(tmp_path, {**SAID, "cut": "I am cut", "text": "I am a text", "none": "", "void": "I am empty"})
    samples, rate = soundfile.read(tmp_path / "cut.wav")
    soundfile.write(tmp_path / "cut.wav", samples, rate, format="FLAC")
    whole = (tmp_path / "cut.wav").read_bytes()
    write(tmp_path / "cut.wav", whole[: len(whole) // 2])
    write(tmp_path / "text.wav", "not sound at all")
    write(tmp_path / "void.wav", b"")
    table.write_text(table.read_text() + "gone.wav,I am not there\n")
    _, found = diagnose(table, HEARD)
    blocking = {finding.check: finding for finding in found.findings if finding.severity == "blocking"}
    assert blocking["unreadable"].count == 4
    assert {row.split()[0] for row in blocking["unreadable"].rows} == {f"clips.csv:{n}" for n in (4, 5, 7, 8)}
    assert blocking["bad-labels"].text == "1 row of 8 has no transcript"


FAULTS = {
    "fast-transcripts": {"a": "This is far more than anybody could ever say within so short a time."},
    "wordless-transcripts": {"a": "…"},
    "transcript-notes": {"a": "[laughter] no", "b": "SPEAKER 1: yes", "c": "[00:12] no", "d": "so (loud noise)"},
    "capital-transcripts": {"a": "HELLO"},
    "digits": {"a": "take 5"},
    "same-transcripts": dict.fromkeys("abcdef", "the same"),
    "mixed-scripts": {"a": "привет"},
    "mojibake": {"a": "cafÃ©"},
    "markup": {"a": "one<br/>two"},
}


@pytest.mark.parametrize("check", FAULTS)
def test_the_doctor_sees(tmp_path: Path, check: str) -> None:
    sound = {f"good{number}": f"word {'abcdefghij'[number]}" for number in range(10)}
    _, found = diagnose(noises(tmp_path / "sound", sound), HEARD)
    assert check not in {finding.check for finding in found.findings}
    _, found = diagnose(noises(tmp_path / "odd", {**sound, **FAULTS[check]}), HEARD)
    findings = [finding for finding in found.findings if finding.check == check]
    assert sum(finding.count for finding in findings) == len(FAULTS[check])
    assert not any(finding.fixable for finding in findings)


def test_the_doctor_hears_lengths_and_knows_voices_and_sentences(tmp_path: Path) -> None:
    noises(tmp_path, {"long": "a long one"}, seconds=31)
    table = noises(tmp_path, {f"clip{number}": "hello" for number in range(8)})
    rows = "".join(f"clip{n}.wav,hello,{'test' if n > 5 else 'train'},{n % 3}\n" for n in range(8))
    write(table, f"file_name,text,split,speaker\n{rows}long.wav,hm,train,0\n")
    found = {finding.check: finding for finding in diagnose(table, HEARD)[1].findings}
    assert {"slow-transcripts", "long-transcribed"} <= found.keys()
    assert (
        found["same-voices"].text
        == "2 recordings of the test part (100 %) are of speakers to learn from (column speaker)"
    )
    assert found["known-sentences"].severity == "warning"
