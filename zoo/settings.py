"""Where and how: the environment's settings, read when called and never at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import BadInput

__all__ = ["PLUGINS_FILE", "Settings", "flag"]

PLUGINS_FILE = "plugins.json"  # in the home: what is decided about plugins

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


def flag(name: str, env: Mapping[str, str] | None = None) -> bool:
    """Read a boolean environment variable; anything but the usual words is an error that names the variable."""
    value = (os.environ if env is None else env).get(name, "").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise BadInput(f"{name}={value!r} is neither yes nor no", f"Set {name}=1 or {name}=0.")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One reading of the environment.

    Attributes:
        home: folder of the zoo (`ZOO_HOME`, default `$XDG_DATA_HOME/zoo`, else `~/.local/share/zoo`).
        offline: open no socket (`ZOO_OFFLINE`).
        database_url: SQLAlchemy URL (`ZOO_DATABASE_URL`); None means `home/registry.db`.
        downloads: how many files are fetched at once (`ZOO_DOWNLOADS`, default 4).
        device_budget: how much memory models may take (`ZOO_DEVICE_BUDGET`), such as `8GB`, `50%` or
            `cpu=4GB,cuda:0=20GB`; None is a safe share of what is free.
        plugins: the only plugins to use (`ZOO_PLUGINS`), a list with commas; none when empty, all when None.
        plugin_approval: use no plugin that was not approved, whatever the home says (`ZOO_PLUGIN_APPROVAL`).
        plugin_timeout: seconds that a new plugin may take to be tried (`ZOO_PLUGIN_TIMEOUT`, default 10).
    """

    home: Path
    offline: bool = False
    database_url: str | None = None
    downloads: int = 4
    device_budget: str | None = None
    plugins: tuple[str, ...] | None = None
    plugin_approval: bool = False
    plugin_timeout: float = 10.0

    @property
    def database(self) -> Path:
        """The SQLite file of this zoo."""
        return self.home / "registry.db"

    @classmethod
    def read(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the variables that the attributes name."""
        env = os.environ if env is None else env
        return cls(
            home=_home(env),
            offline=flag("ZOO_OFFLINE", env),
            database_url=env.get("ZOO_DATABASE_URL") or None,
            downloads=_positive(env, "ZOO_DOWNLOADS", 4),
            device_budget=env.get("ZOO_DEVICE_BUDGET", "").strip() or None,
            plugins=_names(env, "ZOO_PLUGINS"),
            plugin_approval=flag("ZOO_PLUGIN_APPROVAL", env),
            plugin_timeout=_seconds(env, "ZOO_PLUGIN_TIMEOUT", 10.0),
        )


def _home(env: Mapping[str, str]) -> Path:
    if given := env.get("ZOO_HOME"):
        try:
            return Path(given).expanduser().absolute()
        except RuntimeError as error:
            raise BadInput(f"ZOO_HOME={given!r}: {error}", "Give a full path.") from error
    data = env.get("XDG_DATA_HOME")
    return (Path(data) if data else Path("~/.local/share").expanduser()) / "zoo"


def _names(env: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    text = env.get(name)
    if text is None:
        return None
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise BadInput(f"{name}={text!r} is not a positive number of seconds", f"Set for example {name}={default:g}.")
    return seconds


def _positive(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise BadInput(f"{name}={text!r} is not a positive whole number", f"Set for example {name}={default}.")
    return int(text)
