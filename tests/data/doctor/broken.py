"""Broken data sets, as real files: how each is made, and what must be said of it."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shutil
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["BROKEN", "Broken", "noise", "pictures", "sentence", "table", "write_table"]

_WORDS = [
    "river",
    "stone",
    "window",
    "garden",
    "music",
    "paper",
    "winter",
    "silver",
    "bridge",
    "orange",
    "letter",
    "market",
    "candle",
    "forest",
    "mirror",
    "thunder",
    "pepper",
    "violin",
    "harbour",
    "desert",
    "button",
    "ladder",
    "pocket",
    "summer",
    "dragon",
    "castle",
    "engine",
    "pillow",
    "saddle",
    "kettle",
]


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A broken data set.

    Attributes:
        make: writes it below a folder; returns what to give to the doctor.
        task: what it is to be used for.
        check, severity: of the finding that must be there.
        says: pieces of the finding's text, remedy or rows.
        options: further ones of the command.
        verdict: of the whole.
        fixable: whether `--fix` mends it.
    """

    make: Callable[[Path], Path]
    check: str
    says: Sequence[str]
    task: str = "text-classification"
    severity: str = "blocking"
    options: Sequence[str] = ()
    verdict: str = "broken"
    fixable: bool = False


def sentence(seed: int, words: int = 12) -> str:
    """A text that no other seed's text is like."""
    return " ".join(random.Random(seed).choices(_WORDS, k=words))


def write_table(path: Path, rows: Iterable[Sequence[object]], header: Sequence[str] = ("text", "label")) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def good_rows(count: int = 60, labels: Sequence[object] = ("bad", "good"), start: int = 0) -> list[list[object]]:
    return [[sentence(start + i), labels[i % len(labels)]] for i in range(count)]


def table(*rows: Sequence[object], name: str = "reviews.csv", **form: Sequence[str]) -> Callable[[Path], Path]:
    """Sixty good rows, and these."""
    return lambda folder: write_table(folder / name, [*good_rows(), *rows], **form)


def only(rows: Sequence[Sequence[object]], name: str = "reviews.csv", **form: Sequence[str]) -> Callable[[Path], Path]:
    return lambda folder: write_table(folder / name, rows, **form)


def content(text: str | bytes, name: str = "reviews.csv") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


def lines(rows: Iterable[object], name: str = "rows.jsonl") -> Callable[[Path], Path]:
    return content("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), name)


def noise(seed: int, size: tuple[int, int] = (32, 24), mode: str = "RGB") -> Image.Image:
    """A picture that no other seed's picture is like."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size).convert(mode)


def jpeg(seed: int) -> bytes:
    stream = io.BytesIO()
    noise(seed, (64, 48)).save(stream, "JPEG")
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and has none."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + b"\0\0\0\x08IDAT"
        + bytes(12)
    )


def pictures(folder: Path, classes: Sequence[str] = ("cat", "dog"), each: int = 12) -> Path:
    for number, label in enumerate(classes):
        (folder / label).mkdir(parents=True)
        for i in range(each):
            noise(1000 * number + i).save(folder / label / f"{i}.png")
    return folder


def with_pictures(
    *files: tuple[str, bytes | Image.Image], classes: Sequence[str] = ("cat", "dog")
) -> Callable[[Path], Path]:
    """A folder of good pictures, and these files."""

    def make(folder: Path) -> Path:
        root = pictures(folder / "pets", classes)
        for name, what in files:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(what, bytes):
                (root / name).write_bytes(what)
            else:
                what.save(root / name)
        return root

    return make


def in_parts(train: Sequence[Sequence[object]], test: Sequence[Sequence[object]]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        write_table(folder / "reviews" / "train.csv", train)
        write_table(folder / "reviews" / "test.csv", test)
        return folder / "reviews"

    return make


def masked(change: Callable[[Path], object]) -> Callable[[Path], Path]:
    """Eight pictures with masks of their size, and a change to the folder."""

    def make(folder: Path) -> Path:
        root = folder / "nuclei"
        (root / "images").mkdir(parents=True)
        (root / "masks").mkdir()
        for i in range(8):
            noise(i).save(root / "images" / f"{i}.png")
            drawn = np.zeros((24, 32), dtype=np.uint8)
            drawn[i : i + 8, 4:20] = 1
            Image.fromarray(drawn).save(root / "masks" / f"{i}.png")
        change(root)
        return root

    return make


def _one_mask(values: np.ndarray, name: str = "3.png") -> Callable[[Path], object]:
    return lambda root: Image.fromarray(values.astype(np.uint8)).save(root / "masks" / name)


def _no_pictures(folder: Path) -> Path:
    for name in ("cat", "dog"):
        (folder / "pets" / name).mkdir(parents=True)
        (folder / "pets" / name / "notes.md").write_text("nothing here")
    return folder / "pets"


def _nested_empty(folder: Path) -> Path:
    (folder / "pets" / "cat" / "small" / "smaller").mkdir(parents=True)
    (folder / "pets" / "dog").mkdir()
    return folder / "pets"


def _loop(folder: Path) -> Path:
    root = pictures(folder / "pets")
    (root / "cat" / "again").symlink_to(root, target_is_directory=True)
    (root / "cat" / "broken.png").write_bytes(b"")
    return root


def _to_itself(folder: Path) -> Path:
    (folder / "pets").symlink_to(folder / "pets")
    return folder / "pets"


def _cut_parquet(folder: Path) -> Path:
    import pyarrow
    from pyarrow import parquet

    path = folder / "reviews.parquet"
    rows = good_rows()
    parquet.write_table(pyarrow.table({"text": [r[0] for r in rows], "label": [r[1] for r in rows]}), path)
    path.write_bytes(path.read_bytes()[:-200])
    return path


def _forbidden(folder: Path) -> Path:
    path = table()(folder)
    path.chmod(0)
    return path


def _gone(folder: Path) -> Path:
    return folder / "nothing" / "here.csv"


def _picture(folder: Path) -> Path:
    noise(0).save(folder / "cat.png")
    return folder / "cat.png"


def _mixed(folder: Path) -> Path:
    root = pictures(folder / "pets")
    shutil.move(root / "dog", folder / "dog")
    (root / "labels.csv").write_text("name,label\n0.png,cat\n")
    return root


def _recordings(folder: Path) -> Path:
    import soundfile

    draw = np.random.default_rng(0)
    for label in ("bark", "meow"):
        (folder / "sounds" / label).mkdir(parents=True)
        for i in range(6):
            soundfile.write(folder / "sounds" / label / f"{i}.wav", draw.normal(0, 0.1, 8000), 16000)
    (folder / "sounds" / "bark" / "cut.wav").write_bytes(b"RIFF\x00\x00")
    (folder / "sounds" / "meow" / "page.wav").write_bytes(b"<!DOCTYPE html><html></html>")
    soundfile.write(folder / "sounds" / "meow" / "silent.wav", np.zeros(8000), 16000)
    return folder / "sounds"


_REVIEWS = good_rows()
_NAMES = [{"tokens": ["Ann", "met", sentence(i, 2)], "tags": ["B-PER", "O", "O"]} for i in range(20)]
_PAIRS = [{"anchor": sentence(i), "positive": sentence(500 + i)} for i in range(30)]
_BOTH = [{"sentence1": sentence(i), "sentence2": sentence(500 + i), "score": i / 30} for i in range(30)]
_NUMBERS = [[sentence(i), i / 10] for i in range(40)]
_LATIN = "text,label\n" + "".join(f"{sentence(i)} café,{'ja' if i % 2 else 'nein'}\n" for i in range(30))
_CLASSES = [[sentence(i), f"class-{i}"] for i in range(10_000)]
_EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n"
_GIT = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"

_IMAGES = "image-classification"
_MASKS = "image-segmentation"
_SHARED = {"severity": "warning", "verdict": "usable"}

BROKEN: dict[str, Broken] = {
    # Nothing that could be read
    "no such path": Broken(make=_gone, check="unusable", says=["there is no data at", "here.csv"]),
    "empty CSV": Broken(make=content(""), check="unusable", says=["reviews.csv is empty"]),
    "only blanks": Broken(make=content(" \n\n\t\n"), check="unusable", says=["reviews.csv is empty"]),
    "header only": Broken(make=content("text,label\n"), check="unusable", says=["holds no rows"]),
    "binary file named .csv": Broken(
        make=content(bytes(range(256)) * 8), check="unusable", says=["is not a text file"]
    ),
    "cut Parquet": Broken(make=_cut_parquet, check="unusable", says=["cannot be read as Parquet"]),
    "not a table": Broken(make=content("hello", "notes.docx"), check="unusable", says=["is not a table", ".csv"]),
    "picture in place of a folder": Broken(make=_picture, task=_IMAGES, check="unusable", says=["cat.png is not a"]),
    "folder without pictures": Broken(
        make=_no_pictures, task=_IMAGES, check="unusable", says=["holds nothing that image-classification"]
    ),
    "nested empty folders": Broken(
        make=_nested_empty, task=_IMAGES, check="unusable", says=["holds nothing that image-classification"]
    ),
    "link to itself": Broken(make=_to_itself, task=_IMAGES, check="unusable", says=["pets"]),
    "unreadable permissions": Broken(make=_forbidden, check="unusable", says=["cannot be read", "denied"]),
    # Columns
    "missing column": Broken(
        make=only(_REVIEWS, header=("text", "verdict")),
        check="column",
        says=["no label column", "--label-column", "verdict"],
    ),
    "misspelt column": Broken(
        make=only(_REVIEWS, header=("text", "lable")), check="column", says=["no label column", "Perhaps 'lable'?"]
    ),
    "column named wrongly": Broken(
        make=table(), options=("--label-column", "lable"), check="column", says=["no column 'lable'", "label"]
    ),
    "column twice": Broken(
        make=only([[*row, "x"] for row in _REVIEWS], header=("text", "label", "label")),
        check="column",
        says=["more than one column called 'label'"],
    ),
    # Rows
    "texts of no letters": Broken(
        make=table(["", "good"], ["  ", "bad"]),
        check="empty-rows",
        says=["2 rows of 62", "reviews.csv:61"],
        fixable=True,
    ),
    "NaN labels": Broken(
        make=table(["what a film", "nan"], ["one more", "NaN"]),
        check="missing-labels",
        says=["2 rows with the label 'NaN', 'nan', which is none", "reviews.csv:61"],
        fixable=True,
    ),
    "missing labels": Broken(
        make=table(["what a film", ""]), check="bad-labels", says=["1 row of 61", "reviews.csv:61"], fixable=True
    ),
    "ragged CSV": Broken(
        make=table(["a", "good", "b", "c"], ["alone"]),
        check="broken-rows",
        says=["2 rows of 62", "4 fields where the header has 2", "reviews.csv:62"],
        fixable=True,
    ),
    "quote never closed": Broken(
        make=content("text,label\n" + "".join(f"{t},{y}\n" for t, y in _REVIEWS) + '"open,good\nmore,bad\n'),
        check="broken-rows",
        says=["a quote is opened and never closed", "reviews.csv:61"],
        fixable=True,
    ),
    "JSON lines with a broken line": Broken(
        make=lines(
            [*({"text": t, "label": y} for t, y in _REVIEWS), '{"text": "cut', {"text": "last", "label": "good"}]
        ),
        check="broken-rows",
        says=["1 row of 62", "is not JSON", "rows.jsonl:61"],
        fixable=True,
    ),
    "Latin-1": Broken(
        make=content(_LATIN.encode("latin-1")),
        check="encoding",
        says=["read as UTF-8, which it is not", "0xe9"],
        fixable=True,
    ),
    "UTF-16": Broken(make=content(_LATIN.encode("utf-16")), check="encoding", says=["looks like utf-16"], fixable=True),
    # Labels
    "one class only": Broken(
        make=only([[sentence(i), "good"] for i in range(50)]),
        check="one-class",
        says=["all 50 examples have the label 'good'"],
    ),
    "one example": Broken(make=only([["A good film.", "good"]]), check="too-few", says=["1 usable row"]),
    "ten thousand classes": Broken(
        make=only(_CLASSES), check="rare-class", says=["10,000 classes of 10,000 have one example", "'class-0'"]
    ),
    "a class with one example": Broken(
        make=table(["odd one out", "mixed"]), check="rare-class", says=["1 class of 3 has one example: 'mixed'", ":61"]
    ),
    "numbers as classes": Broken(
        make=only(_NUMBERS), check="rare-class", says=["40 classes of 40 have one example", "--kind regression"]
    ),
    "labels with spaces and unicode": Broken(
        make=only(
            [[sentence(i), ("gut", "gut ", "Gut", "schön", "scho\u0308n", "sch\u200bön")[i % 6]] for i in range(60)]
        ),
        check="label-spelling",
        says=["4 labels differ only in capitals, spaces or unicode form", "'gut ' for 'gut'"],
        fixable=True,
        **_SHARED,
    ),
    "words for numbers": Broken(
        make=only([*_NUMBERS, ["a text", "good"], ["another text", "inf"]]),
        options=("--kind", "regression"),
        check="bad-labels",
        says=["2 rows of 42", "'good' where a number is meant", "inf"],
        fixable=True,
    ),
    "all numbers equal": Broken(
        make=only([[sentence(i), 3] for i in range(30)]),
        options=("--kind", "regression"),
        check="constant-number",
        says=["all 30 labels are 3"],
    ),
    "uneven classes": Broken(
        make=only(good_rows(96, ("good",)) + good_rows(4, ("bad",), 900)),
        check="balance",
        says=["always saying 'good' is right for 96 %", "macro F1"],
        **_SHARED,
    ),
    # Parts
    "rows in both parts": Broken(
        make=in_parts(_REVIEWS, [*good_rows(40, start=500), *_REVIEWS[:5]]),
        check="leak",
        says=["5 rows of the test part (11 %) are also in another part", "test.csv:41 = train.csv:1"],
        fixable=True,
        **_SHARED,
    ),
    "test part learnt from": Broken(
        make=in_parts(_REVIEWS, _REVIEWS[:40]),
        check="leak",
        says=["40 rows of the test part (100 %)", "measure memory"],
        fixable=True,
    ),
    "nearly the same in both parts": Broken(
        make=in_parts(_REVIEWS, [*good_rows(40, start=500), [sentence(3) + "!!", "good"]]),
        check="near-leak",
        says=["1 row of the test part", "test.csv:41 = train.csv:4"],
        **_SHARED,
    ),
    "test part with unseen classes": Broken(
        make=in_parts(_REVIEWS, [*good_rows(40, start=500), [sentence(900), "mixed"]]),
        check="unseen-class",
        says=["the test part has labels that the training part lacks: 'mixed'", "test.csv:41"],
    ),
    "tiny test part": Broken(
        make=in_parts(_REVIEWS, good_rows(10, start=500)),
        check="small-test",
        says=["the test part has 10 rows"],
        **_SHARED,
    ),
    "test part without a usable row": Broken(
        make=in_parts(_REVIEWS, [["", "good"], ["  ", "bad"]]),
        check="empty-part",
        says=["the test part is given and has no"],
    ),
    "rows twice": Broken(
        make=table(*_REVIEWS[:6]),
        check="duplicates",
        says=["6 rows (9 %) repeat another", ":1 = reviews.csv:61"],
        fixable=True,
        **_SHARED,
    ),
    "one text, two labels": Broken(
        make=table([_REVIEWS[0][0], "good"], [f" {_REVIEWS[2][0]}".upper(), "good"]),
        check="conflict",
        says=["2 inputs in 4 rows have different labels", "(bad) = reviews.csv:61 (good)"],
        **_SHARED,
    ),
    # Texts
    "mojibake": Broken(
        make=table(["cafÃ© crÃ¨me", "good"], ["itâ€™s over", "bad"]),
        check="mojibake",
        says=["2 texts", "reviews.csv:61"],
        fixable=True,
        **_SHARED,
    ),
    "lost letters": Broken(
        make=table(["caf\ufffd cr\ufffdme", "good"]), check="lost-characters", says=["1 text", "U+FFFD"], **_SHARED
    ),
    "NUL and control characters": Broken(
        make=lines([*({"text": t, "label": y} for t, y in _REVIEWS), {"text": "a\0b\x1b[31mc", "label": "good"}]),
        check="control-characters",
        says=["1 text", "rows.jsonl:61"],
        fixable=True,
        **_SHARED,
    ),
    "HTML": Broken(
        make=only([[f"{t} <br /> &amp; more", y] for t, y in _REVIEWS]),
        check="markup",
        says=["60 texts", "<br />"],
        **_SHARED,
    ),
    "two scripts": Broken(
        make=table(*([f"хороший фильм номер {i}", "good"] for i in range(9))),
        check="mixed-scripts",
        says=["2 scripts: Latin 87 %, Cyrillic 13 %", "reviews.csv:61"],
        **_SHARED,
    ),
    "very long texts": Broken(
        make=only([[sentence(i, 900), y] for i, (_, y) in enumerate(_REVIEWS)]),
        check="long-texts",
        says=["60 texts", "512"],
        **_SHARED,
    ),
    "label in the text": Broken(
        make=only([[f"{y}: {t}", y] for t, y in _REVIEWS]), check="label-in-text", says=["60 texts (100 %)"], **_SHARED
    ),
    "too little text": Broken(
        make=content("A short line.\nAnother one.\n", "corpus.txt"),
        task="text-generation",
        check="little-text",
        says=["too little for language modelling"],
    ),
    # Words and pairs
    "tags longer than words": Broken(
        make=lines([*_NAMES, {"tokens": ["Bob", "left"], "tags": ["B-PER", "O", "O"]}]),
        task="token-classification",
        check="tag-count",
        says=["1 row of 21", "2 words but 3 tags", "rows.jsonl:21"],
        fixable=True,
    ),
    "inside without a beginning": Broken(
        make=lines([*_NAMES, {"tokens": ["in", "New", "York"], "tags": ["O", "I-LOC", "I-LOC"]}]),
        task="token-classification",
        check="tag-order",
        says=["1 row", "'New': I-LOC after O", "rows.jsonl:21"],
        **_SHARED,
    ),
    "pairs with one side empty": Broken(
        make=lines([*_PAIRS, {"anchor": "alone", "positive": " "}]),
        task="feature-extraction",
        check="empty-rows",
        says=["1 row of 31", "empty second text", "rows.jsonl:31"],
        fixable=True,
    ),
    "pairs of equals": Broken(
        make=lines([*_PAIRS, *({"anchor": p["anchor"], "positive": p["anchor"].title()} for p in _PAIRS[:3])]),
        task="feature-extraction",
        check="identical-pairs",
        says=["3 pairs (9 %)", "rows.jsonl:31"],
        **_SHARED,
    ),
    "scores that are words": Broken(
        make=lines([*_BOTH, {"sentence1": "a", "sentence2": "b", "score": "high"}]),
        task="feature-extraction",
        check="bad-labels",
        says=["1 row of 31", "'high' where a number is meant"],
        fixable=True,
    ),
    # Pictures
    "corrupt JPEG among good ones": Broken(
        make=with_pictures(("cat/cut.jpg", jpeg(7)[:900])),
        task=_IMAGES,
        check="unreadable",
        says=["1 picture of 25", "cat/cut.jpg is broken"],
        fixable=True,
    ),
    "empty file": Broken(
        make=with_pictures(("cat/none.jpg", b"")),
        task=_IMAGES,
        check="unreadable",
        says=["cat/none.jpg is an empty file"],
        fixable=True,
    ),
    "text named .jpg": Broken(
        make=with_pictures(
            ("dog/notes.jpg", b"buy milk"), ("dog/page.png", b"<html>404</html>"), ("dog/lfs.png", _GIT)
        ),
        task=_IMAGES,
        check="unreadable",
        says=["3 pictures of 27", "notes.jpg is a text file, not a picture", "page.png is a web page", "git lfs pull"],
        fixable=True,
    ),
    "EPS named .png": Broken(
        make=with_pictures(("cat/drawing.png", _EPS)),
        task=_IMAGES,
        check="unreadable",
        says=["PostScript"],
        fixable=True,
    ),
    "decompression bomb": Broken(
        make=with_pictures(("cat/bomb.png", png_header(65_000, 65_000)), ("cat/large.png", png_header(10_000, 10_000))),
        task=_IMAGES,
        check="unreadable",
        says=["bomb.png is a decompression bomb", "large.png is too large: 10000 x 10000 pixels"],
        fixable=True,
    ),
    "one pixel": Broken(
        make=with_pictures(("cat/dot.png", noise(5, (1, 1)))),
        task=_IMAGES,
        check="tiny-pictures",
        says=["dot.png 1 x 1"],
        **_SHARED,
    ),
    "blank pictures": Broken(
        make=with_pictures(("cat/white.png", Image.new("RGB", (32, 24), "white"))),
        task=_IMAGES,
        check="blank-pictures",
        says=["1 picture", "cat/white.png"],
        **_SHARED,
    ),
    "one empty class folder": Broken(
        make=lambda folder: _emptied(with_pictures(classes=("bird", "cat", "dog"))(folder)),
        task=_IMAGES,
        check="classes",
        says=["the folder bird holds no file"],
        fixable=True,
    ),
    "only one class folder": Broken(
        make=_mixed, task=_IMAGES, check="one-class", says=["all 12 examples have the label 'cat'"]
    ),
    "pictures of a form that is not read": Broken(
        make=with_pictures(("cat/a.heic", b"????ftypheic"), ("dog/b.svg", b"<svg/>"), ("dog/notes.txt", b"hello")),
        task=_IMAGES,
        check="stray-files",
        says=["3 files beside the examples are left aside, 2 of them of a form that is not read", "cat/a.heic"],
        **_SHARED,
    ),
    "link that goes round": Broken(
        make=_loop,
        task=_IMAGES,
        check="unreadable",
        says=["1 picture of 25", "broken.png is an empty file"],
        fixable=True,
    ),
    "size tells the class": Broken(
        make=with_pictures(*((f"bird/{i}.png", noise(5000 + i, (40, 40))) for i in range(20)), classes=("cat",)),
        task=_IMAGES,
        check="file-tells-class",
        says=["in 100 % of the pictures", "'bird' 40 x 40"],
        **_SHARED,
    ),
    "cut and silent recordings": Broken(
        make=_recordings,
        task="audio-classification",
        check="unreadable",
        says=["2 recordings of 15", "bark/cut.wav", "page.wav is a web page"],
        fixable=True,
    ),
    # Masks
    "masks missing": Broken(
        make=masked(lambda root: (root / "masks" / "3.png").unlink()),
        task=_MASKS,
        check="unreadable",
        says=["images/3.png", "has no mask of its name"],
        fixable=True,
    ),
    "mask without a picture": Broken(
        make=masked(lambda root: (root / "images" / "3.png").unlink()),
        task=_MASKS,
        check="file",
        says=["masks/3.png has no picture"],
        fixable=True,
    ),
    "mask of another size": Broken(
        make=masked(_one_mask(np.eye(16))),
        task=_MASKS,
        check="mask-size",
        says=["1 mask of 8 has another size", "images/3.png mask 16 x 16, picture 32 x 24"],
        fixable=True,
    ),
    "mask with unknown values": Broken(
        make=masked(
            lambda root: (
                (root / "classes.txt").write_text("background\nnucleus\nmembrane\n"),
                _one_mask(np.tile(np.arange(8), (24, 4)))(root),
            )
        ),
        task=_MASKS,
        check="mask-values",
        says=["1 mask of 8", "values that no class has: 3, 4, 5, 6, 7", "images/3.png"],
    ),
    "masks of one class": Broken(
        make=masked(lambda root: [_one_mask(np.zeros((24, 32)), f"{i}.png")(root) for i in range(8)]),
        task=_MASKS,
        check="one-class",
        says=["all pixels of all 8 masks have the value 0"],
    ),
}


def _emptied(root: Path) -> Path:
    for path in (root / "bird").iterdir():
        path.unlink()
    return root


if hasattr(os, "geteuid") and os.geteuid() == 0:  # root may read everything
    del BROKEN["unreadable permissions"]
