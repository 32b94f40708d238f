"""`zoo devices`, `zoo ps`: where models can run, and which are loaded now."""

from __future__ import annotations

from zoo.cli.options import Json

__all__ = ["devices", "ps"]


def devices(as_json: Json = False) -> int:
    """Show what models can run on: memory in all, free, within the budget, and taken by loaded models.

    ZOO_DEVICE_BUDGET bounds what the models of one process may take; without it, a safe share of what is free.

    \b
    Examples:
      zoo devices
      ZOO_DEVICE_BUDGET=cpu=4GB,cuda:0=20GB zoo devices
    """
    from zoo.cli import running

    return running.devices(as_json=as_json)


def ps(as_json: Json = False) -> int:
    """Show the models that are loaded now, by all processes of yours that use this zoo.

    \b
    Example:
      zoo ps
    """
    from zoo.cli import running

    return running.ps(as_json=as_json)
