"""Whether a picture is painted whole, in tiles, or not at all."""

from __future__ import annotations

import pytest
import torch

from stylenet.engine import memory
from stylenet.engine.memory import MemoryPlan, plan_memory
from stylenet.errors import DeviceMemoryError

CPU = torch.device("cpu")


def test_a_picture_that_fits_is_painted_whole(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda device: 1 << 34)
    whole = MemoryPlan(tile_side=None, history=30)
    assert plan_memory(CPU, 640, 480, history=30, margin=48) == whole
    enough = memory.memory_needed(640, 480)
    assert plan_memory(CPU, 640, 480, history=30, margin=48, limit=enough) == whole


GIB = 1 << 30


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        ("0::/\n", {"memory.max": GIB}),  # a container with a namespace of its own
        ("0::/pod/box\n", {"pod/box/memory.max": "max", "pod/memory.max": GIB}),
        ("5:cpu,cpuacct:/\n4:memory:/docker/7\n", {"memory/memory.limit_in_bytes": GIB}),
        ("4:memory:/a/b\n0::/\n", {"memory/a/b/memory.limit_in_bytes": GIB, "memory/x": 5}),
        ("0::/../other\n", {"memory.max": GIB}),
    ],
)
def test_a_containers_limit_is_respected(tmp_path, monkeypatch, membership, files):
    for name, value in files.items():
        file = tmp_path / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    (tmp_path / "membership").write_text(membership)
    monkeypatch.setattr(memory, "_CGROUP_MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(memory, "_CGROUP_ROOT", tmp_path / "groups")
    assert memory.available_memory(CPU) <= GIB
    assert plan_memory(CPU, 480, 360, history=30, margin=48).tile_side is None
    assert plan_memory(CPU, 1024, 768, history=30, margin=48).tile_side is not None
    monkeypatch.setattr(memory, "_CGROUP_MEMBERSHIP", tmp_path / "nothing")
    assert plan_memory(CPU, 1024, 768, history=30, margin=48).tile_side is None


def test_without_a_limit_the_machines_memory_is_used(tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "membership").write_text("0::/\n")
    monkeypatch.setattr(memory, "_CGROUP_MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(memory, "_CGROUP_ROOT", tmp_path)
    assert plan_memory(CPU, 1024, 768, history=30, margin=48).tile_side is None


def test_tiles_and_history_shrink_with_the_limit():
    plans = [
        plan_memory(CPU, 2048, 1536, history=30, margin=48, limit=mib << 20)
        for mib in (8400, 5000, 3000, 2200)
    ]
    sides = [plan.tile_side for plan in plans]
    assert sides == sorted(sides, reverse=True)
    assert all(side % 16 == 0 and side >= 64 for side in sides)
    assert plans[0].history == 30
    assert 6 <= plans[-1].history < 30
    with pytest.raises(DeviceMemoryError, match="even in tiles") as caught:
        plan_memory(CPU, 2048, 1536, history=30, margin=48, limit=800 << 20)
    assert caught.value.needed > caught.value.available == 800 << 20
