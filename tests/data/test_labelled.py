"""Labelled data: folders and tables as people have them, and their faults."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from zoo.data import read_labelled, split_data
from zoo.errors import BadData, BadOption


def write_pictures(folder: Path, counts: dict[str, int]) -> Path:
    for label, count in counts.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("RGB", (4, 4), (number, 0, 0)).save(folder / label / f"{number}.png")
    return folder


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


GOOD = [("good film", "pos"), ("bad film", "neg"), ("fine, really", "pos"), ("NA", "neg")]


def test_folders(tmp_path: Path) -> None:
    data = read_labelled(write_pictures(tmp_path / "pets", {"cat": 3, "dog é x": 2}), "image")
    assert data.classes == ("cat", "dog é x")
    assert len(data.train) == 5
    assert data.test is None
    assert data.name == "pets"


def test_given_splits(tmp_path: Path) -> None:
    write_pictures(tmp_path / "train", {"a": 3, "b": 3})
    write_pictures(tmp_path / "val", {"a": 1, "b": 1})
    data = read_labelled(tmp_path, "image")
    assert (len(data.train), len(data.test or ())) == (6, 2)
    kept = split_data(data)
    assert len(kept.test or ()) == 2


def tables(folder: Path) -> dict[str, Path]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"text": text, "label": label} for text, label in GOOD]
    quoted = "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in GOOD)
    pq.write_table(pa.Table.from_pylist(rows), folder / "d.parquet")
    return {
        "csv": write(folder / "d.csv", quoted),
        "tsv": write(folder / "d.tsv", "text\tlabel\n" + "".join(f"{t}\t{y}\n" for t, y in GOOD)),
        "jsonl": write(folder / "d.jsonl", "\n".join(json.dumps(row) for row in rows)),
        "parquet": folder / "d.parquet",
        "other names": write(folder / "e.csv", quoted.replace("text,label", "Review,Sentiment")),
    }


@pytest.mark.parametrize("name", ["csv", "tsv", "jsonl", "parquet", "other names"])
def test_tables(name: str, tmp_path: Path) -> None:
    data = read_labelled(tables(tmp_path)[name], "text", cache=tmp_path / "cache")
    assert list(zip(data.train.inputs, data.train.labels, strict=True)) == GOOD


def test_columns_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "words,kind,text\na,1,x\nb,2,x\nc,1,x\nd,2,x\n")
    data = read_labelled(path, "text", text_column="words", label_column="kind", cache=tmp_path / "cache")
    assert data.train.inputs == ("a", "b", "c", "d")
    assert data.classes == ("1", "2")


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    one = read_labelled(write_pictures(tmp_path / "a", {"x": 2, "y": 2}), "image").fingerprint
    same = read_labelled(write_pictures(tmp_path / "b", {"x": 2, "y": 2}), "image").fingerprint
    other = read_labelled(write_pictures(tmp_path / "c", {"x": 2, "z": 2}), "image").fingerprint
    assert one == same != other


BAD_TABLES = {
    "empty": b"",
    "header only": b"text,label\n",
    "one class": b"text,label\na,x\nb,x\n",
    "one example of a class": b"text,label\na,x\nb,x\nc,y\n",
    "no label column": b"text,number\na,1\nb,2\n",
    "no text column": b"words,label\na,x\nb,y\n",
    "empty text": b"text,label\n,x\nb,y\nc,x\nd,y\n",
    "empty label": b"text,label\na,\nb,y\nc,y\n",
    "blank text": b"text,label\n   ,x\nb,y\nc,x\nd,y\n",
    "not utf-8": "text,label\nä,x\nö,y\n".encode("latin-1"),
    "utf-16": "text,label\na,x\nb,y\n".encode("utf-16"),
    "ragged": b'text,label\na,x\n"b,y\nc\n',
    "binary": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables_get_one_clear_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadData) as error:
        read_labelled(write(tmp_path / "d.csv", BAD_TABLES[name]), "text", cache=tmp_path / "cache")
    assert len(error.value.cause.splitlines()) == 1
    assert "d" in error.value.cause


@pytest.mark.parametrize("name", ["d.xlsx", "d", "missing.csv"])
def test_no_table(name: str, tmp_path: Path) -> None:
    if name != "missing.csv":
        write(tmp_path / name, "text,label\na,x\nb,y\n")
    with pytest.raises(BadData):
        read_labelled(tmp_path / name, "text")


def test_a_wrong_column_names_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "reviews,label\na,x\nb,y\nc,x\nd,y\n")
    with pytest.raises(BadData) as error:
        read_labelled(path, "text", text_column="review", cache=tmp_path / "cache")
    assert "reviews" in error.value.remedy


def test_bad_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_pictures(tmp_path / "one", {"only": 3})
    write_pictures(tmp_path / "odd" / "train", {"a": 3, "b": 3})
    write_pictures(tmp_path / "odd" / "test", {"c": 1})
    for name in ("empty", "one", "odd", "nowhere"):
        with pytest.raises(BadData):
            read_labelled(tmp_path / name, "image")


def test_splits_are_stratified_and_fixed_by_the_seed(tmp_path: Path) -> None:
    data = read_labelled(write_pictures(tmp_path / "x", {"a": 20, "b": 10}), "image")
    split = split_data(data, test_size=0.3, seed=1)
    assert split.test is not None
    assert sorted(split.test.labels) == ["a"] * 6 + ["b"] * 3
    assert not set(split.train.inputs) & set(split.test.inputs)
    assert split_data(data, test_size=0.3, seed=1) == split
    assert split_data(data, test_size=0.3, seed=2) != split
    assert len(split_data(data, limit=12).train) < 12


@pytest.mark.parametrize("options", [{"test_size": 0}, {"test_size": 1}, {"limit": 3}])
def test_bad_splits(options: dict, tmp_path: Path) -> None:
    data = read_labelled(write_pictures(tmp_path / "x", {"a": 5, "b": 5}), "image")
    with pytest.raises(BadOption):
        split_data(data, **options)


def test_too_few_to_hold_out(tmp_path: Path) -> None:
    data = read_labelled(write_pictures(tmp_path / "x", {"a": 2, "b": 2}), "image")
    with pytest.raises(BadData):
        split_data(data, test_size=0.9)
