"""The project folder of a distribution: what a build backend makes the wheel of."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.cards import ModelCard
    from zoo.publishing.naming import Author, Names
    from zoo.publishing.packing import Packing

__all__ = ["pyproject", "write_project"]


def pyproject(
    names: Names, card: ModelCard, *, licence: str | None, author: Author | None, requires: tuple[str, ...]
) -> str:
    """The text of `pyproject.toml`.

    Args:
        names: of the distribution.
        card: of the model.
        licence: as an SPDX expression, None where it is not stated.
        author: who publishes it.
        requires: what must be installed with it.
    """
    who: dict[str, Any] = {} if author is None else {k: v for k, v in author._asdict().items() if v}
    inline = ", ".join(f"{name} = {_toml(value)}" for name, value in who.items())
    lines = [
        "[build-system]",
        'requires = ["hatchling>=1.27"]',
        'build-backend = "hatchling.build"',
        "",
        "[project]",
        f"name = {_toml(names.distribution)}",
        f"version = {_toml(names.version)}",
        f"description = {_toml((card.summary or f'The model {names.id}.')[:500])}",
        'readme = "README.md"',
        'requires-python = ">=3.11"',
        *([f"license = {_toml(licence)}"] if licence else []),
        'license-files = ["LICENSE*", "NOTICE*"]',
        *([f"authors = [{{ {inline} }}]"] if who else []),
        f"keywords = {_toml(sorted({'zoo', 'pretrained model', card.task}))}",
        f"dependencies = {_toml(sorted(requires))}",
        "",
        "[project.entry-points.zoo]",
        f"{names.distribution} = {_toml(names.package)}",
        "",
        "[tool.hatch.build]",
        "ignore-vcs = true",
        "",
        "[tool.hatch.build.targets.wheel]",
        f"packages = {_toml([names.package])}",
    ]
    return "\n".join(lines) + "\n"


def _toml(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_project(
    folder: Path, names: Names, packing: Packing, *, top: Mapping[str, str], beside: Mapping[str, str], linked: bool
) -> None:
    """Write a project into an empty folder.

    Args:
        folder: it.
        names: of the distribution.
        packing: the model's files.
        top: texts at the top, by file name.
        beside: texts in the import package, by file name.
        linked: the model's files need not be copies: nobody will change them.
    """
    package = folder / names.package
    package.mkdir(parents=True)
    for place, texts in ((folder, top), (package, beside)):
        for name, text in texts.items():
            (place / name).write_text(text, encoding="utf-8", newline="\n")
    for file in packing.files:
        target = package / file.inside
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.content is not None:
            target.write_bytes(file.content)
        elif not (linked and _link(file.path, target)):
            _copy(file.path, target)


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or one without links
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    from zoo.store.disk import copy_bytes

    with target.open("xb") as file:
        copy_bytes(source, file)
    shutil.copystat(source, target)
    target.chmod(0o644)
