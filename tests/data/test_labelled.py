"""`read_labelled` as a whole: what it gives, what it refuses, and that a recipe gives the same again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.data.making import parquet, pictures, write, write_lines
from zoo.data import Columns, read_again, read_labelled, read_raw, split_data
from zoo.errors import BadData, BadOption, UnknownTask

TEXTS, PICTURES = "text-classification", "image-classification"
GOOD = [("good film", "pos"), ("bad film", "neg"), ("fine, really", "pos"), ("NA", "neg")]


def tables(folder: Path) -> dict[str, Path]:
    rows = [{"text": text, "label": label} for text, label in GOOD]
    quoted = "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in GOOD)
    return {
        "csv": write(folder / "d.csv", quoted),
        "tsv": write(folder / "d.tsv", "text\tlabel\n" + "".join(f"{t}\t{y}\n" for t, y in GOOD)),
        "jsonl": write_lines(folder / "d.jsonl", rows),
        "json": write(folder / "d.json", json.dumps(rows, indent=1)),
        "json below data": write(folder / "e.json", json.dumps({"version": 1, "data": rows})),
        "json by column": write(folder / "f.json", json.dumps({k: [r[k] for r in rows] for k in ("text", "label")})),
        "parquet": parquet(folder / "d.parquet", rows),
        "other names": write(folder / "e.csv", quoted.replace("text,label", "Review,Sentiment")),
        "semicolons": write(folder / "g.csv", quoted.replace('",', '";').replace("text,label", "text;label")),
        "windows": write(folder / "h.csv", "\ufeff" + quoted.replace("\n", "\r\n")),
        "blank lines": write(folder / "i.csv", quoted.replace("\n", "\n\n")),
    }


FORMS = ["csv", "tsv", "jsonl", "json", "json below data", "json by column", "parquet"]
FORMS += ["other names", "semicolons", "windows", "blank lines"]


@pytest.mark.parametrize("name", FORMS)
def test_tables(name: str, tmp_path: Path) -> None:
    path = tables(tmp_path)[name]
    data = read_labelled(path, TEXTS)
    assert list(zip(data.train.inputs, data.train.labels, strict=True)) == GOOD
    assert (data.name, data.kind, data.classes) == (path.stem, "single", ("neg", "pos"))
    assert data.train.rows == tuple(f"{path.name}:{number}" for number in (1, 2, 3, 4))
    assert data.validation is data.test is None


def test_cells_are_what_was_written(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,label\n007,1\n2020-01-01,02\nNULL,1\n1e5,02\n")
    data = read_labelled(path, TEXTS)
    assert data.train.inputs == ("007", "2020-01-01", "NULL", "1e5")
    assert data.classes == ("02", "1")


def test_numbers_as_labels_are_names(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": 1}, {"text": "b", "label": 1.0}, {"text": "c", "label": 2}, {"text": 4, "label": 2}]
    data = read_labelled(write_lines(tmp_path / "d.jsonl", rows), TEXTS)
    assert data.train.labels == ("1", "1", "2", "2")
    assert data.train.inputs[3] == "4"


def test_labels_may_be_unicode_with_spaces(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,label\na,sehr schön\nb,日本\nc,sehr schön\nd,日本\n")
    assert read_labelled(path, TEXTS).classes == ("sehr schön", "日本")


def test_a_huge_field_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", f"text,label\n{'long ' * 60_000},a\nb,b\nc,a\nd,b\n")
    assert len(read_labelled(path, TEXTS).train.inputs[0]) == 300_000


def test_other_columns_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "id,text,label,language\n1,a,x,de\n2,b,y,en\n3,c,x,de\n4,d,y,fr\n")
    train = read_labelled(path, TEXTS).train
    assert train.columns == {"id": ("1", "2", "3", "4"), "language": ("de", "en", "de", "fr")}
    assert train.take([3, 0]).columns["language"] == ("fr", "de")
    assert train.take([3, 0]).rows == ("d.csv:4", "d.csv:1")


def test_columns_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "words,kind,text\na,1,x\nb,2,x\nc,1,x\nd,2,x\n")
    data = read_labelled(path, TEXTS, columns=Columns(text="words", label="kind"))
    assert data.train.inputs == ("a", "b", "c", "d")
    assert data.classes == ("1", "2")


BAD_TABLES = {
    "empty": b"",
    "header only": b"text,label\n",
    "one class": b"text,label\na,x\nb,x\n",
    "one example": b"text,label\na,x\n",
    "one example of a class": b"text,label\na,x\nb,x\nc,y\n",
    "no label column": b"text,number\na,1\nb,2\n",
    "no text column": b"words,label\na,x\nb,y\n",
    "empty text": b"text,label\n,x\nb,y\nc,x\nd,y\n",
    "empty label": b"text,label\na,\nb,y\nc,y\n",
    "blank text": b"text,label\n   ,x\nb,y\nc,x\nd,y\n",
    "not utf-8": "text,label\nä,x\nö,y\n".encode("latin-1"),
    "utf-16": "text,label\na,x\nb,y\n".encode("utf-16"),
    "ragged": b'text,label\na,x\n"b,y\nc\n',
    "open quote": b'text,label\na,x\nb,"y\nc,x\nd,y\n',
    "too many fields": b"text,label\na,x\nb,y,z\nc,x\nd,y\n",
    "two text columns": b"text,text,label\na,a,x\nb,b,y\nc,c,x\nd,d,y\n",
    "binary": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables_get_one_clear_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadData) as error:
        read_labelled(write(tmp_path / "d.csv", BAD_TABLES[name]), TEXTS)
    assert len(error.value.cause.splitlines()) == 1
    assert "d" in error.value.cause
    assert error.value.remedy or name == "empty"


BAD_JSON = {
    "no object": '"a"\n"b"\n',
    "no JSON": "text: a\n",
    "null label": '{"text": "a", "label": null}\n{"text": "b", "label": "x"}',
    "NaN label": '{"text": "a", "label": NaN}\n{"text": "b", "label": "x"}',
    "a broken line": '{"text": "a", "label": "x"}\n{"text": "b", "lab',
    "text is an object": '{"text": {"a": 1}, "label": "x"}\n{"text": "b", "label": "x"}',
    "label is an object": '{"text": "a", "label": {"a": 1}}\n{"text": "b", "label": "x"}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("name", BAD_JSON)
def test_bad_json_gets_one_clear_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadData) as error:
        read_labelled(write(tmp_path / "d.jsonl", BAD_JSON[name]), TEXTS)
    assert len(error.value.cause.splitlines()) == 1


def test_bad_parquet(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="Parquet"):
        read_labelled(write(tmp_path / "d.parquet", b"PAR1 and then nothing"), TEXTS)


@pytest.mark.parametrize("name", ["d.xlsx", "d", "missing.csv", "nul\0.csv"])
def test_no_table(name: str, tmp_path: Path) -> None:
    if name in {"d.xlsx", "d"}:
        write(tmp_path / name, "text,label\na,x\nb,y\n")
    with pytest.raises(BadData):
        read_labelled(tmp_path / name, TEXTS)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,label\na,x\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(BadData, match="cannot be read"):
        read_labelled(path, TEXTS)


def test_a_wrong_column_names_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "reviews,label\na,x\nb,y\nc,x\nd,y\n")
    with pytest.raises(BadData) as error:
        read_labelled(path, TEXTS, columns=Columns(text="review"))
    assert "reviews" in error.value.remedy
    with pytest.raises(BadData) as error:
        read_labelled(path, TEXTS)
    assert "Perhaps 'reviews'?" in error.value.remedy
    assert "--text-column" in error.value.remedy


def test_a_wrong_encoding_is_named_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,label\na,x\nschön,y\n".encode("cp1252"))
    with pytest.raises(BadData) as error:
        read_labelled(path, TEXTS)
    assert "UTF-8" in error.value.cause
    assert "byte 0xf6 in line 3" in error.value.cause
    assert "cp1252" in error.value.remedy


def test_what_cannot_be_learnt(tmp_path: Path) -> None:
    path = tables(tmp_path)["csv"]
    with pytest.raises(UnknownTask, match="cannot be learnt"):
        read_labelled(path, "depth-estimation")
    with pytest.raises(UnknownTask, match="no task"):
        read_labelled(path, "text-clasification")
    with pytest.raises(BadOption, match="mask"):
        read_labelled(path, TEXTS, kind="mask")


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    one = read_labelled(pictures(tmp_path / "a", {"x": 2, "y": 2}), PICTURES).fingerprint
    same = read_labelled(pictures(tmp_path / "b", {"x": 2, "y": 2}), PICTURES).fingerprint
    other = read_labelled(pictures(tmp_path / "c", {"x": 2, "z": 2}), PICTURES).fingerprint
    assert one == same != other
    (tmp_path / "a" / "x" / "00.png").write_bytes(b"another")
    assert read_labelled(tmp_path / "a", PICTURES).fingerprint != one


def test_a_recipe_gives_the_same_again(tmp_path: Path) -> None:
    rows = "".join(f"text {number},{'xy'[number % 2]},{number}\n" for number in range(40))
    path = write(tmp_path / "d.csv", f"words,label,number\n{rows}")
    data = split_data(read_labelled(path, TEXTS, columns=Columns(text="words")), seed=3, limit=30, shots=5)
    recipe = json.loads(json.dumps(data.recipe))
    assert read_again(recipe) == data
    assert read_again(recipe).split_ids == data.split_ids
    path.write_text(path.read_text().replace("text 7", "text seven"))
    with pytest.raises(BadData, match="changed"):
        read_again(recipe)
    path.unlink()
    with pytest.raises(BadData, match="no data"):
        read_again(recipe)


def test_data_from_python_is_given_again() -> None:
    rows = [(f"text {number}", "xy"[number % 2]) for number in range(20)]
    data = split_data(read_labelled(rows, TEXTS))
    with pytest.raises(BadData, match="Python"):
        read_again(data.recipe)
    assert read_again(data.recipe, rows) == data


def test_what_was_read_raw_is_not_read_twice() -> None:
    rows = iter([(f"text {number}", "xy"[number % 2]) for number in range(20)])
    raw = read_raw(rows, TEXTS)
    assert len(read_labelled(raw, TEXTS).train) == 20
