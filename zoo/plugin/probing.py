"""What is known of a plugin before it is imported here: a verdict, from a process of its own, kept by content."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.plugin.forms import one_line
from zoo.plugin.found import Found
from zoo.settings import Settings

__all__ = ["Verdict", "judge", "probe", "verdict_folder"]

_FORM = 1
_KEPT = 8  # verdicts of one plugin's contents
_START = 30.0  # seconds that Python has to start
_NOTED = 1.0  # seconds of registration that are worth a word
_SITES = {"site-packages", "dist-packages"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of trying a plugin.

    Attributes:
        error: why it must not be used, or None.
        seconds: that importing it and asking its hooks took.
        heavy: well-known large packages that were imported by that.
        cards: how many it supplies.
        said: the beginning of what it printed.
        notes: what else is worth knowing of it.
        limit: the seconds that it was given, where they were not enough.
    """

    error: str | None = None
    seconds: float = 0.0
    heavy: tuple[str, ...] = ()
    cards: int = 0
    said: str = ""
    notes: tuple[str, ...] = ()
    limit: float | None = None

    def remarks(self) -> tuple[str, ...]:
        """What a list of plugins says of one that works."""
        made = []
        took = f"({self.seconds:.1f} s)"
        if self.heavy:
            made.append(f"imports {', '.join(self.heavy)} when it is registered {took}")
        elif self.seconds >= _NOTED:
            made.append(f"takes long to be registered {took}")
        if self.said:
            made.append("prints when it is imported")
        return (*made, *self.notes)


def judge(plugins: Sequence[Found], *, again: bool = False, env: Mapping[str, str] | None = None) -> list[Verdict]:
    """A verdict on each plugin: the one kept for its content, else that of a trial now.

    Args:
        plugins: as found.
        again: try those again that failed, although nothing of them changed.
        env: instead of the process's environment.
    """
    folder = verdict_folder(env)
    limit = Settings.read(env).plugin_timeout
    files = [folder / f"{_plain(plugin.name)}-{_key(plugin)}.json" for plugin in plugins]
    place = _place()
    made = [_kept(file, place, limit) for file in files]
    missing = [n for n, verdict in enumerate(made) if verdict is None or (again and verdict.error)]
    for number, verdict in zip(missing, probe([plugins[n] for n in missing], limit), strict=True):
        made[number] = verdict
        _keep(files[number], verdict, place)
    return [verdict for verdict in made if verdict is not None]


def verdict_folder(env: Mapping[str, str] | None = None) -> Path:
    """Where verdicts are kept: below the user's folder for caches, safe to delete."""
    env = os.environ if env is None else env
    given = Path(env.get("XDG_CACHE_HOME", ""))
    try:
        return (given if given.is_absolute() else Path("~/.cache").expanduser()) / "zoo" / "plugins"
    except RuntimeError:  # a user without a home
        return Path(os.devnull) / "zoo"  # nothing can be kept there


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:60]


def _key(plugin: Found) -> str:
    from zoo import __version__

    parts = (_FORM, __version__, sys.version, platform.machine(), sys.prefix, plugin.kind, plugin.stamp())
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _place() -> str:
    """What a plugin may have failed by that is not its own: the packages beside it."""
    stamps = []
    for path in sys.path:
        if Path(path).name in _SITES:
            with contextlib.suppress(OSError):
                stamps.append(f"{path} {Path(path).stat().st_mtime_ns}")
    return hashlib.sha256("\n".join(stamps).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _kept(file: Path, place: str, limit: float) -> Verdict | None:
    """The verdict in a file; None where there is none, it cannot be read, or its reason may have gone."""
    try:
        told = json.loads(file.read_bytes())
        known = {field.name for field in dataclasses.fields(Verdict)}
        lists = {"heavy": tuple(told["heavy"]), "notes": tuple(told["notes"])}
        verdict = Verdict(**{key: told[key] for key in known} | lists)
        fresh = verdict.error is None or (told["place"] == place and (verdict.limit is None or verdict.limit >= limit))
        return verdict if fresh else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _keep(file: Path, verdict: Verdict, place: str) -> None:
    """Write a verdict down, whole or not at all; where that cannot be done, the plugin is tried again next time."""
    text = json.dumps(dataclasses.asdict(verdict) | {"place": place})
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).replace(file)
        others = sorted(file.parent.glob(f"{file.name[:-38]}-*.json"), key=lambda path: path.stat().st_mtime_ns)
        for old in [path for path in others if len(path.name) == len(file.name)][:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def probe(plugins: Sequence[Found], limit: float) -> list[Verdict]:
    """Try plugins now, each in a process of its own; where no Python can be started, in this one.

    Args:
        plugins: as found.
        limit: seconds for each.
    """
    if not plugins:
        return []
    with tempfile.TemporaryDirectory(prefix="zoo-plugins-", ignore_cleanup_errors=True) as folder:
        if _run(plugins, limit, Path(folder)):
            return [_verdict(Path(folder), number, limit) for number in range(len(plugins))]
    return [Verdict() for _ in plugins]  # importing them here is guarded, and says what it can


def _asked(plugin: Found) -> dict[str, Any]:
    folder = str(plugin.folder) if plugin.folder else None
    named = {"name": plugin.name, "value": plugin.value, "kind": plugin.kind}
    return named | {"folder": folder, "package": plugin.package}


def _run(plugins: Sequence[Found], limit: float, folder: Path) -> bool:
    """Let a Python of its own try them; False where there is none."""
    from zoo.plugin.probe import BOOT

    if not sys.executable or getattr(sys, "frozen", False):
        return False
    workers = min(4, os.cpu_count() or 1, len(plugins))
    where = folder / "asked.json"
    asked = {
        "path": [str(path) for path in sys.path],
        "plugins": [_asked(plugin) for plugin in plugins],
        "folder": str(folder),
        "limit": limit,
        "workers": workers,
        "fork": hasattr(os, "fork"),
    }
    where.write_text(json.dumps(asked), encoding="utf-8")
    null = subprocess.DEVNULL
    command = [sys.executable, *(["-B"] if sys.dont_write_bytecode else []), "-c", BOOT, str(where)]
    try:
        process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True)
    except OSError:
        return False
    try:
        process.wait(_START + limit * -(-len(plugins) // workers))
    except subprocess.TimeoutExpired:
        pass
    finally:
        _end(process)
    return process.returncode == 0 or any(folder.glob("*.end"))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)  # it takes those that it started with it
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _verdict(folder: Path, number: int, limit: float) -> Verdict:
    end = _read(folder / f"{number}.end")
    told = _read(folder / f"{number}.verdict")
    stage = _read(folder / f"{number}.stage").get("stage", "it was imported")
    said = str(end.get("said", ""))
    if end.get("hung"):
        more = "ZOO_PLUGIN_TIMEOUT gives it more"
        return Verdict(error=f"{_BY[stage]} took more than {limit:g} s; {more}", said=said, limit=limit)
    if not told:
        return Verdict(error=one_line(f"{_death(end.get('code'))} when {stage}{_last(said)}"), said=said)
    return Verdict(
        error=told["error"],
        seconds=told["seconds"],
        heavy=tuple(told["heavy"]),
        cards=told["cards"],
        said=said,
        notes=tuple(told["notes"]),
    )


_BY = {
    "it was imported": "importing it",
    "its hooks were asked": "asking its hooks",
    "its cards were read": "reading its cards",
    "its imports were done": "ending what it began",
}


def _death(code: object) -> str:
    """How a process ended, in words."""
    if not isinstance(code, int):
        return "it was not tried to the end"
    if code >= 0:
        return f"it ended Python (exit code {code})"
    try:
        return f"it crashed Python ({signal.Signals(-code).name})"
    except ValueError:
        return f"it crashed Python (signal {-code})"


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith(("Fatal Python", "  "))]
    return f": {lines[-1]}" if lines and not said.startswith("Fatal Python") else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return told if isinstance(told, dict) else {}
    except (OSError, ValueError):
        return {}
