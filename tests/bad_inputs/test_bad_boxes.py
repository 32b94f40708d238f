"""Bad boxes: each gets a verdict with cause and remedy before anything is learnt, and what can be mended is mended."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.data.drawing_boxes import coco, picture, voc_xml, write_coco
from tests.data.making import write
from tests.tiny_fixtures import Cli
from zoo.data import read_labelled, read_raw
from zoo.data.doctor import diagnose, mend
from zoo.errors import BadData

TASK = "object-detection"
GOOD = {f"good{n}.png": [(1 + n % 2, (5, 5, 30, 20))] for n in range(30)}
CLASSES = {1: "cat", 2: "dog"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A data set with one fault: what makes it, and what must be said of it."""

    make: Callable[[Path], Path]
    check: str
    says: Sequence[str]
    severity: str = "blocking"
    fixable: bool = True
    verdict: str = ""
    also: Sequence[str] = ()


def _coco(
    *bad: tuple[int, Sequence[float]], edit: Callable[[dict[str, Any]], None] | None = None
) -> Callable[[Path], Path]:
    """Thirty good pictures, and one called bad.png with these boxes."""

    def make(folder: Path) -> Path:
        content = coco({**GOOD, **({"bad.png": bad} if bad else {})}, CLASSES)
        write_coco(folder / "set", content)
        if edit is not None:
            edit(content)
            write(folder / "set" / "annotations.json", json.dumps(content))
        return folder / "set"

    return make


def _json(text: str) -> Callable[[Path], Path]:
    return lambda folder: write(folder / "instances.json", text)


def _yolo(lines: str, names: str = "names: [cat, dog]") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        for n in range(30):
            picture(folder / "set" / "images" / f"good{n}.png", n)
            write(folder / "set" / "labels" / f"good{n}.txt", f"{n % 2} 0.5 0.5 0.5 0.5\n")
        picture(folder / "set" / "images" / "bad.png", 99)
        write(folder / "set" / "labels" / "bad.txt", lines)
        write(folder / "set" / "data.yaml", f"train: images\n{names}\n")
        return folder / "set"

    return make


def _voc(xml: str | bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        for n in range(30):
            picture(folder / "set" / "JPEGImages" / f"good{n}.png", n)
            said = voc_xml(f"good{n}.png", [(("cat", "dog")[n % 2], (5, 5, 40, 40), 0)])
            write(folder / "set" / "Annotations" / f"good{n}.xml", said)
        picture(folder / "set" / "JPEGImages" / "bad.png", 99)
        write(folder / "set" / "Annotations" / "bad.xml", xml)
        return folder / "set"

    return make


def _twice(content: dict[str, Any]) -> None:
    content["images"][-1]["id"] = content["annotations"][-1]["image_id"] = content["images"][0]["id"]


def _gone(content: dict[str, Any]) -> None:
    content["images"].append({"id": 99, "file_name": "gone.png", "width": 64, "height": 48})


def _orphan(content: dict[str, Any]) -> None:
    content["annotations"].append({"id": 999, "image_id": 4711, "category_id": 1, "bbox": [1, 1, 9, 9]})


def _larger(content: dict[str, Any]) -> None:
    content["images"][0] |= {"width": 128, "height": 96}


def _turned(content: dict[str, Any]) -> None:
    content["images"][0] |= {"width": 48, "height": 64}


def _nothing(content: dict[str, Any]) -> None:
    content["annotations"].clear()


def _more(content: dict[str, Any]) -> None:
    content["categories"].append({"id": 3, "name": "cow"})


def _spelt(content: dict[str, Any]) -> None:
    content["categories"].append({"id": 3, "name": "Cat"})
    for one in content["annotations"][:4]:
        one["category_id"] = 3


_BOMB = (
    '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><annotation><filename>&y;</filename></annotation>'
)

CASES: dict[str, Case] = {
    "outside": Case(make=_coco((1, (70, 5, 10, 10))), check="boxes-outside", says=["bad.png box 1 (cat) lies outside"]),
    "far over the edge": Case(make=_coco((1, (40, 5, 40, 10))), check="boxes-outside", says=["reaches 16 pixels over"]),
    "above the edge": Case(make=_coco((1, (5, -20, 10, 30))), check="boxes-outside", says=["reaches 20 pixels over"]),
    "over the edge": Case(
        make=_coco((2, (50, 5, 15.5, 10))),
        check="boxes-over-edge",
        says=["bad.png box 1 (dog) reaches 1.5 pixels over the edge of the picture of 64 x 48"],
        severity="warning",
    ),
    "negative": Case(make=_coco((1, (9, 9, -4, 5))), check="negative-boxes", says=["box 1 (cat) is -4 x 5 pixels"]),
    "corners for sizes": Case(make=_coco((1, (40, 9, 60, 5))), check="boxes-outside", says=["reaches 36 pixels"]),
    "zero area": Case(
        make=_coco((1, (9, 9, 0, 5)), (1, (1, 1, 9, 9))), check="empty-boxes", says=["1 box of 32", "no area"]
    ),
    "unknown category": Case(make=_coco((8, (1, 1, 9, 9))), check="unknown-category", says=["category 8"]),
    "three numbers": Case(make=_coco((1, (9, 9, 4))), check="bad-boxes", says=["bad.png has box 1 (cat)", "not four"]),
    "infinite": Case(make=_coco((1, (9, 9, float("inf"), 3))), check="bad-boxes", says=["bad.png has box 1"]),
    "missing picture": Case(
        make=_coco(edit=_gone), check="unreadable", says=["gone.png names a file that is not there"]
    ),
    "broken JSON": Case(make=_json('{"images": [{"id"'), check="unusable", says=["is not JSON"], fixable=False),
    "a list": Case(make=_json("[1, 2]"), check="unusable", says=["is not COCO's form: it is a list"], fixable=False),
    "results": Case(
        make=_json('[{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]'),
        check="unusable",
        says=["holds results of a detector"],
        fixable=False,
    ),
    "no categories": Case(
        make=_json('{"images": [], "annotations": []}'),
        check="unusable",
        says=["'categories' is missing"],
        fixable=False,
    ),
    "an id twice": Case(make=_coco((1, (1, 1, 9, 9)), edit=_twice), check="duplicate-image-ids", says=["2 rows of 31"]),
    "no such picture": Case(make=_coco(edit=_orphan), check="annotations", says=["1 annotation is", "4711"]),
    "another size": Case(
        make=_coco(edit=_larger), check="picture-size", says=["is 64 x 48, its annotation says 128 x 96"]
    ),
    "turned": Case(make=_coco(edit=_turned), check="picture-size", says=["says 48 x 64, turned by a quarter"]),
    "the same box": Case(
        make=_coco((1, (1, 1, 9, 9)), (1, (1, 1, 9, 9))),
        check="duplicate-boxes",
        says=["bad.png box 2 (cat) is there already"],
        severity="warning",
    ),
    "tiny": Case(
        make=_coco((1, (1, 1, 9, 1))), check="tiny-boxes", says=["is 9 x 1 pixels"], severity="warning", fixable=False
    ),
    "nothing drawn": Case(make=_coco(edit=_nothing), check="no-objects", says=["none of 30 pictures"], fixable=False),
    "unused": Case(
        make=_coco(edit=_more), check="unused-class", says=["'cow'"], severity="note", fixable=False, verdict="ready"
    ),
    "spelt otherwise": Case(
        make=_coco(edit=_spelt),
        check="label-spelling",
        says=["'Cat' for 'cat'"],
        severity="warning",
        also=["few-objects"],
    ),
    "four fields": Case(
        make=_yolo("0 0.5 0.5 0.1 0.1\n1 0.5 0.5 0.1\n"),
        check="bad-boxes",
        says=["images/bad.png has 4 fields", "in line 2 of labels/bad.txt"],
    ),
    "pixels for shares": Case(
        make=_yolo("0 32 24 10 10"), check="bad-boxes", says=["a number outside of 0 to 1 in line 1"]
    ),
    "no number": Case(
        make=_yolo("cat 0.5 0.5 0.1 0.1"), check="bad-boxes", says=["the class 'cat', which is no number"]
    ),
    "a class too many": Case(make=_yolo("2 0.5 0.5 0.1 0.1"), check="unknown-category", says=["class 2"]),
    "no names": Case(make=_yolo("", names="nc: 2"), check="unusable", says=["no list of names"], fixable=False),
    "broken XML": Case(make=_voc("<annotation><object>"), check="bad-annotations", says=["broken XML"]),
    "entities": Case(make=_voc(_BOMB), check="bad-annotations", says=["a document type, which is never read"]),
    "entities, hidden": Case(make=_voc(_BOMB.encode("utf-16")), check="bad-annotations", says=["document type"]),
    "a corner missing": Case(
        make=_voc("<annotation><object><name>cat</name><bndbox><xmin>1</xmin></bndbox></object></annotation>"),
        check="bad-boxes",
        says=["JPEGImages/bad.png has box 1 (cat), which has not four numbers in its bndbox"],
    ),
    "a folder of nothing": Case(
        make=lambda folder: picture(folder / "set" / "a.png").parent, check="unusable", says=["COCO"], fixable=False
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_verdict(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    path = case.make(tmp_path)
    raw, found = diagnose(path, TASK, deep=False)
    (finding,) = [one for one in found.findings if one.check == case.check]
    said = "\n".join([finding.text, finding.remedy, *finding.rows])
    assert [piece for piece in case.says if piece not in said] == [], said
    assert (finding.severity, finding.fixable) == (case.severity, case.fixable)
    assert found.verdict == (case.verdict or {"blocking": "broken", "warning": "usable"}[case.severity])
    assert finding.remedy
    others = {one.check for one in found.findings if one.severity != "note"} - {case.check}
    assert others == set(case.also)
    if case.severity == "blocking":
        with pytest.raises(BadData):
            found.raise_if_broken()
    if case.fixable and raw is not None:
        mended = mend(raw, found, tmp_path / "mended")
        after = diagnose(mended.path, TASK, deep=False)[1]
        assert after.verdict == "ready", after
        assert 30 <= sum(after.counts.values()) + (name in {"another size", "turned", "an id twice"}) <= 31


def test_what_a_mended_copy_makes_of_each_box(tmp_path: Path) -> None:
    bad = [
        (1, (50, 5, 20, 10)),
        (1, (70, 5, 9, 9)),
        (9, (1, 1, 9, 9)),
        (2, (1, 1, 0, 9)),
        (2, (2, 2, 9, 9)),
        (2, (2, 2, 9, 9)),
    ]
    lost = {
        "negative.png": [(1, (9, 9, -4, 5)), (1, (1, 1, 9, 9))],
        "outside.png": [(1, (70, 5, 9, 9))],
        "none.png": [],
    }
    write_coco(tmp_path / "set", coco({**GOOD, "bad.png": bad, **lost}, CLASSES))
    raw, found = diagnose(tmp_path / "set", TASK)
    assert raw is not None
    mended = mend(raw, found, tmp_path / "mended")
    assert mended.changes == (
        "clipped 1 box to the picture",
        "left out 4 boxes without area, outside, repeated or of no category",
        "left out 2 pictures whose boxes cannot be mended",
        "kept 32 of 34 rows",
    )
    left = {Path(row.value).name: row for row in read_raw(mended.path, TASK).parts["all"]}
    assert [(one.label, one.box) for one in left["bad.png"].label] == [
        ("cat", (50, 5, 64, 15)),
        ("dog", (2, 2, 11, 11)),
    ]
    assert left["none.png"].label == ()
    assert left.keys() & lost.keys() == {"none.png"}
    assert left["good3.png"].columns["image_id"] == 3
    assert read_labelled(mended.path, TASK).classes == ("cat", "dog")


def test_the_command_says_it(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("data", "doctor", CASES["outside"].make(tmp_path), "--task", TASK, "--quick")
    assert (outcome.code, outcome.err) == (4, "")
    assert outcome.out.startswith("set: broken: ")
    assert "bad.png box 1 (cat) lies outside the picture of 64 x 48: 70, 5, 80, 15" in outcome.out
