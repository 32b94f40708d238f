"""Object detection models for the zoo: the hooks of the plugin, names only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zoo.plugin import hookimpl

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["zoo_api", "zoo_cards", "zoo_finetuners", "zoo_loaders", "zoo_runners"]

zoo_api = 1


@hookimpl
def zoo_cards() -> Iterable[ModelCard]:
    """The packaged detectors, of objects and of faces, then well-known ones on the hub."""
    from zoo_detection.cards import CARDS
    from zoo_detection.faces_cards import FACES
    from zoo_detection.transformers_cards import transformers_cards

    return [*CARDS, *FACES, *transformers_cards()]


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """`tf-ssd`: an SSD MobileNet v2 out of a frozen TensorFlow graph; `transformers-detection`: folders of the hub.

    `centerface` and `mtcnn` are detectors of faces. torchvision's are loaded by the plugin of pictures.
    """
    return {
        "centerface": "zoo_detection.centerface:CenterFaceLoader",
        "mtcnn": "zoo_detection.mtcnn_loader:MtcnnLoader",
        "tf-ssd": "zoo_detection.loader:TfSsdLoader",
        "transformers-detection": "zoo_detection.transformers_loader:TransformersDetectionLoader",
    }


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """Detection with those loaders' modules, and with torchvision's."""
    return {
        ("centerface", "object-detection"): "zoo_detection.centerface:CenterFaces",
        ("mtcnn", "object-detection"): "zoo_detection.mtcnn_runner:MtcnnFaces",
        ("tf-ssd", "object-detection"): "zoo_detection.runner:Detect",
        ("torchvision-detection", "image-segmentation"): "zoo_detection.torchvision_runner:InstanceSegmentation",
        ("torchvision-detection", "keypoint-detection"): "zoo_detection.torchvision_runner:KeypointDetection",
        ("torchvision-detection", "object-detection"): "zoo_detection.torchvision_runner:ObjectDetection",
        ("transformers-detection", "object-detection"): "zoo_detection.transformers_runner:TransformersDetection",
    }


@hookimpl
def zoo_finetuners() -> Mapping[tuple[str, str], str]:
    """Fine-tuning adapters by loader and task; detectors of faces are not fine-tuned."""
    return {
        ("tf-ssd", "object-detection"): "zoo_detection.adapters.ssd_mobilenet:SsdTuner",
        ("torchvision-detection", "object-detection"): "zoo_detection.adapters.torchvision_detector:TorchvisionTuner",
        (
            "transformers-detection",
            "object-detection",
        ): "zoo_detection.adapters.transformers_detector:TransformersTuner",
    }
