"""Data from Python, and data with types."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoo.data import Columns, hashes_of, read_image, read_labelled, read_raw
from zoo.errors import BadData

TEXTS = "text-classification"
ROWS = [("good", "pos"), ("bad", "neg"), ("fine", "pos"), ("poor", "neg")]


def data_set(rows: list[dict[str, Any]], features: Any = None) -> Any:
    from datasets import Dataset

    return Dataset.from_list(rows, features=features)


def sources() -> dict[str, Any]:
    import pandas

    dicts = [{"text": text, "label": label} for text, label in ROWS]
    return {
        "tuples": ROWS,
        "lists": [list(row) for row in ROWS],
        "generator": (row for row in ROWS),
        "dicts": dicts,
        "columns": {"text": [row[0] for row in ROWS], "label": [row[1] for row in ROWS]},
        "data frame": pandas.DataFrame(dicts),
        "datasets": data_set(dicts),
        "formatted": data_set(dicts).with_format("numpy"),
        "iterable": data_set(dicts).to_iterable_dataset(),
    }


@pytest.mark.parametrize("name", list(sources()))
def test_rows(name: str) -> None:
    data = read_labelled(sources()[name], TEXTS)
    assert list(zip(data.train.inputs, data.train.labels, strict=True)) == ROWS
    assert data.train.rows == ("data:1", "data:2", "data:3", "data:4")
    assert data.recipe["source"] is None


def test_the_same_rows_have_the_same_fingerprint() -> None:
    assert len({read_labelled(source, TEXTS).fingerprint for source in sources().values()}) == 1


def test_parts() -> None:
    from datasets import DatasetDict

    dicts = [{"text": text, "label": label} for text, label in ROWS]
    for source in (
        {"train": ROWS, "val": ROWS[:1]},
        DatasetDict({"train": data_set(dicts), "dev": data_set(dicts[:1])}),
    ):
        data = read_labelled(source, TEXTS)
        assert {name: len(part) for name, part in data.parts.items()} == {"train": 4, "validation": 1}


def test_names_of_class_numbers() -> None:
    from datasets import ClassLabel, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    rows = [{"text": text, "label": int(label == "pos")} for text, label in ROWS]
    assert read_labelled(data_set(rows, features), TEXTS).train.labels == ("pos", "neg", "pos", "neg")
    hidden = data_set([{**row, "label": -1} for row in rows], features)
    parts = {"train": data_set(rows, features), "test": hidden}
    assert read_labelled(parts, TEXTS).test is None  # a test part whose labels are kept secret is no test part
    assert read_raw(parts, TEXTS).left_out == ("test",)
    with pytest.raises(BadData, match="no label"):
        read_labelled(hidden, TEXTS)


def png(number: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), (number, 0, 0)).save(stream, "PNG")
    return stream.getvalue()


def test_pictures_of_a_data_set_are_bytes(tmp_path: Path) -> None:
    from datasets import Features, Value
    from datasets import Image as Picture

    features = Features({"image": Picture(), "label": Value("string")})
    rows = [{"image": {"bytes": png(n), "path": None}, "label": "ab"[n % 2]} for n in range(4)]
    made = data_set(rows, features)
    made.to_parquet(tmp_path / "d.parquet")
    for source in (made, tmp_path / "d.parquet"):
        data = read_labelled(source, "image-classification")
        assert data.train.inputs[2] == png(2)
        assert read_image(data.train.inputs[2]).getpixel((0, 0)) == (2, 0, 0)


def test_pictures_and_masks_as_arrays() -> None:
    rows = [(Image.new("RGB", (4, 4), (n, 0, 0)), np.eye(4, dtype=np.uint8)) for n in range(3)]
    data = read_labelled(rows, "image-segmentation")
    assert data.classes == ("background", "object")
    assert len({*data.train.hashed().hashes}) == 3
    arrays = [(np.full((4, 4, 3), n, np.uint8), n % 2) for n in range(4)]
    assert read_labelled(arrays, "image-classification").classes == ("0", "1")


def test_other_tasks() -> None:
    scored = read_labelled([("a", "b", 0.5), ("c", "d", 1)], "feature-extraction")
    assert (scored.kind, scored.train.labels) == ("scored", (0.5, 1.0))
    assert read_labelled([("a", "b"), ("c", "d")], "feature-extraction").kind == "pairs"
    assert read_labelled(["one", "two"], "text-generation").train.inputs == ("one", "two")
    tagged = read_labelled([(["a", "b"], ["O", "X"])], "token-classification")
    assert tagged.train.labels == (("O", "X"),)
    several = read_labelled([("a", ["x", "y"]), ("b", [])], TEXTS)
    assert (several.kind, several.train.labels) == ("multi", (("x", "y"), ()))


def test_columns_of_dicts_by_name() -> None:
    rows = [{"body": text, "mood": label, "page": n} for n, (text, label) in enumerate(ROWS)]
    data = read_labelled(rows, TEXTS, columns=Columns(text="body", label="mood"))
    assert data.train.columns == {"page": (0, 1, 2, 3)}


@pytest.mark.parametrize(
    "source",
    [[], {}, None, 3, b"rows", [("a",)], [("a", "x", "more")], [(None, "x"), ("b", "y")], {"text": ["a"], "label": []}],
)
def test_what_is_no_data(source: Any) -> None:
    with pytest.raises(BadData):
        read_labelled(source, TEXTS)


def test_odd_rows_stay_in_raw_data() -> None:
    raw = read_raw([("a", "x"), ("b",), ("c", "y", "z"), (["d"], "x")], TEXTS)
    assert [row.check for row in raw.parts["all"]] == ["", "label", "fields", "value"]


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(png(1))
    (tmp_path / "b").write_bytes(png(1))
    one, same, stored = hashes_of([tmp_path / "a", tmp_path / "b", png(1)])
    assert one == same == stored
    texts = hashes_of(["ab", ("a", "b"), ("ab",), "a", None, np.zeros(2), np.zeros((2, 1)), Image.new("L", (1, 1))])
    assert len(set(texts)) == len(texts)
    with pytest.raises(BadData, match="cannot be read"):
        hashes_of([tmp_path / "gone"])
