"""What a run ran on: packages, hardware, threads and the command."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["environment", "hardware", "plugin_versions", "threads"]

PACKAGES = (
    "zoo-registry",
    "accelerate",
    "datasets",
    "numpy",
    "onnxruntime",
    "optuna",
    "peft",
    "scikit-learn",
    "scipy",
    "timm",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
)


def environment() -> dict[str, Any]:
    """What this process runs on, as JSON: Python, system, packages, hardware, threads, command and its folder.

    torch is asked where it has been imported already, and is not imported for this.
    """
    from zoo import __version__
    from zoo.devices.container import cpu_count

    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "zoo": __version__,
        "processors": cpu_count(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "hardware": hardware(),
        "threads": threads(),
        "argv": _argv(),
        "folder": str(Path.cwd()),
    }


def hardware() -> dict[str, Any]:
    """Processor, cores that may be used, bytes of memory, and accelerators (None where torch was not imported)."""
    import psutil

    from zoo.devices.container import cpu_count, memory_limit

    total = int(psutil.virtual_memory().total)
    limit = memory_limit()
    return {
        "cpu": _processor(),
        "cores": cpu_count(),
        "memory": min(total, limit[0]) if limit else total,
        "accelerators": _accelerators(),
    }


def threads() -> int:
    """How many threads torch computes with, or would, as far as can be told without importing it."""
    from zoo.devices.container import cpu_count

    if (torch := sys.modules.get("torch")) is not None:
        return int(torch.get_num_threads())
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() and int(told) else cpu_count()


def plugin_versions(registry: Registry) -> Mapping[str, str]:
    """`{plugin: version}` of the plugins that work."""
    working = set(registry.plugins.working())
    return {info.name: info.version for info in registry.plugins.plugins() if info.name in working}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _argv() -> list[str]:
    """The command; `python -m zoo` and what torchrun starts are written as the command that does the same."""
    program = Path(sys.argv[0] if sys.argv and sys.argv[0] else "python")
    return ["zoo" if program.parts[-2:] == ("zoo", "__main__.py") else program.name, *sys.argv[1:]]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _accelerators() -> list[dict[str, Any]] | None:
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    found = []
    for kind in ("cuda", "xpu"):
        module = getattr(torch, kind)
        count = module.device_count() if module.is_available() else 0
        for index in range(count):
            memory = int(module.get_device_properties(index).total_memory)
            found.append({"name": f"{kind}:{index}", "model": module.get_device_name(index), "memory": memory})
    if torch.backends.mps.is_available():
        found.append({"name": "mps", "model": "Apple GPU", "memory": None})
    return found
