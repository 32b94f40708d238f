"""How commands end: one clear line for what went wrong, the right exit code, and no traceback for a user's mistake."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

__all__ = ["INTERRUPTED", "fail", "guarded_call"]

INTERRUPTED = 130


def guarded_call(run: Callable[[], int]) -> int:
    """Run a command; returns its exit code, or that of the error that ended it, which is printed."""
    try:
        code = run()
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("\nzoo: interrupted; what was finished is kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`zoo search … | head`): nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return fail(error)


def fail(error: Exception) -> int:
    """Print an error of the zoo's own; anything else is a fault of the program and is raised again."""
    from zoo.cli.render import print_error
    from zoo.errors import ZooError

    if not isinstance(error, ZooError):
        raise error
    print_error(error)
    return error.exit_code
