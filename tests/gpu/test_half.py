"""The small models in 16 bits on the CPU: what would break in numpy or overflow on an accelerator breaks here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tiny_fixtures import Models
from zoo import Zoo


def numbers(result: Any) -> np.ndarray:
    """The scores of a classification in the order of its labels' names, or an embedding."""
    found = result.to_dict()
    if "labels" in found:
        return np.array([row["score"] for row in sorted(found["labels"], key=lambda row: row["label"])])
    return np.asarray(result.vector)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["pics", "texts", "judge"])
def test_results_are_close_to_those_in_32_bits(name: str, dtype: str, here: Zoo, models: Models) -> None:
    value = models.red if name == "pics" else "a very good film"
    options = {} if name == "texts" else {"top_k": 3}
    with here.load(name, device="cpu") as model:
        expected = numbers(model.predict(value, **options))
    with here.load(name, device="cpu", dtype=dtype) as model:
        assert str(model.dtype) == f"torch.{dtype}"
        got = numbers(model.predict(value, **options))
    assert np.isfinite(got).all()
    assert np.abs(got - expected).max() <= 0.05 * max(1, np.abs(expected).max())
