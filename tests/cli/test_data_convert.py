"""`zoo data convert`: labelled boxes from each form to each other, whole or not at all."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from tests.data.drawing_boxes import picture
from tests.data.making import write
from tests.tiny_fixtures import Cli
from zoo.data import LabelledBox, convert, read_raw
from zoo.errors import BadData, BadOption, UnknownTask

TASK = "object-detection"
Boxes = dict[str, list[tuple[str, tuple[LabelledBox, ...]]]]

pytestmark = pytest.mark.usefixtures("zoo_home")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COCO's form with two parts, odd names, sizes up to 3,000 pixels, groups, empty pictures."""
    folder = tmp_path_factory.mktemp("boxes")
    chance = random.Random(3)
    rows: dict[str, list[tuple[Path, list[LabelledBox]]]] = {"train": [], "val": []}
    for part, of in rows.items():
        for number in range(6):
            width, height = chance.randint(20, 3000), chance.randint(20, 3000)
            path = folder / f"a pïcture {part}.{number}.png"
            Image.new("L", (width, height), number).save(path)
            boxes = []
            for each in range(number):
                x1, x2 = sorted(chance.uniform(0, width) for _ in range(2))
                y1, y2 = sorted(chance.uniform(0, height) for _ in range(2))
                label = chance.choice(["tree & bush", "no", "ключ"])
                boxes.append(LabelledBox(label, (x1, y1, x2, y2), crowd=each == 3, area=12.25))
            of.append((path, boxes))
    convert(rows, folder / "coco", to="coco")
    return folder / "coco"


def _boxes(path: Path) -> Boxes:
    parts = read_raw(path, TASK).parts
    return {part: [(Path(row.value).stem, row.label) for row in rows] for part, rows in parts.items()}


def _farthest(one: Boxes, other: Boxes, crowds: bool = True) -> float:
    """The largest difference of any side; pictures, order and classes must be the same."""
    assert one.keys() == other.keys()
    far = [0.0]
    for part in one:
        for (name, boxes), (again, found) in zip(one[part], other[part], strict=True):
            assert name == again
            kept = [box for box in boxes if crowds or not box.crowd]
            for a, b in zip(kept, found, strict=True):
                assert (a.label, a.crowd) == (b.label, b.crowd)
                far += [abs(x - y) for x, y in zip(a.box, b.box, strict=True)]
    return max(far)


def test_coco_to_coco_changes_nothing(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "again", to="coco")
    names = ["annotations/instances_train.json", "annotations/instances_val.json"]
    assert [(tmp_path / "again" / n).read_text() for n in names] == [(source / n).read_text() for n in names]


def test_coco_to_yolo_and_back(cli: Cli, source: Path, tmp_path: Path) -> None:
    outcome = cli("data", "convert", source, tmp_path / "yolo", "--to", "yolo", "--link")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[1:] == [
        "12 pictures (6 train, 6 validation) with 26 boxes of 3 classes",
        "note: boxes of groups are left out, for which YOLO's form has no word: 4",
    ]
    again = cli("data", "convert", tmp_path / "yolo", tmp_path / "coco", "--to", "coco", "--json")
    assert again.json["counts"] == {"train": 6, "validation": 6}
    assert again.json["classes"] == list(read_raw(source, TASK).classes)
    assert _farthest(_boxes(source), _boxes(tmp_path / "coco"), crowds=False) < 1e-3
    linked = next((tmp_path / "yolo" / "images" / "train").iterdir())
    assert linked.stat().st_nlink == 2
    assert next((tmp_path / "coco" / "images" / "train").iterdir()).stat().st_nlink == 1


def test_coco_to_voc_and_back_is_to_the_pixel(cli: Cli, source: Path, tmp_path: Path) -> None:
    outcome = cli("data", "convert", source, tmp_path / "voc", "--to", "voc", "--json")
    assert outcome.json["boxes"] == 30
    assert outcome.json["notes"] == ["boxes were rounded to whole pixels, as VOC's form has them: 30"]
    convert(tmp_path / "voc", tmp_path / "coco", to="coco")
    assert 0.3 < _farthest(_boxes(source), _boxes(tmp_path / "coco")) <= 0.5
    whole = convert(tmp_path / "coco", tmp_path / "voc2", to="voc")
    assert whole.notes == ()
    assert _farthest(_boxes(tmp_path / "voc"), _boxes(tmp_path / "voc2")) == 0


def test_pictures_with_one_name_stay_apart(tmp_path: Path) -> None:
    rows = [(picture(tmp_path / name, seed), [("cat", (seed, 1, 9, 9))]) for seed, name in enumerate(_SAME)]
    for form in ("coco", "yolo", "voc"):
        convert([*rows, (rows[0][0].read_bytes(), [])], tmp_path / form, to=form)  # type: ignore[arg-type]
        (found,) = read_raw(tmp_path / form, TASK).parts.values()
        known = {Path(row.value).read_bytes(): row.label[0].box[0] if row.label else None for row in found}
        assert len(found) == 4
        assert [known[path.read_bytes()] for path, _ in rows[1:]] == [1, 2]


_SAME: Sequence[str] = ("one/a.png", "two/a.png", "two/A.ppm")


@pytest.mark.parametrize("case", ["taken", "inside", "fault", "outside", "no picture", "form", "task", "no task"])
def test_nothing_is_written_where_it_cannot_be_right(source: Path, tmp_path: Path, case: str) -> None:
    data, dest, how = source, tmp_path / "made", {"to": "voc"}
    good = picture(tmp_path / "in" / "good.png")
    wanted: tuple[type[Exception], str] = (BadData, "")
    if case == "taken":
        dest.mkdir()
        wanted = (BadData, "is there already")
    elif case == "inside":
        dest, wanted = source / "images" / "made", (BadData, "lies in the data itself")
    elif case == "fault":
        data, wanted = [(good, [("cat", (5, 5, 2, 9))])], (BadData, "which is -3 x 4 pixels large")  # type: ignore[assignment]
    elif case == "outside":
        data, wanted = [(good, [("cat", (99, 5, 120, 9))])], (BadData, "which lies outside")  # type: ignore[assignment]
    elif case == "no picture":
        data = [(good, []), (write(tmp_path / "in" / "bad.png", "text"), [])]  # type: ignore[assignment]
        wanted = (BadData, "is not a picture that can be read")
    elif case == "form":
        how, wanted = {"to": "kitti"}, (BadOption, "no form 'kitti'")
    elif case == "task":
        how, wanted = {"to": "voc", "task": "text-generation"}, (BadOption, "no boxes")
    else:
        how, wanted = {"to": "voc", "task": "nothing"}, (UnknownTask, "cannot be learnt")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(wanted[0], match=wanted[1]):
        convert(data, dest, **how)  # type: ignore[arg-type]
    assert sorted(tmp_path.rglob("*")) == before


def test_the_command_refuses_with_cause_and_remedy(cli: Cli, source: Path, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    outcome = cli("data", "convert", source, tmp_path / "made", "--to", "coco")
    assert (outcome.code, outcome.out) == (4, "")
    assert "is there already" in outcome.err
