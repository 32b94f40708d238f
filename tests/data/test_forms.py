"""The forms of labels: several classes, numbers, tags, pairs, texts, masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data.making import parquet, pictures, write, write_lines
from zoo.data import IGNORED, Columns, read_labelled, read_mask, read_raw, split_data
from zoo.errors import BadData

TEXTS = "text-classification"
SEVERAL = [("a", "b"), ("b",), ("a", "c"), ()]


def several(form: str, folder: Path) -> Path:
    if form in {"|", "; ", ", "}:
        rows = "".join(f'text {n},"{form.join(labels)}"\n' for n, labels in enumerate(SEVERAL))
        return write(folder / "d.csv", f"text,labels\n{rows}")
    if form == "columns":
        rows = "".join(
            f"{n},text {n}," + ",".join(str(int(x in y)) for x in "abc") + "\n" for n, y in enumerate(SEVERAL)
        )
        return write(folder / "d.csv", f"id,text,a,b,c\n{rows}")
    rows = [{"text": f"text {n}", "labels": list(labels)} for n, labels in enumerate(SEVERAL)]
    if form == "parquet":
        return parquet(folder / "d.parquet", rows)
    return write_lines(folder / "d.jsonl", rows)


@pytest.mark.parametrize("form", ["|", "; ", ", ", "columns", "parquet", "jsonl"])
def test_several_classes_at_once(form: str, tmp_path: Path) -> None:
    path = several(form, tmp_path)
    data = read_labelled(path, TEXTS, kind="multi")
    assert data.train.labels == tuple(SEVERAL)
    assert data.classes == ("a", "b", "c")
    shown = read_raw(path, TEXTS).kind
    assert shown == ("single" if form in {"; ", ", "} else "multi")


def test_columns_of_flags_by_name(tmp_path: Path) -> None:
    data = read_labelled(several("columns", tmp_path), TEXTS, columns=Columns(label="a, c"))
    assert data.kind == "multi"
    assert data.train.labels == (("a",), (), ("a", "c"), ())
    with pytest.raises(BadData, match="no column 'd'"):
        read_labelled(several("columns", tmp_path), TEXTS, columns=Columns(label="a,d"))


def test_a_flag_that_is_none(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,a,b\nx,1,0\ny,0,2\n")
    with pytest.raises(BadData, match=r"d\.csv:2 has '2' in column b"):
        read_labelled(path, TEXTS, columns=Columns(label="a,b"))


def test_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,score\na,1\nb,2.5\nc,-1e3\n")
    data = read_labelled(path, TEXTS, kind="regression")
    assert (data.train.labels, data.classes) == ((1.0, 2.5, -1000.0), ())
    for odd in ("nan", "inf", "x", ""):
        with pytest.raises(BadData, match=r"d\.csv:4"):
            read_labelled(write(path, f"text,score\na,1\nb,2.5\nc,-1e3\nd,{odd}\n"), TEXTS, kind="regression")


CONLL = """-DOCSTART- -X- O O

Anna NNP B-PER
lives VBZ O
# NN O

# text = in Bonn
in IN O
Bonn NNP B-LOC
"""
TAGGED = [(("Anna", "lives", "#"), ("B-PER", "O", "O")), (("in", "Bonn"), ("O", "B-LOC"))]


def tagged(form: str, folder: Path) -> Path:
    if form == "conll":
        return write(folder / "d.conll", CONLL)
    if form == "tabs":
        return write(folder / "d.tsv", "Anna\tB-PER\nlives\tO\n#\tO\n\nin\tO\nBonn\tB-LOC\n")
    rows = [{"tokens": list(words), "ner_tags": list(tags)} for words, tags in TAGGED]
    if form == "jsonl":
        return write_lines(folder / "d.jsonl", rows)
    if form == "parquet":
        return parquet(folder / "d.parquet", rows)
    if form == "json in csv":
        return write(folder / "d.csv", 'tokens,tags\n"[""Anna"",""lives"",""#""]",B-PER O O\nin Bonn,O B-LOC\n')
    return class_labels(folder / "d.parquet")


def class_labels(path: Path) -> Path:
    """As the hub has it: numbers, whose names are in the file's features."""
    from datasets import ClassLabel, Dataset, Features, List, Value

    names = ["O", "B-PER", "B-LOC"]
    rows = [{"tokens": list(words), "ner_tags": [names.index(tag) for tag in tags]} for words, tags in TAGGED]
    features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))})
    Dataset.from_list(rows, features=features).to_parquet(path)
    return path


@pytest.mark.parametrize("form", ["conll", "tabs", "jsonl", "parquet", "json in csv", "class labels"])
def test_tags(form: str, tmp_path: Path) -> None:
    data = read_labelled(tagged(form, tmp_path), "token-classification")
    assert list(zip(data.train.inputs, data.train.labels, strict=True)) == TAGGED
    assert (data.kind, data.classes) == ("tags", ("B-LOC", "B-PER", "O"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("d.conll", "Anna B-PER\nlives\n\nin O\nBonn B-LOC\n"),
        ("d.jsonl", '{"tokens": ["Anna", "lives"], "tags": ["B-PER"]}\n{"tokens": ["in"], "tags": ["O"]}'),
        ("d.jsonl", '{"tokens": [], "tags": []}\n{"tokens": ["in"], "tags": ["O"]}'),
        ("d.jsonl", '{"tokens": ["a", null], "tags": ["O", "O"]}\n{"tokens": ["in"], "tags": ["O"]}'),
        ("d.csv", 'tokens,tags\n"[""a"", ",O\nin,O\n'),
    ],
)
def test_bad_tags(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(BadData, match=rf"{name}:1"):
        read_labelled(write(tmp_path / name, text), "token-classification")


def test_conll_parts(tmp_path: Path) -> None:
    for name in ("train.txt", "valid.txt", "test.txt"):
        write(tmp_path / name, CONLL)
    data = read_labelled(tmp_path, "token-classification")
    assert [len(part) for part in data.parts.values()] == [2, 2, 2]


@pytest.mark.parametrize("names", ["anchor,positive", "sentence1,sentence2", "text1,text2", "query,passage"])
def test_pairs(names: str, tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", f"{names}\na,b\nc,d\n")
    data = read_labelled(path, "feature-extraction")
    assert (data.kind, data.train.inputs, data.train.labels) == ("pairs", (("a", "b"), ("c", "d")), (None, None))
    scored = read_labelled(write(path, f"{names},score\na,b,0.5\nc,d,5\n"), "feature-extraction")
    assert (scored.kind, scored.train.labels) == ("scored", (0.5, 5.0))
    plain = read_labelled(path, "feature-extraction", kind="pairs")
    assert plain.train.columns == {"score": ("0.5", "5")}


def test_bad_pairs(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "anchor,positive\na,\nc,d\n")
    with pytest.raises(BadData, match="empty second text"):
        read_labelled(path, "feature-extraction")
    with pytest.raises(BadData) as error:
        read_labelled(write(path, "anchor,positives\na,b\n"), "feature-extraction")
    assert "text" in error.value.cause
    with pytest.raises(BadData, match="no label column"):
        read_labelled(write(path, "anchor,positive\na,b\n"), "feature-extraction", kind="scored")


def test_labels_that_are_words_are_no_scores(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "premise,hypothesis,label\na,b,entailment\nc,d,neutral\n")
    assert read_labelled(path, "feature-extraction").kind == "pairs"


def test_texts_by_paragraph_and_by_line(tmp_path: Path) -> None:
    path = write(tmp_path / "d.txt", "one\n  two\n\n\n three\r\n\r\nfour\n")
    data = read_labelled(path, "text-generation")
    assert data.train.inputs == ("one\n  two", " three", "four")
    assert data.train.labels == (None, None, None)
    assert data.kind == "text"
    assert read_labelled(write(path, "one\ntwo\n"), "fill-mask").train.inputs == ("one", "two")
    assert read_labelled(write(tmp_path / "d.csv", "id,text\n1,one\n2,two\n"), "fill-mask").train.inputs == (
        "one",
        "two",
    )


def test_a_folder_of_texts(tmp_path: Path) -> None:
    write(tmp_path / "b.txt", "three\n")
    write(tmp_path / "a.txt", "one\n\ntwo")
    data = read_labelled(tmp_path, "text-generation")
    assert (data.train.inputs, data.train.rows) == (("one", "two", "three"), ("a.txt:1", "a.txt:2", "b.txt:1"))


def masked(folder: Path, make: Any, count: int = 3, suffix: str = ".png") -> Path:
    pictures(folder, {"images": count})
    (folder / "masks").mkdir()
    for number in range(count):
        path = folder / "masks" / f"{number:02}{suffix}"
        made = make(number)
        np.save(path, made) if suffix == ".npy" else made.save(path)
    return folder


def binary(number: int) -> Image.Image:
    pixels = np.zeros((4, 4), np.uint8)
    pixels[: number + 1] = 255
    return Image.fromarray(pixels)


def palette(number: int) -> Image.Image:
    made = Image.fromarray(np.asarray([[0, number + 1, 255, 2]] * 4, np.uint8)).convert("L")
    made.putpalette([value for index in range(256) for value in (index, 255 - index, 0)])  # which makes it mode P
    return made


def test_masks_in_black_and_white(tmp_path: Path) -> None:
    data = read_labelled(masked(tmp_path, binary), "image-segmentation")
    assert (data.kind, data.classes, data.train.rows[1]) == ("mask", ("background", "object"), "images/01.png")
    mask = read_mask(data.train.labels[1], 2)
    assert mask.shape == (4, 4)
    assert mask.sum() == 8
    assert len(split_data(data, test_size=0.34, validation_size=0).test or ()) == 1


def test_masks_of_indices(tmp_path: Path) -> None:
    data = read_labelled(masked(tmp_path, palette), "image-segmentation")
    assert data.classes == ("background", "class 1", "class 2", "class 3")
    mask = read_mask(data.train.labels[0], 4)
    assert mask[0].tolist() == [0, 1, IGNORED, 2]
    with pytest.raises(BadData, match="class 3"):
        read_mask(data.train.labels[2], 3)
    write(tmp_path / "classes.txt", "sky\nroad\ncar\ntree\n")
    assert read_labelled(tmp_path, "image-segmentation").classes == ("sky", "road", "car", "tree")


def test_masks_of_numpy(tmp_path: Path) -> None:
    data = read_labelled(masked(tmp_path, lambda n: np.eye(4, dtype=bool), suffix=".npy"), "image-segmentation")
    assert data.classes == ("background", "object")
    assert read_mask(data.train.labels[0], 2).trace() == 4
    assert read_mask(np.eye(3, dtype=np.float32), 2).dtype == np.int64


class Trap:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("executed"),))


def test_a_mask_is_never_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("mask.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(BadData, match="numpy"):
        read_mask(tmp_path / "mask.npy", 2)
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    "mask", [np.zeros((2, 2, 3)), np.zeros(3), np.full((2, 2), 0.5), np.full((2, 2), np.nan), np.zeros((0, 2)), b"x"]
)
def test_what_is_no_mask(mask: Any) -> None:
    with pytest.raises(BadData):
        read_mask(mask, 3)


def test_a_mask_in_colours_is_told(tmp_path: Path) -> None:
    folder = masked(tmp_path, lambda n: Image.new("RGB", (4, 4), (255, n, 0)))
    with pytest.raises(BadData, match="in colours"):
        read_labelled(folder, "image-segmentation")


def test_pictures_and_masks_that_have_no_other(tmp_path: Path) -> None:
    folder = masked(tmp_path, binary)
    (folder / "masks" / "01.png").rename(folder / "masks" / "other.png")
    raw = read_raw(folder, "image-segmentation")
    assert [row.check for row in raw.parts["all"]] == ["", "file", ""]
    assert "other.png has no picture" in raw.problems[0].text


def test_a_table_of_masks(tmp_path: Path) -> None:
    masked(tmp_path, binary)
    rows = "".join(f"images/{n:02}.png,masks/{n:02}.png\n" for n in range(3))
    data = read_labelled(write(tmp_path / "d.csv", f"image,mask\n{rows}"), "image-segmentation")
    assert data.train.labels[0] == tmp_path / "masks" / "00.png"
    assert data.classes == ("background", "object")
