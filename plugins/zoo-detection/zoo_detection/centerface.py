"""CenterFace: faces as points of a heat map, on onnxruntime.

Sources: "CenterFace: Joint Face Detection and Alignment Using Face as Point" (arXiv 1911.03599), and the decoding of
`prj-python/centerface.py` in https://github.com/Star-Clouds/CenterFace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import onnxruntime
import torch
from PIL import Image
from torchvision.ops import nms

from zoo.errors import IntegrityError
from zoo.plugin import Checkpoint, LoadContext, Loader, option
from zoo.tasks import Box
from zoo_detection.faces import FaceOptions, face, fitted
from zoo_detection.onnx_shapes import free_sizes
from zoo_detection.tiling import TiledDetection, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CenterFaceEngine", "CenterFaceLoader", "CenterFaceOptions", "CenterFaces"]

_STRIDE = 4  # pixels of the input a cell of the heat map
_MULTIPLE = 32  # of which both sides of an input must be multiples
_FILE = "centerface.onnx"

Maps = list["NDArray[np.float32]"]


class CenterFaceEngine:
    """The graph, for pictures of any size whose sides are multiples of 32.

    Attributes:
        nbytes: size of the file, which is nearly all weights.
    """

    def __init__(self, path: Path, device: torch.device | str) -> None:
        self.nbytes = path.stat().st_size
        self._path = path
        self._session = _session(path, _providers(str(device)))

    def to(self, device: torch.device | str) -> CenterFaceEngine:
        """Move to a device; the engine itself is returned."""
        wanted = _providers(str(device))
        if wanted != list(self._session.get_providers()):
            self._session = _session(self._path, wanted)
        return self

    def run(self, pictures: NDArray[np.float32]) -> Maps:
        """Heat (n, 1, h, w), log sizes (n, 2, h, w), offsets (n, 2, h, w) and points (n, 10, h, w).

        Args:
            pictures: (n, 3, height, width), RGB in 0..255; maps are a quarter as high and wide.
        """
        return list(self._session.run(None, {self._session.get_inputs()[0].name: pictures}))


def _providers(device: str) -> list[str]:
    cuda = "CUDAExecutionProvider"
    gpu = device.startswith("cuda") and cuda in onnxruntime.get_available_providers()
    return [cuda, "CPUExecutionProvider"] if gpu else ["CPUExecutionProvider"]


def _session(path: Path, providers: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: warnings about the graph are of no use to its user
    graph = free_sizes(path.read_bytes())
    try:
        return onnxruntime.InferenceSession(graph, sess_options=options, providers=providers)
    except Exception as error:  # onnxruntime's errors share no base class
        raise IntegrityError(f"{path.name} is not an ONNX graph that onnxruntime can run: {error}") from error


class CenterFaceLoader(Loader):
    """Engines of `centerface.onnx`."""

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> CenterFaceEngine:
        """The engine on `context.device`.

        Raises:
            NotInstalled: the file is missing.
            IntegrityError: it is no sound graph.
        """
        return CenterFaceEngine(checkpoint.file(_FILE), context.device)


@dataclass(frozen=True, kw_only=True)
class CenterFaceOptions(FaceOptions):
    """Options of `CenterFaces`."""

    iou: float | None = option(0.3, "faces that overlap more than this are one, 0 to 1")


@dataclass(frozen=True, kw_only=True)
class Input:
    """A prepared picture: `pixels` (3, height, width) of bytes, sides multiples of 32, and what they show."""

    pixels: torch.Tensor
    view: View


class CenterFaces(TiledDetection):
    """Faces with five points each, in pixels of the original picture.

    The picture is stretched to the next multiples of 32 pixels: without scaling up, faces of about 10 pixels and more
    are found. Pictures longer than `longest` are scaled down first.
    """

    Options = CenterFaceOptions
    batch: ClassVar[int] = 4
    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def example(self, image: Image.Image, view: View, options: CenterFaceOptions) -> Input:
        """One picture or tile."""
        small = fitted(image, options.longest)
        size = [-(-side // _MULTIPLE) * _MULTIPLE for side in small.size]
        pixels = np.array(small.resize((size[0], size[1]), Image.Resampling.BILINEAR))
        return Input(pixels=torch.from_numpy(pixels).permute(2, 0, 1), view=view)

    def size(self, example: Input) -> int:
        """By height and width, so that equal shapes come together."""
        height, width = example.pixels.shape[-2:]
        return int(height * 100_000 + width)

    def collate(self, examples: Sequence[Input]) -> list[torch.Tensor]:
        """The pictures as they are: their shapes differ."""
        return [example.pixels for example in examples]

    def forward(self, module: CenterFaceEngine, batch: list[torch.Tensor], options: CenterFaceOptions) -> list[Maps]:
        """The four maps of each picture; neighbours of one shape are run together."""
        made: list[Maps] = []
        while len(made) < len(batch):
            shape = batch[len(made)].shape
            same = []
            for picture in batch[len(made) :]:
                if picture.shape != shape:
                    break
                same.append(picture.cpu().numpy())
            maps = module.run(np.stack(same).astype(np.float32))
            made += [[one[number] for one in maps] for number in range(len(same))]
        return made

    def found(
        self, outputs: list[Maps], examples: Sequence[Input], options: CenterFaceOptions
    ) -> Sequence[Sequence[Box]]:
        """The faces of each picture, best first."""
        return [_faces(maps, example.view, options) for maps, example in zip(outputs, examples, strict=True)]


def _faces(maps: Maps, view: View, options: CenterFaceOptions) -> list[Box]:
    heat, sizes, offsets, points = maps
    rows, columns = np.nonzero(heat[0] >= options.threshold)
    height, width = np.exp(sizes[:, rows, columns]) * _STRIDE
    y, x = (np.stack([rows, columns]) + offsets[:, rows, columns] + 0.5) * _STRIDE
    corners = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 1).astype(np.float32)
    scores = heat[0][rows, columns]
    iou = 0.3 if options.iou is None else options.iou
    kept = nms(torch.from_numpy(corners), torch.from_numpy(scores), iou)[: options.max_objects].tolist()
    # Points are in parts of the box, y before x; boxes in pixels of the input.
    along = points[1::2, rows, columns] * width + corners[:, 0]
    down = points[0::2, rows, columns] * height + corners[:, 1]
    shape = heat[0].shape
    to_x, to_y = view.width / (shape[1] * _STRIDE), view.height / (shape[0] * _STRIDE)
    scale = np.array([to_x, to_y, to_x, to_y])
    made = [
        face(
            float(scores[i]),
            (corners[i] * scale).tolist(),
            np.stack([along[:, i] * to_x, down[:, i] * to_y], 1).tolist(),
            (view.width, view.height),
        )
        for i in kept
    ]
    return [box for box in made if box is not None]
