"""The device that a painting is computed on, and the dtype of its draft."""

from __future__ import annotations

import torch

from stylenet.precision import Precision

__all__ = ["describe", "draft_dtype", "resolve"]


def resolve(name: str = "auto") -> torch.device:
    """Return the device of that name.

    Args:
        name: ``"auto"`` takes CUDA, then Apple's MPS, then the CPU; or a torch device name such
            as ``"cpu"`` or ``"cuda:1"``.

    Raises:
        ValueError: there is no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        msg = f"{name!r} is not a device"
        raise ValueError(msg) from error
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(device.type, False):
        msg = f"there is no device {name!r}"
        raise ValueError(msg)
    return device


def describe(device: torch.device) -> str:
    """Return the device's name for people: ``"cpu"``, ``"cuda:0 (NVIDIA …)"``."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


def draft_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    """Return the dtype of a draft's convolutions.

    AUTO is float32 on CPUs, even on those with bfloat16 instructions: without tiles (AMX) it was
    measured to be slower by half.
    """
    if precision is Precision.AUTO:
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        precision = Precision.MIXED if fast else Precision.FLOAT32
    return torch.bfloat16 if precision is Precision.MIXED else torch.float32
