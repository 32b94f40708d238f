"""hibari-tts on onnxruntime: the engine, its loader, and how the network's spectra become sound."""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from torch import Tensor

from zoo.errors import IntegrityError
from zoo.plugin import Checkpoint, LoadContext, Loader

__all__ = ["RATE", "OnnxVoice", "OnnxVoiceLoader", "open_session", "sound_of"]

RATE = 24_000
VOICE_FILE = "hibari.onnx"
_FFT, _HOP = 1_200, 300
_LOUDEST = 7.0  # natural logarithm of a magnitude
_VOICED = 40.0  # Hz; below it there is no pitch
_HIGHEST = 11_000.0  # Hz, of a pulse's harmonics
_INPUTS = {"ids", "speed"}
_OUTPUTS = ("lh", "theta", "ln", "lr", "phi", "f0")

Array = npt.NDArray[np.float32]


class OnnxVoice:
    """The acoustic model of a voice: phonemes in, spectra out.

    Attributes:
        nbytes: size of the file, which is nearly all weights.
    """

    def __init__(self, path: Path, device: torch.device | str) -> None:
        self.nbytes = path.stat().st_size
        self._path = path
        self._device = str(device)
        self._session = open_session(path, self._device)
        if {one.name for one in self._session.get_inputs()} != _INPUTS:
            raise IntegrityError(f"{path.name} is not the acoustic model of hibari-tts")

    def to(self, device: torch.device | str) -> OnnxVoice:
        """Move to a device; the engine itself is returned."""
        if str(device) != self._device:
            self._device = str(device)
            self._session = open_session(self._path, self._device)
        return self

    def run(self, ids: npt.NDArray[np.int64], speed: float) -> list[Array]:
        """Of phonemes (phonemes,): five parts of the spectrum (601, frames) each, and the pitch (frames,) in Hz."""
        made = self._session.run(_OUTPUTS, {"ids": ids[None], "speed": np.array([speed], np.float32)})
        return [part[0] for part in made]


def open_session(path: Path, device: str = "cpu") -> onnxruntime.InferenceSession:
    """An ONNX graph, ready to run; raises `IntegrityError` when it cannot."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: warnings about the graph are of no use to its user
    cuda = "CUDAExecutionProvider"
    gpu = device.startswith("cuda") and cuda in onnxruntime.get_available_providers()
    providers = [cuda, "CPUExecutionProvider"] if gpu else ["CPUExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), sess_options=options, providers=providers)
    except Exception as error:  # onnxruntime's errors share no base class
        raise IntegrityError(f"{path.name} is not an ONNX graph that onnxruntime can run: {error}") from error


class OnnxVoiceLoader(Loader):
    """Engines from the files of hibari-tts."""

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> OnnxVoice:
        """The engine on `context.device`, in the precision of the file (8-bit weights).

        Raises:
            NotInstalled: a file is missing.
            IntegrityError: the file is no sound graph, or another model's.
        """
        return OnnxVoice(checkpoint.file(VOICE_FILE), context.device)


def sound_of(parts: list[Array], generator: torch.Generator) -> Array:
    """The sound (300 * frames,) of what `OnnxVoice.run` gives, 24,000 samples a second.

    As the wheel's METADATA describes it ("ONNX interface"): a train of pulses at the pitch, its spectrum shaped by the
    first two parts; noise from `generator`, shaped by the third; and a spectrum with phases of its own. The sum of
    them goes through one inverse Fourier transform.
    """
    harmonic, turn, noise, rest, phase, pitch = (torch.from_numpy(part) for part in parts)
    frames = harmonic.shape[1]
    window = torch.hann_window(_FFT)
    pulses = torch.stft(
        _pulses(pitch), _FFT, _HOP, window=window, center=True, pad_mode="reflect", return_complex=True
    )[:, :frames]
    spectrum = torch.polar(_magnitude(harmonic), math.pi * torch.tanh(turn)) * pulses / (_FFT / 4)
    drawn = torch.randn(2, *noise.shape, generator=generator)
    spectrum = spectrum + _magnitude(noise) * torch.complex(drawn[0], drawn[1])
    spectrum = spectrum + torch.polar(_magnitude(rest), phase)
    sound: Array = torch.istft(spectrum, _FFT, _HOP, window=window, center=True, length=frames * _HOP).numpy()
    return sound


def _magnitude(logarithm: Tensor) -> Tensor:
    return logarithm.clamp(max=_LOUDEST).exp()


def _pulses(pitch: Tensor) -> Tensor:
    """All harmonics of the pitch below 11 kHz, each of amplitude 1, added in closed form; silence where none is.

    The sum of cos(h t) for h from 1 to H is sin((H + 1/2) t) / (2 sin(t / 2)) - 1/2.
    """
    curve = torch.nn.functional.interpolate(pitch[None, None], scale_factor=_HOP, mode="linear")[0, 0].double()
    voiced = curve > _VOICED
    curve = curve.clamp(min=_VOICED)
    angle = 2 * math.pi * torch.cumsum(curve / RATE, dim=0).frac()
    highest = torch.floor(_HIGHEST / curve) + 0.5
    below = 2 * torch.sin(angle / 2)
    near = below.abs() <= 2e-3  # where the quotient's limit is meant
    train = torch.where(near, highest, torch.sin(highest * angle) / torch.where(near, 1.0, below)) - 0.5
    return (train * voiced).float()
