"""Python that is warm: a process that has imported what `zoo` may need, and forks for each command.

Importing torch, transformers and their like takes several seconds, and the pages of the documentation start `zoo` some
hundreds of times. Here each command is the real one, in a process of its own with its own arguments, streams, folder
and environment; only the imports are already done. What start-up itself promises is tested elsewhere, on cold Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["Warm"]

IMPORTED = (
    "accelerate", "alembic.command", "datasets", "jinja2", "numpy", "peft", "PIL.Image", "rich.console",
    "rich.progress", "rich.table", "scipy.sparse", "scipy.stats", "sklearn.cluster", "sklearn.linear_model",
    "sklearn.metrics", "soundfile", "soxr", "sqlalchemy", "timm", "timm.models", "tokenizers", "torch",
    "torch.distributed", "torchvision", "torchvision.transforms", "transformers", "typer", "zoo.api", "zoo.cli.app",
    "zoo.finetuning", "zoo.finetuning.training.trainer", "zoo.models.load",
)  # fmt: skip

_SERVER = """
import gc, importlib, json, os, pathlib, signal, socket, sys, threading, traceback, warnings

def load():
    for name in json.loads(sys.argv[2]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                importlib.import_module(name)
            except ImportError:
                pass
    from transformers import AutoModel, AutoTokenizer, Trainer

def streams(fds):
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    again = {"encoding": "utf-8", "errors": "strict", "closefd": False}
    sys.stdin = sys.__stdin__ = open(0, "r", **again)
    sys.stdout = sys.__stdout__ = open(1, "w", buffering=1, **again)
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, **again | {"errors": "backslashreplace"})

def command(asked):
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    more = asked["env"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [place for place in more if place and place not in sys.path]
    if asked["code"] is not None:
        sys.argv = ["-c"]
        exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})
        return 0
    sys.argv = ["zoo", *asked["argv"]]
    from zoo.cli import main
    return main()

def child(connection, asked, fds):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    streams(fds)
    try:
        code = command(asked)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    import atexit
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            pass
    connection.sendall(str(code or 0).encode())
    os._exit(0)

load()
threads = [pathlib.Path(f"/proc/self/task/{number}/comm").read_text() for number in os.listdir("/proc/self/task")]
if len([name for name in threads if "jemalloc" not in name]) > 1:  # jemalloc knows of forks
    sys.exit("an import started a thread, which a fork would lose")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
gc.collect()
gc.freeze()  # forks share what is here, and need not look through it
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen()
print("ready", flush=True)
while True:
    connection, _ = listening.accept()
    data, fds, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    size, _, text = data.partition(b" ")
    while len(text) < int(size):
        text += connection.recv(1 << 20)
    if os.fork() == 0:
        listening.close()
        child(connection, json.loads(text), fds)
    for fd in fds:
        os.close(fd)
    connection.close()
"""

_CLIENT = """
import json, os, socket, sys
code = sys.argv[2] if sys.argv[1:2] == ["-c"] else None
asked = json.dumps({"argv": sys.argv[1:], "code": code, "env": dict(os.environ), "cwd": os.getcwd()}).encode()
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(PATH)
    data = str(len(asked)).encode() + b" " + asked
    sent = socket.send_fds(connection, [data], [0, 1, 2])
    connection.sendall(data[sent:])
    answer = connection.recv(16)
sys.exit(int(answer) if answer else "the command ended without an exit code")
"""


class Warm:
    """The process, and a folder with a command `zoo` (and `warm-python`, for `-c CODE`) that is run by it.

    Args:
        folder: short enough for a socket's name.
        env: of the process; each command has its own.
    """

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        import json

        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        path = folder / "socket"
        client = folder / "client.py"
        client.write_text(_CLIENT.replace("PATH", repr(str(path))))
        cold = Path(sys.executable).with_name("zoo")
        for name in ("zoo", "warm-python"):
            script = self.bin / name
            # Which shell asks for its completion is told by the processes above, which are not those of a fork.
            asks = f'case "$1" in --*-completion) exec "{cold}" "$@" ;; esac\n'
            script.write_text(f'#!/bin/sh\n{asks}exec "{sys.executable}" -I -S "{client}" "$@"\n')
            script.chmod(0o755)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(path), json.dumps(IMPORTED)],
            env=env | {"OMP_NUM_THREADS": "1"},  # several would be started, and such do not fork
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout and self._process.stdout.readline() == "ready\n", "the warm process did not start"

    def environment(self, env: dict[str, str]) -> dict[str, str]:
        """An environment in which `zoo` is the warm one."""
        return env | {"PATH": f"{self.bin}{os.pathsep}{env['PATH']}"}

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
