"""The loader `mtcnn`: facenet-pytorch's three files of weights in one cascade."""

from __future__ import annotations

from typing import ClassVar

import torch

from zoo.cards import ModelCard
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_detection.mtcnn import Mtcnn

__all__ = ["MtcnnLoader"]

# The names of the files' layers, and where the layers are here, for each network.
_NAMES = {
    "pnet": {
        **{"conv1": "body.0", "prelu1": "body.1", "conv2": "body.3", "prelu2": "body.4"},
        **{"conv3": "body.5", "prelu3": "body.6", "conv4_1": "score", "conv4_2": "edges"},
    },
    "rnet": {
        **{"conv1": "body.0", "prelu1": "body.1", "conv2": "body.3", "prelu2": "body.4"},
        **{"conv3": "body.6", "prelu3": "body.7", "dense4": "dense.0", "prelu4": "dense.1"},
        **{"dense5_1": "score", "dense5_2": "edges"},
    },
    "onet": {
        **{"conv1": "body.0", "prelu1": "body.1", "conv2": "body.3", "prelu2": "body.4"},
        **{"conv3": "body.6", "prelu3": "body.7", "conv4": "body.9", "prelu4": "body.10"},
        **{"dense5": "dense.0", "prelu5": "dense.1", "dense6_1": "score", "dense6_2": "edges", "dense6_3": "points"},
    },
}


class MtcnnLoader(Loader):
    """Reads `pnet.safetensors`, `rnet.safetensors` and `onet.safetensors`."""

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def blank(self, card: ModelCard) -> Mtcnn:
        """The cascade on the meta device."""
        with torch.device("meta"):
            return Mtcnn().eval()

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> Mtcnn:
        """The cascade with the files' weights.

        Raises:
            NotInstalled: a file is missing.
            WeightsMismatch: the tensors are not those of these networks.
        """
        with context.no_init():
            module = Mtcnn()
        tensors: dict[str, torch.Tensor] = {}
        for net in _NAMES:
            found = checkpoint.read_tensors(checkpoint.file(f"{net}.safetensors"))
            tensors |= {f"{net}.{name}": tensor for name, tensor in found.items()}
        context.assign(module, tensors, rename=_renamed)
        return module.to(context.device).eval()


def _renamed(name: str) -> str:
    """`pnet.conv1.weight` as `pnet.body.0.weight`; other names as they are, for the comparison of names to tell."""
    net, layer, leaf = name.split(".", 2)
    return f"{net}.{_NAMES[net].get(layer, layer)}.{leaf}"
