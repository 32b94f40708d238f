"""Trying plugins before they are trusted: a program of its own, each plugin in a process that may die of it.

`zoo.plugin.probing` starts `main` in a fresh Python. It tries several plugins at the same time, each in a fork of
that Python (where the platform has none: in a Python of its own), so that whatever one does to its process is its own
affair and its own fault. Answers go through files, since a plugin may close or print to any stream.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["BOOT", "HEAVY", "MOST_CARDS", "main", "try_plugin"]

# What Python is started with: the search path of the process that asks, then this module.
BOOT = (
    "import json, sys; asked = json.load(open(sys.argv[1], encoding='utf-8')); sys.path[:] = asked['path']; "
    "from zoo.plugin.probe import main; main(asked, sys.argv[1], sys.argv[2:])"
)
HEAVY = (
    "torch", "torchvision", "torchaudio", "transformers", "timm", "numpy", "pandas", "scipy", "sklearn", "datasets",
    "onnxruntime", "tensorflow", "jax", "PIL", "cv2", "sqlalchemy", "requests", "matplotlib",
)  # fmt: skip
MOST_CARDS = 200_000

_SAID = 2_000  # characters kept of what a plugin prints
_TICK = 0.005
_GRACE = 0.3  # seconds that threads have to end


class _Forked:
    """A fork, with the surface of `subprocess.Popen` that is used here."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


class _Trial:
    """One plugin being tried, from the start of its process to what there is to tell of it."""

    def __init__(self, asked: Mapping[str, Any], where: str, number: int) -> None:
        self.number = number
        self.said = b""
        self.hung = False
        self._deadline = time.monotonic() + asked["limit"]
        self._pipe: int | None = None
        self._process = self._fork(asked) if asked["fork"] else self._spawn(where)

    def _fork(self, asked: Mapping[str, Any]) -> Any:
        read, write = os.pipe()
        if pid := os.fork():
            os.close(write)
            os.set_blocking(read, False)
            self._pipe = read
            return _Forked(pid)
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for number, stream in enumerate((os.open(os.devnull, os.O_RDONLY), write, write)):
            os.dup2(stream, number)
        os.closerange(3, 256)
        return _work(asked, self.number)

    def _spawn(self, where: str) -> Any:
        null = subprocess.DEVNULL
        command = [sys.executable, "-c", BOOT, where, str(self.number)]
        return subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True)

    def over(self) -> bool:
        """Whether it has ended, by itself or because its time is over."""
        ended = self._process.poll() is not None
        self._listen()
        if not ended and time.monotonic() > self._deadline:
            self.hung = True
            self.end()
            ended = True
        return ended

    def _listen(self) -> None:
        for _ in range(64):  # a plugin that prints without end is not waited for
            try:
                part = os.read(self._pipe, 1 << 16) if self._pipe is not None else b""
            except BlockingIOError:
                return
            if not part:
                return
            self.said += part[: max(0, 4 * _SAID - len(self.said))]

    def end(self) -> None:
        """Kill it and what it started, and let it go."""
        _kill(self._process.pid)
        while self._process.poll() is None:
            time.sleep(_TICK)
        if self._pipe is not None:
            self._listen()
            os.close(self._pipe)
            self._pipe = None

    def told(self) -> dict[str, Any]:
        """How it ended, beside what the plugin's process wrote down itself."""
        said = self.said.decode("utf-8", "replace")
        return {"code": self._process.returncode, "hung": self.hung, "said": said[:_SAID]}


def _kill(group: int) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(group, signal.SIGKILL)
        else:
            os.kill(group, signal.SIGTERM)
    except OSError:  # nobody is left
        pass


def main(asked: Mapping[str, Any], where: str, numbers: list[str]) -> None:
    """Try all plugins that are asked for, or, in a Python of its own, the one with this number."""
    if numbers:
        _work(asked, int(numbers[0]))
    from zoo.plugin import carded, manager

    _ = carded, manager  # forks have them already
    waiting = list(range(len(asked["plugins"])))[::-1]
    running: list[_Trial] = []

    def stop(*_: object) -> None:
        for trial in running:
            trial.end()
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)
    while waiting or running:
        while waiting and len(running) < asked["workers"]:
            running.append(_Trial(asked, where, waiting.pop()))
        for trial in [trial for trial in running if trial.over()]:
            trial.end()
            running.remove(trial)
            _write(asked, trial.number, "end", trial.told())
        time.sleep(_TICK)


def _write(asked: Mapping[str, Any], number: int, what: str, told: Mapping[str, Any]) -> None:
    path = Path(asked["folder"]) / f"{number}.{what}"
    fresh = path.with_suffix(f".{what}-new")
    fresh.write_text(json.dumps(told), encoding="utf-8")
    fresh.replace(path)


def _work(asked: Mapping[str, Any], number: int) -> NoReturn:
    """Try one plugin in this process, which ends here."""
    try:
        _no_core_dump()
        told = try_plugin(asked["plugins"][number], lambda stage: _write(asked, number, "stage", {"stage": stage}))
        _write(asked, number, "verdict", told)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:  # what a plugin left behind, such as a closed stream or a stopped clock
        print(f"{type(error).__name__}: {error}", file=sys.__stderr__)
        os._exit(1)
    os._exit(0)  # not by the plugin's own hooks of the end


def _no_core_dump() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):  # Windows; a limit that is fixed
        pass
    import faulthandler

    faulthandler.enable()


def try_plugin(plugin: Mapping[str, Any], stage: Any) -> dict[str, Any]:
    """Import a plugin, register it and read its cards; returns what came of it.

    Args:
        plugin: its `name`, `value`, `kind`, `folder` and `package`.
        stage: told of each stage before it begins.

    Returns:
        `error` (None when all is well), `seconds` that registering took, `heavy` modules that it imported, the number
        of `cards`, and `notes`.
    """
    from zoo.plugin.forms import said_of

    before = _Before()
    told: dict[str, Any] = {"error": None, "seconds": 0.0, "heavy": [], "cards": 0, "notes": []}
    try:
        _try(plugin, stage, told)
    except BaseException as error:  # any class: it is what is asked about
        told["error"] = said_of(error)
    stage("its imports were done")
    if told["error"] is None:
        told["error"] = before.harm()
        told["notes"] += before.notes()
    return told


def _try(plugin: Mapping[str, Any], stage: Any, told: dict[str, Any]) -> None:
    from zoo.errors import PluginError
    from zoo.plugin.loading import plugin_object
    from zoo.plugin.manager import PluginManager

    loaded = set(sys.modules)
    start = time.perf_counter()
    stage("it was imported")
    made = plugin_object(plugin["name"], plugin["value"], plugin["kind"], plugin["folder"], plugin["package"])
    stage("its hooks were asked")
    manager = PluginManager(entries=())
    manager.register(made, plugin["name"])
    told["seconds"] = time.perf_counter() - start
    told["heavy"] = [name for name in HEAVY if name in sys.modules and name not in loaded]
    stage("its cards were read")
    seen: set[str] = set()
    for card in manager.each_card(plugin["name"]):
        if card.id in seen:
            raise PluginError(f"two of its cards have the id {card.id}")
        if len(seen) == MOST_CARDS:
            raise PluginError(f"it supplies more than {MOST_CARDS:,} cards: such a catalogue is imported as a feed")
        seen.add(card.id)
    told["cards"] = len(seen)


class _Before:
    """The process as it was before a plugin came, and what would harm the zoo if it stayed as it is now."""

    def __init__(self) -> None:
        self.folder = Path.cwd()
        self.environ = dict(os.environ)
        self.signals = {number: signal.getsignal(number) for number in signal.valid_signals()}
        self.streams = (sys.stdin, sys.stdout, sys.stderr)
        self.path = list(sys.path)

    def harm(self) -> str | None:
        """What it did that no plugin may do to the zoo's process, or None."""
        if _folder() != self.folder:
            return "it changes the working directory when it is imported"
        for number, handler in self.signals.items():
            if signal.getsignal(number) != handler:
                return f"it changes what signal {signal.Signals(number).name} does when it is imported"
        if (sys.stdin, sys.stdout, sys.stderr) != self.streams or any(stream.closed for stream in self.streams):
            return "it replaces or closes a standard stream when it is imported"
        end = time.monotonic() + _GRACE
        for thread in threading.enumerate():
            if thread is not threading.main_thread() and not thread.daemon:
                thread.join(max(0.0, end - time.monotonic()))
                if thread.is_alive():
                    return f"it leaves a thread running ({thread.name}), which would keep Python from ending"
        return "it leaves a process running when it is imported" if _has_children() else None

    def notes(self) -> list[str]:
        """What it did that others may care about."""
        keys = {key for key in {*os.environ, *self.environ} if os.environ.get(key) != self.environ.get(key)}
        return [f"changes the environment: {', '.join(sorted(keys)[:5])}"] if keys else []


def _folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it is gone
        return None


def _has_children() -> bool:
    """Whether a process of this one's is still running; multiprocessing's own helper does not count."""
    tracker = getattr(sys.modules.get("multiprocessing.resource_tracker"), "_resource_tracker", None)
    if not hasattr(os, "waitpid") or getattr(tracker, "_pid", None) is not None:
        return False
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True
