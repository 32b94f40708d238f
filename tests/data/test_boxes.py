"""Labelled boxes are read alike from COCO's JSON, YOLO's text, Pascal VOC's XML and Python, and can be learnt from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.data.drawing_boxes import coco, picture, voc_xml, write_coco
from tests.data.making import write
from zoo.data import LabelledBox, RawData, read_again, read_labelled, read_raw, split_data
from zoo.errors import BadData

TASK = "object-detection"

# All fields of the published form (cocodataset.org/#format-data): an outline, run lengths of a group, no box at all.
PUBLISHED = {
    "info": {"description": "COCO 2017 Dataset", "version": "1.0", "year": 2017},
    "licenses": [{"id": 1, "name": "Attribution-NonCommercial-ShareAlike License", "url": ""}],
    "images": [
        {
            "license": 1,
            "file_name": "000000397133.jpg",
            "coco_url": "",
            "height": 427,
            "width": 640,
            "date_captured": "2013-11-14 17:02:52",
            "flickr_url": "",
            "id": 397133,
        }
    ],
    "annotations": [
        {
            "segmentation": [[224.24, 297.18, 228.29, 297.18, 234.91, 298.29]],
            "area": 1481.3806499999994,
            "iscrowd": 0,
            "image_id": 397133,
            "bbox": [217.62, 240.54, 38.99, 57.75],
            "category_id": 44,
            "id": 82445,
        },
        {
            "segmentation": {"counts": [272, 2, 4], "size": [427, 640]},
            "area": 6000.0,
            "iscrowd": 1,
            "image_id": 397133,
            "bbox": [388.66, 69.92, 109.41, 277.62],
            "category_id": 1,
            "id": 82446,
        },
        {
            "image_id": 397133,
            "category_id": 1,
            "id": 3,
            "segmentation": [[10, 20, 30, 20, 30, 50], [5, 30, 6, 31, 7, 32]],
        },
    ],
    "categories": [
        {"supercategory": "kitchen", "id": 44, "name": "bottle"},
        {"supercategory": "person", "id": 1, "name": "person"},
    ],
}


def _labels(raw: RawData) -> dict[str, list[tuple[LabelledBox, ...]]]:
    return {part: [row.label for row in rows] for part, rows in raw.parts.items()}


def test_the_published_example_of_coco(tmp_path: Path) -> None:
    picture(tmp_path / "val2017" / "000000397133.jpg", size=(640, 427))
    write(tmp_path / "annotations" / "instances_val2017.json", json.dumps(PUBLISHED))
    write(tmp_path / "annotations" / "captions_val2017.json", json.dumps({"images": [], "annotations": []}))
    raw = read_raw(tmp_path, TASK)
    assert (raw.kind, raw.classes) == ("boxes", ("person", "bottle"))
    (row,) = raw.parts["all"]
    assert (row.where, row.problem, row.columns["image_id"]) == ("val2017/000000397133.jpg", None, 397133)
    bottle, crowd, outlined = row.label
    assert bottle.box == pytest.approx((217.62, 240.54, 256.61, 298.29))
    assert (bottle.label, bottle.crowd, bottle.size) == ("bottle", False, 1481.3806499999994)
    assert (crowd.label, crowd.crowd) == ("person", True)
    assert outlined == LabelledBox("person", (5, 20, 30, 50))  # no bbox: the box around the polygons
    assert raw.notes == ("instances_val2017.json: outlines are left aside, boxes are learnt: 2",)
    assert _labels(read_raw(tmp_path / "annotations" / "instances_val2017.json", TASK)) == _labels(raw)


@pytest.mark.parametrize("form", ["files", "folders", "exported"])
def test_parts_of_coco(tmp_path: Path, form: str) -> None:
    for part, name in (("train", "train2017"), ("validation", "val2017")):
        content = coco({f"{part}.png": [(1, (1, 2, 3, 4))]}, {1: "cat"})
        if form == "exported":
            write_coco(tmp_path / {"validation": "valid"}.get(part, part), content, "_annotations.coco.json")
            continue
        write(tmp_path / "annotations" / f"instances_{name}.json", json.dumps(content))
        picture(tmp_path / (f"images/{name}" if form == "folders" else name) / f"{part}.png")
    raw = read_raw(tmp_path, TASK)
    cat = LabelledBox("cat", (1, 2, 4, 6), area=9.5)
    assert _labels(raw) == {"train": [(cat,)], "validation": [(cat,)]}
    assert all(isinstance(row.value, Path) and row.problem is None for rows in raw.parts.values() for row in rows)


def test_pictures_of_a_test_part_without_annotations_are_left_out(tmp_path: Path) -> None:
    write_coco(tmp_path, coco({"a.png": [(1, (1, 2, 3, 4))]}, {1: "cat"}), "train.json")
    secret = coco({"b.png": []}, {1: "cat"})
    del secret["annotations"]
    write_coco(tmp_path, secret, "image_info_test2017.json")
    raw = read_raw(tmp_path, TASK)
    assert (list(raw.parts), raw.left_out) == (["train"], ("test",))


@pytest.mark.parametrize("layout", ["exported", "usual", "flat"])
def test_layouts_of_yolo(tmp_path: Path, layout: str) -> None:
    places = {
        "exported": ("train/images", "train/labels"),
        "usual": ("images/train", "labels/train"),
        "flat": ("obj_train_data", "obj_train_data"),
    }
    images, labels = (tmp_path / place for place in places[layout])
    picture(images / "a.jpg")
    picture(images / "b.jpg")
    write(labels / "a.txt", "1 0.5 0.5 0.25 0.5\n0 0.125 0.25 0.25 0.5\n")
    write(labels / "b.txt", "")
    if layout == "flat":
        write(tmp_path / "obj.names", "no\ncat\n")
    else:
        train = "../train/images" if layout == "exported" else "images/train"  # as exports have it
        write(tmp_path / "data.yaml", f"path: /gone\ntrain: {train}\nnc: 2\nnames: [no, cat]\n")
    raw = read_raw(tmp_path, TASK)
    assert (raw.classes, raw.problems, raw.notes) == (("no", "cat"), (), ())
    (rows,) = raw.parts.values()
    assert rows[0].label == (LabelledBox("cat", (24, 12, 40, 36)), LabelledBox("no", (0, 0, 16, 24)))
    assert rows[1].label == ()


def test_yolo_says_what_it_takes_for_granted(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        picture(tmp_path / "images" / f"{name}.png")
    write(tmp_path / "labels" / "a.txt", "3 0.1 0.1 0.5 0.1 0.5 0.5")  # an outline of three points
    write(tmp_path / "labels" / "b.txt", "0 0.5 0.5 1 1")
    raw = read_raw(tmp_path, TASK)
    assert raw.classes == ("0", "1", "2", "3")
    assert raw.parts["all"][0].label[0].box == pytest.approx((6.4, 4.8, 32, 24))
    assert raw.notes == (
        "no list names the classes: they are called by their numbers",
        "pictures without a label file count as pictures without objects: 1 of 3",
        "outlines are left aside, the boxes around them are learnt: 1",
    )


def test_boxes_of_yolo_are_of_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    (tmp_path / "images").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "images" / "a.jpg", exif=exif)
    write(tmp_path / "labels" / "a.txt", "0 0.5 0.5 1 1")
    assert read_raw(tmp_path, TASK).parts["all"][0].label == (LabelledBox("0", (0, 0, 48, 64)),)


def test_voc_counts_from_one_and_its_lists_are_the_parts(tmp_path: Path) -> None:
    folder = tmp_path / "VOCdevkit" / "VOC2012"
    for name in ("2008_1", "2008_2", "2008_3"):
        picture(folder / "JPEGImages" / f"{name}.jpg")
        objects = [("dog", (1, 1, 64, 48), 0), ("cat", (3, 4, 5, 6), 1)]
        write(folder / "Annotations" / f"{name}.xml", voc_xml(f"{name}.jpg", objects))
    write(folder / "ImageSets" / "Main" / "train.txt", "2008_1\n")
    write(folder / "ImageSets" / "Main" / "val.txt", "2008_2\n")
    write(folder / "ImageSets" / "Main" / "dog_train.txt", "2008_1  1\n")
    raw = read_raw(tmp_path / "VOCdevkit", TASK)
    assert raw.classes == ("cat", "dog")
    whole = (LabelledBox("dog", (0, 0, 64, 48)), LabelledBox("cat", (2, 3, 5, 6), crowd=True))
    assert _labels(raw) == {"train": [whole], "validation": [whole]}
    assert raw.notes == ("pictures that are in no list of ImageSets/Main are left aside: 1",)


def test_voc_beside_the_pictures(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    write(tmp_path / "a.xml", voc_xml("was-called-otherwise.jpg", [("dog", (1, 1, 9, 9), 0)]))
    (row,) = read_raw(tmp_path, TASK).parts["all"]
    assert (row.value.name, row.problem) == ("a.png", None)


def test_rows_of_python(tmp_path: Path) -> None:
    one, two = picture(tmp_path / "1.png"), picture(tmp_path / "2.png")
    cat, dog = LabelledBox("cat", (1, 2, 3, 4)), LabelledBox("dog", (1, 2, 4, 6))
    rows = [
        (one, [cat, {"label": "dog", "bbox": [1, 2, 3, 4]}]),
        (two.read_bytes(), [{"label": "cat", "box": {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}}]),
        (two, []),
    ]
    raw = read_raw(rows, TASK)
    assert _labels(raw) == {"all": [(cat, dog), (cat,), ()]}
    assert raw.classes == ("cat", "dog")
    listed = [{"file_name": one.name, "objects": {"bbox": [[1, 2, 3, 4]], "categories": ["dog"]}}]
    write(tmp_path / "metadata.jsonl", json.dumps(listed[0]))  # as the `datasets` library's imagefolder has it
    assert _labels(read_raw(tmp_path, TASK)) == {"all": [(dog,)]}


def test_a_data_set_of_the_library_names_its_classes(tmp_path: Path) -> None:
    import datasets

    number = datasets.List(datasets.List(datasets.Value("float32"), length=4))
    names = datasets.List(datasets.ClassLabel(names=["zebra", "cat", "unused"]))
    made = datasets.Dataset.from_dict(
        {"image": [str(picture(tmp_path / "1.png"))], "objects": [{"bbox": [[1.0, 2.0, 3.0, 4.0]], "category": [1]}]},
        features=datasets.Features({"image": datasets.Image(), "objects": {"bbox": number, "category": names}}),
    )
    raw = read_raw(made, TASK)
    assert raw.classes == ("zebra", "cat", "unused")
    assert _labels(raw) == {"all": [(LabelledBox("cat", (1, 2, 4, 6)),)]}


def test_what_is_read_can_be_split_and_read_again(tmp_path: Path) -> None:
    boxes = {
        f"{n:02}.png": [] if n % 5 == 0 else [(7 if n % 5 == 1 else 2, (1, 2, 3 + n, 4))] * (n % 3 + 1)
        for n in range(40)
    }
    data = read_labelled(write_coco(tmp_path, coco(boxes, {7: "rare", 2: "often", 9: "unused"})), TASK)
    assert (data.kind, data.classes, len(data.train)) == ("boxes", ("often", "rare", "unused"), 40)
    parts = split_data(data, test_size=0.25, validation_size=0.2, seed=1)
    assert parts.test is not None
    marks = [label[0].label if label else "" for label in parts.test.labels]
    assert sorted(marks) == [*[""] * 2, *["often"] * 6, *["rare"] * 2]
    assert read_again(parts.recipe).split_ids == parts.split_ids
    content = json.loads((tmp_path / "annotations.json").read_text())
    content["annotations"][0]["bbox"][0] += 0.001
    write(tmp_path / "annotations.json", json.dumps(content))
    with pytest.raises(BadData, match="changed"):
        read_again(parts.recipe)


def test_boxes_that_no_picture_can_have_are_named(tmp_path: Path) -> None:
    write_coco(tmp_path, coco({"a.png": [(1, (1, 2, 3, 4)), (1, (9, 2, -3, 4))], "b.png": []}, {1: "cat"}))
    with pytest.raises(BadData, match=r"1 of 2 rows cannot be used: a\.png has box 2 \(cat\), which is -3 x 4 pixels"):
        read_labelled(tmp_path, TASK)
    with pytest.raises(BadData, match="no objects to learn from"):
        read_labelled([(tmp_path / "b.png", [])], TASK)


def test_clipping() -> None:
    box = LabelledBox("cat", (-2, 5, 30, 60), area=1000.0)
    assert box.clipped((20, 50)) == LabelledBox("cat", (0, 5, 20, 50), area=900.0)
    inside = LabelledBox("cat", (0, 0, 20, 50))
    assert inside.clipped((20, 50)) is inside
