"""From a picture to the tensor that a classifier was evaluated with, as its library does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

__all__ = ["finish_for", "transform_for"]


def transform_for(config: Mapping[str, Any]) -> Callable[[Image], torch.Tensor]:
    """The evaluation transform of a card: an RGB picture in, a float32 tensor (3, height, width) out.

    A `config` with `resize_size` is read as torchvision's presets are, any other as timm's data configuration.
    """
    return _without_threads(_torchvision(config) if "resize_size" in config else _timm(config))


def finish_for(config: Mapping[str, Any]) -> Callable[[Image], torch.Tensor]:
    """The last steps of that transform: an RGB picture in, its normalised numbers (3, height, width) out."""
    made: Callable[[Image], torch.Tensor] = _fast(_torchvision(config) if "resize_size" in config else _timm(config))[
        -1
    ]
    return made


def _timm(config: Mapping[str, Any]) -> Any:
    from timm.data import create_transform

    return create_transform(
        input_size=tuple(config["input_size"]),
        interpolation=config["interpolation"],
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        crop_pct=config["crop_pct"],
        crop_mode=config["crop_mode"],
        is_training=False,
    )


def _torchvision(config: Mapping[str, Any]) -> Any:
    """The steps of `torchvision.transforms._presets.ImageClassification`, which is not public."""
    from torchvision.transforms import Compose, InterpolationMode, transforms

    return Compose(
        [
            transforms.Resize(config["resize_size"], InterpolationMode(config["interpolation"]), antialias=True),
            transforms.CenterCrop(config["crop_size"]),
            transforms.ToTensor(),
            transforms.Normalize(config["mean"], config["std"]),
        ]
    )


class _Normalised:
    """`ToTensor` and `Normalize` in one look-up of their value for each byte and channel, equal to the last bit.

    Each of torch's operations on a picture would start as many threads as there are cores, in every thread that
    prepares pictures, and take them from the model.
    """

    def __init__(self, to_tensor: Any, normalise: Any) -> None:
        import numpy as np
        from PIL import Image as Pillow

        every = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)  # a picture of 256 greys
        self._table = normalise(to_tensor(Pillow.fromarray(every)))[:, 0].contiguous().numpy()

    def __call__(self, picture: Image) -> torch.Tensor:
        """A float32 tensor (3, height, width) of an RGB picture."""
        import numpy as np
        import torch

        pixels = np.asarray(picture)
        made = np.empty((3, *pixels.shape[:2]), dtype=np.float32)
        for channel, table in enumerate(self._table):
            np.take(table, pixels[..., channel], out=made[channel], mode="clip")
        return torch.from_numpy(made)


def _without_threads(transform: Any) -> Callable[[Image], torch.Tensor]:
    """A composed transform that makes no use of torch's threads, where it ends in the two usual steps."""
    from torchvision.transforms import Compose

    made: Callable[[Image], torch.Tensor] = Compose(_fast(transform))
    return made


def _fast(transform: Any) -> list[Any]:
    """The steps of a composed transform, the last two in one."""
    from torchvision.transforms import Normalize, ToTensor

    *steps, to_tensor, normalise = transform.transforms
    if isinstance(to_tensor, ToTensor) and isinstance(normalise, Normalize):
        return [*steps, _Normalised(to_tensor, normalise)]
    return [*transform.transforms]
