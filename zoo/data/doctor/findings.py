"""What the data doctor says: findings, and the verdict that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from zoo.errors import BadData
from zoo.tasks import TargetKind

__all__ = ["Diagnosis", "Finding", "Severity", "Verdict"]

Severity = Literal["blocking", "warning", "note"]
Verdict = Literal["ready", "usable", "broken"]

_ORDER: dict[str, int] = {"blocking": 0, "warning": 1, "note": 2}
_SAID = 3  # findings that an error's one line holds


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing about a data set that its owner should know.

    Attributes:
        check: the name of the check that found it; stable, for scripts.
        severity: `blocking`: nothing can, or should, be learnt until it is mended; `warning`: it can, and the result is
            likely to suffer or to mislead; `note`: good to know.
        text: what was found, with numbers.
        remedy: what to do; empty where there is nothing to do.
        rows: some of the rows that show it, as `Row.where` names them, with what is wrong there.
        count: how many rows it concerns; 0 where it concerns the data set as a whole.
        fixable: whether `fix` mends it.
    """

    check: str
    severity: Severity
    text: str
    remedy: str = ""
    rows: tuple[str, ...] = ()
    count: int = 0
    fixable: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "check": self.check,
            "severity": self.severity,
            "text": self.text,
            "remedy": self.remedy,
            "rows": list(self.rows),
            "count": self.count,
            "fixable": self.fixable,
        }


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was found out about a data set.

    Attributes:
        name: of the data set.
        task: what it is to be used for.
        kind: the form of its labels; `zoo.tasks.TargetKind`.
        counts: rows of each part; `all` where no parts were given.
        findings: the worst first.
        deep: whether contents were looked at too: every picture decoded, near-duplicates searched.
    """

    name: str
    task: str
    kind: TargetKind
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    deep: bool = True

    def __post_init__(self) -> None:
        ordered = sorted(self.findings, key=lambda finding: _ORDER[finding.severity])
        object.__setattr__(self, "findings", tuple(ordered))

    @property
    def verdict(self) -> Verdict:
        """`broken` with a blocking finding, `usable` with a warning, else `ready`."""
        severities = {finding.severity for finding in self.findings}
        return "broken" if "blocking" in severities else "usable" if "warning" in severities else "ready"

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings because of which nothing can be learnt."""
        return tuple(finding for finding in self.findings if finding.severity == "blocking")

    def raise_if_broken(self) -> None:
        """Stop what would fail, or mislead, later.

        Raises:
            BadData: the first blocking findings, and what to do about the first.
        """
        if not self.blocking:
            return
        said = [_with_row(finding) for finding in self.blocking[:_SAID]]
        more = f"; and {len(self.blocking) - _SAID} more" if len(self.blocking) > _SAID else ""
        remedy = f"{self.blocking[0].remedy} `zoo data doctor` says more, and mends what is safe with --fix."
        raise BadData(f"{self.name}: {'; '.join(said)}{more}", remedy.strip())

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "name": self.name,
            "task": self.task,
            "kind": self.kind,
            "verdict": self.verdict,
            "deep": self.deep,
            "counts": dict(self.counts),
            "findings": [finding.to_dict() for finding in self.findings],
        }


def _with_row(finding: Finding) -> str:
    """What was found, with the first row that shows it."""
    return f"{finding.text} ({finding.rows[0]}{', …' if finding.count > 1 else ''})" if finding.rows else finding.text
