"""Nothing private leaves: paths, names of this machine, and rows of the data are taken out of what is packed.

A run's record is not copied but made anew of fields that are known to be harmless: what is added to records later stays
here until somebody has looked at it. Texts in it lose whatever looks like a path.
"""

from __future__ import annotations

import getpass
import json
import re
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

__all__ = ["Privacy", "public_record"]

# An absolute path in a text: `/home/me/x`, `~/x`, `C:\\x`, `file:/x`; not the slashes of `https://…`, `n/a`, `</s>`.
_REST = r"[^\s\"'<>|]*[^\s\"'<>|.,;:)]"  # of a path; what ends a clause is not part of it
_PATH = re.compile(rf"file:/{_REST}|(?<![\w:/\\.<~])(?:~[\w.-]*|[A-Za-z]:)?[/\\](?=[\w.~]){_REST}")
_WHOLE_PATH = re.compile(r"(?:~[\w.-]*|[A-Za-z]:)?[/\\].+|file:/.+")
_PATH_KEY = re.compile(r".*(_path|_file|_dir|_folder|name_or_path)")
_HOMES = {"home", "Users"}  # where users have their folders
_SHORTEST_WORD = 4  # of a user's or host's name, to be looked for in texts
_NOBODY = {"root", "user", "admin", "home", "test", "data", "model", "ubuntu", "runner", "localhost"}

_RECORD = (
    "id", "kind", "started", "ended", "outcome", "task", "method", "why", "target", "base_revision", "revision", "seed",
    "metrics", "validation", "chosen", "curves", "timing", "notes", "forgetting", "licence_conflicts",
    "hyperparameters", "plugins", "checkpoint", "files",
)  # fmt: skip
_ENVIRONMENT = ("python", "system", "zoo", "processors", "packages", "hardware", "threads")
_DATA = ("name", "train", "validation", "test", "classes", "counts", "fingerprint", "split_ids")
_RECIPE = ("kind", "task", "fingerprint", "splits")
_FINDING = ("check", "severity", "count", "text")
# Of an evaluation, without rows of the data (`worst`, `failed`) and without values of its columns (`slices`, `gaps`).
_EVALUATION = (
    "kind", "main", "value", "n", "metrics", "confidence", "resamples", "seed", "higher_is_better", "labels",
    "confusion", "per_class", "calibration", "precision_recall",
)  # fmt: skip
_NO_SETTINGS = {"name", "data", "base_data", "resume", "cache"}


class Privacy:
    """What must not be told: the folders of this machine that matter, and the names of its user and itself.

    Args:
        folders: further folders besides the user's own, the present one and the one for temporary files.
    """

    def __init__(self, *folders: Path) -> None:
        found = {Path.home(), Path.cwd(), Path(tempfile.gettempdir()), *folders}
        found |= {path.resolve() for path in found}
        roots = sorted({str(path) for path in found if len(path.parts) > 1}, key=len, reverse=True)
        self._roots = tuple(roots)
        inside = "|".join(map(re.escape, roots))
        self._root = re.compile(rf"(?:file:/*)?(?:{inside})(?![\w-])(?:/{_REST})?/?") if roots else None

    def text(self, text: str) -> str:
        """A text for people, every path in it cut to its last name."""
        return _PATH.sub(_last, self._root.sub(_last, text) if self._root else text)

    def value(self, value: Any) -> Any:
        """A value made of texts for people, every path cut."""
        return _mapped(value, lambda text, key: self.text(text))

    def setting(self, value: Any) -> Any:
        """A value that programs read: cut are only paths into folders of this machine, and paths where one belongs."""
        return _mapped(value, self._set)

    def _set(self, text: str, key: str) -> str:
        if _PATH_KEY.fullmatch(key) and _WHOLE_PATH.fullmatch(text):
            return _cut(text)
        return self._root.sub(_last, text) if self._root else text

    def json_file(self, content: bytes) -> bytes | None:
        """A configuration without paths of this machine; None where there were none, or it is no JSON."""
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            return None
        cleaned = self.setting(value)
        if cleaned == value:
            return None
        return (json.dumps(cleaned, indent=2, ensure_ascii=False) + "\n").encode()

    def found_in(self, content: bytes) -> list[str]:
        """Which folders and names of this machine some bytes hold, as a message may say it."""
        folders = [root for root in self._roots if root.encode() in content]
        return [*folders, *(word for word in _names() if re.search(rb"\b%s\b" % re.escape(word.encode()), content))]


def _names() -> Iterator[str]:
    """The names of the user and of the machine, where they are no ordinary words."""
    try:
        found = {getpass.getuser(), socket.gethostname(), socket.gethostname().partition(".")[0]}
    except (OSError, KeyError):  # a user without an entry, as in a container
        found = {socket.gethostname()}
    yield from sorted(name for name in found if len(name) >= _SHORTEST_WORD and name.lower() not in _NOBODY)


def _last(found: re.Match[str]) -> str:
    return _cut(found[0])


def _cut(path: str) -> str:
    """The last name of a path; not that of a user's own folder, which is the user's."""
    plain = PurePosixPath(re.sub("^file:/*", "/", path).replace("\\", "/"))
    return "folder" if plain == PurePosixPath(Path.home()) or plain.parent.name in _HOMES else plain.name or "folder"


def _mapped(value: Any, change: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return change(value, key)
    if isinstance(value, Mapping):
        return {name: _mapped(inner, change, str(name)) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_mapped(inner, change, key) for inner in value]
    return value


def public_record(record: Mapping[str, Any], privacy: Privacy, *, model: str, base: str | None) -> dict[str, Any]:
    """A run's record as strangers may read it.

    Args:
        record: what is in its `record.json`; an empty one stays empty.
        privacy: what must not be told.
        model, base: their ids where the model will be installed.
    """
    if not record:
        return {}
    made = _kept(record, _RECORD)
    settings = _mapping(record.get("hyperparameters"))
    made["hyperparameters"] = {name: value for name, value in settings.items() if name not in _NO_SETTINGS}
    labels = made.pop("target", None)
    made = {name: privacy.value(value) for name, value in made.items()}
    environment = privacy.value(_kept(_mapping(record.get("environment")), _ENVIRONMENT))
    judged = _kept(_mapping(record.get("evaluation")), _EVALUATION)
    data = _data(_mapping(record.get("data")), privacy)
    made |= {"model": model, "base": base, "environment": environment, "evaluation": judged, "data": data}
    return made | ({"target": labels} if labels else {})


def _data(told: Mapping[str, Any], privacy: Privacy) -> dict[str, Any]:
    """What is said of the data: names, counts and fingerprints, no row and no place."""
    source = told.get("source")
    made = _kept(told, _DATA)
    made["name"] = privacy.text(str(told.get("name") or ""))
    made["source"] = source if isinstance(source, str) and source.startswith("hf:") else None
    made["recipe"] = privacy.value(_kept(_mapping(told.get("recipe")), _RECIPE))
    findings = told.get("findings")
    rows = findings if isinstance(findings, list) else []
    made["findings"] = [privacy.value(_kept(row, _FINDING)) for row in rows if isinstance(row, Mapping)]
    return made


def _kept(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
