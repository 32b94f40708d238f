"""Mended copies: what was found is gone, nothing is made up, and the data itself stays as it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.data.doctor.broken import BROKEN, Broken, good_rows, in_parts, jpeg, noise, pictures, sentence, write_table
from zoo.data import Columns, read_labelled, read_raw
from zoo.data.doctor import Diagnosis, diagnose, examine, fix, mend
from zoo.errors import BadData

FIXABLE = [name for name, case in BROKEN.items() if case.fixable]


def _state(path: Path) -> dict[str, str]:
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _look(path: Path, case: Broken) -> tuple[object, Diagnosis]:
    given = dict(zip(case.options[::2], case.options[1::2], strict=True))
    return diagnose(path, case.task, kind=given.get("--kind"), columns=Columns(label=given.get("--label-column")))


@pytest.mark.parametrize("name", FIXABLE)
def test_what_was_mended_is_not_found_again(tmp_path: Path, name: str) -> None:
    case = BROKEN[name]
    (tmp_path / "in").mkdir()
    path = case.make(tmp_path / "in")
    before = _state(path)
    raw, found = _look(path, case)
    copy = mend(raw, found, tmp_path / "out")
    assert _state(path) == before
    assert copy.changes
    again, left = _look(copy.path, case)
    fixed = {finding.check for finding in found.findings if finding.fixable}
    assert fixed & {finding.check for finding in left.findings} == set()
    if not any(finding.severity == "blocking" and not finding.fixable for finding in found.findings):
        assert left.verdict != "broken", left.findings
        given = again.recipe["kind"]
        assert read_labelled(copy.path, case.task, kind=given, columns=Columns(**again.recipe["columns"])).train


def test_most_kinds_of_findings_are_tried() -> None:
    assert len(FIXABLE) >= 20


def test_labels_are_never_made_up(tmp_path: Path) -> None:
    rows = [*good_rows(), ["a text without a label", ""], ["another", "nan"], ["a third", "Good "], ["x", "gut"]]
    path = write_table(tmp_path / "reviews.csv", rows)
    raw = read_raw(path, "text-classification")
    copy = fix(raw, examine(raw), tmp_path / "out")
    made = {row.value: row.label for row in read_raw(copy, "text-classification").parts["all"]}
    assert made == {str(text): label for text, label in good_rows()} | {"a third": "good", "x": "gut"}


def test_a_row_in_both_parts_stays_where_it_is_judged_by(tmp_path: Path) -> None:
    path = in_parts(good_rows(40), [*good_rows(35, start=500), *good_rows(5)])(tmp_path)
    raw = read_raw(path, "text-classification")
    copy = read_raw(fix(raw, examine(raw), tmp_path / "out"), "text-classification")
    assert {part: len(rows) for part, rows in copy.parts.items()} == {"train": 35, "test": 40}
    assert [row.value for row in copy.parts["test"]] == [row.value for row in raw.parts["test"]]
    assert [row.value for row in copy.parts["train"]] == [row.value for row in raw.parts["train"][5:]]


def test_columns_keep_their_names_and_parts(tmp_path: Path) -> None:
    names = ("id", "Message", "Verdict", "where", "split")
    rows = [
        [i, sentence(i), "yes" if i % 2 else "no", f"town {i % 3}", "test" if i > 50 else "train"] for i in range(60)
    ]
    path = write_table(tmp_path / "mails.tsv", [], header=("x",))
    path.write_text(
        "\n".join("\t".join(map(str, row)) for row in [names, *rows, [60, "", "no", "town 1", "test"]]) + "\n"
    )
    columns = Columns(text="Message", label="Verdict", split="split")
    raw = read_raw(path, "text-classification", columns=columns)
    copy = fix(raw, examine(raw), tmp_path / "out")
    assert copy.name == "mails.tsv"
    again = read_raw(copy, "text-classification", columns=columns)
    assert {part: len(found) for part, found in again.parts.items()} == {"train": 51, "test": 9}
    assert again.parts["train"][1].columns == {"id": "1", "where": "town 1"}


def test_classes_in_two_spellings_become_one_folder(tmp_path: Path) -> None:
    root = pictures(tmp_path / "pets", ("cat", "dog", "Dog"))
    raw = read_raw(root, "image-classification")
    copy = fix(raw, examine(raw), tmp_path / "out")
    assert {folder.name: len(list(folder.iterdir())) for folder in copy.iterdir()} == {"cat": 12, "Dog": 24}
    assert len({file.read_bytes() for file in copy.rglob("*.png")}) == 36


def test_odd_pictures_become_rgb(tmp_path: Path) -> None:
    root = pictures(tmp_path / "pets")
    noise(70, mode="CMYK").save(root / "cat" / "print.jpg")
    faint = noise(71).convert("RGBA")
    faint.putalpha(90)
    faint.save(root / "dog" / "faint.png")
    raw = read_raw(root, "image-classification")
    found = examine(raw)
    assert [finding.text for finding in found.findings if finding.check == "odd-modes"] == [
        "2 pictures (8 %) are neither RGB nor grey: CMYK 1, RGBA 1"
    ]
    copy = fix(raw, found, tmp_path / "out")
    assert not [f for f in examine(read_raw(copy, "image-classification")).findings if f.check == "odd-modes"]
    assert len(list(copy.rglob("*.png"))) == 26


def test_pictures_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    rows = []
    for i in range(24):
        noise(i).save(tmp_path / "files" / f"{i}.png")
        rows.append([f"files/{i}.png", f"{('cat', 'dog')[i % 2]}|{('big', 'small')[i // 12]}"])
    (tmp_path / "files" / "cut.jpg").write_bytes(jpeg(3)[:700])
    path = write_table(
        tmp_path / "pets.csv", [*rows, ["files/cut.jpg", "cat|big"], ["files/none.png", "cat|big"]], ("image", "label")
    )
    raw = read_raw(path, "image-classification")
    found = examine(raw)
    assert next(f for f in found.findings if f.check == "unreadable").count == 2
    copy = fix(raw, found, tmp_path / "out")
    again = read_raw(copy, "image-classification")
    assert [row.label for row in again.parts["all"]] == [row.label for row in raw.parts["all"][:24]]
    assert [row.value.read_bytes() for row in again.parts["all"]] == [
        row.value.read_bytes() for row in raw.parts["all"][:24]
    ]
    assert examine(again).verdict != "broken"


@pytest.mark.parametrize("where", ["taken", "inside", "file"])
def test_nothing_is_overwritten(tmp_path: Path, where: str) -> None:
    root = pictures(tmp_path / "pets")
    (root / "cat" / "none.png").write_bytes(b"")
    out = {"taken": tmp_path, "inside": root / "fixed", "file": tmp_path / "notes"}[where]
    (tmp_path / "notes").write_text("mine")
    raw = read_raw(root, "image-classification")
    before = _state(tmp_path)
    with pytest.raises(BadData, match=r"there already|lies in the data"):
        mend(raw, examine(raw), out)
    assert _state(tmp_path) == before


def test_nothing_left_is_no_copy(tmp_path: Path) -> None:
    path = write_table(tmp_path / "reviews.csv", [["", "good"], ["", "bad"]])
    raw = read_raw(path, "text-classification")
    with pytest.raises(BadData, match="nothing would be left"):
        mend(raw, examine(raw), tmp_path / "out")
    assert not (tmp_path / "out").exists()
