"""Which package index, and how to reach it? The user's own pip configuration."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import BadInput, MissingDependency

__all__ = ["PipConfig", "parse_debug", "read_pip_config"]

# As `pip download` reads them; `[install]` counts too, since that is the section that people fill.
_SECTIONS = ("global", "install", "download")
_LEVELS = ("global", "user", "site", "env")
_LEVEL = re.compile(rf"({'|'.join(_LEVELS)}|env_var):")
_FILE = re.compile(r"  (?P<path>\S.*), exists: (?:True|False)")
_VALUE = re.compile(r"    (?P<section>[^\s.:/]+)\.(?P<key>[^\s.:/]+):(?: (?P<value>.*))?")
_ALIASES = {"pypi-url": "index-url", "default-timeout": "timeout"}
_TRUE = {"y", "yes", "t", "true", "on", "1"}
_FALSE = {"n", "no", "f", "false", "off", "0"}


@dataclass(frozen=True, kw_only=True)
class PipConfig:
    """What of pip's configuration matters for fetching files.

    Attributes:
        index_url: base URL of the index; None for the default one.
        extra_index_urls: further indexes, asked after it.
        find_links: folders, pages or `file:` URLs with links to packages, asked before any index.
        no_index: ask no index at all, only `find_links`.
        proxy: URL of the proxy; None leaves it to the environment.
        cert: file or folder with the certificates of the authorities to trust.
        client_cert: file with the client's own certificate and key.
        trusted_hosts: `host` or `host:port` whose certificates are not checked.
        timeout: seconds without a byte after which a connection is given up.
        retries: how often a failed connection is tried again.
    """

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    proxy: str | None = None
    cert: str | None = None
    client_cert: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = 15.0
    retries: int = 5

    @property
    def indexes(self) -> tuple[str | None, ...]:
        """The indexes in the order in which they are asked; None stands for the default one."""
        return () if self.no_index else (self.index_url, *self.extra_index_urls)

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> PipConfig:
        """Read options by pip's long names without dashes, such as `{"index-url": "…", "timeout": "60"}`."""
        return cls(
            index_url=options.get("index-url"),
            extra_index_urls=_many(options, "extra-index-url"),
            find_links=_many(options, "find-links"),
            no_index=_yes(options, "no-index"),
            proxy=options.get("proxy"),
            cert=_path(options, "cert"),
            client_cert=_path(options, "client-cert"),
            trusted_hosts=_many(options, "trusted-host"),
            timeout=_number(options, "timeout", 15.0),
            retries=int(_number(options, "retries", 5)),
        )


def read_pip_config(env: Mapping[str, str] | None = None) -> PipConfig:
    """The configuration that `pip download` would use now: files, then `PIP_*` environment variables.

    The files are read by pip itself (`pip config debug`: `pip config list` merges the levels in the order of their
    paths, so that it does not say which of two wins).

    Raises:
        MissingDependency: pip is not installed.
        BadInput: pip rejects its configuration, or a value is malformed.
    """
    env = os.environ if env is None else env
    options = parse_debug(_ask_pip(env))
    options.update(_environment(env))
    return PipConfig.from_options(options)


def _ask_pip(env: Mapping[str, str]) -> str:
    # -P: a file pip.py in the current folder must not run; the two variables would change what is printed.
    kept = {k: v for k, v in env.items() if k not in {"PIP_QUIET", "PIP_VERBOSE"}} | {"PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-P", "-m", "pip", "config", "debug"]
    done = subprocess.run(command, env=kept, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if "No module named pip" in done.stderr:
        raise MissingDependency(
            "the package index is read with pip's configuration, and pip is not installed",
            f"Run `{sys.executable} -m ensurepip`.",
        )
    if done.returncode or "env_var:" not in done.stdout:
        said = (done.stderr.strip() or "nothing").splitlines()[-1]
        raise BadInput(f"pip cannot read its configuration: {said}", "See what `pip config debug` says.")
    return done.stdout


def parse_debug(text: str) -> dict[str, str]:
    """Merge the file values in `pip config debug`'s output as pip does: by section, and in it by level and file.

    Returns:
        `{option: value}`; a value of several lines keeps its line breaks; empty values are left out.
    """
    found: list[tuple[int, str, str, str]] = []
    level = -1
    for line in text.splitlines():
        if match := _LEVEL.fullmatch(line):
            level = _LEVELS.index(match[1]) if match[1] in _LEVELS else -1
        elif level < 0 or _FILE.fullmatch(line):
            continue
        elif match := _VALUE.fullmatch(line):
            found.append((level, match["section"], match["key"], match["value"] or ""))
        elif found:
            # a further line of the value before
            last = found[-1]
            found[-1] = (*last[:3], f"{last[3]}\n{line.strip()}")
    return _merge(found)


def _merge(found: Iterable[tuple[int, str, str, str]]) -> dict[str, str]:
    by_section: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for _, section, key, value in sorted(found, key=lambda item: item[0]):
        if section in by_section:
            by_section[section][_ALIASES.get(key, key)] = value.strip()
    return {key: value for section in _SECTIONS for key, value in by_section[section].items() if value}


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    named = {k[4:].lower().replace("_", "-"): v.strip() for k, v in env.items() if k.startswith("PIP_") and v.strip()}
    return {_ALIASES.get(key, key): value for key, value in named.items()}


def _many(options: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(options.get(name, "").split())


def _path(options: Mapping[str, str], name: str) -> str | None:
    value = options.get(name)
    return None if value is None else str(Path(value).expanduser())


def _yes(options: Mapping[str, str], name: str) -> bool:
    value = options.get(name, "no").lower()
    if value not in _TRUE | _FALSE:
        raise BadInput(
            f"pip's option {name} is {value!r}, neither yes nor no", f"Run `pip config unset global.{name}`."
        )
    return value in _TRUE


def _number(options: Mapping[str, str], name: str, default: float) -> float:
    text = options.get(name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise BadInput(
            f"pip's option {name} is {text!r}, not a number", f"Set for example PIP_{name.upper()}={default}."
        )
    return number
