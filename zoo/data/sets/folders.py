"""Folders: a sub-folder a class, pictures with masks, tables of files, and parts above them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from zoo.data.images import IMAGE_SUFFIXES
from zoo.data.inputs import AUDIO_SUFFIXES
from zoo.data.raw import Problem
from zoo.data.sets.annotated import WANTED_BOXES, read_annotated_file, read_annotated_folder
from zoo.data.sets.decoding import decode
from zoo.data.sets.found import Found, Record, Table, part_named, part_of_stem, put_together
from zoo.data.sets.plain import TAGGED, TEXTS, read_tagged, read_texts
from zoo.data.sets.spoken import below_clips, read_transcribed
from zoo.data.sets.tables import TABLES, read_table
from zoo.errors import BadData
from zoo.tasks import TASKS

__all__ = ["read_file", "read_folder"]

_IMAGES = ("images", "image", "img", "imgs", "pictures", "jpegimages")
_MASKS = ("masks", "mask", "labels", "annotations", "segmentationclass")
_METADATA = tuple(f"metadata{suffix}" for suffix in (".csv", ".jsonl", ".parquet"))
_CLASS_LISTS = ("classes.txt", "labels.txt")
_SPOKEN = "automatic-speech-recognition"
_BOXES = "object-detection"
_MEDIA = {"image": IMAGE_SUFFIXES, "audio": AUDIO_SUFFIXES, "text": (".txt",)}
_WANTED = {
    "image": "Put each class's pictures into a folder of its name, or give a table with their paths.",
    "audio": "Put each class's recordings into a folder of its name, or give a table with their paths.",
    "text": "Give a table with a column of texts and one of labels.",
}


def read_file(path: Path, task: str) -> Found:
    """The rows of one file, as the task takes it."""
    if task == _BOXES and (found := read_annotated_file(path)):
        return found
    reader = _reader(path, task)
    if reader is None:
        forms = ", ".join((*TABLES, *_plain(task)))
        raise BadData(f"{path} is not a table that can be read", f"Give a file that ends with {forms}.")
    return put_together(path.stem, str(path.resolve()), {"all": [reader(path)]}, fixed=_is_plain(path, task))


def _plain(task: str) -> tuple[str, ...]:
    """How plain text files end that the task reads."""
    if task in {"fill-mask", "text-generation"}:
        return TEXTS
    return TAGGED if task == "token-classification" else ()


def _is_plain(path: Path, task: str) -> bool:
    return path.suffix.lower() in _plain(task) and not (path.suffix.lower() == ".tsv" and _has_header(path))


def _has_header(path: Path) -> bool:
    """Whether a TSV is a table with a column of words, and not words with their tags."""
    head = decode(path)[0].partition("\n")[0].lower().split("\t")
    return "tokens" in head or "words" in head


def _reader(path: Path, task: str) -> Callable[[Path], Table] | None:
    if _is_plain(path, task):
        return read_tagged if task == "token-classification" else read_texts
    if path.suffix.lower() not in TABLES:
        return None
    return _spoken if task == _SPOKEN else read_table


def _spoken(path: Path) -> Table:
    return below_clips(read_table(path), path.parent)


def read_folder(path: Path, task: str) -> Found:
    """The rows of a folder, in the parts that its sub-folders or files name.

    Raises:
        BadData: it holds nothing that the task can learn from.
    """
    if task == _BOXES and _metadata(path) is None and (boxes := read_annotated_folder(path)):
        return boxes
    parts = _part_folders(path)
    files = [] if parts or _metadata(path) else _files(path, task) or _files(path / "data", task)
    if parts:
        read = [(part, _tables(folder, path, task)) for part, folder in parts]
    elif any(part_of_stem(file.stem) for file in files):
        named = [(part_of_stem(file.stem), file) for file in files]
        read = [(part, [_read(file, path, task)]) for part, file in named if part is not None]
    else:
        read = [("all", _tables(path, path, task))]
    tables: dict[str, list[Table]] = {}
    for part, found in read:
        tables.setdefault(part, []).extend(found)
    if not any(table.records for found in tables.values() for table in found):
        first = next(problem for found in tables.values() for table in found for problem in table.problems)
        raise BadData(first.text, first.remedy)
    fixed = all(record.base is None for found in tables.values() for table in found for record in table.records)
    return put_together(path.resolve().name, str(path.resolve()), tables, fixed=fixed)


def _part_folders(path: Path) -> list[tuple[str, Path]]:
    """Sub-folders that are parts: named so, and not themselves a class's pictures beside other classes."""
    folders = _sub_folders(path)
    named = [(part_named(folder.name), folder) for folder in folders]
    parts = [(part, folder) for part, folder in named if part is not None]
    if len(parts) < len(folders) and any(_is_class(folder) for _, folder in parts):
        return []
    return parts


def _is_class(folder: Path) -> bool:
    """Whether media lie directly in a folder, with no table that describes them."""
    media = (*IMAGE_SUFFIXES, *AUDIO_SUFFIXES)
    return _metadata(folder) is None and any(p.suffix.lower() in media for p in folder.iterdir() if p.is_file())


def _sub_folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))


def _metadata(path: Path) -> Path | None:
    """The table of a folder in the `datasets` library's "imagefolder" and "audiofolder" form."""
    return next((path / name for name in _METADATA if (path / name).is_file()), None)


def _files(path: Path, task: str) -> list[Path]:
    if not path.is_dir():
        return []
    found = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    return [p for p in found if p.name not in _CLASS_LISTS and _reader(p, task) is not None]


def _read(path: Path, root: Path, task: str) -> Table:
    """One file of several: one that cannot be read is a problem, and rows are called by the path from the root."""
    try:
        table = (_reader(path, task) or read_table)(path)
    except BadData as error:
        return Table(names=(), records=(), problems=(Problem(check="file", text=error.cause, remedy=error.remedy),))
    folder = path.parent.relative_to(root).as_posix()
    if folder == ".":
        return table
    return replace(table, records=[replace(record, where=f"{folder}/{record.where}") for record in table.records])


def _tables(path: Path, root: Path, task: str) -> list[Table]:
    """What one folder holds, by the first of the forms that fits it."""
    if metadata := _metadata(path):
        return [_read(metadata, root, task)]
    if task == "image-segmentation" and (table := _masked(path, root)):
        return [table]
    if task == _SPOKEN and (spoken := read_transcribed(path, root)):
        return [spoken]
    medium = TASKS[task].input
    if task.endswith("-classification") and (table := _classes(path, root, _MEDIA[medium])):
        return [table]
    if files := _files(path, task):
        return [_read(file, root, task) for file in files]
    raise BadData(f"{path} holds nothing that {task} can learn from", _wanted(task, medium))


def _wanted(task: str, medium: str) -> str:
    if task == _SPOKEN:
        return "Give a table with a column of recordings and one of transcripts, or put `clip.txt` beside `clip.wav`."
    if task == _BOXES:
        return WANTED_BOXES
    if task == "image-segmentation":
        return "Put pictures into `images/` and their masks, with equal names, into `masks/`."
    return _WANTED[medium]


def _walk(folder: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file():
            yield path


def _classes(path: Path, root: Path, suffixes: Sequence[str]) -> Table | None:
    """One sub-folder a class. An empty one is a problem, for somebody meant to have that class."""
    records, problems = [], []
    for folder in _sub_folders(path):
        files = [_example(file, root, folder.name) for file in _walk(folder, suffixes)]
        records += files
        if not files:
            said = f"the folder {folder.relative_to(root)} holds no file that can be learnt from"
            problems.append(Problem(check="classes", text=said, remedy="Fill it, or remove it."))
    return Table(names=("input", "label"), records=records, problems=tuple(problems)) if records else None


def _example(file: Path, root: Path, label: str) -> Record:
    where = file.relative_to(root).as_posix()
    if file.suffix.lower() != ".txt":
        return Record(where=where, cells={"input": file, "label": label})
    try:
        text, problems = decode(file)
    except BadData:
        return Record(where=where, cells={"input": "", "label": label})
    problem = problems[0].text.partition(" was ")[2] if problems else None
    return Record(
        where=where,
        cells={"input": text, "label": label},
        problem=f"was {problem}" if problem else None,
        check="encoding" if problem else "",
    )


def _masked(path: Path, root: Path) -> Table | None:
    """`images/` beside `masks/`; a picture and its mask have equal names but for the ending."""
    folders = {folder.name.lower(): folder for folder in _sub_folders(path)}
    images = next((folders[name] for name in _IMAGES if name in folders), None)
    masks = next((folders[name] for name in _MASKS if name in folders), None)
    if images is None or masks is None:
        return None
    drawn = {_stem(file, masks): file for file in _walk(masks, (*IMAGE_SUFFIXES, ".npy"))}
    records = []
    for file in _walk(images, IMAGE_SUFFIXES):
        mask = drawn.pop(_stem(file, images), None)
        where = file.relative_to(root).as_posix()
        missing = None if mask else f"has no mask of its name in {masks.relative_to(root)}"
        cells = {"input": file, "mask": mask}
        records.append(Record(where=where, cells=cells, problem=missing, check="file" if missing else ""))
    left = [f"the mask {file.relative_to(root).as_posix()} has no picture" for file in drawn.values()]
    problems = tuple(Problem(check="file", text=said, remedy="Remove it, or add its picture.") for said in left)
    return Table(names=("input", "mask"), records=records, problems=problems, classes=_listed(path, root))


def _stem(file: Path, folder: Path) -> str:
    """A name without its ending, and without what is often put behind a mask's."""
    stem = file.relative_to(folder).with_suffix("").as_posix()
    return stem.removesuffix("_mask").removesuffix("-mask")


def _listed(path: Path, root: Path) -> tuple[str, ...]:
    """The classes' names, one a line, from a list beside the folders."""
    for folder in (path, root):
        for name in _CLASS_LISTS:
            if (folder / name).is_file():
                lines = decode(folder / name)[0].splitlines()
                return tuple(line.strip() for line in lines if line.strip())
    return ()
