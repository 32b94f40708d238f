"""What the operating system refuses while results are written, in plain words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.errors import NoSpace, ResourceError

__all__ = ["writing"]

_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses while `path` is written into an error with a remedy.

    Raises:
        NoSpace: the disk, the quota or the largest possible file is full.
        ResourceError: anything else, such as a file that may not be written to.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpace(
                f"no more can be written into {path}: {error.strerror}",
                "Free some space and give the same command again: what is in the file is kept and continued.",
            ) from error
        raise ResourceError(
            f"{path} cannot be written: {error.strerror or error}", "Name a file that you may write to."
        ) from error
