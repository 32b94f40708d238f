"""What moved upstream? Installed models compared with their cards and with their origins, as they are now."""

from __future__ import annotations

from zoo.upstream.findings import Finding
from zoo.upstream.survey import outdated

__all__ = ["Finding", "outdated"]
