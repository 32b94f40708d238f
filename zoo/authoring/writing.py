"""Writing the files of a new plugin: all of them, or none."""

from __future__ import annotations

import datetime
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo import __version__
from zoo.authoring.filling import filled
from zoo.authoring.kinds import Kind, kind_of
from zoo.authoring.naming import Names, names_of
from zoo.errors import BadInput
from zoo.plugin import API_VERSION

__all__ = ["Written", "write_plugin"]

_AUTHOR = re.compile(r"(?P<name>[^<>\"\\]*[^<>\"\\\s])\s*(?:<(?P<email>[^<>@\s\"\\]+@[^<>@\s\"\\]+)>)?")
_TUNER = "| `{}/tuner.py` | how it learns other labels | rates, or remove it with its hook |\n"


@dataclass(frozen=True, kw_only=True)
class Written:
    """A plugin that was written.

    Attributes:
        names: what it is called where.
        kind: its template.
        folder: where it is.
        files: relative paths, sorted.
        next: commands to go on with, in order; the first is for the folder that holds the plugin's.
    """

    names: Names
    kind: Kind
    folder: Path
    files: tuple[str, ...]
    next: tuple[str, ...]

    @property
    def model(self) -> str:
        """The id of its model."""
        return f"{self.names.owner}/{self.kind.model}"

    def to_dict(self) -> dict[str, Any]:
        """`{"name", "module", "model", "task", "domain", "folder", "files", "next"}`."""
        return {
            "name": self.names.name,
            "module": self.names.module,
            "model": self.model,
            "task": self.kind.task,
            "domain": self.kind.domain,
            "folder": str(self.folder),
            "files": list(self.files),
            "next": list(self.next),
        }


def write_plugin(
    name: str,
    *,
    domain: str | None = None,
    task: str | None = None,
    into: Path | None = None,
    author: str | None = None,
) -> Written:
    """Write a whole distribution for a plugin into a new folder of its name.

    Its tiny model has learnt already: the weights come with the template, and are what its `make.py` makes.

    Args:
        name: of the plugin; written in another way than packages are, it is made so.
        domain, task: which template, see `kind_of`.
        into: the folder that is to hold the plugin's; this one by itself. It is made where it is not there.
        author: `Name <mail>`, or a name alone.

    Raises:
        BadInput: a name or author that cannot be used, no such domain, or the folder is there already.
        UnknownTask: there is no template for the task.
    """
    names, kind = names_of(name), kind_of(domain, task)
    home = Path.cwd() if into is None else into.expanduser().absolute()
    folder = home / names.name
    content = filled(kind.folders, _values(names, kind, author))
    _write(folder, content)
    return Written(names=names, kind=kind, folder=folder, files=tuple(content), next=_next(names, kind))


def _values(names: Names, kind: Kind, author: str | None) -> dict[str, str]:
    found = _AUTHOR.fullmatch((author or f"The authors of {names.name}").strip())
    if found is None:
        raise BadInput(f"{author!r} cannot be an author", 'Give --author "Name <name@example.org>", or a name alone.')
    major, minor = __version__.split(".")[:2]
    return {
        "name": names.name,
        "module": names.module,
        "owner": names.owner,
        "Title": names.title,
        "model": f"{names.owner}/{kind.model}",
        "task": kind.task,
        "drawn": kind.drawn,
        "data": kind.data,
        "author": found["name"],
        "author_table": _table({"name": found["name"], "email": found["email"]}),
        "api": str(API_VERSION),
        "year": str(datetime.datetime.now(tz=datetime.UTC).year),
        "zoo": f">={major}.{minor},<{major}.{int(minor) + 1}",
        "tuner": _TUNER.format(names.module) if kind.data else "",
        "requires": "".join(f'  "{package}",\n' for package in kind.requires),
    }


def _table(values: Mapping[str, str | None]) -> str:
    """An inline table of TOML, whose strings are written as JSON's are."""
    pairs = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value]
    return f"{{ {', '.join(pairs)} }}"


def _write(folder: Path, content: Mapping[str, bytes]) -> None:
    if folder.exists() or folder.is_symlink():
        raise BadInput(f"{folder} is there already", "Choose another name, or another folder by --into.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
            made = Path(temporary, folder.name)
            for path, data in content.items():
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                (made / path).write_bytes(data)
            made.rename(folder)
    except OSError as error:
        raise BadInput(f"{folder} cannot be written: {error.strerror or error}", "Choose another by --into.") from error


def _next(names: Names, kind: Kind) -> tuple[str, ...]:
    model = f"{names.owner}/{kind.model}"
    learn = (f"zoo finetune {model} {kind.data} --name {names.owner}/again",) if kind.data else ()
    return (
        f"cd {names.name}",
        "pip install -e '.[test]'",
        "pytest",
        f"zoo search {names.owner}",
        f"python -m {names.module}.data drawn",
        f"zoo predict {model} {kind.drawn}",
        *learn,
        f"zoo plugin check {names.name}",
    )
