"""Golden results: what known inputs must give, beside the plugin's module `conformance`."""

from __future__ import annotations

import importlib.util
import json
import os
import site
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.conformance.equality import first_difference
from zoo.conformance.outcomes import Skip, Unkept
from zoo.errors import BadData
from zoo.plugin import CASES_MODULE

if TYPE_CHECKING:
    from zoo.conformance.stage import Stage

__all__ = ["golden", "write_golden"]


def golden(stage: Stage, *, write: bool = False) -> str:
    """The results are those of the golden file; with `write`, they become its content."""
    name = stage.case.golden
    if name is None:
        again = f"zoo plugin check {stage.plugin} --only golden --write-golden"
        raise Skip(f'no case has golden results: give one `golden="golden.json"`, then `{again}`')
    path = _path(stage, name)
    if write:
        return write_golden(stage, path)
    if not path.is_file():
        raise Skip(f"{name} is not there yet: `zoo plugin check {stage.plugin} --only golden --write-golden`")
    kept = _read(path)
    again = f"If the change is meant: `zoo plugin check {stage.plugin} --only golden --write-golden`."
    if kept["inputs"] is not None and kept["inputs"] != (now := _inputs(stage)) and now is not None:
        raise Unkept(f"{name} was written for other inputs", again)
    found = first_difference([result.to_dict() for result in stage.steady], kept["results"], stage.case.tolerance)
    if found:
        raise Unkept(f"the results are not those of {name}: {found}", again)
    return f"the results of {name}, to {stage.case.tolerance:g}"


def write_golden(stage: Stage, path: Path) -> str:
    """Write the results to the golden file, all or nothing, into a folder of the author's own."""
    folder = next(place for place in path.parents if place.is_dir())
    if any(folder.is_relative_to(place) for place in _installed()) or not os.access(folder, os.W_OK):
        raise Unkept(
            f"{folder} is an installed package, or may not be written to",
            "Install the plugin from its source: `pip install -e .`.",
        )
    content = {
        "task": stage.case.task,
        "model": stage.card.id,
        "inputs": _inputs(stage),
        "results": [result.to_dict() for result in stage.steady],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return f"written: {path}"


def _path(stage: Stage, name: str) -> Path:
    info = next(one for one in stage.registry.plugins.plugins() if one.name == stage.plugin)
    spec = importlib.util.find_spec(f"{info.module.partition(':')[0]}.{CASES_MODULE}")
    if spec is None or spec.origin is None:
        raise Unkept(f"there is no module {info.module}.{CASES_MODULE} beside which {name} could lie", "Add it.")
    folder = Path(spec.origin).parent
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Unkept(f"{name} leaves the plugin's folder", "Name a file in it.")
    return path


def _read(path: Path) -> dict[str, Any]:
    remedy = "Write it again: `zoo plugin check NAME --only golden --write-golden`."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unkept(f"{path.name} cannot be read: {error}", remedy) from error
    if not isinstance(content, dict) or not isinstance(content.get("results"), list):
        raise Unkept(f"{path.name} holds no results", remedy)
    return {"inputs": None, **content}


def _inputs(stage: Stage) -> list[str] | None:
    """The sha256 of each input's content; None where they are of a kind that cannot be hashed."""
    from zoo.data import hashes_of

    try:
        return list(hashes_of(stage.inputs))
    except (BadData, TypeError, AttributeError):
        return None


def _installed() -> list[Path]:
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}
    return [Path(folder) for folder in folders]
