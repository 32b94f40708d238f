"""Does a plugin keep its promises? The checks behind `zoo plugin check` and `zoo.plugin.testing`."""

from __future__ import annotations

from zoo.conformance.examine import CHECKS, Plan, examine, plan
from zoo.conformance.outcomes import COLUMNS, Outcome, Report
from zoo.conformance.trials import Trial

__all__ = ["CHECKS", "COLUMNS", "Outcome", "Plan", "Report", "Trial", "examine", "plan"]
