"""Is the data fit to learn from? Findings with causes and remedies, a verdict, and a mended copy where that is safe."""

from __future__ import annotations

from zoo.data.doctor.examining import diagnose, examine
from zoo.data.doctor.findings import Diagnosis, Finding
from zoo.data.doctor.mending import Mended, fix, mend

__all__ = ["Diagnosis", "Finding", "Mended", "diagnose", "examine", "fix", "mend"]
