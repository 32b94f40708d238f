"""Records as a Parquet file: typed columns, in constant memory, whole or not there at all.

The types are not guessed from the first records: all are read once for the types, then once more to be written.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import IntegrityError, MissingDependency
from zoo.outputs.faults import writing
from zoo.outputs.records import as_json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FIXED", "count_rows", "flat", "need_pyarrow", "read_rows", "write_table"]

FIXED = ("input", "task", "model", "revision")
_MOST_ROWS = 5000
_MOST_BYTES = 16 << 20
_AS_JSON = {b"zoo": b"json"}


def need_pyarrow() -> None:
    """Raise `MissingDependency` unless pyarrow is here."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingDependency(
            "Parquet files are written with pyarrow, which is not installed",
            "pip install pyarrow, or name a .jsonl file.",
        ) from error


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a row: the result's fields are columns of their own."""
    row: dict[str, Any] = {name: record[name] for name in FIXED}
    row["input"] = row["input"].encode("utf-8", "backslashreplace").decode()  # some names of files are no text
    row["error"] = record.get("error")
    for key, value in (record.get("result") or {}).items():
        row[f"result_{key}" if key in row else key] = value
    return row


def count_rows(path: Path) -> int:
    """How many rows a Parquet file has; raises `IntegrityError` for a file that is none."""
    return int(_opened(path).metadata.num_rows)


def read_rows(path: Path, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file that `write_table` wrote."""
    file = _opened(path)
    encoded = [field.name for field in file.schema_arrow if (field.metadata or {}).get(b"zoo") == b"json"]
    for batch in file.iter_batches(batch_size=1000, columns=columns):
        for row in batch.to_pylist():
            for name in encoded:
                if row.get(name) is not None:
                    row[name] = json.loads(row[name])
            yield row


def write_table(path: Path, rows: Callable[[], Iterable[tuple[int, dict[str, Any]]]]) -> None:
    """Write rows, each with its size in bytes, into a Parquet file that replaces `path` when it is whole.

    Args:
        path: the file.
        rows: gives all of them; called twice.

    Raises:
        NoSpace, ResourceError: it cannot be written; what was at `path` is still there.
    """
    import pyarrow.parquet as pq

    schema = _schema(_batches(rows()))
    beside = path.with_name(f".{path.name}.unfinished")
    with writing(path):
        try:
            with beside.open("wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for batch in _batches(rows()):
                    writer.write_table(_table(batch, schema))
            _synced(beside).replace(path)
        except BaseException:  # whatever it was, the unfinished file is of no use
            beside.unlink(missing_ok=True)
            raise


def _opened(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise IntegrityError(
            f"{path} is not a sound Parquet file: {error}", "Name another file, or start again with --overwrite."
        ) from error


def _synced(path: Path) -> Path:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return path


def _batches(rows: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in groups of a bounded number and size: one row group of the file each."""
    batch: list[dict[str, Any]] = []
    weight = 0
    for size, row in rows:
        batch.append(row)
        weight += size
        if len(batch) >= _MOST_ROWS or weight >= _MOST_BYTES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _schema(batches: Iterable[list[dict[str, Any]]]) -> pa.Schema:
    """One type for each column that fits all rows; JSON text where there is none."""
    import pyarrow as pa

    fault = pa.struct([("cause", pa.string()), ("remedy", pa.string())])
    fixed = {**dict.fromkeys(FIXED, pa.string()), "error": fault}
    kinds: dict[str, pa.DataType | None] = {}
    for batch in batches:
        for name in dict.fromkeys(itertools.chain.from_iterable(batch)):
            if name not in fixed:
                made = _kind([row.get(name) for row in batch])
                kinds[name] = _both(kinds[name], made) if name in kinds else made
    fields = [pa.field(name, kind) for name, kind in fixed.items()]
    for name, kind in kinds.items():
        as_json = kind is None or _has_empty_struct(kind)
        fields.append(pa.field(name, pa.string(), metadata=_AS_JSON) if as_json else pa.field(name, kind))
    return pa.schema(fields)


def _kind(values: list[Any]) -> pa.DataType | None:
    import pyarrow as pa

    try:
        return pa.array(values).type
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        return None


def _both(one: pa.DataType | None, other: pa.DataType | None) -> pa.DataType | None:
    """The type that holds the values of both, None where there is none."""
    import pyarrow as pa

    if one is None or other is None:
        return None
    try:
        schemas = [pa.schema([("x", kind)]) for kind in (one, other)]
        return pa.unify_schemas(schemas, promote_options="permissive").field("x").type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None


def _has_empty_struct(kind: pa.DataType) -> bool:
    """Whether a struct without fields is in it, which Parquet cannot hold."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return not kind.num_fields or any(_has_empty_struct(kind.field(i).type) for i in range(kind.num_fields))
    return bool(pa.types.is_list(kind)) and _has_empty_struct(kind.value_type)


def _table(batch: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = []
    for field in schema:
        values = [row.get(field.name) for row in batch]
        if field.metadata == _AS_JSON:
            values = [value if value is None else as_json(value) for value in values]
        columns.append(pa.array(values, type=field.type))
    return pa.Table.from_arrays(columns, schema=schema)
