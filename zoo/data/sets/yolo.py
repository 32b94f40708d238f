"""YOLO's text: a line for each object, its class's number and then centre, width and height as shares of the picture.

As Darknet and https://docs.ultralytics.com/datasets/detect/ have it: `images/` beside `labels/`, and `data.yaml` or
`classes.txt` with the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.data.boxes import LabelledBox
from zoo.data.raw import Problem
from zoo.data.sets.decoding import decode
from zoo.data.sets.drawn import malformed
from zoo.data.sets.found import Record, Table, part_named
from zoo.data.sets.lookup import is_there, pictures_in, shown_path
from zoo.data.sizes import upright_sizes
from zoo.errors import BadData

__all__ = ["CLASS_LISTS", "find_yaml", "looks_like_yolo", "read_yolo", "read_yolo_yaml"]

CLASS_LISTS = ("classes.txt", "obj.names", "_darknet.labels", "classes.names", "labels.txt")
_YAMLS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_FIELDS = 5
_CORNER = 6  # numbers of a triangle, the smallest outline
_FORM = "Write `names: [cat, dog]` and `train: images/train`."
_SLACK = 1e-6  # that rounding may add to a share


def find_yaml(folder: Path) -> Path | None:
    """The description of a folder: a YAML file with the names of the classes."""
    usual = [folder / name for name in _YAMLS if (folder / name).is_file()]
    others = sorted(path for path in folder.glob("*.y*ml") if path.suffix in {".yaml", ".yml"})
    return next((path for path in [*usual, *others] if path in usual or _has_names(path)), None)


def _has_names(path: Path) -> bool:
    try:
        return "names" in _loaded(path)
    except BadData:
        return False


def looks_like_yolo(folder: Path) -> bool:
    """Whether label files are there: in `labels/` beside `images/`, or beside pictures and a list of names."""
    if (folder / "labels").is_dir() and (folder / "images").is_dir():
        return any((folder / "labels").rglob("*.txt"))
    return any((folder / name).is_file() for name in CLASS_LISTS) and any(
        path.suffix == ".txt" and path.name not in CLASS_LISTS for path in folder.rglob("*.txt")
    )


def read_yolo_yaml(path: Path) -> dict[str, list[Table]]:
    """The pictures that a `data.yaml` names, by part.

    Raises:
        BadData: it is not YAML, has no names or parts, or none of what it names is there.
    """
    content = _loaded(path)
    names = _names(path, content)
    stated = {part: content[key] for key in content if (part := part_named(key)) and content[key]}
    if not stated:
        raise BadData(f"{path} names no pictures", _FORM)
    tables: dict[str, list[Table]] = {}
    root = path.resolve().parent
    for part, entries in stated.items():
        found, missing = _resolved(path, content, entries if isinstance(entries, list) else [entries])
        tables[part] = [_table(pictures, root, names, missing) for pictures in [found]]
    if not any(table.records for part in tables.values() for table in part):
        raise BadData(f"{path}: there are no pictures where it says: {_first(stated)}", "Correct its paths.")
    return tables


def read_yolo(folder: Path, root: Path, above: Sequence[Path] = ()) -> list[Table]:
    """The pictures of one folder, or of one part, with the names from a list in it or `above`."""
    images = folder / "images"
    pictures = pictures_in(images if images.is_dir() else folder)
    names = next((found for place in (folder, folder / "labels", *above) if (found := _listed(place))), None)
    return [_table(pictures, root, names, ())]


def _loaded(path: Path) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped, unused-ignore]

    try:
        content = yaml.load(decode(path)[0], Loader=yaml.BaseLoader)  # noqa: S506  (texts only: `no` is a name)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadData(f"{path} is not YAML: {str(error).splitlines()[0]}", _FORM) from error
    if not isinstance(content, dict):
        raise BadData(f"{path} is not a description of a data set", _FORM)
    return {str(key): value for key, value in content.items()}


def _names(path: Path, content: Mapping[str, Any]) -> tuple[str, ...]:
    """Names by their numbers: a list, or a mapping of numbers from 0 on."""
    names = content.get("names")
    if isinstance(names, dict):
        numbered = sorted(names.items(), key=lambda item: str(item[0]).zfill(9))
        names = (
            [name for _, name in numbered]
            if [str(n) for n, _ in numbered] == list(map(str, range(len(names))))
            else None
        )
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadData(f"{path} has no list of names", _FORM)
    made = tuple(name.strip() for name in names)
    if len(set(made)) < len(made) or not all(made):
        raise BadData(f"{path} has a name twice, or an empty one", "Give each class a name of its own.")
    return made


def _listed(folder: Path) -> tuple[str, ...] | None:
    path = next((folder / name for name in CLASS_LISTS if (folder / name).is_file()), None)
    if path is None:
        return None
    lines = [line.strip() for line in decode(path)[0].splitlines()]
    made = tuple(line for line in lines if line)
    if len(set(made)) < len(made):
        raise BadData(f"{path} has a name twice", "Give each class a name of its own.")
    return made


def _first(stated: Mapping[str, Any]) -> str:
    return str(next(iter(stated.values())))[:200]


def _resolved(path: Path, content: Mapping[str, Any], entries: Sequence[Any]) -> tuple[list[Path], tuple[Problem, ...]]:
    """The pictures of folders, and of files that list pictures."""
    home = path.resolve().parent
    bases = [home / str(content["path"]), home] if content.get("path") else [home]
    found: list[Path] = []
    problems = []
    for entry in map(str, entries):
        plain = entry
        while plain.startswith(("../", "./")):  # as exports have it that mean the folder itself
            plain = plain.partition("/")[2]
        tried = [base / name for base in bases for name in (entry, plain)]
        place = next((one for one in tried if one.is_dir() or is_there(one)), None)
        if place is None:
            said = f"{path.name} names {entry[:200]}, which is not there"
            problems.append(Problem(check="parts", text=said, remedy="Correct its path."))
        elif place.is_dir():
            found += pictures_in(place)
        else:
            found += _of_list(place, bases)
    return found, tuple(problems)


def _of_list(path: Path, bases: Sequence[Path]) -> Iterator[Path]:
    """The pictures that a text file names, one a line; such as are not there too."""
    for line in decode(path)[0].splitlines():
        if line.strip():
            plain = line.strip().removeprefix("./")
            tried = [base / plain for base in (path.parent, *bases)]
            yield next((one for one in tried if is_there(one)), tried[0])


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """A label file: the class and four shares of each object, what is wrong with the first bad line."""

    objects: tuple[tuple[int | None, tuple[float, float, float, float] | None], ...] = ()
    outlines: int = 0
    problem: str | None = None
    missing: bool = False


def _table(pictures: Sequence[Path], root: Path, names: Sequence[str] | None, problems: tuple[Problem, ...]) -> Table:
    files = [_label_file(picture) for picture in pictures]
    lines = [_read(path, shown_path(path, root)) for path in files]
    sizes = iter(upright_sizes([p for p, said in zip(pictures, lines, strict=True) if said.objects]))
    highest = max((number for said in lines for number, _ in said.objects if number is not None), default=-1)
    known = tuple(names) if names is not None else tuple(map(str, range(min(highest, 9_999) + 1)))
    records = [
        _record(picture, root, said, known, next(sizes) if said.objects else None)
        for picture, said in zip(pictures, lines, strict=True)
    ]
    return Table(
        names=("input", "objects"),
        records=records,
        problems=(*problems, *_lonely(files, root)),
        classes=known,
        notes=tuple(_notes(lines, names)),
    )


def _notes(lines: Sequence[_Lines], names: Sequence[str] | None) -> Iterator[str]:
    if names is None:
        yield "no list names the classes: they are called by their numbers"
    if missing := sum(said.missing for said in lines):
        yield f"pictures without a label file count as pictures without objects: {missing:,} of {len(lines):,}"
    if outlines := sum(said.outlines for said in lines):
        yield f"outlines are left aside, the boxes around them are learnt: {outlines:,}"


def _lonely(files: Sequence[Path], root: Path) -> Iterator[Problem]:
    """Label files without a picture, in the folders where others have one."""
    used = set(files)
    folders = sorted({path.parent for path in files if path.parent.is_dir()})
    there = (path for folder in folders for path in sorted(folder.glob("*.txt")) if path.name not in CLASS_LISTS)
    lonely = [path for path in there if path not in used]
    if lonely:
        some = ", ".join(shown_path(path, root) for path in lonely[:3]) + (", …" if len(lonely) > 3 else "")
        said = f"{len(lonely):,} label {'file has' if len(lonely) == 1 else 'files have'} no picture: {some}"
        yield Problem(check="file", text=said, remedy="Add the picture, or remove the file.")


def _label_file(picture: Path) -> Path:
    """`labels/` in the place of the last `images/`, or beside the picture; the first that is there."""
    parts = list(picture.parts)
    beside = picture.with_suffix(".txt")
    at = next((i for i in range(len(parts) - 2, -1, -1) if parts[i] == "images"), None)
    if at is None:
        return beside
    parts[at] = "labels"
    usual = Path(*parts).with_suffix(".txt")
    return beside if is_there(beside) and not is_there(usual) else usual


def _read(path: Path, shown: str) -> _Lines:
    if not is_there(path):
        return _Lines(missing=True)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return _Lines(problem=f"has a label file that cannot be read: {shown}: {error}")
    objects, outlines, problem = [], 0, None
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        wrong, label, shares = _object(fields)
        outlines += len(fields) > _FIELDS and wrong is None
        problem = problem or (f"has {wrong} in line {number} of {shown}" if wrong else None)
        objects.append((label, shares if wrong is None else None))
    return _Lines(objects=tuple(objects), outlines=outlines, problem=problem)


def _object(fields: Sequence[str]) -> tuple[str | None, int | None, tuple[float, float, float, float] | None]:
    """What is wrong with a line, its class, and its four shares."""
    outline = len(fields) > _CORNER and len(fields) % 2 == 1
    label = int(fields[0]) if fields[0].isascii() and fields[0].isdigit() and len(fields[0]) < 10 else None
    if label is None:
        return f"the class {fields[0][:20]!r}, which is no number,", None, None
    if len(fields) != _FIELDS and not outline:
        return f"{len(fields)} fields, where a class and four numbers are meant,", label, None
    try:
        numbers = [float(field) for field in fields[1:]]
    except ValueError:
        return f"{' '.join(fields[1:])[:40]!r}, where four numbers are meant,", label, None
    if not all(-_SLACK <= one <= 1 + _SLACK for one in numbers):
        return "a number outside of 0 to 1", label, None
    if not outline:
        return None, label, (numbers[0], numbers[1], numbers[2], numbers[3])
    across, down = numbers[::2], numbers[1::2]
    low, high = (min(across), min(down)), (max(across), max(down))
    return None, label, ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, high[0] - low[0], high[1] - low[1])


def _record(picture: Path, root: Path, said: _Lines, names: Sequence[str], size: tuple[int, int] | None) -> Record:
    boxes = [_box(number, shares, names, size or (1, 1)) for number, shares in said.objects]
    problem, check = said.problem, "box" if said.objects else "annotation"
    if said.objects and size is None and is_there(picture):
        problem, check = "is not a picture that can be read", "file"
    return Record(
        where=shown_path(picture, root),
        cells={"input": picture, "objects": tuple(boxes)},
        problem=problem,
        check=check if problem else "",
    )


def _box(
    number: int | None,
    shares: tuple[float, float, float, float] | None,
    names: Sequence[str],
    size: tuple[int, int],
) -> LabelledBox:
    label = "" if number is None else names[number] if number < len(names) else f"class {number}"
    if shares is None:
        return malformed(label)
    (x, y, wide, high), (width, height) = shares, size
    return LabelledBox(
        label,
        ((x - wide / 2) * width, (y - high / 2) * height, (x + wide / 2) * width, (y + high / 2) * height),
    )
