"""Running a page's blocks as its reader would: one folder, one shell, one Python session."""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import Block

WILD = "…"
END = "<end of block>"

_SESSION = f"""
import ast, io, json, sys, contextlib, traceback
names = {{"__name__": "__main__"}}
for line in sys.stdin:
    out, failed = io.StringIO(), False
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(json.loads(line), "<page>", "exec"), names)
        except BaseException:
            traceback.print_exc(file=out)
            failed = True
    print(json.dumps([failed, out.getvalue()]) + {END!r}, flush=True)
"""


def matches(expected: list[str], actual: list[str]) -> bool:
    """Whether output is as written, where `…` stands for anything in a line, and alone for any number of lines."""
    parts = []
    for line in expected:
        if line.strip() == WILD:
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(re.escape(piece) for piece in line.rstrip().split(WILD)) + r"[ \t]*\n")
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in actual)) is not None


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each `$ command` of a console block with the lines that should follow; a trailing backslash goes on."""
    command: str | None = None
    output: list[str] = []
    going_on = False
    for line in block.lines:
        if going_on and command is not None:
            command += f"\n{line.removeprefix('> ')}"
        elif line.startswith("$ "):
            if command is not None:
                yield command, output
            command, output = line[2:], []
        elif command is None:
            raise AssertionError(f"{block}: output before the first command")
        else:
            output.append(line)
            continue
        going_on = line.endswith("\\")
    if command is not None:
        yield command, output


class Session:
    """A reader at work in one folder: exported variables and the working directory live on from block to block."""

    def __init__(self, folder: Path, env: dict[str, str], interpreter: str = sys.executable) -> None:
        self._folder = folder
        self._interpreter = interpreter
        self._env = env
        self._state = folder.parent / f"{folder.name}.state"
        self._state.write_text(f"cd {shlex.quote(str(folder))}\n")
        self._python: subprocess.Popen[str] | None = None

    def shell(self, command: str) -> tuple[int, list[str]]:
        """Exit code and output, both streams together, of a command in bash."""
        state = shlex.quote(str(self._state))
        script = f'source {state}\n{command}\ncode=$?\n{{ export -p; echo cd "$(printf %q "$PWD")"; }} > {state}\n'
        done = subprocess.run(
            ["bash", "-c", f"{script}exit $code"],
            env=self._env,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, _lines(done.stdout.decode("utf-8", "replace"))

    def python(self, code: str) -> tuple[int, list[str]]:
        """Whether it failed (1), and what it printed; the names of earlier blocks are known."""
        if self._python is None:
            self._python = subprocess.Popen(
                [self._interpreter, "-c", _SESSION],
                env=self._env,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self._python.stdin and self._python.stdout
        self._python.stdin.write(json.dumps(code) + "\n")
        self._python.stdin.flush()
        answer = ""
        for line in self._python.stdout:
            answer += line
            if line.rstrip("\n").endswith(END):
                failed, output = json.loads(answer.strip().removesuffix(END))
                return int(failed), _lines(output)
        return 1, [*_lines(answer), "the Python session ended"]

    def close(self) -> None:
        """End the Python session."""
        if self._python is not None:
            self._python.communicate()


def _lines(output: str) -> list[str]:
    return [line.rstrip() for line in output.splitlines()]


def run_block(session: Session, block: Block, following: Block | None) -> None:
    """Run a block and compare; the output of a Python block stands in a `text` block right after it."""
    if block.language == "python":
        code, output = session.python("\n".join(block.lines))
        expected = list(following.lines) if following and following.language == "text" else None
        _judge(f"{block}", code, expected, output)
    elif block.language == "bash":
        code, output = session.shell("set -e\n" + "\n".join(block.lines))
        _judge(f"{block}", code, None, output)
    else:
        for command, expected in commands(block):
            code, output = session.shell(command)
            _judge(f"{block}\n$ {command}", code, expected, output)


def _judge(what: str, code: int, expected: list[str] | None, output: list[str]) -> None:
    shown = "\n".join(output)
    assert code == 0, f"{what}\nended with exit code {code}:\n{shown}"
    if expected is not None and not matches(expected, output):
        diff = "\n".join(difflib.unified_diff(expected, output, "in the page", "as it ran", lineterm=""))
        raise AssertionError(f"{what}\n{diff}")


def environment(home: Path) -> dict[str, str]:
    """A reader's environment: the commands of this Python first, one zoo, an ordinary terminal's width."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ZOO_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{own.get('PATH', '')}"
    own |= {"PATH": path, "ZOO_HOME": str(home), "COLUMNS": "80", "PYTHONUNBUFFERED": "1"}
    return own | {"PYTHONWARNINGS": "default"}
