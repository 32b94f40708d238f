"""Reading frozen graphs, and refusing damaged ones."""

from __future__ import annotations

import numpy as np
import pytest
from zoo_detection.tf_graph import read_constants

from zoo.errors import IntegrityError

ARRAY = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_reads_what_was_written(tmp_path, pb):
    path = tmp_path / "graph.pb"
    path.write_bytes(pb.graph({"a/weights": ARRAY, "b": np.float32([7])}))
    made = read_constants(path)
    assert made.keys() == {"a/weights", "b"}
    assert np.array_equal(made["a/weights"], ARRAY)
    assert not made["a/weights"].flags.writeable


def test_reads_listed_values_the_last_standing_for_the_rest(tmp_path, pb):
    shape = pb.field(2, pb.field(2, pb.field(1, 3)))  # one dimension of 3
    listed = pb.field(1, 1) + shape + pb.field(5, np.float32([1, 2]).tobytes())
    scalar = pb.field(1, 1) + b"\x2d" + np.float32([0.5]).tobytes()  # not packed: a fixed 32-bit field
    path = tmp_path / "graph.pb"
    path.write_bytes(pb.const("listed", listed) + pb.const("scalar", scalar))
    made = read_constants(path)
    assert made["listed"].tolist() == [1, 2, 2]
    assert made["scalar"].shape == () and made["scalar"] == 0.5


def test_other_types_are_left_out(tmp_path, pb):
    path = tmp_path / "graph.pb"
    path.write_bytes(pb.graph({"a": ARRAY}) + pb.const("shape", pb.tensor(np.int32([1, 2]), dtype=3)))
    assert read_constants(path).keys() == {"a"}


def damaged(pb):
    whole = pb.graph({"a": ARRAY, "b": ARRAY})
    ones = pb.field(1, 1)
    return {
        "empty": b"",
        "text": b"this is not a graph, just words\n",
        "zip": b"PK\x03\x04" + bytes(60),
        "no constants": pb.field(1, pb.field(1, b"x") + pb.field(2, b"Placeholder")),
        "cut in the middle": whole[: len(whole) // 2],
        "cut by one byte": pb.graph({"a": ARRAY})[:-1],
        "endless number": b"\xff" * 12,
        "length beyond the end": b"\x0a" + pb.varint(1 << 40),
        "unknown wire type": whole + b"\x0b",
        "bytes do not fit the shape": pb.const("a", pb.tensor(ARRAY)[:-26] + pb.field(4, bytes(16))),
        "absurd shape": pb.const("a", ones + pb.field(2, pb.field(2, pb.field(1, 1 << 50)))),
        "too many dimensions": pb.const("a", ones + pb.field(2, pb.field(2, pb.field(1, 1)) * 20)),
        "shape without values": pb.const("a", ones + pb.field(2, pb.field(2, pb.field(1, 5)))),
        "two of one name": pb.graph({"a": ARRAY}) + pb.graph({"a": ARRAY}),
        "node is a number": pb.field(1, 5),
        "name is not text": pb.field(1, pb.field(1, b"\xff\xfe") + pb.field(2, b"Const")),
        "attribute is a number": pb.field(1, pb.field(1, b"a") + pb.field(5, 3)),
        "tensor is a number": pb.field(
            1, pb.field(1, b"a") + pb.field(2, b"Const") + pb.field(5, pb.field(1, b"value") + pb.field(2, 1))
        ),
    }


KINDS = [
    "absurd shape",
    "attribute is a number",
    "bytes do not fit the shape",
    "cut by one byte",
    "cut in the middle",
    "empty",
    "endless number",
    "length beyond the end",
    "name is not text",
    "no constants",
    "node is a number",
    "shape without values",
    "tensor is a number",
    "text",
    "too many dimensions",
    "two of one name",
    "unknown wire type",
    "zip",
]


def test_all_kinds_are_tried(pb):
    assert sorted(damaged(pb)) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_graphs_are_refused(tmp_path, pb, kind):
    path = tmp_path / "graph.pb"
    path.write_bytes(damaged(pb)[kind])
    with pytest.raises(IntegrityError, match=r"graph\.pb"):
        read_constants(path)


def test_every_cut_is_refused_or_names_fewer_constants(tmp_path, pb):
    whole = pb.graph({"a": ARRAY})
    path = tmp_path / "graph.pb"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        try:
            made = read_constants(path)
        except IntegrityError:
            continue
        assert np.array_equal(made["a"], ARRAY)
