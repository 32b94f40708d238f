"""`zoo doctor`: is all well?"""

from __future__ import annotations

from zoo.cli.render import emit_json, safe
from zoo.cli.working import open_zoo

__all__ = ["doctor"]


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
