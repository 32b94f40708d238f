"""A training that is killed, interrupted, or refused by the disk goes on, and ends as if nothing had been."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent


def killed(home: Path, kills: int, **options: Any) -> dict[str, Any]:
    settings = {"epochs": 4, "batch": 4, "seed": 5, "save_seconds": 0.0, "learning_rate": 5e-3, **options}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, str(HERE / "killing.py"), str(home), "1", str(kills), json.dumps(settings)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(240)  # on a machine that others use; about 20 seconds on two cores alone
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            {"method": "full", "accumulate": 2, "batch": 2, "unfreeze": 3, "checkpointing": True, "count": 26},
            id="full",
        ),
        pytest.param({"method": "lora", "count": 25}, id="lora"),
    ],
)
def test_kill_9_leaves_no_trace(home: Path, options: dict[str, Any]) -> None:
    found = killed(home, 3, **options)
    assert found["killed"] >= 2
    assert any(found["steps"])
    assert found["continued"] == found["whole"]
    assert found["same_curves"]
