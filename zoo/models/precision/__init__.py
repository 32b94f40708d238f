"""Other engines and precisions for loaded models: onnxruntime in float32, and 8-bit integers.

Nothing is taken on trust: each is measured on the user's machine against torch in float32, reported, and refused where
it is worse.
"""

from __future__ import annotations

from zoo.models.precision.preparing import prepare
from zoo.models.precision.report import Difference, Refused, Report, Speed, Trial
from zoo.models.precision.wanted import ENGINES, QUANTIZE, check

__all__ = ["ENGINES", "QUANTIZE", "Difference", "Refused", "Report", "Speed", "Trial", "check", "prepare"]
