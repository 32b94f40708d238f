"""torchvision's detectors, segmenters and video models: equal to the library's own, and run by the engine."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
import zoo_detection
import zoo_vision
from torchvision import models
from torchvision.ops import FrozenBatchNorm2d
from zoo_detection.cards import COCO_LABELS
from zoo_detection.tiling import TileOptions
from zoo_detection.torchvision_runner import FigureOptions, InstanceSegmentation, KeypointDetection, ObjectDetection
from zoo_vision.films import FilmOptions, VideoClassification, clip_starts, frames_of, prepared_clip
from zoo_vision.semantic import SemanticSegmentation, scaled
from zoo_vision.torchvision_loader import TorchvisionLoader

from zoo import Zoo
from zoo.errors import BadData, BadOption, UnsupportedFormat
from zoo.models import engine
from zoo.models.engine import Failure
from zoo.plugin import NoOptions, PluginManager, hookimpl

SMALL = {"min_size": 128, "max_size": 192}
FEW = {**SMALL, "rpn_post_nms_top_n_test": 60}


@pytest.fixture
def twin(cards, write, load, randomise, tool):
    """`twin(name)`: torchvision's own module with random weights, and ours loaded from its file; scaled down to run."""

    def make(name: str, **build):
        card = cards[f"torchvision/{name}"]
        architecture, _, weights = name.partition(".")
        torch.manual_seed(5)
        with torch.random.fork_rng():
            released = tool("vision_torchvision").released(architecture, models.get_weight(_weights(card, weights)))
        wanted = randomise(released)
        if build:
            wanted.transform.min_size, wanted.transform.max_size = (build["min_size"],), build["max_size"]
            if hasattr(wanted, "rpn"):
                wanted.rpn._post_nms_top_n["testing"] = build["rpn_post_nms_top_n_test"]
            card = card.replace(config={**card.config, "build": {**card.config.get("build", {}), **build}})
        checkpoint = write(card, wanted.state_dict())
        module = load(TorchvisionLoader(), checkpoint)
        same_tensors(wanted, module)
        return wanted, module, checkpoint

    return make


# As the library lays pictures out: these networks of random weights make rounding large.
Engine = functools.partial(engine.Engine, channels_last=False)


def _weights(card, weights: str) -> str:
    return f"{models.get_model_weights(card.architecture).__name__}.{weights.upper()}"


def same_tensors(wanted: torch.nn.Module, module: torch.nn.Module) -> None:
    """Bit for bit. Outputs can still differ in the last bits: files are mapped at other alignments than torch's own."""
    own, given = wanted.state_dict(), module.state_dict()
    assert own.keys() == given.keys()
    assert all(torch.equal(tensor, given[name]) for name, tensor in own.items())


def close(given: torch.Tensor, wanted: torch.Tensor) -> None:
    assert wanted.std() > 0
    torch.testing.assert_close(given, wanted, rtol=1e-4, atol=1e-4)


def tensor(image) -> torch.Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def kind(number: int):
    """What a class of COCO is called, and its number; columns that stand for none have neither."""
    return (COCO_LABELS[number], number) if number in COCO_LABELS else (str(number), None)


DETECTORS = [
    ("fasterrcnn_mobilenet_v3_large_320_fpn.coco_v1", 1e-5, FEW),
    ("fasterrcnn_resnet50_fpn.coco_v1", 0.0, FEW),
    ("ssdlite320_mobilenet_v3_large.coco_v1", None, {}),
]


@pytest.mark.parametrize(("name", "eps", "build"), DETECTORS)
def test_detectors_equal_torchvisions_own(twin, photo, name, eps, build):
    wanted, module, checkpoint = twin(name, **build)
    frozen = {layer.eps for layer in module.modules() if isinstance(layer, FrozenBatchNorm2d)}
    assert frozen == (set() if eps is None else {eps})
    pictures = [photo(90, 60), photo(50, 120, seed=4), photo(64, 64, seed=5)]
    options = TileOptions(threshold=0.0, max_objects=20)
    part = getattr(wanted, "roi_heads", wanted)
    part.score_thresh, part.detections_per_img = 0.0, 20
    results = list(Engine(module, ObjectDetection(checkpoint)).run(pictures, options))
    for picture, result in zip(pictures, results, strict=True):
        with torch.inference_mode():
            (own,) = wanted([tensor(picture)])
        assert len(result.boxes) == len(own["boxes"]) > 0
        close(torch.tensor([box.box for box in result.boxes]), own["boxes"])
        close(torch.tensor([box.score for box in result.boxes]), own["scores"])
        assert [(box.label, box.category) for box in result.boxes] == [kind(n) for n in own["labels"].tolist()]


def test_a_batch_of_different_sizes(twin, photo):
    _, module, checkpoint = twin("ssdlite320_mobilenet_v3_large.coco_v1")
    pictures = [photo(90, 60), photo(50, 120, seed=4), photo(64, 64, seed=5), photo(300, 40, seed=6)]
    options = TileOptions(threshold=0.0, max_objects=3)
    alone = list(Engine(module, ObjectDetection(checkpoint)).run(pictures, options))
    together = list(Engine(module, ObjectDetection(checkpoint), batch=3).run(pictures, options))
    assert [len(result.boxes) for result in together] == [3] * 4
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose([b.score for b in one.boxes], [b.score for b in other.boxes], rtol=1e-4)


def test_a_threshold_is_a_filter_and_leaves_the_module_as_it_was(twin, photo):
    _, module, checkpoint = twin("fasterrcnn_mobilenet_v3_large_320_fpn.coco_v1", **FEW)
    part = module.roi_heads
    runs, before = Engine(module, ObjectDetection(checkpoint)), (part.score_thresh, part.detections_per_img)
    (every,) = runs.run([photo()], TileOptions(threshold=0.0, max_objects=300))
    middle = sorted(box.score for box in every.boxes)[len(every.boxes) // 2]
    (some,) = runs.run([photo()], TileOptions(threshold=middle, max_objects=300))
    above = {box for box in every.boxes if box.score > middle}
    assert len(above) > 100
    assert len(above ^ set(some.boxes)) < 10  # overlaps at the very limit fall to either side by rounding
    (first,) = runs.run([photo()], TileOptions(threshold=0.0, max_objects=2))
    assert first.boxes == every.boxes[:2]
    assert (part.score_thresh, part.detections_per_img) == before


def test_detection_options_are_checked():
    with pytest.raises(BadOption, match="threshold"):
        TileOptions(threshold=1.5)
    with pytest.raises(BadOption, match="iou"):
        FigureOptions(iou=-0.1)
    with pytest.raises(BadOption, match="max_objects"):
        TileOptions(max_objects=0)


def test_masks_have_the_pictures_size(twin, photo):
    wanted, module, checkpoint = twin("maskrcnn_resnet50_fpn.coco_v1", **FEW)
    wanted.roi_heads.score_thresh, wanted.roi_heads.detections_per_img = 0.0, 3
    options = FigureOptions(threshold=0.0, max_objects=3)
    pictures = [photo(90, 60), photo(50, 120, seed=4)]
    results = list(Engine(module, InstanceSegmentation(checkpoint)).run(pictures, options))
    for picture, result in zip(pictures, results, strict=True):
        with torch.inference_mode():
            (own,) = wanted([tensor(picture)])
        assert [segment.mask.shape for segment in result.segments] == [(picture.height, picture.width)] * 3
        close(torch.from_numpy(np.stack([s.mask for s in result.segments])), own["masks"][:, 0])
        close(torch.tensor([segment.score for segment in result.segments]), own["scores"])
        close(torch.tensor([segment.box for segment in result.segments]), own["boxes"])
        assert [(segment.label, segment.category) for segment in result.segments] == [
            kind(n) for n in own["labels"].tolist()
        ]
        assert result.to_dict()["segments"][0]["rle"]["size"] == [picture.height, picture.width]


def test_joints_have_their_names(twin, photo):
    wanted, module, checkpoint = twin("keypointrcnn_resnet50_fpn.coco_v1", **FEW)
    wanted.roi_heads.score_thresh, wanted.roi_heads.detections_per_img = 0.0, 2
    (result,) = Engine(module, KeypointDetection(checkpoint)).run(
        [photo(90, 60)], FigureOptions(threshold=0.0, max_objects=2)
    )
    with torch.inference_mode():
        (own,) = wanted([tensor(photo(90, 60))])
    names = models.detection.KeypointRCNN_ResNet50_FPN_Weights.COCO_V1.meta["keypoint_names"]
    assert [list(pose.points) for pose in result.poses] == [names] * 2
    assert {pose.label for pose in result.poses} == {"person"}
    points = torch.tensor([list(pose.points.values()) for pose in result.poses])
    close(points[..., :2], own["keypoints"][..., :2])
    close(points[..., 2], own["keypoints_scores"])
    assert result.draw(photo(90, 60)).size == (90, 60)


def test_nothing_found_is_an_empty_result(twin, photo):
    _, module, checkpoint = twin("ssdlite320_mobilenet_v3_large.coco_v1")
    (result,) = Engine(module, ObjectDetection(checkpoint)).run([photo()], TileOptions(threshold=1.0))
    assert result.boxes == ()


@pytest.mark.parametrize("name", ["lraspp_mobilenet_v3_large", "fcn_resnet50"])
def test_segmenters_equal_torchvisions_own(twin, name):
    wanted, module, _ = twin(f"{name}.coco_with_voc_labels_v1")
    batch = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        own, given = wanted(batch), module(batch)
    assert own.keys() == given.keys()
    for part in own:
        close(given[part], own[part])


def test_semantic_segments_share_the_picture(twin, photo):
    wanted, module, checkpoint = twin("lraspp_mobilenet_v3_large.coco_with_voc_labels_v1")
    runner = SemanticSegmentation(checkpoint)
    pictures = [photo(90, 60), photo(60, 90, seed=4), photo(90, 60, seed=5), photo(64, 64, seed=6)]
    results = list(Engine(module, runner, batch=3).run(pictures, NoOptions()))
    for picture, result in zip(pictures, results, strict=True):
        (example,) = runner.prepare(picture, NoOptions())
        with torch.inference_mode():
            shares = wanted(example.pixels[None])["out"].softmax(1)
        large = torch.nn.functional.interpolate(shares, (picture.height, picture.width), mode="bilinear")[0]
        winners = {runner.labels[index] for index in large.argmax(0).unique().tolist()} - {"__background__"}
        assert {segment.label for segment in result.segments} == winners
        masks = np.stack([segment.mask for segment in result.segments])
        assert masks.shape[1:] == (picture.height, picture.width)
        assert set(np.unique(masks)) <= {0.0, 1.0}
        assert masks.sum(0).max() == 1
        assert all(1 / 21 < segment.score <= 1 for segment in result.segments)
        areas = [segment["area"] for segment in result.to_dict()["segments"]]
        assert areas == sorted(areas, reverse=True)


def test_semantic_preparation_is_torchvisions(cards, photo):
    weights = models.segmentation.LRASPP_MobileNet_V3_Large_Weights.DEFAULT
    config = cards["torchvision/lraspp_mobilenet_v3_large.coco_with_voc_labels_v1"].config
    torch.testing.assert_close(scaled(photo(), config), weights.transforms()(photo()), rtol=0, atol=0)


VIDEO = ["mc3_18", "r2plus1d_18", "s3d", "swin3d_t"]


@pytest.mark.parametrize("name", VIDEO)
def test_video_models_equal_torchvisions_own(twin, name):
    wanted, module, checkpoint = twin(f"{name}.kinetics400_v1")
    pixels = 224 if name == "s3d" else 64
    frames = checkpoint.card.config["min_frames"] if name != "swin3d_t" else 4
    batch = torch.randn(1, 3, frames, pixels, pixels, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        close(module(batch), wanted(batch))


@pytest.mark.parametrize("name", ["r3d_18", "mvit_v2_s", "s3d", "swin3d_b"])
def test_clips_are_prepared_as_torchvision_does(cards, photo, name):
    weights = models.get_model_weights(name).KINETICS400_V1
    frames = [photo(200, 150, seed=seed) for seed in range(3)]
    wanted = weights.transforms()(torch.stack([torch.from_numpy(np.array(f)).permute(2, 0, 1) for f in frames]))
    config = cards[f"torchvision/{name}.kinetics400_v1"].config
    torch.testing.assert_close(prepared_clip(frames, config), wanted, rtol=0, atol=0)


def test_a_film_is_the_mean_of_its_clips(twin, photo, tmp_path):
    wanted, module, checkpoint = twin("mc3_18.kinetics400_v1")
    runner = VideoClassification(checkpoint)
    film = np.stack([np.array(photo(60, 48, seed=seed)) for seed in range(20)])
    for index, frame in enumerate(film):
        photo(60, 48, seed=index).save(tmp_path / f"frame{index}.png")
        assert frame.shape == (48, 60, 3)
    forms = [film, str(tmp_path), list(film), torch.from_numpy(film).permute(0, 3, 1, 2)]
    results = list(Engine(module, runner).run(forms, FilmOptions(clips=3, top_k=4)))
    clips = [prepared_clip(list(film[start : start + 16]), checkpoint.card.config) for start in (0, 2, 4)]
    with torch.inference_mode():
        best = wanted(torch.stack(clips)).softmax(-1).mean(0).topk(4)
    for result in results:
        assert [label.label for label in result.labels] == [runner.labels[index] for index in best.indices.tolist()]
        np.testing.assert_allclose([label.score for label in result.labels], best.values, rtol=1e-4)


def test_films_of_several_lengths_in_one_batch(twin, photo):
    _, module, checkpoint = twin("swin3d_t.kinetics400_v1")
    small = {**checkpoint.card.config, "resize_size": [40], "crop_size": [32, 32]}
    runner = VideoClassification(
        type(checkpoint)(card=checkpoint.card.replace(config=small), path=checkpoint.path, revision="0" * 64)
    )
    films = [[photo(48, 40, seed=seed) for seed in range(frames)] for frames in (2, 5, 2)]
    alone = [next(iter(Engine(module, runner).run([film], FilmOptions()))) for film in films]
    together = list(Engine(module, runner, batch=3).run(films, FilmOptions()))
    for one, other in zip(alone, together, strict=True):
        assert one.label == other.label
        np.testing.assert_allclose(
            [label.score for label in one.labels], [label.score for label in other.labels], rtol=1e-3
        )


def test_what_is_no_film_is_bad_data(cards, write, photo, tmp_path):
    runner = VideoClassification(write(cards["torchvision/mvit_v1_b.kinetics400_v1"], {}))
    (tmp_path / "film.mp4").write_bytes(b"0000ftyp")
    with pytest.raises(BadData, match="15 frames"):
        runner.prepare([photo(32, 32)] * 15, FilmOptions())
    with pytest.raises(BadData, match="different sizes"):
        runner.prepare([photo(32, 32)] * 15 + [photo(40, 32)], FilmOptions())
    for value in (tmp_path / "film.mp4", tmp_path / "none", np.zeros((4, 4)), 7, b"bytes"):
        with pytest.raises(BadData, match="film"):
            runner.prepare(value, FilmOptions())
    with pytest.raises(BadOption):
        FilmOptions(top_k=0)
    found = Engine(None, runner).run([[photo(32, 32)] * 3], FilmOptions(), "return")
    assert isinstance(next(iter(found)), Failure)


def test_frames_come_in_the_order_of_their_numbers(tmp_path, photo):
    for name in ("f10.png", "f2.png", "f1.png", "notes.txt"):
        photo(8, 8).save(tmp_path / name) if name.endswith("png") else (tmp_path / name).write_text("x")
    assert [path.name for path in frames_of(tmp_path)] == ["f1.png", "f2.png", "f10.png"]


@pytest.mark.parametrize(
    ("frames", "length", "clips", "starts"),
    [(16, 16, 5, [0]), (17, 16, 5, [0, 1]), (20, 16, 2, [0, 4]), (100, 16, 5, [0, 21, 42, 63, 84])],
)
def test_clips_are_spread_evenly(frames, length, clips, starts):
    assert clip_starts(frames, length, clips) == starts


def test_from_a_file_of_torchs_to_a_prediction(cards, tmp_path, photo, tool, randomise):
    """The whole path: a `.pth` as torchvision publishes it, pulled, converted, loaded, run."""
    name = "ssdlite320_mobilenet_v3_large"
    torch.manual_seed(6)
    wanted = randomise(tool("vision_torchvision").released(name, models.get_model_weights(name).COCO_V1))
    torch.save(wanted.state_dict(), tmp_path / "ssdlite.pth")
    card = cards[f"torchvision/{name}.coco_v1"]
    uri = f"file:{tmp_path / 'ssdlite.pth'}"
    card = card.replace(
        id="mine/ssdlite",
        sources=(card.sources[0].__class__(uri=uri),),
        files=(card.files[0].__class__(path="ssdlite.pth", origin=(uri,)),),
        aliases=(),
    )

    class Mine:
        zoo_api = 1

        @hookimpl
        def zoo_cards(self):
            return [card]

        zoo_loaders = staticmethod(zoo_vision.zoo_loaders)
        zoo_runners = staticmethod(zoo_detection.zoo_runners)

    plugins = PluginManager([])
    plugins.register(Mine(), "mine")
    zoo = Zoo(tmp_path / "zoo", offline=True, plugins=plugins)
    with zoo.load("mine/ssdlite") as model:
        result = model.predict(photo(120, 80), threshold=0.0, max_objects=60)
        wanted.score_thresh, wanted.detections_per_img = 0.0, 60
        with torch.inference_mode():
            (own,) = wanted([tensor(photo(120, 80))])
        close(torch.tensor([box.box for box in result.boxes]), own["boxes"])
        close(torch.tensor([box.score for box in result.boxes]), own["scores"])


def test_blank_modules_cost_no_memory_and_have_the_cards_parameters(cards):
    seen = set()
    for card in cards.values():
        if card.library == "torchvision" and card.family not in seen:
            seen.add(card.family)
            module = TorchvisionLoader().blank(card)
            assert sum(parameter.numel() for parameter in module.parameters()) == card.parameters, card.id
            assert sum(t.numel() * t.element_size() for t in module.state_dict().values()) == card.size, card.id
            assert all(tensor.is_meta for tensor in module.state_dict().values())
    assert len(seen) > 25


def test_blank_modules_of_unknown_architectures_are_refused(cards):
    card = cards["torchvision/resnet18.imagenet1k_v1"].replace(architecture="resnet9000")
    with pytest.raises(UnsupportedFormat, match="resnet9000"):
        TorchvisionLoader().blank(card)
