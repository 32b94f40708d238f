"""Folders: classes, parts, tables that describe files, recordings and texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.making import pictures, sounds, write, write_lines
from zoo.data import read_labelled, read_raw, split_data
from zoo.errors import BadData

PICTURES = "image-classification"


def test_folders(tmp_path: Path) -> None:
    data = read_labelled(pictures(tmp_path / "pets", {"cat": 3, "dog é x": 2}), PICTURES)
    assert data.classes == ("cat", "dog é x")
    assert len(data.train) == 5
    assert data.train.rows[0] == "cat/00.png"
    assert data.train.columns == {}
    assert data.test is None
    assert data.name == "pets"


def test_the_name_of_a_folder_that_is_called_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pictures(tmp_path / "pets", {"cat": 2, "dog": 2}))
    assert read_labelled(".", PICTURES).name == "pets"


@pytest.mark.parametrize(("names", "parts"), [(("train", "test"), "test"), (("Training", "VAL"), "validation")])
def test_given_parts(names: tuple[str, str], parts: str, tmp_path: Path) -> None:
    pictures(tmp_path / names[0], {"a": 10, "b": 10})
    pictures(tmp_path / names[1], {"a": 1, "b": 1})
    data = read_labelled(tmp_path, PICTURES)
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 20, parts: 2}
    kept = split_data(data)
    assert kept.parts[parts] == data.parts[parts]
    assert set(kept.parts) == {"train", "validation", "test"}


def test_a_class_may_be_called_as_a_part_is(tmp_path: Path) -> None:
    data = read_labelled(pictures(tmp_path, {"train": 3, "bus": 3, "car": 3}), PICTURES)
    assert data.classes == ("bus", "car", "train")


def test_a_part_alone_is_everything(tmp_path: Path) -> None:
    pictures(tmp_path / "test", {"a": 2, "b": 2})
    assert len(read_labelled(tmp_path, PICTURES).train) == 4


def test_bad_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    pictures(tmp_path / "one", {"only": 3})
    pictures(tmp_path / "flat" / "..", {"flat": 3})
    pictures(tmp_path / "odd" / "train", {"a": 3, "b": 3})
    pictures(tmp_path / "odd" / "test", {"c": 1})
    pictures(tmp_path / "hollow", {"a": 3, "b": 3, "c": 0})
    for name in ("empty", "one", "flat", "odd", "hollow", "nowhere"):
        with pytest.raises(BadData) as error:
            read_labelled(tmp_path / name, PICTURES)
        assert error.value.remedy


def test_what_is_hidden_or_no_picture_is_passed_over(tmp_path: Path) -> None:
    folder = pictures(tmp_path, {"a": 2, "b": 2, ".cache": 2})
    write(folder / "a" / "notes.txt", "x")
    write(folder / "a" / "._00.png", "a shadow of another system")
    assert len(read_labelled(folder, PICTURES).train) == 4


@pytest.mark.parametrize("form", ["metadata.csv", "metadata.jsonl", "elsewhere.csv"])
def test_a_table_of_pictures(form: str, tmp_path: Path) -> None:
    pictures(tmp_path, {"in": 4})
    rows = [{"file_name": f"in/{n:02}.png", "label": "ab"[n % 2], "camera": n} for n in range(4)]
    if form.endswith("jsonl"):
        source = write_lines(tmp_path / form, rows).parent
    else:
        lines = "".join(f"{row['file_name']},{row['label']},{row['camera']}\n" for row in rows)
        source = write(tmp_path / form, f"file_name,label,camera\n{lines}")
    data = read_labelled(source if form == "elsewhere.csv" else tmp_path, PICTURES)
    assert data.train.inputs == tuple(tmp_path / "in" / f"{n:02}.png" for n in range(4))
    assert data.train.labels == ("a", "b", "a", "b")
    assert [int(n) for n in data.train.columns["camera"]] == [0, 1, 2, 3]


def test_a_column_of_pictures_is_found_by_its_endings(tmp_path: Path) -> None:
    pictures(tmp_path, {"in": 4})
    lines = "".join(f"{n},in/{n:02}.png,{'ab'[n % 2]}\n" for n in range(4))
    raw = read_raw(write(tmp_path / "d.csv", f"number,where,label\n{lines}"), PICTURES)
    assert raw.columns == {"text": "where", "label": "label"}


def test_missing_files_of_a_table_stay_with_their_rows(tmp_path: Path) -> None:
    pictures(tmp_path, {"in": 2})
    rows = "in/00.png,a\nin/gone.png,b\nhttps://example.org/a.png,b\n,b\n" + "x" * 5000 + ".png,a\n"
    raw = read_raw(write(tmp_path / "d.csv", f"image,label\n{rows}"), PICTURES)
    assert [row.check for row in raw.parts["all"]] == ["", "file", "file", "empty", "file"]
    assert "gone.png" in str(raw.parts["all"][1].problem)
    with pytest.raises(BadData, match=r"4 of 5 rows cannot be used: d\.csv:2"):
        read_labelled(tmp_path / "d.csv", PICTURES)


def test_metadata_below_parts(tmp_path: Path) -> None:
    for part in ("train", "test"):
        pictures(tmp_path / part, {".": 4})
        rows = "".join(f"{n:02}.png,{n % 2}\n" for n in range(4))
        write(tmp_path / part / "metadata.csv", f"file_name,label\n{rows}")
    data = read_labelled(tmp_path, PICTURES)
    assert (len(data.train), len(data.test or ())) == (4, 4)
    assert data.train.inputs[0] == tmp_path / "train" / "00.png"


TABLE = "text,label\n" + "".join(f"text {n},{'xy'[n % 2]}\n" for n in range(6))


@pytest.mark.parametrize(
    "names",
    [
        ("train.csv", "validation.csv", "test.csv"),
        ("data/train-00000-of-00001.csv", "data/dev-00000-of-00001.csv", "data/test-00000-of-00001.csv"),
        ("reviews_train.csv", "reviews_val.csv", "reviews_test.csv"),
        ("train/a.csv", "valid/a.csv", "test/a.csv"),
    ],
)
def test_a_folder_of_tables(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in names:
        write(tmp_path / name, TABLE)
    data = read_labelled(tmp_path, "text-classification")
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 6, "validation": 6, "test": 6}


def test_rows_of_tables_below_parts_are_told_apart(tmp_path: Path) -> None:
    for part in ("train", "test"):
        write(tmp_path / part / "a.csv", TABLE)
    data = read_labelled(tmp_path, "text-classification")
    assert [part.rows[0] for part in data.parts.values()] == ["train/a.csv:1", "test/a.csv:1"]


def test_one_broken_table_of_several_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", TABLE)
    write(tmp_path / "test.csv", "")
    raw = read_raw(tmp_path, "text-classification")
    assert [(problem.check, len(raw.parts["train"])) for problem in raw.problems] == [("file", 6)]
    with pytest.raises(BadData, match=r"test\.csv is empty"):
        read_labelled(tmp_path, "text-classification")
    write(tmp_path / "train.csv", "")
    with pytest.raises(BadData, match="is empty"):
        read_raw(tmp_path, "text-classification")


def test_shards_of_a_part_are_one_part(tmp_path: Path) -> None:
    for name in ("train-0.csv", "train-1.csv", "test.csv"):
        write(tmp_path / name, TABLE.replace("text ", f"{name} "))
    assert len(read_labelled(tmp_path, "text-classification").train) == 12


def test_a_column_of_parts(tmp_path: Path) -> None:
    rows = "".join(f"text {n},{'xy'[n % 2]},{('train', 'val', 'Test')[n % 3]}\n" for n in range(12))
    data = read_labelled(write(tmp_path / "d.csv", f"text,label,split\n{rows}"), "text-classification")
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 4, "validation": 4, "test": 4}
    assert data.train.columns == {}
    raw = read_raw(write(tmp_path / "e.csv", f"text,label,part\n{rows}a,x,holdout\n"), "text-classification")
    assert set(raw.parts) == {"all"}  # a column that names other things too is not taken for one of parts


def test_a_given_column_of_parts_must_name_parts(tmp_path: Path) -> None:
    from zoo.data import Columns

    rows = "".join(f"text {n},{'xy'[n % 2]},train\n" for n in range(4))
    path = write(tmp_path / "d.csv", f"text,label,use\n{rows}a,x,holdout\n")
    with pytest.raises(BadData, match=r"d\.csv:5 has 'holdout' in column use"):
        read_labelled(path, "text-classification", columns=Columns(split="use"))


def test_recordings(tmp_path: Path) -> None:
    data = read_labelled(sounds(tmp_path, {"low": 3, "high": 3}), "audio-classification")
    assert data.classes == ("high", "low")
    assert data.train.inputs[0] == tmp_path / "high" / "0.wav"
    rows = "".join(f"low/{n}.wav,{'ab'[n % 2]}\n" for n in range(3)) + "high/0.wav,b\n"
    table = read_labelled(write(tmp_path / "d.csv", f"clip,label\n{rows}"), "audio-classification")
    assert table.train.inputs[0] == tmp_path / "low" / "0.wav"


def test_a_folder_of_texts_a_class(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / "train" / ("pos", "neg")[number % 2] / f"{number}.txt", f"text {number}\nend")
    data = read_labelled(tmp_path, "text-classification")
    assert data.classes == ("neg", "pos")
    assert data.train.inputs[0] == "text 1\nend"
    write(tmp_path / "train" / "pos" / "5.txt", "schön".encode("latin-1"))
    write(tmp_path / "train" / "pos" / "6.txt", "")
    rows = read_raw(tmp_path, "text-classification").parts["train"]
    assert [row.check for row in rows if row.problem] == ["encoding", "empty"]
