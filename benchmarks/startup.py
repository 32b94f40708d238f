"""How long do the reading commands take to start, against bare SQLite and against the hub's own command?

Each round runs all commands once, in turn, so that a drift of the machine's speed meets all alike; printed are the
median, and the median of the ratios taken round by round. Run with `make bench`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
BIN = Path(sys.executable).parent
PEERS = {
    "python -c 'import sqlite3'": [sys.executable, "-c", "import sqlite3"],
    "hf version": [str(BIN / "hf"), "version"],
}
COMMANDS = {
    "zoo search resnet": [str(BIN / "zoo"), "search", "resnet"],
    "zoo search resnet --json": [str(BIN / "zoo"), "search", "resnet", "--json"],
    "zoo show mobilenetv2_100": [str(BIN / "zoo"), "show", "mobilenetv2_100"],
    "zoo list": [str(BIN / "zoo"), "list"],
    "zoo --help": [str(BIN / "zoo"), "--help"],
    "python -c 'import zoo'": [sys.executable, "-c", "import zoo"],
}
AIMS = {"zoo search resnet": 150, "zoo --help": 120}


def milliseconds(command: list[str], env: dict[str, str]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Measure and print."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "zoo", "plugins"], check=False)
    with tempfile.TemporaryDirectory() as home:
        env = dict(os.environ, ZOO_HOME=home, HF_HUB_DISABLE_UPDATE_CHECK="1")
        everything = PEERS | COMMANDS
        for command in everything.values():  # the first call copies the catalog and fills the page cache
            subprocess.run(command, env=env, capture_output=True, check=True)
        times = {name: [] for name in everything}
        for _ in range(ROUNDS):
            for name, command in everything.items():
                times[name].append(milliseconds(command, env))
    bare, hub = (times[name] for name in PEERS)
    print(f"median of {ROUNDS} rounds; ratios are medians of the ratios round by round")
    for name, values in times.items():
        to_bare = statistics.median(a / b for a, b in zip(values, bare, strict=True))
        to_hub = statistics.median(a / b for a, b in zip(values, hub, strict=True))
        aim = f"  (aim: under {AIMS[name]} ms)" if name in AIMS else ""
        print(
            f"{name:<28} {statistics.median(values):6.0f} ms   {to_bare:5.2f} x bare sqlite3   "
            f"{to_hub:4.2f} x hf version{aim}"
        )


if __name__ == "__main__":
    main()
