"""What makes a verdict, near-duplicates, and what sound data is not accused of."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from tests.data.doctor.broken import BROKEN, good_rows, noise, pictures, sentence, write_table
from zoo.data import RawData, Row, read_raw
from zoo.data.doctor import Diagnosis, Finding, diagnose, examine
from zoo.data.doctor.checks.texts import read_wrongly
from zoo.data.doctor.near import near_pictures, near_texts
from zoo.data.doctor.spelling import right_spellings
from zoo.errors import BadData


def _checks(found: Diagnosis) -> set[str]:
    return {finding.check for finding in found.findings if finding.severity != "note"}


def test_good_data_is_ready(tmp_path: Path) -> None:
    path = write_table(tmp_path / "reviews.csv", good_rows(100))
    assert examine(read_raw(path, "text-classification")).verdict == "ready"
    root = pictures(tmp_path / "pets", each=30)
    found = examine(read_raw(root, "image-classification"))
    assert (found.verdict, dict(found.counts)) == ("ready", {"all": 60})
    found.raise_if_broken()


def test_the_worst_comes_first() -> None:
    findings = tuple(Finding(check=s, severity=s, text=s) for s in ("note", "warning", "blocking"))
    found = Diagnosis(name="x", task="text-classification", kind="single", findings=findings)
    assert [finding.check for finding in found.findings] == ["blocking", "warning", "note"]
    verdicts = [Diagnosis(name="x", task="t", kind="single", findings=findings[:n]).verdict for n in (1, 2, 3)]
    assert verdicts == ["ready", "usable", "broken"]
    with pytest.raises(BadData, match=r"^x: blocking"):
        found.raise_if_broken()


def test_near_texts_are_found_and_others_are_not() -> None:
    draw = random.Random(1)
    texts = [sentence(i, 20) for i in range(400)]
    for i in range(40):
        words = texts[i].split()
        words[draw.randrange(len(words))] = "changed"
        texts.append(" ".join(words))
    groups = near_texts(texts)
    assert {tuple(group) for group in groups} <= {(i, 400 + i) for i in range(40)}
    assert len(groups) >= 30  # what changes a long word may fall under 0.8
    assert near_texts(["short", "short"]) == []


def test_near_pictures_are_found_and_others_are_not(tmp_path: Path) -> None:
    root = pictures(tmp_path / "pets", each=40)
    with Image.open(root / "cat" / "3.png") as image:
        ImageEnhance.Brightness(image).enhance(1.02).save(root / "cat" / "again.jpg", quality=95)
    found = examine(read_raw(root, "image-classification"))
    near = [finding for finding in found.findings if finding.check == "near-duplicates"]
    assert [finding.rows for finding in near] == [("cat/3.png = cat/again.jpg",)]
    assert not [f for f in examine(read_raw(root, "image-classification"), deep=False).findings if "near" in f.check]


def test_pictures_of_one_colour_are_no_copies_of_each_other() -> None:
    small = [bytes((colour, 0, 0)) * 144 for colour in (10, 120, 250)]
    assert near_pictures([0, 0, 0], small) == []
    assert near_pictures([0, 0, 7], [small[0]] * 3) == [[0, 1, 2]]
    assert near_pictures([0, 15], [small[0]] * 2) == []


def test_quick_decodes_nothing(tmp_path: Path) -> None:
    case = BROKEN["corrupt JPEG among good ones"]
    path = case.make(tmp_path)
    assert diagnose(path, case.task)[1].verdict == "broken"
    assert "unreadable" not in _checks(diagnose(path, case.task, deep=False)[1])


def test_of_many_pictures_a_sample_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.data.doctor.material.DECODED", 20)
    root = pictures(tmp_path / "pets", each=20)
    raw = read_raw(root, "image-classification")
    first, second = examine(raw), examine(raw)
    assert "20 of 40 files were decoded" in next(f.text for f in first.findings if f.check == "sampled")
    assert first == second


def test_hidden_labels_of_a_test_part_are_no_fault() -> None:
    rows = tuple(Row(where=f"train:{i}", value=text, label=label) for i, (text, label) in enumerate(good_rows(60)))
    test = tuple(
        Row(where=f"test:{i}", value=sentence(900 + i), problem="has no label", check="label") for i in range(9)
    )
    raw = RawData(name="x", task="text-classification", kind="single", parts={"train": rows, "test": test})
    found = examine(raw)
    assert found.verdict == "ready"
    assert "hidden-labels" in {finding.check for finding in found.findings}


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("cafÃ©", "café"),
        ("itâ€™s", "it’s"),
        ("Ã\xa0 la", "à la"),
        ("Ð¼Ð¸Ñ€", "мир"),
        ("café", None),
        ("Â", None),
        ("it’s Ã© and é", None),
        ("мир", None),
    ],
)
def test_mojibake(text: str, mended: str | None) -> None:
    assert read_wrongly(text) == mended


def test_spellings() -> None:
    assert right_spellings({"a": 5, "b": 3}) == {}
    assert right_spellings({"a": 2, "A": 5, " a": 1}) == {"a": "A", " a": "A"}
    assert right_spellings({"x  y ": 3}) == {"x  y ": "x y"}


def test_texts_of_other_letters_are_not_short(tmp_path: Path) -> None:
    rows = [[("素晴らしい映画", "ひどい話")[i % 2] + str(i), ("good", "bad")[i % 2]] for i in range(60)]
    found = examine(read_raw(write_table(tmp_path / "x.csv", rows), "text-classification"))
    assert _checks(found) == set()


def test_an_unknown_mode_of_pictures(tmp_path: Path) -> None:
    root = pictures(tmp_path / "pets", each=20)
    noise(1, mode="L").convert("I;16").save(root / "cat" / "deep.png")
    noise(2).save(root / "cat" / "moving.gif", save_all=True, append_images=[noise(3)])
    found = examine(read_raw(root, "image-classification"))
    assert _checks(found) == {"animated"}
    assert "odd-modes" in {finding.check for finding in found.findings}
