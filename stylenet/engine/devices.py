"""Where painting runs: which device, in which precision, and whether a picture fits on it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import torch

from stylenet.errors import DeviceMemoryError
from stylenet.precision import Precision

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Plan",
    "available_memory",
    "describe",
    "draft_dtype",
    "memory_needed",
    "out_of_memory_guard",
    "plan",
    "resolve",
]

BYTES_PER_PIXEL = 3300
"""Peak bytes per pixel painted in float32, measured by ``benchmarks/passes.py``: the features of
every layer, which wait for the backward pass, and L-BFGS's memory."""

FIXED_BYTES = 300 << 20
"""What a painting takes at any size: torch, the weights and the targets."""

HELD_BYTES_PER_PIXEL = 400
"""Bytes per pixel of what a painting in tiles holds of the whole picture: some pictures, their
cosines, the content's features; the pairs that L-BFGS remembers come on top."""

PAIR_BYTES_PER_PIXEL = 28
"""Bytes per pixel of one of those pairs: two times three float32, and the matrix's spare rows."""

_MEMBERSHIP = Path("/proc/self/cgroup")
_CONTROL_GROUPS = Path("/sys/fs/cgroup")

_LEAST_HISTORY = 6
_LEAST_SIDE = 64
_TILE_GRID = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How a picture is painted within the memory there is.

    Attributes:
        side: of the tiles it is looked at in, in pixels; None for the whole picture at once.
        history: pairs that L-BFGS remembers.
    """

    side: int | None
    history: int


def resolve(name: str = "auto") -> torch.device:
    """Return the device of that name.

    Args:
        name: ``"auto"`` takes CUDA, then Apple's MPS, then the CPU; or a device's own name,
            such as ``"cpu"`` or ``"cuda:1"``.

    Raises:
        ValueError: no such device here.
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
        msg = f"there is no device {name!r} here"
        raise ValueError(msg)
    return device


def describe(device: torch.device) -> str:
    """Name the device for people: ``"cpu"``, ``"cuda:0 (NVIDIA …)"``."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


def draft_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    """Return the dtype of a draft's convolutions.

    AUTO is float32 on CPUs, even on those with instructions for bfloat16: without tiles (AMX)
    that was measured to be slower by half.
    """
    if precision is Precision.AUTO:
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        precision = Precision.MIXED if fast else Precision.FLOAT32
    return torch.bfloat16 if precision is Precision.MIXED else torch.float32


def memory_needed(width: int, height: int) -> int:
    """Estimate the peak bytes that painting at this size takes."""
    return FIXED_BYTES + BYTES_PER_PIXEL * width * height


def available_memory(device: torch.device) -> int | None:
    """Return the bytes that are free on the device; None where it does not tell.

    What torch has taken of a CUDA device's memory and holds for later counts as free.
    """
    if device.type == "cuda":
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + held
    return _cpu_memory("SC_AVPHYS_PAGES") if device.type == "cpu" else None


def _cpu_memory(pages: str) -> int | None:
    """That figure of the system's in bytes, or what a container leaves of it."""
    bounds = _container_limits()
    if hasattr(os, "sysconf"):
        with contextlib.suppress(OSError, ValueError):  # a system without this figure
            bounds.append(os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE"))
    return min(bounds, default=None)


def _container_limits() -> list[int]:
    """Bytes that the control groups of this process allow, of either version; Linux only.

    Whoever exceeds one is killed, however much memory the machine has. A group is bound by its
    ancestors' limits too. Inside a container the group's own path may not be visible, and its
    files are then at the top.
    """
    limits = []
    with contextlib.suppress(OSError):
        for line in _MEMBERSHIP.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                folder, name = _CONTROL_GROUPS, "memory.max"
            elif "memory" in controllers.split(","):
                folder, name = _CONTROL_GROUPS / "memory", "memory.limit_in_bytes"
            else:
                continue
            group = PurePosixPath(path)
            for each in (group, *group.parents):
                with contextlib.suppress(OSError, ValueError):  # not visible, or "max"
                    file = folder / each.relative_to("/") / name
                    limits.append(int(file.read_text(encoding="ascii")))
    return limits


def plan(
    device: torch.device,
    width: int,
    height: int,
    *,
    history: int,
    margin: int,
    limit: int | None = None,
) -> Plan:
    """Plan how a picture is painted within the memory there is: whole, or else in tiles.

    On the CPU that is all the memory there is, in the container where there is one, rather than
    the free part: what caches hold is given back when it is needed.

    Args:
        device: where it is painted.
        width: of the picture, in pixels.
        height: likewise.
        history: pairs that L-BFGS would remember.
        margin: of the tiles, in pixels; see `stylenet.losses.tiling.margin_of`.
        limit: bytes that may be used where the device has more; None for no such limit.

    Raises:
        DeviceMemoryError: not even in the smallest tiles; found before anything is allocated.
    """
    memory = available_memory(device)
    if device.type == "cpu":
        memory = _cpu_memory("SC_PHYS_PAGES")
    bounds = [bound for bound in (memory, limit) if bound is not None]
    if not bounds or memory_needed(width, height) <= min(bounds):
        return Plan(side=None, history=history)
    available = min(bounds)
    area = width * height
    remembered = int(
        (available / 2 - FIXED_BYTES - HELD_BYTES_PER_PIXEL * area) / (PAIR_BYTES_PER_PIXEL * area)
    )
    history = max(min(history, remembered), min(history, _LEAST_HISTORY))
    held = FIXED_BYTES + (HELD_BYTES_PER_PIXEL + PAIR_BYTES_PER_PIXEL * history) * area
    seen = max(available - held, 0) / BYTES_PER_PIXEL
    side = int(seen**0.5 - 2 * margin) // _TILE_GRID * _TILE_GRID
    if side < _LEAST_SIDE:
        needed = held + BYTES_PER_PIXEL * (_LEAST_SIDE + 2 * margin) ** 2
        raise DeviceMemoryError(
            f"{width}×{height} pixels need about {needed >> 20} MiB, even in tiles, and "
            f"{describe(device)} has {available >> 20} MiB for them",
            needed=needed,
            available=available,
        )
    return Plan(side=side, history=history)


@contextlib.contextmanager
def out_of_memory_guard(device: torch.device, width: int, height: int) -> Iterator[None]:
    """Turn the several ways of running out of memory into one.

    Raises:
        DeviceMemoryError: an allocation failed inside the block.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _exhausted(device, width, height) from error
    except RuntimeError as error:
        # The CPU's allocator says it in a plain RuntimeError.
        if "can't allocate memory" not in str(error) and "not enough memory" not in str(error):
            raise
        raise _exhausted(device, width, height) from error


def _exhausted(device: torch.device, width: int, height: int) -> DeviceMemoryError:
    return DeviceMemoryError(
        f"{describe(device)} ran out of memory at {width}×{height} pixels",
        needed=memory_needed(width, height),
        available=available_memory(device),
    )
