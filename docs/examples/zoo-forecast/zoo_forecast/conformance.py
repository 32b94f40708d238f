"""What the conformance kit tries this plugin on; never imported in ordinary use."""

from __future__ import annotations

import math

from zoo.plugin import Case

__all__ = ["cases"]


def cases() -> list[Case]:
    """Forecasting with Fracast-0: a series with a gap, one with times, two channels."""
    season = [20 + 10 * math.sin(2 * math.pi * step / 12) + 0.1 * step for step in range(180)]
    return [
        Case(
            task="time-series-forecasting",
            model="fracast-0",
            inputs=[
                season[:60] + [None] * 6 + season[66:],
                {"month": [f"2024-{month:02}" for month in range(1, 13)], "sold": [float(n % 5) for n in range(12)]},
                [[value, -value] for value in season[:30]],
            ],
            options={"horizon": 6},
            bad=[[1.0, 2.0], [None] * 20, "no-such-file.csv", {"month": ["May", "June"], "weather": ["dry", "wet"]}],
            golden="golden.json",
        )
    ]
