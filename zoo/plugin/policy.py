"""What a home decided about its plugins: which are used, which are approved, and which are mere folders."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from zoo.errors import PluginError
from zoo.settings import PLUGINS_FILE, Settings

__all__ = ["PluginPolicy"]

Mode = Literal["open", "approve"]

_FORM = 1
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, kw_only=True)
class PluginPolicy:
    """The decisions about plugins of one home, and of this process.

    Attributes:
        mode: `open`, or `approve`: a plugin's code is used only after its content was approved.
        disabled: names of plugins that the home does not use.
        approved: name and sha256 of the code and cards that were approved.
        folders: name and path of the folders of cards that are plugins.
        only: the plugins that this process uses (`ZOO_PLUGINS`), all when None; never written.
        asked: whether the environment asks for approval whatever the home says (`ZOO_PLUGIN_APPROVAL`); never written.
    """

    mode: Mode = "open"
    disabled: frozenset[str] = frozenset()
    approved: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    only: tuple[str, ...] | None = None
    asked: bool = False

    @classmethod
    def read(cls, home: Path | None, env: Mapping[str, str] | None = None) -> PluginPolicy:
        """What the home's `plugins.json` and the environment say.

        Args:
            home: the zoo's folder; None for the environment alone.
            env: instead of the process's own.

        Raises:
            PluginError: the file cannot be read. It is not passed over, since it may ask for approval.
        """
        settings = Settings.read(env)
        kept = _NONE if home is None else _load(home / PLUGINS_FILE)
        return cls(
            mode=kept.get("policy", "open"),
            disabled=frozenset(kept.get("disabled", ())),
            approved=dict(kept.get("approved", {})),
            folders={name: Path(path) for name, path in kept.get("folders", {}).items()},
            only=settings.plugins,
            asked=settings.plugin_approval,
        )

    @classmethod
    def change(cls, home: Path, how: Callable[[PluginPolicy], PluginPolicy]) -> PluginPolicy:
        """Read, change and write a home's decisions, while no other process does; returns the new ones."""
        from filelock import FileLock

        with _told(home):
            home.mkdir(parents=True, exist_ok=True)
            with FileLock(home / f"{PLUGINS_FILE}.lock"):
                changed = how(cls.read(home))
                changed.write(home)
        return changed

    def write(self, home: Path) -> None:
        """Keep the decisions in the home's `plugins.json`, whole or not at all."""
        text = json.dumps(self._kept(), indent=2, sort_keys=True) + "\n"
        with _told(home):
            home.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=home, prefix=f".{PLUGINS_FILE}-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(home / PLUGINS_FILE)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def _kept(self) -> dict[str, Any]:
        return {
            "version": _FORM,
            "policy": self.mode,
            "disabled": sorted(self.disabled),
            "approved": dict(self.approved),
            "folders": {name: str(path) for name, path in self.folders.items()},
        }

    @property
    def approval(self) -> bool:
        """Whether a plugin must be approved before its code is used."""
        return self.mode == "approve" or self.asked

    def uses(self, name: str) -> bool:
        """Whether `ZOO_PLUGINS` lets this process use a plugin."""
        return self.only is None or name in self.only

    def replace(self, **changes: Any) -> PluginPolicy:
        """The same decisions with some changed."""
        return dataclasses.replace(self, **changes)


@contextlib.contextmanager
def _told(home: Path) -> Iterator[None]:
    """Failures to write become errors of the zoo's own."""
    try:
        yield
    except OSError as error:
        raise PluginError(
            f"{home / PLUGINS_FILE} cannot be written: {error.strerror or error}",
            "Make its folder writable, or set ZOO_HOME to a folder of your own.",
        ) from error


def _load(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _NONE
    except (OSError, UnicodeDecodeError) as error:
        raise PluginError(f"{path} cannot be read: {error}", "It holds what is decided about plugins.") from error
    try:
        kept = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PluginError(f"{path} is not valid JSON: {error}", _MEND) from error
    if wrong := _wrong(kept):
        raise PluginError(f"{path}: {wrong}", _MEND)
    return dict(kept)


_MEND = "Mend it, or delete it: then all plugins are used, and none is approved."


def _wrong(kept: Any) -> str | None:
    """What is not as it is written, or None."""
    if not isinstance(kept, dict):
        return "an object is needed"
    if kept.get("version", _FORM) != _FORM:
        return f"version {kept['version']!r} is not the {_FORM} that this zoo writes"
    if kept.get("policy", "open") not in {"open", "approve"}:
        return f"policy {kept['policy']!r} is neither open nor approve"
    disabled = kept.get("disabled", [])
    if not isinstance(disabled, list) or not all(isinstance(name, str) for name in disabled):
        return "disabled is not a list of names"
    for key in ("approved", "folders"):
        table = kept.get(key, {})
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            return f"{key} is not an object of texts"
    return None
