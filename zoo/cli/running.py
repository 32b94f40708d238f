"""`zoo devices` and `zoo ps`: ask and print."""

from __future__ import annotations

import sys
from typing import Any

from zoo.cli.render import emit_json, print_table, size
from zoo.devices import board
from zoo.settings import Settings

__all__ = ["devices", "ps"]


def devices(*, as_json: bool) -> int:
    """Print every device with its memory; `leased` is of all processes that use this zoo."""
    from zoo.devices import DeviceManager

    settings = Settings.read()
    state = DeviceManager(budget=settings.device_budget).state()
    running = board.read(settings.home / "running")
    rows = [row | {"leased": board.leased(running, row["device"])} for row in state]
    if as_json:
        emit_json(rows)
        return 0
    sizes = ("total", "free", "budget", "leased")
    columns = ("device", "cores", *sizes, "description")
    shown = [
        [row["device"], str(row["cores"] or ""), *(size(row[column]) for column in sizes), row["description"]]
        for row in rows
    ]
    print_table(columns, shown, right=columns[1:-1], least=("description", "cores"))
    return 0


def ps(*, as_json: bool) -> int:
    """Print the residents of all processes that use this zoo."""
    rows = board.read(Settings.read().home / "running")
    if as_json:
        emit_json(rows)
    elif not rows:
        print("no model is loaded by any process that uses this zoo", file=sys.stderr)
    else:
        columns = ("pid", "model", "device", "weights", "activation", "state", "pinned", "holders", "uses", "idle")
        right = ("pid", "weights", "activation", "holders", "uses", "idle")
        print_table(
            (*columns, "command"), [_written(row) for row in rows], right, least=("command", "holders", "activation")
        )
    return 0


def _written(row: dict[str, Any]) -> list[str]:
    return [
        str(row["pid"]),
        row["model"],
        " + ".join(row["devices"]) or row["device"],
        size(row["weights"]),
        size(row["activation"]),
        row["state"],
        "yes" if row["pinned"] else "",
        str(row["holders"]),
        str(row["uses"]),
        _time(row["idle_s"]),
        row["command"],
    ]


def _time(seconds: float) -> str:
    """Seconds, short: `42 s`, `5 min`, `3 h`."""
    for unit, scale in (("h", 3600), ("min", 60)):
        if seconds >= 2 * scale:
            return f"{seconds / scale:.0f} {unit}"
    return f"{seconds:.0f} s"
