"""Results of many inputs into a file, with which a later run goes on when this one is broken off."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from zoo.data import Item, expand
from zoo.errors import BadOption, ZooError
from zoo.outputs.files import check_path, opened
from zoo.outputs.matching import remaining
from zoo.outputs.origin import Origin
from zoo.outputs.records import Done
from zoo.outputs.skipped import Skipped, skipped_file

if TYPE_CHECKING:
    from zoo.models import Model
    from zoo.models.engine import OnError

__all__ = ["Summary", "Writer", "write_results"]

_FILES = {"image", "audio", "video", "series"}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How far a result file is.

    Attributes:
        path: the file.
        records: how many it holds.
        failed: how many inputs could not be used: records with an `error`, or inputs that were skipped.
        resumed: how many inputs had been done before this run began.
        done: how many inputs this run did.
        seconds: how long it took.
    """

    path: Path
    records: int
    failed: int
    resumed: int
    done: int
    seconds: float

    @property
    def skipped_file(self) -> Path:
        """Where the inputs are listed that were skipped, if any were."""
        return skipped_file(self.path)

    @property
    def rate(self) -> float:
        """Inputs a second."""
        return self.done / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Its facts as JSON values."""
        return {**vars(self), "path": str(self.path), "seconds": round(self.seconds, 3), "rate": round(self.rate, 2)}


class Writer:
    """Runs a model over inputs and writes each result into a file at once. Use it as a context manager.

    A file that is there is gone on with: its inputs are not computed again, and a half-written last line, of a process
    that was killed, is cut off. It must be of the same model, revision, task and options.

    Args:
        model: as loaded.
        path: a `.jsonl` or `.parquet` file; missing folders are made.
        resume: go on with what is in the file; False begins again.
        on_error: for inputs that cannot be used: `return` a record with the error, `skip` them (they are listed in
            `NAME.skipped.jsonl`), or `raise` at the first.
        urls: fetch inputs that are `https://` URLs.
        options: of the task's runner.
        how: what else changes the numbers, such as `{"engine": "onnxruntime"}`; must be the same to go on.

    Raises:
        BadInput: the file is of something else, or no name for a result file.
        BadData: the file holds lines that are no records.
        NoSpace, ResourceError: it cannot be written.
    """

    def __init__(
        self,
        model: Model,
        path: str | Path,
        *,
        resume: bool = True,
        on_error: OnError = "return",
        urls: bool = False,
        options: Mapping[str, Any] | None = None,
        how: Mapping[str, Any] | None = None,
    ) -> None:
        from zoo.models.options import read_options

        if on_error not in {"raise", "skip", "return"}:
            raise BadOption(f"there is no on_error={on_error!r}", "Use raise, skip or return.")
        self.path = Path(path).expanduser()
        self._model = model
        self._on_error = on_error
        self._urls = urls
        self._options = dict(options or {})
        made = read_options(model.engine.runner.Options, self._options)
        self._origin = Origin.of(model, made, on_error, how or {})
        self._maker = self._origin.maker
        if check_path(self.path, resume=resume):
            self._origin.check(self.path)
        self._start = time.monotonic()
        self._resumed = self._records = self._failed = self._done = 0
        self._ended = False
        self._open(resume)

    def _open(self, resume: bool) -> None:
        with contextlib.ExitStack() as opening:
            self._file = opened(self.path, self._maker, fresh=not resume)
            opening.callback(self._file.close)
            if not resume:
                skipped_file(self.path).unlink(missing_ok=True)
            self._skipped = Skipped(self.path, self._maker) if self._on_error == "skip" else None
            if self._skipped:
                opening.callback(self._skipped.journal.close)
            self._origin.write(self.path, finished=False)
            self._closing = opening.pop_all()

    @property
    def summary(self) -> Summary:
        """How far it is."""
        return Summary(
            path=self.path,
            records=self._records,
            failed=self._failed,
            resumed=self._resumed,
            done=self._done,
            seconds=time.monotonic() - self._start,
        )

    def run(self, inputs: Iterable[Any]) -> Iterator[tuple[Item, Any]]:
        """Each input that was still to be done with its result, or `Failure`, which is in the file by then.

        Args:
            inputs: files, folders, globs, texts …, or `zoo.data.Item`, which have names; read as far ahead as needed.

        Raises:
            BadData: an input cannot be used, with `on_error="raise"`.
            BadInput: the inputs are not those with which the file begins.
        """
        from zoo.models import Failure

        kind = self._model.kind.input
        done = self._counted(self._all_done())
        left = remaining(expand(inputs, kind), done, named=kind in _FILES, path=self.path)
        # Inputs are read as far ahead as the engine needs: a pipe of a million lines takes constant memory.
        pairs = self._model.run_pairs(left, urls=self._urls, options=self._options)
        with contextlib.closing(pairs):  # type: ignore[type-var]
            for item, result in pairs:
                self._write(item, result.error if isinstance(result, Failure) else None, result)
                yield item, result
        self._finish()

    def _write(self, item: Item, error: ZooError | None, result: Any) -> None:
        if error and self._on_error == "raise":
            raise error
        if error and self._skipped:
            self._skipped.add(item.name, error, self._records)
        else:
            self._file.journal.append(self._maker.line(item.name, error or result))
            self._records += 1
        self._failed += bool(error)
        self._done += 1

    def _all_done(self) -> Iterator[Done]:
        done = self._file.done()
        return self._skipped.between(done) if self._skipped else done

    def _counted(self, done: Iterable[Done]) -> Iterator[Done]:
        for record in done:
            self._resumed += 1
            self._failed += record.failed
            self._records += not (record.failed and self._skipped)
            yield record

    def _finish(self) -> None:
        self._file.finish()
        self._ended = True

    def close(self) -> None:
        """Make sure that all is on the disk, say beside the file how far it is, and let others write."""
        # On a full disk what made the file stays beside it, and how far it is can be counted.
        with self._closing, contextlib.suppress(ZooError):
            self._origin.write(self.path, finished=self._ended, records=self._records, failed=self._failed)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_results(
    model: Model,
    inputs: Iterable[Any] | str | Path,
    path: str | Path,
    *,
    resume: bool = True,
    on_error: OnError = "return",
    urls: bool = False,
    options: Mapping[str, Any] | None = None,
    how: Mapping[str, Any] | None = None,
) -> Summary:
    """Write the results of many inputs into a file, or go on with it; the arguments are those of `Writer`."""
    given = [inputs] if isinstance(inputs, str | Path) else inputs
    with Writer(model, path, resume=resume, on_error=on_error, urls=urls, options=options, how=how) as writer:
        for _ in writer.run(given):
            pass
        return writer.summary
