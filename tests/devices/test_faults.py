"""Errors of devices are told apart by what the libraries really raise."""

from __future__ import annotations

import errno
from collections.abc import Callable

import numpy as np
import pytest
import torch

from zoo.devices.faults import kind, lost
from zoo.errors import DeviceError, ResourceError

HUGE = 10**14


def raised(work: Callable[[], object]) -> BaseException:
    try:
        work()
    except Exception as error:
        return error
    pytest.fail("nothing was raised")


def onnx_too_large() -> object:
    """Have onnxruntime make a tensor that no machine holds."""
    import onnxruntime
    from onnx import TensorProto, helper

    shape = helper.make_tensor_value_info("shape", TensorProto.INT64, [1])
    made = helper.make_tensor_value_info("made", TensorProto.FLOAT, [None])
    graph = helper.make_graph([helper.make_node("ConstantOfShape", ["shape"], ["made"])], "big", [shape], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"shape": np.array([HUGE], dtype=np.int64)})


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda: torch.empty(HUGE), id="torch on the CPU"),
        pytest.param(lambda: np.empty(HUGE), id="numpy"),
        pytest.param(lambda: bytearray(10**16), id="Python"),
        pytest.param(onnx_too_large, id="onnxruntime"),
    ],
)
def test_real_exhaustion_is_memory(work: Callable[[], object]) -> None:
    assert kind(raised(work)) == "memory"


def accelerator(text: str, code: int | None = None) -> torch.AcceleratorError:
    error = torch.AcceleratorError(text)
    if code is not None:
        error.error_code = code  # type: ignore[attr-defined]  # set by torch's C++ side, unknown to its stubs
    return error


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        accelerator("CUDA error: out of memory\nSearch for `cudaErrorMemoryAllocation'"),
        accelerator("CUDA error: …", 2),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 7.64 GiB, max allowed: 9.07 GiB)"),
        RuntimeError("Invalid buffer size: 14.50 GiB"),
        RuntimeError("level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes."),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        MemoryError(),
    ],
    ids=repr,
)
def test_memory(error: BaseException) -> None:
    assert kind(error) == "memory"


@pytest.mark.parametrize(
    "error",
    [
        accelerator("CUDA error: device-side assert triggered", 710),
        accelerator("CUDA error: an illegal memory access was encountered"),
        accelerator("CUDA error: CUDA-capable device(s) is/are busy or unavailable", 46),
        accelerator("CUDA error: unspecified launch failure", 719),
        RuntimeError("CUDA error: device-side assert triggered; nothing here ran out of memory"),
        RuntimeError("level_zero backend failed with error: 20 (UR_RESULT_ERROR_DEVICE_LOST)"),
    ],
    ids=repr,
)
def test_lost(error: BaseException) -> None:
    assert kind(error) == "lost"


def test_onnxruntime_device_reset_is_lost() -> None:
    from onnxruntime.capi.onnxruntime_pybind11_state import DeviceReset

    assert kind(DeviceReset("the driver was restarted")) == "lost"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a text about being out of memory"),
        ResourceError("one input alone does not fit: out of memory"),
        RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"),
        OSError(errno.ENOSPC, "No space left on device"),
        accelerator("CUDA error: invalid argument", 1),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_other_errors_are_neither(error: BaseException) -> None:
    assert kind(error) is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device answers here; the error comes where none does")
def test_a_real_error_of_the_cuda_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch's CUDA build raises on a machine without a driver, with the runtime's number in it."""
    if not torch.backends.cuda.is_built():
        pytest.skip("this torch is built without CUDA")
    monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: None)
    error = raised(lambda: torch.cuda.mem_get_info(0))
    assert isinstance(error, torch.AcceleratorError)
    assert isinstance(error.error_code, int)  # type: ignore[attr-defined]
    assert kind(error) == "lost"


def test_a_lost_device_is_told_with_a_remedy() -> None:
    told = lost(accelerator("CUDA error: unspecified launch failure\nSearch for `cudaErrorLaunchFailure'"), "cuda:1")
    assert isinstance(told, DeviceError)
    assert told.cause == "cuda:1 cannot be used any more by this process: CUDA error: unspecified launch failure"
    assert "zoo devices" in told.remedy
