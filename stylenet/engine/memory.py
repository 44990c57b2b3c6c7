"""The memory that a painting needs and a device has, and how a picture is made to fit."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import torch

from stylenet.engine.devices import describe
from stylenet.errors import DeviceMemoryError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "MemoryPlan",
    "available_memory",
    "memory_needed",
    "out_of_memory_guard",
    "plan_memory",
]

BYTES_PER_PIXEL = 3300
"""Peak bytes per pixel in float32, measured by ``benchmarks/passes.py``: the features of every
layer, kept for the backward pass, and L-BFGS's state."""

FIXED_BYTES = 300 << 20
"""Bytes needed at any size: torch, the weights and the targets."""

WHOLE_BYTES_PER_PIXEL = 400
"""Bytes per pixel that stay allocated for the whole picture when it is painted in tiles: some
pictures, their cosines and the content's features. L-BFGS's pairs come on top."""

PAIR_BYTES_PER_PIXEL = 28
"""Bytes per pixel of one pair: two times three float32, and the matrix's spare rows."""

_CGROUP_MEMBERSHIP = Path("/proc/self/cgroup")
_CGROUP_ROOT = Path("/sys/fs/cgroup")

_MIN_HISTORY = 6
_MIN_TILE_SIDE = 64
_TILE_GRID = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryPlan:
    """How a picture is made to fit into the memory.

    Attributes:
        tile_side: in pixels; None for the whole picture at once.
        history: number of pairs that L-BFGS keeps.
    """

    tile_side: int | None
    history: int


def memory_needed(width: int, height: int) -> int:
    """Return the estimated peak bytes of painting a whole picture of this size."""
    return FIXED_BYTES + BYTES_PER_PIXEL * width * height


def available_memory(device: torch.device) -> int | None:
    """Return the free bytes of the device; None where they are unknown.

    CUDA memory that torch has reserved but not allocated counts as free.
    """
    if device.type == "cuda":
        reserved = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + reserved
    return _cpu_memory("SC_AVPHYS_PAGES") if device.type == "cpu" else None


def _cpu_memory(pages: str) -> int | None:
    """Return this sysconf page count in bytes, or a container's limit if it is lower."""
    bounds = _cgroup_limits()
    if hasattr(os, "sysconf"):
        with contextlib.suppress(OSError, ValueError):  # the system has no such value
            bounds.append(os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE"))
    return min(bounds, default=None)


def _cgroup_limits() -> list[int]:
    """Return the memory limits, in bytes, of this process's control groups (v1 and v2).

    A process that exceeds one is killed, however much memory the machine has. The limits of a
    group's ancestors apply too. Inside a container the group's own path may be invisible, and
    its files are then at the root.
    """
    limits = []
    with contextlib.suppress(OSError):
        for line in _CGROUP_MEMBERSHIP.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                folder, name = _CGROUP_ROOT, "memory.max"
            elif "memory" in controllers.split(","):
                folder, name = _CGROUP_ROOT / "memory", "memory.limit_in_bytes"
            else:
                continue
            group = PurePosixPath(path)
            for each in (group, *group.parents):
                with contextlib.suppress(OSError, ValueError):  # invisible, or "max"
                    file = folder / each.relative_to("/") / name
                    limits.append(int(file.read_text(encoding="ascii")))
    return limits


def plan_memory(
    device: torch.device,
    width: int,
    height: int,
    *,
    history: int,
    margin: int,
    limit: int | None = None,
) -> MemoryPlan:
    """Choose whether a picture is painted whole or in tiles.

    On the CPU all memory counts, of the container where there is one, and not only the free part:
    caches are released on demand.

    Args:
        device: where it is painted.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        history: number of pairs that L-BFGS should keep.
        margin: of the tiles, in pixels; see `stylenet.losses.tiling.margin_of`.
        limit: bytes that may be used where the device has more; None for no such limit.

    Raises:
        DeviceMemoryError: the smallest tiles do not fit; raised before anything is allocated.
    """
    memory = available_memory(device)
    if device.type == "cpu":
        memory = _cpu_memory("SC_PHYS_PAGES")
    bounds = [bound for bound in (memory, limit) if bound is not None]
    if not bounds or memory_needed(width, height) <= min(bounds):
        return MemoryPlan(tile_side=None, history=history)
    available = min(bounds)
    area = width * height
    affordable_pairs = int(
        (available / 2 - FIXED_BYTES - WHOLE_BYTES_PER_PIXEL * area) / (PAIR_BYTES_PER_PIXEL * area)
    )
    history = max(min(history, affordable_pairs), min(history, _MIN_HISTORY))
    whole = FIXED_BYTES + (WHOLE_BYTES_PER_PIXEL + PAIR_BYTES_PER_PIXEL * history) * area
    tile_area = max(available - whole, 0) / BYTES_PER_PIXEL
    side = int(tile_area**0.5 - 2 * margin) // _TILE_GRID * _TILE_GRID
    if side < _MIN_TILE_SIDE:
        needed = whole + BYTES_PER_PIXEL * (_MIN_TILE_SIDE + 2 * margin) ** 2
        raise DeviceMemoryError(
            f"{width}×{height} pixels need about {needed >> 20} MiB, even in tiles, and "
            f"{describe(device)} has {available >> 20} MiB for them",
            needed=needed,
            available=available,
        )
    return MemoryPlan(tile_side=side, history=history)


@contextlib.contextmanager
def out_of_memory_guard(device: torch.device, width: int, height: int) -> Iterator[None]:
    """Translate every kind of out-of-memory error inside the block.

    Raises:
        DeviceMemoryError: an allocation failed.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _exhausted(device, width, height) from error
    except RuntimeError as error:
        # The CPU's allocator raises a plain RuntimeError.
        if "can't allocate memory" not in str(error) and "not enough memory" not in str(error):
            raise
        raise _exhausted(device, width, height) from error


def _exhausted(device: torch.device, width: int, height: int) -> DeviceMemoryError:
    return DeviceMemoryError(
        f"{describe(device)} ran out of memory at {width}×{height} pixels",
        needed=memory_needed(width, height),
        available=available_memory(device),
    )
