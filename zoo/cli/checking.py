"""`zoo doctor` and `zoo plugin`: is all well?"""

from __future__ import annotations

import sys
from typing import Any

from zoo.cli.render import emit_json, print_table, safe
from zoo.cli.working import open_zoo

__all__ = ["doctor", "plugin_list", "plugin_sync"]


def doctor(*, deep: bool, fix: bool, as_json: bool) -> int:
    """Print one line per check; exit code 1 when one failed."""
    from zoo.doctor import examine

    checks = examine(open_zoo(), deep=deep, fix=fix)
    if as_json:
        emit_json([check.to_dict() for check in checks])
    else:
        for check in checks:
            print(f"{check.state:<5} {check.name:<10} {safe(check.detail)}")
            if check.remedy:
                print(f"{'':16} {safe(check.remedy)}")
    return 1 if any(check.state == "fail" for check in checks) else 0


def plugin_list(*, as_json: bool) -> int:
    """Print the plugins; the broken ones with their reason."""
    zoo = open_zoo()
    _ = zoo.catalog  # syncing may find a plugin whose cards are bad
    infos = zoo.plugins.plugins()
    if as_json:
        emit_json([_plain(info) for info in infos])
    elif not infos:
        print("no plugin is installed; `pip install 'zoo-registry[all]'` brings the built-in domains", file=sys.stderr)
    else:
        rows = [[info.name, info.distribution, info.module, info.error or "works"] for info in infos]
        print_table(("plugin", "package", "module", "state"), rows, least=("module",))
    return 0


def _plain(info: Any) -> dict[str, Any]:
    return {"name": info.name, "distribution": info.distribution, "module": info.module, "error": info.error}


def plugin_sync(*, as_json: bool) -> int:
    """Read all plugins' cards again and print what changed."""
    reports = open_zoo().sync()
    if as_json:
        emit_json(reports)
    else:
        columns = ("plugin", "added", "updated", "removed", "unchanged")
        print_table(columns, [[str(report[column]) for column in columns] for report in reports], right=columns[1:])
    return 0
