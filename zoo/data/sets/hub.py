"""Data sets of the hub, by name, through the `datasets` library; nothing that they bring is executed.

The library runs no scripts of data sets since its version 4, and is never asked to trust any.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.data.sets.found import Found, part_named, put_together
from zoo.data.sets.typed import read_dataset
from zoo.errors import BadData, BadRef, NetworkError, OfflineError

__all__ = ["read_hub"]


def read_hub(source: str, cache: Path | None, *, offline: bool) -> Found:
    """The rows of `hf:owner/name` or `hf:owner/name@config`, in the parts that it has.

    Args:
        source: the name; `config` is the data set's own word for one of its versions (`sst2` of `nyu-mll/glue`).
        cache: folder of the `datasets` library's files; its own where None.
        offline: use only what is in the cache.

    Raises:
        BadRef: no such name can be.
        OfflineError: offline, and not in the cache.
        NetworkError: the hub cannot be reached.
        BadData: there is no such data set, or it cannot be read.
    """
    name, _, config = source.removeprefix("hf:").partition("@")
    if name.count("/") > 1 or not all(name.split("/")) or name.startswith((".", "/")):
        raise BadRef(f"{source!r} is not a data set of the hub", "Write `hf:owner/name` or `hf:owner/name@config`.")
    loaded = _load(name, config or None, cache, offline)
    named = {part_named(part) or str(part): rows for part, rows in loaded.items()}
    chosen = {part: rows for part, rows in named.items() if part_named(part)} or {"all": next(iter(named.values()))}
    short = name.rpartition("/")[2]
    tables = {part: [read_dataset(rows, f"{short}/{part}", None)] for part, rows in chosen.items()}
    return put_together(short, source, tables)


def _load(name: str, config: str | None, cache: Path | None, offline: bool) -> Any:
    import datasets
    from datasets.exceptions import DatasetsError

    reachable = not offline and not datasets.config.HF_HUB_OFFLINE and _is_reachable(datasets.config.HF_ENDPOINT)
    try:
        with _quiet(offline=not reachable):
            # The prefix keeps a folder of the same name below the current one from being taken instead.
            return datasets.load_dataset(f"hf://datasets/{name}", config, cache_dir=str(cache) if cache else None)
    except (DatasetsError, ValueError, OSError, RuntimeError) as error:
        if reachable:
            raise _told(name, error) from error
        if offline or datasets.config.HF_HUB_OFFLINE:
            cause = f"the data set {name} is not here, and the network is forbidden"
            raise OfflineError(cause, "Read it once without --offline and ZOO_OFFLINE.") from error
        cause = f"the data set {name} is not here, and the hub cannot be reached"
        raise NetworkError(cause, "Look at the connection, or try again later.") from error


def _is_reachable(endpoint: str) -> bool:
    """Whether the hub answers at all; the library would try for half a minute before it looks into its cache."""
    import requests

    try:
        requests.head(endpoint, timeout=10)
    except requests.RequestException:
        return False
    return True


def _told(name: str, error: Exception) -> BadData | NetworkError:
    reason = _first_line(error)
    if "scripts are no longer supported" in reason:
        return BadData(f"{name} is a script, which is never run", "Look for a version of it in Parquet files.")
    if "onfig" in reason and ("missing" in reason or "not found" in reason):
        return BadData(f"{name} needs a configuration: {_flat(error)}", f"Write `hf:{name}@CONFIG`.")
    if isinstance(error, ConnectionError) or type(error).__module__.startswith(("httpx", "huggingface_hub")):
        return NetworkError(f"the hub did not deliver {name}: {reason}", "Try again later.")
    return BadData(f"the data set {name} cannot be read: {reason}", "Look at its page on the hub.")


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _flat(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


@contextmanager
def _quiet(*, offline: bool) -> Iterator[None]:
    """No bars, no log of what is raised anyway, and the library's own offline mode where wanted; put back after."""
    import datasets
    from datasets.utils import logging as bars

    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    was_offline, had_bars = datasets.config.HF_HUB_OFFLINE, bars.is_progress_bar_enabled()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    bars.disable_progress_bar()
    datasets.config.HF_HUB_OFFLINE = was_offline or offline
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = was_offline
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if had_bars:
            bars.enable_progress_bar()
