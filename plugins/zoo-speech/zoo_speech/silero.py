"""Silero VAD as a torch module, and its loader.

Written from the description in the wheel of silero-vad 6.2.3 (`silero_vad/tinygrad_model.py`) and from the tensors of
its ONNX file. A frame is 32 ms: 512 new samples with the 64 before them. A short-time Fourier transform as a
convolution, four convolutions, an LSTM over the frames, and one probability of speech a frame.

The weights are those of `silero_vad_16k_sequence.onnx`, which equal those of the wheel's `silero_vad.onnx` frame by
frame. The wheel's `silero_vad_16k.safetensors` has the same shapes and other, evidently older numbers (probabilities
differ by up to .54), and is not used.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from zoo.cards import ModelCard
from zoo.errors import WeightsMismatch
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_speech.silero_weights import read_initializers

__all__ = ["BEFORE", "FRAME", "WEIGHTS", "SileroLoader", "SileroVad"]

FRAME = 512  # samples at 16 kHz
BEFORE = 64  # of the frame before, which a frame's transform looks back to
WEIGHTS = "silero_vad_16k_sequence.onnx"
_AFTER = 64  # mirrored
_BINS = 129
_WIDTH = 128
_CHUNK = 2_000  # frames whose convolutions are computed at once: 64 s, about 30 MB


class SileroVad(nn.Module):
    """The probability of speech in each frame of a recording."""

    def __init__(self) -> None:
        super().__init__()
        self.stft = nn.Conv1d(1, 2 * _BINS, 256, stride=128, bias=False)
        sizes = ((_BINS, 128, 1), (128, 64, 2), (64, 64, 2), (64, _WIDTH, 1))
        self.encoder = nn.ModuleList(nn.Conv1d(old, new, 3, stride=by, padding=1) for old, new, by in sizes)
        self.recurrent = nn.LSTM(_WIDTH, _WIDTH, batch_first=True)
        self.output = nn.Conv1d(_WIDTH, 1, 1)

    def encode(self, samples: Tensor) -> Tensor:
        """What the LSTM hears: (batch, 64 + 512 * frames) samples to (batch, frames, 128)."""
        frames = samples.unfold(1, BEFORE + FRAME, FRAME)
        batch, count, width = frames.shape
        padded = nn.functional.pad(frames.reshape(batch * count, 1, width), (0, _AFTER), mode="reflect")
        waves = self.stft(padded)
        sound = (waves[:, :_BINS].square() + waves[:, _BINS:].square()).sqrt()
        for layer in self.encoder:
            sound = layer(sound).relu()
        return sound.reshape(batch, count, _WIDTH)

    def forward(self, samples: Tensor) -> Tensor:
        """Probabilities (batch, frames) for 16 kHz samples (batch, 64 + 512 * frames); the LSTM begins at rest.

        Memory does not grow with the recording's length but for the samples and the probabilities.
        """
        state: tuple[Tensor, Tensor] | None = None
        made = []
        for first in range(0, samples.shape[1] - BEFORE, _CHUNK * FRAME):
            heard = self.encode(samples[:, first : first + BEFORE + _CHUNK * FRAME])
            hidden, state = self.recurrent(heard, state)
            made.append(self.output(hidden.relu().transpose(1, 2)).sigmoid()[:, 0])
        return torch.cat(made, dim=1)


class SileroLoader(Loader):
    """Fills `SileroVad` from the initializers of the wheel's ONNX file."""

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def blank(self, card: ModelCard) -> SileroVad:
        """The module on the meta device."""
        with torch.device("meta"):
            return SileroVad().eval()

    def sample(
        self, card: ModelCard, module: nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """A minute of sound; see `zoo.plugin.Loader.sample`."""
        return (torch.empty(batch, BEFORE + 1875 * FRAME, device="meta"),), {}

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> SileroVad:
        """The module with all weights in place.

        Raises:
            IntegrityError: the file is damaged.
            WeightsMismatch: it is not that of Silero VAD.
        """
        with context.no_init():
            module = SileroVad()
        context.assign(module, _tensors(checkpoint))
        return module.to(context.device).eval()


def _tensors(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """The file's arrays under the module's names; the LSTM's gates in torch's order."""
    arrays = {name: torch.from_numpy(array) for name, array in read_initializers(checkpoint.file(WEIGHTS)).items()}
    made = {name: tensor for name, tensor in arrays.items() if name.startswith(("encoder.", "output."))}
    gates = [tensor for name, tensor in arrays.items() if name.startswith("onnx::LSTM")]
    shapes = [tuple(tensor.shape) for tensor in gates]
    if shapes != [(1, 4 * _WIDTH, _WIDTH), (1, 4 * _WIDTH, _WIDTH), (1, 8 * _WIDTH)]:
        raise WeightsMismatch(f"{checkpoint.card.id}: the file holds an LSTM of shapes {shapes}, not Silero VAD's")
    if (basis := arrays.get("stft.forward_basis_buffer")) is not None:
        made["stft.weight"] = basis
    inner, outer, both = (tensor[0] for tensor in gates)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    parts = (inner, outer, *both.chunk(2))
    return made | {f"recurrent.{name}": _torch_order(part) for name, part in zip(names, parts, strict=True)}


def _torch_order(gates: Tensor) -> Tensor:
    """ONNX stacks an LSTM's gates as input, output, forget, cell; torch as input, forget, cell, output."""
    into, out, forget, cell = gates.chunk(4)
    return torch.cat([into, forget, cell, out])
