"""Faces: CenterFace and MTCNN on a real face, and the graph that is freed of its sizes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from zoo_detection.centerface import CenterFaceEngine, CenterFaceOptions
from zoo_detection.faces import POINTS, face, fitted
from zoo_detection.faces_cards import FACES
from zoo_detection.mtcnn import Mtcnn, _outermost, _scales
from zoo_detection.mtcnn_loader import MtcnnLoader
from zoo_detection.mtcnn_runner import MtcnnOptions
from zoo_detection.onnx_shapes import free_sizes

from zoo.cards import ModelCard
from zoo.errors import BadOption, IntegrityError, WeightsMismatch
from zoo.models.context import Context
from zoo.plugin import Checkpoint


def overlap(a, b) -> float:
    inner = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return inner / (sum(areas) - inner)


@pytest.mark.real
def test_both_models_find_the_astronauts_face(real_zoo, picture):
    """In the picture, in a wider one, and many times in a large one, which is looked at in tiles."""
    with Image.open(picture("astronaut")) as image:
        astronaut = image.convert("RGB")
    aside = Image.new("RGB", (700, 530), "white")
    aside.paste(astronaut, (150, 10))
    crowd = np.tile(np.asarray(astronaut.resize((128, 128))), (4, 4, 1))
    found = {}
    for name in ("centerface", "mtcnn"):
        with real_zoo.load(name) as model:
            one, moved = model.predict([astronaut, aside])
            tiled = model.predict(crowd, tile=320, longest=320)
            nobody = model.predict([picture("chelsea"), Image.new("RGB", (40, 4)), Image.new("RGB", (1, 1))])
        assert [box.label for box in one.boxes] == ["face"]
        (box,), (other,) = one.boxes, moved.boxes
        assert box.score > 0.9
        assert overlap(np.subtract(other.box, (150, 10, 150, 10)), box.box) > 0.85
        assert list(box.points) == list(POINTS)
        x1, y1, x2, y2 = box.box
        assert all(x1 < x < x2 and y1 < y < y2 for x, y in box.points.values())
        eyes, mouth = (box.points[n] for n in ("left_eye", "right_eye")), box.points["mouth_left"]
        (left, right), nose = eyes, box.points["nose"]
        assert left[0] < nose[0] < right[0]
        assert left[1] < nose[1] < mouth[1]
        assert [len(result.boxes) for result in nobody] == [0, 0, 0]
        assert len(tiled.boxes) == 16
        assert one.draw(astronaut).getpixel(tuple(map(round, nose))) != astronaut.getpixel(tuple(map(round, nose)))
        found[name] = box
    first, second = found.values()
    assert overlap(first.box, second.box) > 0.5
    for name in POINTS:
        assert np.hypot(*np.subtract(first.points[name], second.points[name])) < 10


def test_a_graph_is_freed_of_its_sizes(tmp_path):
    weights = numpy_helper.from_array(np.ones((2, 3, 3, 3), dtype=np.float32), "w")
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1] * 4, kernel_shape=[3, 3])
    infos = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", [10, 3, 32, 32]), ("w", [2, 3, 3, 3]), ("y", [10, 2, 32, 32]))
    ]
    graph = helper.make_graph([node], "g", infos[:2], infos[2:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4)
    made = onnx.load_from_string(free_sizes(model.SerializeToString()))
    assert [value.name for value in made.graph.input] == ["x"]
    for value in (*made.graph.input, *made.graph.output):
        assert not value.type.tensor_type.HasField("shape")
        assert value.type.tensor_type.elem_type == TensorProto.FLOAT
    assert made.graph.node == model.graph.node
    assert made.graph.initializer == model.graph.initializer
    (path := tmp_path / "centerface.onnx").write_bytes(model.SerializeToString())
    pictures = np.ones((2, 3, 64, 96), dtype=np.float32)
    (maps,) = CenterFaceEngine(path, "cpu").run(pictures)
    assert maps.shape == (2, 2, 64, 96)
    assert maps[0, 0, 5, 5] == 27


@pytest.mark.parametrize("data", [b"no graph at all", b"\x3a\xff\x7f", b"\x3f", b"\x80" * 20])
def test_what_is_no_graph_is_refused(tmp_path, data):
    (path := tmp_path / "centerface.onnx").write_bytes(data)
    with pytest.raises(IntegrityError):
        CenterFaceEngine(path, "cpu")


def test_faces_are_cut_to_the_picture():
    points = [(n, n) for n in range(5)]
    made = face(1.2, (-5, 2, 50, 300), points, (40, 60))
    assert (made.score, made.box, made.points["nose"]) == (1.0, (0, 2, 40, 60), (2, 2))
    assert face(0.9, (41, 0, 50, 20), points, (40, 60)) is None


def test_large_pictures_are_scaled_down():
    assert fitted(Image.new("RGB", (300, 100)), 150).size == (150, 50)
    assert fitted(Image.new("RGB", (3000, 1)), 64).size == (64, 1)
    assert fitted(Image.new("RGB", (300, 100)), 0).size == (300, 100)
    for wrong in ({"longest": 10}, {"smallest": 5}, {"first": 1.5}):
        with pytest.raises(BadOption):
            MtcnnOptions(**wrong)
    with pytest.raises(BadOption):
        CenterFaceOptions(longest=-1)


def test_the_cascade_looks_at_every_scale_down_to_its_field():
    scales = _scales(100, 20)
    assert scales[0] == pytest.approx(0.6)
    assert 100 * scales[-1] >= 12 > 100 * scales[-1] * 0.709
    assert _scales(10, 20) == []


def test_a_face_inside_a_better_one_is_the_same():
    corners = torch.tensor([[0.0, 0, 40, 40], [0, 0, 100, 100], [90, 90, 180, 180]])
    assert _outermost(corners, torch.tensor([0.8, 0.9, 0.7])).tolist() == [1, 2]


def test_parameters_are_counted_and_other_files_refused(tmp_path):
    from safetensors.torch import save_file

    card: ModelCard = FACES[1]
    assert sum(p.numel() for p in MtcnnLoader().blank(card).parameters()) == card.parameters
    for net in ("pnet", "rnet", "onet"):
        save_file({"conv1.weight": torch.zeros(1)}, tmp_path / f"{net}.safetensors")
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=tmp_path, model="mtcnn")
    with pytest.raises(WeightsMismatch, match="pnet"):
        MtcnnLoader().load(Checkpoint(card=card, path=tmp_path, revision="0" * 64), context)


def test_a_cascade_without_faces_finds_nothing():
    torch.manual_seed(0)
    found = Mtcnn().eval()(torch.zeros(3, 60, 80), 20, (0.999, 0.7, 0.7))
    assert (len(found.corners), len(found.scores), found.points.shape) == (0, 0, (0, 5, 2))
