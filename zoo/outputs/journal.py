"""A file of lines that stays whole, whatever ends the process that writes it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import ResourceError
from zoo.outputs.faults import writing

__all__ = ["Journal"]

_BLOCK = 1 << 16


class Journal:
    """Whole lines, appended one by one to a file that no other process appends to meanwhile.

    Each line goes to the operating system before the next is made, so that `kill -9` loses none that was given. A
    half-written last line, of a process or a machine that ended in the middle, is cut off when the file is opened.

    Args:
        path: the file; made when it is not there.

    Raises:
        ResourceError: the file cannot be written, or another process is writing it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with writing(path):
            self._file = path.open("a+b", buffering=0)
            try:
                _lock(self._file.fileno(), path)
                self._end = _last_whole_line(self._file.fileno())
                self._file.truncate(self._end)
            except BaseException:
                self._file.close()
                raise

    @property
    def size(self) -> int:
        """Bytes of whole lines."""
        return self._end

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line with the offset at which it ends, as they are in the file now."""
        end = 0
        with self.path.open("rb") as file:
            for line in file:
                end += len(line)
                yield end, line

    def append(self, line: bytes) -> None:
        """Write one line, which ends with a line break; whole, or not at all.

        Raises:
            NoSpace, ResourceError: it cannot be written.
        """
        with writing(self.path):
            try:
                left = memoryview(line)
                while left:
                    left = left[os.write(self._file.fileno(), left) :]
            except BaseException:  # whatever it was, Ctrl-C too: half a line must not stay
                with contextlib.suppress(OSError):
                    self._file.truncate(self._end)
                raise
        self._end += len(line)

    def cut(self, end: int) -> None:
        """Drop what stands behind an offset."""
        with writing(self.path):
            self._file.truncate(end)
        self._end = end

    def remove(self) -> None:
        """Delete the file."""
        with writing(self.path):
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Wait until the lines are on the disk, and let others write."""
        if not self._file.closed:
            with writing(self.path), self._file:
                os.fsync(self._file.fileno())


def _last_whole_line(handle: int) -> int:
    """The offset behind the last line break of a file."""
    end = os.lseek(handle, 0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        os.lseek(handle, start, os.SEEK_SET)
        found = os.read(handle, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _lock(handle: int, path: Path) -> None:
    """Keep other processes out until the file is closed; the system itself lets go however the process ends."""
    if sys.platform == "win32":  # locks there would keep readers out too
        return
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ResourceError(f"another process is writing {path}", "Wait for it, or name another file.") from error
    except OSError:
        return  # a network file system without locks
