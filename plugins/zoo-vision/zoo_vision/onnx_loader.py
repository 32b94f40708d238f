"""Runs ONNX graphs as they are, on onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import onnxruntime

from zoo.errors import IntegrityError, NotInstalled
from zoo.plugin import Checkpoint, LoadContext, Loader

if TYPE_CHECKING:
    import numpy as np
    import torch

__all__ = ["OnnxEngine", "OnnxLoader"]


class OnnxEngine:
    """One ONNX graph with one input, ready to run.

    Attributes:
        nbytes: size of the file, which is nearly all weights.
    """

    def __init__(self, path: Path, device: torch.device | str) -> None:
        self.nbytes = path.stat().st_size
        self._path = path
        self._session = _session(path, _providers(str(device)))

    @property
    def providers(self) -> list[str]:
        """onnxruntime's execution providers in use, the preferred one first."""
        return list(self._session.get_providers())

    def to(self, device: torch.device | str) -> OnnxEngine:
        """Move to a device; the engine itself is returned."""
        wanted = _providers(str(device))
        if wanted != self.providers:
            self._session = _session(self._path, wanted)
        return self

    def run(self, array: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
        """All outputs of the graph for its one input."""
        return list(self._session.run(None, {self._session.get_inputs()[0].name: array}))


def _providers(device: str) -> list[str]:
    cuda = "CUDAExecutionProvider"
    gpu = device.startswith("cuda") and cuda in onnxruntime.get_available_providers()
    return [cuda, "CPUExecutionProvider"] if gpu else ["CPUExecutionProvider"]


def _session(path: Path, providers: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: warnings about the graph are of no use to its user
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), sess_options=options, providers=providers)
    except Exception as error:  # onnxruntime's errors share no base class
        raise IntegrityError(f"{path.name} is not an ONNX graph that onnxruntime can run: {error}") from error


class OnnxLoader(Loader):
    """Engines from the single `.onnx` file of a checkpoint."""

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> OnnxEngine:
        """The engine on `context.device`, in the precision of the file.

        Raises:
            NotInstalled: the checkpoint holds no `.onnx` file.
            IntegrityError: it holds several, or the file is no sound graph.
        """
        found = sorted(checkpoint.path.glob("*.onnx"))
        if not found:
            raise NotInstalled(
                f"{checkpoint.card.id}: no ONNX file in {checkpoint.path}", f"Run `zoo pull {checkpoint.card.id}`."
            )
        if len(found) > 1:
            raise IntegrityError(f"{checkpoint.card.id}: several ONNX files: {', '.join(p.name for p in found)}")
        return OnnxEngine(found[0], context.device)
